//! Images, files and audio as parts of Google's: inline data, or an address that Google fetches.

use std::borrow::Cow;

use super::super::CannotEncode;
use super::super::chat::Part;
use super::super::json;
use super::super::media::{self, Media};
use super::super::object::Object;

/// Image types that Gemini models read
/// (<https://ai.google.dev/gemini-api/docs/image-understanding>).
const IMAGES: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/heic",
    "image/heif",
];

/// Audio formats that Gemini models hear (<https://ai.google.dev/gemini-api/docs/audio>).
const AUDIO: [&str; 6] = ["wav", "mp3", "aiff", "aac", "ogg", "flac"];

/// A part that is not text.
#[derive(Debug)]
pub(super) enum Blob<'a> {
    Inline {
        mime: Cow<'a, str>,
        data: Cow<'a, str>,
    },
    Web {
        mime: Option<&'static str>,
        uri: Cow<'a, str>,
    },
}

impl<'a> Blob<'a> {
    /// Reads a part; `None` for texts. `at` is where the part stands.
    pub(super) fn of(part: Part<'a>, at: &str) -> Result<Option<Self>, CannotEncode> {
        match part {
            Part::Text(_) | Part::Refusal(_) => Ok(None),
            Part::Image { url, .. } => {
                let at = format!("{at}.image_url.url");
                let blob = Self::of_url(url, &at)?;
                match &blob {
                    Self::Inline { mime, .. } if !IMAGES.contains(&mime.as_ref()) => {
                        Err(unsupported(
                            at,
                            format!(
                                "Gemini models read images as {}, not {mime}; send one of these, or ask another model with vision",
                                IMAGES.join(", ")
                            ),
                        ))
                    }
                    Self::Inline { .. } | Self::Web { .. } => Ok(Some(blob)),
                }
            }
            Part::Audio(raw) => Self::of_audio(raw, at).map(Some),
            Part::File(raw) => Self::of_file(raw, at).map(Some),
        }
    }

    fn of_url(url: Cow<'a, str>, at: &str) -> Result<Self, CannotEncode> {
        let (mime, data) = match media::parse(&url) {
            Err(error) => return Err(invalid(at, error.to_string())),
            Ok(Media::Web(address)) => {
                if address
                    .get(..8)
                    .is_none_or(|s| !s.eq_ignore_ascii_case("https://"))
                {
                    return Err(unsupported(
                        at.to_owned(),
                        "Gemini models fetch https: addresses only; send one, or a data: URI"
                            .to_owned(),
                    ));
                }
                let mime = mime_of_address(address);
                return Ok(Self::Web { mime, uri: url });
            }
            Ok(Media::Inline { mime, data }) => (normal(mime), data.len()),
        };
        // The data is the end of the URI.
        let start = url.len() - data;
        let data = match url {
            Cow::Borrowed(url) => Cow::Borrowed(url.get(start..).unwrap_or_default()),
            Cow::Owned(mut url) => Cow::Owned(url.split_off(start)),
        };
        Ok(Self::Inline {
            mime: Cow::Owned(mime),
            data,
        })
    }

    fn of_audio(raw: &'a str, at: &str) -> Result<Self, CannotEncode> {
        let audio = Object::parse(raw).map_err(|flaw| invalid(at, flaw.to_string()))?;
        let text = |name: &str| audio.borrowed(name).and_then(json::string);
        let format = text("format").unwrap_or_default();
        if !AUDIO.contains(&format.as_ref()) {
            return Err(unsupported(
                format!("{at}.input_audio.format"),
                format!(
                    "Gemini models hear {}, not '{format}'; convert it, or ask another model with audio",
                    AUDIO.join(", ")
                ),
            ));
        }
        let data = text("data").unwrap_or_default();
        if !media::is_base64(&data) {
            let at = format!("{at}.input_audio.data");
            return Err(invalid(&at, "the data is not standard base64".to_owned()));
        }
        Ok(Self::Inline {
            mime: Cow::Owned(format!("audio/{format}")),
            data,
        })
    }

    fn of_file(raw: &'a str, at: &str) -> Result<Self, CannotEncode> {
        let file = Object::parse(raw).map_err(|flaw| invalid(at, flaw.to_string()))?;
        let Some(data) = file.borrowed("file_data").and_then(json::string) else {
            return Err(unsupported(
                format!("{at}.file.file_id"),
                "a file_id means a file kept at OpenAI; send the file itself as file_data, or ask a model of OpenAI"
                    .to_owned(),
            ));
        };
        let at = format!("{at}.file.file_data");
        let blob = Self::of_url(data, &at)?;
        match &blob {
            Self::Inline { mime, .. } if !is_file(mime) => Err(unsupported(
                at,
                format!(
                    "Gemini models read PDF, text, images, audio and video, not {mime}; convert the file, or ask another model with files"
                ),
            )),
            Self::Inline { .. } | Self::Web { .. } => Ok(blob),
        }
    }

    /// Whether it may stand inside a function response of the newer generation.
    pub(super) fn fits_response(&self) -> bool {
        match self {
            Self::Inline { mime, .. } => matches!(
                mime.as_ref(),
                "image/png" | "image/jpeg" | "image/webp" | "application/pdf" | "text/plain"
            ),
            Self::Web { .. } => false,
        }
    }

    /// Appends it as a raw part.
    pub(super) fn write(&self, out: &mut String) {
        if !out.is_empty() && !out.ends_with('[') {
            out.push(',');
        }
        match self {
            Self::Inline { mime, data } => {
                out.push_str(r#"{"inlineData":{"mimeType":"#);
                json::push_string(out, mime);
                out.push_str(r#","data":"#);
                json::push_string(out, data);
            }
            Self::Web { mime, uri } => {
                out.push_str(r#"{"fileData":{"#);
                if let Some(mime) = mime {
                    out.push_str(&format!(r#""mimeType":"{mime}","#));
                }
                out.push_str(r#""fileUri":"#);
                json::push_string(out, uri);
            }
        }
        out.push_str("}}");
    }
}

fn normal(mime: &str) -> String {
    let mime = mime.to_ascii_lowercase();
    match mime.as_str() {
        "image/jpg" => "image/jpeg".to_owned(),
        "audio/x-wav" | "audio/wave" => "audio/wav".to_owned(),
        "application/x-pdf" => "application/pdf".to_owned(),
        _ => mime,
    }
}

fn is_file(mime: &str) -> bool {
    let kind = mime.split('/').next().unwrap_or_default();
    mime == "application/pdf"
        || matches!(kind, "text" | "audio" | "video")
        || IMAGES.contains(&mime)
}

/// The media type that the path of an address ends in. Google looks for itself where there is none.
fn mime_of_address(address: &str) -> Option<&'static str> {
    let path = address.split(['?', '#']).next()?;
    let file = path.rsplit('/').next()?;
    let (_, ending) = file.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "md" => "text/markdown",
        "html" => "text/html",
        "csv" => "text/csv",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}

fn unsupported(param: String, message: String) -> CannotEncode {
    CannotEncode::Unsupported { param, message }
}

fn invalid(param: &str, message: String) -> CannotEncode {
    CannotEncode::Invalid {
        param: param.to_owned(),
        message: format!("Invalid value for '{param}': {message}."),
    }
}
