//! Content parts: texts, images and files of a message or of a tool's result.

use super::super::CannotEncode;
use super::super::chat::{Care, Message, Part};
use super::super::json;
use super::super::media::{self, Media};
use super::super::object::Object;

/// How base64 of a PDF begins (`%PDF-`).
const PDF_START: &str = "JVBERi0";

/// Where a part stands in the request.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) message: usize,
    pub(super) part: usize,
}

impl Place {
    fn path(self, inner: &str) -> String {
        let Self { message, part } = self;
        format!("messages[{message}].content[{part}].{inner}")
    }

    fn unsupported(self, inner: &str, message: &str) -> CannotEncode {
        CannotEncode::Unsupported {
            param: self.path(inner),
            message: message.to_owned(),
        }
    }

    fn invalid(self, inner: &str, message: impl std::fmt::Display) -> CannotEncode {
        let param = self.path(inner);
        CannotEncode::Invalid {
            message: format!("Invalid '{param}': {message}."),
            param,
        }
    }
}

/// Only texts can instruct.
pub(super) fn check_text(part: &Part<'_>, place: Place) -> Result<(), CannotEncode> {
    let what = match part {
        Part::Text(_) | Part::Refusal(_) => return Ok(()),
        Part::Image { .. } => "image_url",
        Part::Audio(_) => "input_audio",
        Part::File(_) => "file",
    };
    Err(place.unsupported(
        what,
        "OpenAI's models take only text in system and developer messages; move this part into a \
         user message.",
    ))
}

/// Appends a part of a user's message or of a tool's result.
pub(super) fn write(part: &Part<'_>, place: Place, out: &mut String) -> Result<(), CannotEncode> {
    match part {
        Part::Text(text) | Part::Refusal(text) => {
            push_text(out, "input_text", "text", text);
            Ok(())
        }
        Part::Image { url, detail } => {
            media::parse(url).map_err(|error| place.invalid("image_url.url", error))?;
            out.push_str(r#"{"type":"input_image","image_url":"#);
            json::push_string(out, url);
            if let Some(detail) = detail {
                json::push_member(out, "detail", "");
                json::push_string(out, detail);
            }
            out.push('}');
            Ok(())
        }
        Part::Audio(_) => Err(place.unsupported(
            "input_audio",
            "This model takes no audio; use a model with audio input that is asked through \
             OpenAI's chat completions, or one of Google's.",
        )),
        Part::File(raw) => file(raw, place, out),
    }
}

fn file(raw: &str, place: Place, out: &mut String) -> Result<(), CannotEncode> {
    let file = Object::parse(raw).unwrap_or_default();
    out.push_str(r#"{"type":"input_file""#);
    if let Some(id) = file.get("file_id") {
        json::push_member(out, "file_id", id);
    }
    if let Some(raw) = file.get("file_data") {
        let data = json::string(raw).unwrap_or_default();
        if data.starts_with(PDF_START) && media::is_base64(&data) {
            file_data(out, &file, "application/pdf");
            json::push_string(out, &format!("data:application/pdf;base64,{data}"));
        } else {
            match media::parse(&data).map_err(|error| place.invalid("file.file_data", error))? {
                Media::Inline { mime, .. } => {
                    file_data(out, &file, mime);
                    json::push_string(out, &data);
                }
                Media::Web(url) => {
                    json::push_member(out, "file_url", "");
                    json::push_string(out, url);
                }
            }
        }
    }
    out.push('}');
    Ok(())
}

/// Appends the file's name, without which data is refused, and the name of the data's member.
fn file_data(out: &mut String, file: &Object<'_>, mime: &str) {
    match file.get("filename") {
        Some(name) => json::push_member(out, "filename", name),
        None => {
            let kind = mime.rsplit('/').next().unwrap_or_default();
            let plain = kind.len() <= 8 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let name = if plain {
                format!("\"file.{kind}\"")
            } else {
                "\"file\"".to_owned()
            };
            json::push_member(out, "filename", &name);
        }
    }
    json::push_member(out, "file_data", "");
}

/// The message item of an assistant's earlier turn; `None` when it said nothing.
pub(super) fn spoken_before(
    index: usize,
    message: &Message<'_>,
) -> Result<Option<String>, CannotEncode> {
    let mut content = String::new();
    let mut say = |kind: &str, member: &str, text: &str| {
        if !text.is_empty() {
            if !content.is_empty() {
                content.push(',');
            }
            push_text(&mut content, kind, member, text);
        }
    };
    for (part, content) in message.parts().enumerate() {
        let place = Place {
            message: index,
            part,
        };
        let what = match content {
            Part::Text(text) => {
                say("output_text", "text", &text);
                continue;
            }
            Part::Refusal(text) => {
                say("refusal", "refusal", &text);
                continue;
            }
            Part::Image { .. } => "image_url",
            Part::Audio(_) => "input_audio",
            Part::File(_) => "file",
        };
        return Err(place.unsupported(
            what,
            "OpenAI's models take only text as their own earlier words; move this part into a \
             user message.",
        ));
    }
    if message.care() == Care::MayNeedRewriting
        && let Ok(object) = Object::parse(message.raw())
        && let Some(refusal) = object.get("refusal").and_then(json::string)
    {
        say("refusal", "refusal", &refusal);
    }
    if content.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!(
        r#"{{"type":"message","role":"assistant","content":[{content}]}}"#
    )))
}

fn push_text(out: &mut String, kind: &str, member: &str, text: &str) {
    out.push_str(r#"{"type":""#);
    out.push_str(kind);
    out.push('"');
    json::push_member(out, member, "");
    json::push_string(out, text);
    out.push('}');
}
