//! The list of models. It is short: any other name is answered too.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::desk::{self, Desk};
use super::flavour::Flavour;

/// When every simulated model was made, in seconds since 1970.
const CREATED: u64 = 1_735_689_600;

/// `GET …/models`.
pub(super) async fn list(desk: web::Data<Desk>, request: HttpRequest) -> HttpResponse {
    if let Some(trouble) = desk::key_trouble(&request) {
        return desk.refusal(&trouble);
    }
    let entries: Vec<Value> = names(desk.flavour)
        .iter()
        .map(|name| entry(desk.flavour, name))
        .collect();
    desk.accept()
        .json(json!({"object": "list", "data": entries}))
}

fn entry(flavour: Flavour, name: &str) -> Value {
    let mut entry = json!({"id": name, "object": "model", "created": CREATED,
        "owned_by": flavour.house()});
    match flavour {
        Flavour::Groq => {
            entry["active"] = json!(true);
            entry["context_window"] = json!(131_072);
            entry["max_completion_tokens"] = json!(flavour.most_output(name));
        }
        Flavour::OpenAi | Flavour::Xai | Flavour::Cerebras => {}
    }
    entry
}

fn names(flavour: Flavour) -> &'static [&'static str] {
    match flavour {
        Flavour::OpenAi => &[
            "gpt-4.1",
            "gpt-4.1-mini",
            "o3",
            "o4-mini",
            "gpt-5.3-chat-latest",
            "gpt-5.4",
            "gpt-5.3-codex",
            "gpt-5.1-codex-mini",
            "text-embedding-3-small",
            "text-embedding-3-large",
        ],
        Flavour::Xai => &["grok-3-beta", "grok-3-mini-beta"],
        Flavour::Groq => &[
            "llama-3.3-70b-versatile",
            "meta-llama/llama-4-scout-17b-16e-instruct",
            "openai/gpt-oss-120b",
        ],
        Flavour::Cerebras => &[
            "llama3.1-8b",
            "qwen-3-235b-a22b-instruct-2507",
            "gpt-oss-120b",
        ],
    }
}
