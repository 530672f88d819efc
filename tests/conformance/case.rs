//! Recorded exchanges as they lie in files.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model_router::catalog::{Dialect, ProviderName, provider_alias};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Problem;

/// How an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Whole,
    Streamed,
}

/// One recorded answer that a chat request can get.
#[derive(Debug)]
pub struct Case {
    /// `<provider>/<id>`.
    pub name: String,
    pub provider: ProviderName,
    pub dialect: Dialect,
    pub mode: Mode,
    pub features: Vec<String>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The recorder's reading of the answer.
    pub derived: Value,
}

/// A file of the directory.
#[derive(Debug)]
pub enum Recording {
    Chat(Case),
    /// Not the answer to a chat request, or to none that the router sends.
    Other {
        name: String,
        reason: &'static str,
    },
}

#[derive(Deserialize)]
struct IndexRow {
    file: String,
    features: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    id: String,
    provider: String,
    api: String,
    streaming: bool,
    response: Response,
    #[serde(default)]
    derived: Value,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<String>,
    body_base64: Option<String>,
}

impl Case {
    pub fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|have| have == feature)
    }

    /// Whether the provider refused, or broke an answer off.
    pub fn fails(&self) -> bool {
        let told = !self.derived["error"].is_null() || self.has("mid_stream_error");
        self.status != 200 || told
    }

    /// Whether the answer may take its model out of service for the cases after it.
    pub fn may_rest_the_model(&self) -> bool {
        let has_content = ["text", "reasoning", "tool_calls", "refusal"]
            .iter()
            .any(|name| !self.derived[name].is_null());
        self.fails() || !has_content
    }
}

/// Reads the files whose name contains `filter`.
pub fn load(wire: &Path, filter: &str) -> Result<Vec<Recording>, Problem> {
    let index = wire.join("index.json");
    let text = fs::read_to_string(&index).map_err(|e| format!("{}: {e}", index.display()))?;
    let rows: Vec<IndexRow> = serde_json::from_str(&text)?;
    let mut found = Vec::new();
    for row in rows.into_iter().filter(|row| row.file.contains(filter)) {
        let path = wire.join(&row.file);
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", row.file))?;
        let file = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", row.file))?;
        found.push(recording(file, row.features)?);
    }
    Ok(found)
}

fn recording(file: File, features: Vec<String>) -> Result<Recording, Problem> {
    let name = format!("{}/{}", file.provider, file.id);
    let api = file.api.split_once('.').map_or("", |(_, api)| api);
    let reason = match dialect(api) {
        None => Some("not an API that chat requests go to"),
        Some(_) => out_of_reach(&features, &file.derived),
    };
    let (Some(dialect), None) = (dialect(api), reason) else {
        let reason = reason.unwrap_or_default();
        return Ok(Recording::Other { name, reason });
    };
    let body = match (file.response.body, file.response.body_base64) {
        (Some(text), _) => text.into_bytes(),
        (None, Some(text)) => STANDARD.decode(text)?,
        (None, None) => return Err(format!("{name}: no body").into()),
    };
    let header = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    let streamed = file.streaming || matches!(api, "ConverseStream" | "streamGenerateContent");
    Ok(Recording::Chat(Case {
        name,
        provider: provider_alias(&file.provider),
        dialect,
        mode: if streamed {
            Mode::Streamed
        } else {
            Mode::Whole
        },
        features,
        status: file.response.status,
        headers: file
            .response
            .headers
            .into_iter()
            .filter_map(header)
            .collect(),
        body,
        derived: file.derived,
    }))
}

/// The dialect of an API that answers chat requests.
fn dialect(api: &str) -> Option<Dialect> {
    match api {
        "chat" | "openai_compat_chat" | "mantle_chat" => Some(Dialect::OpenAi),
        "responses" | "mantle_responses" => Some(Dialect::Responses),
        "messages" => Some(Dialect::Anthropic),
        "generateContent" | "streamGenerateContent" => Some(Dialect::Gemini),
        "Converse" | "ConverseStream" => Some(Dialect::Bedrock),
        _ => None,
    }
}

/// Why no request of a chat client can get this answer.
fn out_of_reach(features: &[String], derived: &Value) -> Option<&'static str> {
    let has = |wanted: &str| features.iter().any(|have| have == wanted);
    let none = |name: &str| derived[name].is_null();
    if has("json_array_stream") {
        return Some("a JSON array where server-sent events are asked for");
    }
    if has("partial_function_args") {
        return Some("partial arguments, which are never asked for");
    }
    match derived["finish"].as_str() {
        Some("function_call") => return Some("the form of calls before tools"),
        Some("queued") => return Some("a background response"),
        _ => {}
    }
    let silent = ["text", "tool_calls", "refusal", "error"]
        .into_iter()
        .all(none);
    if silent && !none("other_items") {
        return Some("only items that a chat client cannot ask for");
    }
    None
}
