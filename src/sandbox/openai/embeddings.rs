//! `/embeddings` as OpenAI answers it.

use actix_web::{Error, HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::desk::Desk;
use super::errors::Trouble;
use crate::sandbox::call::Received;
use crate::sandbox::play::{self, Show};
use crate::sandbox::{tokens, vector};

/// The most inputs of one request.
const MOST_INPUTS: usize = 2048;

/// The most tokens of one input.
const MOST_TOKENS: usize = 8192;

/// `POST …/embeddings`.
pub(super) async fn embeddings(
    desk: web::Data<Desk>,
    request: HttpRequest,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    let Received { call, body, .. } = match desk.receive(&request, payload).await {
        Ok(received) => received,
        Err(refusal) => return refusal,
    };
    let wanted = match Wanted::read(&call.model, &body) {
        Ok(wanted) => wanted,
        Err(trouble) => return desk.refuse(call, &trouble),
    };
    let inputs = if call.plan.empty {
        Vec::new()
    } else {
        wanted.inputs
    };
    let tokens = inputs.iter().map(|input| input.tokens).sum();
    let reply = List {
        object: "list",
        data: inputs
            .iter()
            .enumerate()
            .map(|(index, input)| {
                wanted
                    .form
                    .item(index, vector::of(&input.text, wanted.dimensions))
            })
            .collect(),
        model: &call.model,
        usage: Usage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        },
    };
    let body = serde_json::to_vec(&reply).unwrap_or_default();
    let mut builder = desk.accept();
    builder
        .content_type("application/json")
        .insert_header(("openai-model", call.model.as_str()));
    let show = Show::whole(body, tokens);
    play::respond(builder, show, call.plan, call.entry)
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Item>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Item {
    object: &'static str,
    index: usize,
    embedding: Embedding,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Embedding {
    Numbers(Vec<f32>),
    Base64(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// How vectors are written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Numbers,
    Base64,
}

impl Form {
    fn item(self, index: usize, vector: Vec<f32>) -> Item {
        let embedding = match self {
            Self::Numbers => Embedding::Numbers(vector),
            Self::Base64 => {
                let bytes: Vec<u8> = vector.into_iter().flat_map(f32::to_le_bytes).collect();
                Embedding::Base64(STANDARD.encode(bytes))
            }
        };
        Item {
            object: "embedding",
            index,
            embedding,
        }
    }
}

/// An embeddings request, read.
struct Wanted {
    inputs: Vec<Input>,
    dimensions: usize,
    form: Form,
}

struct Input {
    text: String,
    tokens: usize,
}

impl Wanted {
    fn read(model: &str, body: &Value) -> Result<Self, Trouble> {
        if model.is_empty() {
            return Err(Trouble::plain("you must provide a model parameter"));
        }
        let inputs = inputs(&body["input"]).ok_or_else(bad_input)?;
        if inputs.is_empty() || inputs.len() > MOST_INPUTS {
            return Err(bad_input());
        }
        if inputs.iter().any(|input| input.tokens == 0) {
            return Err(bad_input());
        }
        if let Some(long) = inputs.iter().find(|input| input.tokens > MOST_TOKENS) {
            return Err(Trouble::plain(format!(
                "This model's maximum context length is {MOST_TOKENS} tokens, however you requested {0} tokens ({0} in your prompt; 0 for the completion). Please reduce your prompt; or completion length.",
                long.tokens
            )));
        }
        let form = match body["encoding_format"].as_str() {
            Some("base64") => Form::Base64,
            Some("float") | None => Form::Numbers,
            Some(_) => {
                return Err(Trouble::plain(
                    "'encoding_format' must be one of: float, base64",
                ));
            }
        };
        Ok(Self {
            inputs,
            dimensions: dimensions(model, &body["dimensions"])?,
            form,
        })
    }
}

/// One text, several texts, one list of token ids, or several of them.
fn inputs(input: &Value) -> Option<Vec<Input>> {
    match input {
        Value::String(text) => Some(vec![of_text(text)]),
        Value::Array(items) if items.iter().any(Value::is_number) => Some(vec![of_ids(items)?]),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Some(of_text(text)),
                Value::Array(ids) => of_ids(ids),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn of_text(text: &str) -> Input {
    Input {
        text: text.to_owned(),
        tokens: tokens::count(text),
    }
}

fn of_ids(ids: &[Value]) -> Option<Input> {
    ids.iter().all(Value::is_u64).then(|| Input {
        text: Value::from(ids).to_string(),
        tokens: ids.len(),
    })
}

fn dimensions(model: &str, asked: &Value) -> Result<usize, Trouble> {
    let most: usize = match model {
        "text-embedding-3-large" => 3072,
        _ => 1536,
    };
    if asked.is_null() {
        return Ok(most);
    }
    if !model.starts_with("text-embedding-3") {
        return Err(Trouble::plain(
            "This model does not support specifying dimensions.",
        ));
    }
    let asked = asked.as_u64().and_then(|n| usize::try_from(n).ok());
    match asked {
        Some(n) if (1..=most).contains(&n) => Ok(n),
        Some(_) | None => Err(Trouble::plain(format!(
            "Invalid value for 'dimensions'. Must be between 1 and {most}."
        ))),
    }
}

fn bad_input() -> Trouble {
    Trouble::plain(
        "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;
    use serde_json::json;

    #[test]
    fn base64_is_little_endian_f32() {
        let Embedding::Base64(text) = Form::Base64.item(0, vec![1.0, -2.5]).embedding else {
            panic!("numbers");
        };
        assert_eq!(text, "AACAPwAAIMA=");
    }

    #[test]
    fn inputs_come_in_four_forms() {
        let tokens = |input: Value| -> Option<Vec<usize>> {
            Some(inputs(&input)?.iter().map(|one| one.tokens).collect())
        };
        assert_eq!(tokens(json!("Hello")), Some(vec![2]));
        assert_eq!(tokens(json!(["a", "Hello"])), Some(vec![1, 2]));
        assert_eq!(tokens(json!([1, 2, 3])), Some(vec![3]));
        assert_eq!(tokens(json!([[1], [2, 3]])), Some(vec![1, 2]));
        assert_eq!(tokens(json!([1, "a"])), None);
        assert_eq!(tokens(json!({"a": 1})), None);
    }

    #[test]
    fn wrong_requests_are_refused() {
        let read = |model: &str, body: Value| Wanted::read(model, &body).err();
        let small = "text-embedding-3-small";
        assert!(read(small, json!({"input": ""})).is_some());
        assert!(read(small, json!({"input": []})).is_some());
        assert!(read(small, json!({"input": "a", "dimensions": 0})).is_some());
        assert!(read(small, json!({"input": "a", "dimensions": 1537})).is_some());
        assert!(
            read(
                "text-embedding-ada-002",
                json!({"input": "a", "dimensions": 8})
            )
            .is_some()
        );
        assert!(read(small, json!({"input": "a", "encoding_format": "x"})).is_some());
        let long = "word ".repeat(MOST_TOKENS + 1);
        assert!(read(small, json!({"input": long})).is_some());
        assert_eq!(read(small, json!({"input": "a", "dimensions": 1536})), None);
    }
}
