//! Parts of messages as content blocks.

use super::super::super::CannotEncode;
use super::super::super::chat::Part;
use super::super::super::json;
use super::super::super::media::{self, Media};
use super::super::super::object::Object;
use super::files::{self, Names};

/// What Converse takes as images.
const IMAGE_FORMATS: &str = "PNG, JPEG, GIF or WebP";

/// Where a message's content goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Instructions,
    Turn,
    /// The beginning of the answer, which may not end in white space.
    Prefill,
    Result,
}

impl Place {
    /// The part as it may stand here.
    pub(super) fn fit<'a>(self, part: Part<'a>, path: &str) -> Result<Part<'a>, CannotEncode> {
        let (field, what) = match (self, &part) {
            (Self::Prefill, Part::Text(text)) => {
                return Ok(Part::Text(text.trim_end().to_owned().into()));
            }
            (_, Part::Text(_) | Part::Refusal(_)) | (Self::Turn | Self::Prefill, _) => {
                return Ok(part);
            }
            (Self::Result, Part::Image { .. } | Part::File(_)) => return Ok(part),
            (Self::Result, Part::Audio(_)) => ("input_audio", "Results of tools"),
            (Self::Instructions, Part::Audio(_)) => ("input_audio", "Instructions"),
            (Self::Instructions, Part::Image { .. }) => ("image_url", "Instructions"),
            (Self::Instructions, Part::File(_)) => ("file", "Instructions"),
        };
        Err(CannotEncode::Unsupported {
            param: format!("{path}.{field}"),
            message: format!(
                "{what} cannot hold this part on Bedrock; move it into a user message."
            ),
        })
    }
}

/// A text block.
pub(super) fn text(text: &str) -> String {
    let mut block = String::with_capacity(text.len() + 12);
    block.push_str(r#"{"text":"#);
    json::push_string(&mut block, text);
    block.push('}');
    block
}

/// A part as a block; `None` for text that says nothing, which models refuse. `path` is the part's
/// own, such as `messages[3].content[1]`.
pub(super) fn block(
    part: &Part<'_>,
    path: &str,
    names: &mut Names,
) -> Result<Option<String>, CannotEncode> {
    match part {
        Part::Text(content) | Part::Refusal(content) => {
            Ok((!content.trim().is_empty()).then(|| text(content)))
        }
        Part::Image { url, .. } => image(url, &format!("{path}.image_url.url")).map(Some),
        Part::Audio(raw) => audio(raw, &format!("{path}.input_audio")).map(Some),
        Part::File(raw) => document(raw, &format!("{path}.file"), names).map(Some),
    }
}

fn unsupported(param: &str, message: impl Into<String>) -> CannotEncode {
    CannotEncode::Unsupported {
        param: param.to_owned(),
        message: message.into(),
    }
}

fn invalid(param: &str, message: impl Into<String>) -> CannotEncode {
    CannotEncode::Invalid {
        param: param.to_owned(),
        message: message.into(),
    }
}

fn image(url: &str, path: &str) -> Result<String, CannotEncode> {
    match media::parse(url).map_err(|error| invalid(path, format!("Invalid '{path}': {error}.")))? {
        Media::Web(_) => Err(unsupported(
            path,
            "Models on Bedrock take images only as data: URIs; send the image itself, or ask a model of OpenAI or Anthropic, which fetch addresses.",
        )),
        Media::Inline { mime, data } => match image_format(mime) {
            Some(format) => Ok(format!(
                r#"{{"image":{{"format":"{format}","source":{{"bytes":"{data}"}}}}}}"#
            )),
            None => Err(unsupported(
                path,
                format!("Models on Bedrock take images only as {IMAGE_FORMATS}."),
            )),
        },
    }
}

fn image_format(mime: &str) -> Option<&'static str> {
    match mime.to_ascii_lowercase().as_str() {
        "image/png" => Some("png"),
        "image/jpeg" | "image/jpg" => Some("jpeg"),
        "image/gif" => Some("gif"),
        "image/webp" => Some("webp"),
        _ => None,
    }
}

fn audio(raw: &str, path: &str) -> Result<String, CannotEncode> {
    let audio = Object::parse(raw).unwrap_or_default();
    let word = |name: &str| audio.get(name).and_then(json::string).unwrap_or_default();
    let data = word("data");
    if !media::is_base64(&data) {
        let at = format!("{path}.data");
        return Err(invalid(
            &at,
            format!("Invalid '{at}': expected standard base64."),
        ));
    }
    let format = word("format");
    if !matches!(
        format.as_ref(),
        "wav" | "mp3" | "flac" | "opus" | "aac" | "ogg"
    ) {
        let at = format!("{path}.format");
        return Err(unsupported(
            &at,
            format!("Models on Bedrock do not take '{format}' audio."),
        ));
    }
    Ok(format!(
        r#"{{"audio":{{"format":"{format}","source":{{"bytes":"{data}"}}}}}}"#
    ))
}

fn document(raw: &str, path: &str, names: &mut Names) -> Result<String, CannotEncode> {
    let file = Object::parse(raw).unwrap_or_default();
    let word = |name: &str| file.get(name).and_then(json::string);
    let Some(data) = word("file_data") else {
        return Err(unsupported(
            &format!("{path}.file_id"),
            "Uploaded files are known only to the provider that holds them; send the file in file_data.",
        ));
    };
    let at = format!("{path}.file_data");
    let filename = word("filename");
    let broken = |what: &str| invalid(&at, format!("Invalid '{at}': {what}."));
    // Bare base64 is what OpenAI's first examples showed.
    let (mime, data) = if data.contains(':') {
        match media::parse(&data).map_err(|error| broken(&error.to_string()))? {
            Media::Inline { mime, data } => (Some(mime), data),
            Media::Web(_) => {
                return Err(unsupported(
                    &at,
                    "Models on Bedrock take files only as data: URIs; send the file itself.",
                ));
            }
        }
    } else if media::is_base64(&data) {
        (None, data.as_ref())
    } else {
        return Err(broken("the data is not standard base64"));
    };
    let Some(format) = files::format(mime, filename.as_deref()) else {
        return Err(unsupported(
            &at,
            "Models on Bedrock take files as PDF, CSV, Word, Excel, HTML, Markdown or text.",
        ));
    };
    let name = names.name(filename.as_deref());
    Ok(format!(
        r#"{{"document":{{"format":"{format}","name":"{name}","source":{{"bytes":"{data}"}}}}}}"#
    ))
}
