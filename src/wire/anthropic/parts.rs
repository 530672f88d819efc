//! Parts of messages as content blocks: text, images, documents.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::CannotEncode;
use super::super::chat::Part;
use super::super::json;
use super::super::media::{self, Media};
use super::super::object::Object;

/// Where a part stands, and what the provider takes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Instructions and the model's own words: text only.
    TextOnly,
    /// The user's words: images and documents too.
    Any,
    /// A tool's result: likewise.
    Result,
}

/// A part's position in the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) message: usize,
    pub(super) part: usize,
}

impl At {
    fn path(self, field: &str) -> String {
        format!("messages[{}].content[{}].{field}", self.message, self.part)
    }
}

/// A part as a content block without its closing brace, so that a cache mark may follow. `None`
/// for blank texts, which the provider refuses.
pub(super) fn block(part: &Part<'_>, place: Place, at: At) -> Result<Option<String>, CannotEncode> {
    match (part, place) {
        (Part::Text(text) | Part::Refusal(text), _) => Ok(text_block(text)),
        (Part::Image { url, .. }, Place::Any | Place::Result) => {
            let field = "image_url.url";
            image_or_document(url, None, at, field).map(Some)
        }
        (Part::File(raw), Place::Any | Place::Result) => file(raw, at).map(Some),
        (Part::Image { .. }, Place::TextOnly) => Err(only_text(at, "image_url")),
        (Part::File(_), Place::TextOnly) => Err(only_text(at, "file")),
        (Part::Audio(_), _) => Err(unsupported(
            at.path("input_audio"),
            "Anthropic's models do not hear; ask a model with audio input, such as one of \
             Google's Gemini.",
        )),
    }
}

/// A text as a block without its closing brace.
pub(super) fn text_block(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 32);
    out.push_str(r#"{"type":"text","text":"#);
    json::push_string(&mut out, text);
    Some(out)
}

fn file(raw: &str, at: At) -> Result<String, CannotEncode> {
    let file = Object::parse(raw).unwrap_or_default();
    let text = |name: &str| file.get(name).and_then(json::string);
    let Some(data) = text("file_data") else {
        return Err(unsupported(
            at.path("file.file_id"),
            "Files stored at OpenAI are known to OpenAI's models only; send file_data.",
        ));
    };
    let title = text("filename");
    // Some clients send the plain base64 of a PDF.
    let bare = data.starts_with("JVBERi0") && media::is_base64(&data);
    if bare {
        return Ok(pdf(&data, title.as_deref()));
    }
    image_or_document(&data, title.as_deref(), at, "file.file_data")
}

fn image_or_document(
    url: &str,
    title: Option<&str>,
    at: At,
    field: &str,
) -> Result<String, CannotEncode> {
    let media = media::parse(url).map_err(|error| CannotEncode::Invalid {
        param: at.path(field),
        message: format!("'{}' cannot be read: {error}.", at.path(field)),
    })?;
    let (mime, data) = match media {
        Media::Web(url) => return web(url, title, at, field),
        Media::Inline { mime, data } => (mime.to_ascii_lowercase(), data),
    };
    let image = match &*mime {
        "image/jpeg" | "image/jpg" => "image/jpeg",
        "image/png" => "image/png",
        "image/gif" => "image/gif",
        "image/webp" => "image/webp",
        "application/pdf" => return Ok(pdf(data, title)),
        _ if is_text(&mime) => return plain_text(data, title, at, field),
        _ => {
            return Err(unsupported(
                at.path(field),
                "Anthropic's models take JPEG, PNG, GIF and WebP images, PDF and plain text; \
                 Google's Gemini models take more.",
            ));
        }
    };
    Ok(source("image", "base64", Some(image), "data", data))
}

fn is_text(mime: &str) -> bool {
    mime.starts_with("text/")
        || matches!(
            mime,
            "application/json" | "application/xml" | "application/yaml"
        )
}

fn web(url: &str, title: Option<&str>, at: At, field: &str) -> Result<String, CannotEncode> {
    if !url
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("https://"))
    {
        return Err(unsupported(
            at.path(field),
            "Anthropic fetches https:// addresses only; send the data itself as a data: URI.",
        ));
    }
    let kind = if field.starts_with("file") {
        "document"
    } else {
        "image"
    };
    let mut out = source(kind, "url", None, "url", url);
    add_title(&mut out, title);
    Ok(out)
}

fn pdf(data: &str, title: Option<&str>) -> String {
    let mut out = source("document", "base64", Some("application/pdf"), "data", data);
    add_title(&mut out, title);
    out
}

fn plain_text(
    data: &str,
    title: Option<&str>,
    at: At,
    field: &str,
) -> Result<String, CannotEncode> {
    let decoded = STANDARD.decode(data).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| CannotEncode::Invalid {
        param: at.path(field),
        message: format!("'{}' is said to be text, but is not UTF-8.", at.path(field)),
    })?;
    let mut out = source("document", "text", Some("text/plain"), "data", &text);
    add_title(&mut out, title);
    Ok(out)
}

fn add_title(out: &mut String, title: Option<&str>) {
    if let Some(title) = title.filter(|title| !title.is_empty()) {
        json::push_member(out, "title", "");
        json::push_string(out, title);
    }
}

/// A block with a source, without its closing brace.
fn source(kind: &str, how: &str, mime: Option<&str>, member: &str, data: &str) -> String {
    let mut out = String::with_capacity(data.len() + 96);
    out.push_str(&format!(r#"{{"type":"{kind}","source":{{"type":"{how}""#));
    if let Some(mime) = mime {
        out.push_str(&format!(r#","media_type":"{mime}""#));
    }
    json::push_member(&mut out, member, "");
    json::push_string(&mut out, data);
    out.push('}');
    out
}

fn only_text(at: At, field: &str) -> CannotEncode {
    unsupported(
        at.path(field),
        "Anthropic's models take images and files from users and tools only; move it to a user \
         message.",
    )
}

fn unsupported(param: String, message: &str) -> CannotEncode {
    CannotEncode::Unsupported {
        param,
        message: message.to_owned(),
    }
}
