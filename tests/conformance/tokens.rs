//! Counts recorded requests as the router does and compares with the usage that was reported.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use model_router::catalog::{Catalog, Layer, Model};
use model_router::http::count;
use model_router::wire::ChatRequest;
use serde::Deserialize;
use serde_json::Value;

use super::{Problem, chatform};

/// What a family may be counted low by, in total.
const MOST_LOW: f64 = 0.05;
/// The same for OpenAI's own models, and what they may be counted high by.
const OPENAI: (f64, f64) = (0.01, 0.03);

/// Recorded models by a part of their name, and the catalog's model that counts as they do. The first
/// that matches holds.
const FAMILIES: [(&str, &str); 24] = [
    ("gpt-oss", "openai.gpt-oss-120b-1:0"),
    ("gpt-4.1-mini", "gpt-4.1-mini"),
    ("gpt-4.1-nano", "gpt-4.1-mini"),
    ("gpt-4", "gpt-4.1"),
    ("o4-mini", "o4-mini"),
    ("o3", "o3"),
    ("gpt-5-mini", "gpt-5.1-codex-mini"),
    ("gpt-5-nano", "gpt-5.1-codex-mini"),
    ("gpt-5.4", "gpt-5.4"),
    ("gpt-5.5", "gpt-5.4"),
    ("gpt-5.6", "gpt-5.4"),
    ("gpt-5", "gpt-5.3-codex"),
    ("claude-opus-4-7", "claude-opus-4-7"),
    ("claude-sonnet-4", "claude-sonnet-4-6"),
    ("claude-haiku-4", "claude-haiku-4-5"),
    ("gemini-2", "gemini-2.5-flash"),
    ("gemini-3", "gemini-3.1-pro-preview"),
    ("grok", "grok-3-beta"),
    ("llama-3", "llama-3.3-70b-versatile"),
    ("llama-4", "meta-llama/llama-4-scout-17b-16e-instruct"),
    ("qwen", "qwen.qwen3-32b-v1:0"),
    ("glm", "zai.glm-4.7"),
    ("kimi", "moonshotai.kimi-k2.5"),
    ("devstral", "mistral.devstral-2-123b"),
];

/// Recordings whose usage is far beyond what was sent, and why it says nothing of how a text is counted.
const HIDDEN_INPUT: [&str; 3] = [
    // Of the Responses API's first days (March 2025): 18 tokens more for every request than from then on.
    "openai/responses-stream--plain--e23a2cb4",
    // `reasoning.mode: "pro"`: several runs at once, all of their input in one usage.
    "openai/responses-stream--reasoning_text-reasoning--1372a7a1",
    // A file that the provider keeps.
    "openai/chat--tool_result-pdf--e5e2f535",
];

/// Added to the name of a family whose requests hold documents.
const DOCUMENTS: &str = "+documents";

#[derive(Deserialize)]
struct IndexRow {
    file: String,
    api: String,
    model: Option<String>,
    status: u16,
    fidelity: String,
}

#[derive(Deserialize)]
struct File {
    request: Option<Request>,
    #[serde(default)]
    derived: Value,
}

#[derive(Deserialize)]
struct Request {
    body: Option<Value>,
}

/// Whether only the counts are wanted, request by request.
pub fn alone() -> bool {
    std::env::var_os("TOKENS").is_some()
}

/// Requests of one family.
#[derive(Default)]
struct Family {
    requests: u32,
    counted: u64,
    recorded: u64,
    /// Lowest and highest ratio of a single request.
    range: Option<(f64, f64)>,
}

/// The families, by the name of their tokenizer.
#[derive(Default)]
pub struct Tokens {
    families: BTreeMap<String, Family>,
    left_out: u32,
    narrow: bool,
}

impl Tokens {
    /// Counts the recorded requests whose file's name contains `filter`.
    pub fn of(wire: &Path, filter: &str) -> Result<Self, Problem> {
        let catalog = Catalog::load(&[Layer::builtin()])?;
        let rows: Vec<IndexRow> =
            serde_json::from_str(&fs::read_to_string(wire.join("index.json"))?)?;
        let mut tokens = Self {
            narrow: !filter.is_empty(),
            ..Self::default()
        };
        for row in rows.iter().filter(|row| row.file.contains(filter)) {
            let Some(model) = counterpart(&catalog, row) else {
                continue;
            };
            let file: File = serde_json::from_str(&fs::read_to_string(wire.join(&row.file))?)?;
            match numbers(&catalog, model, row, &file) {
                Some(found) => {
                    let (counted, recorded) = (found.counted, found.recorded);
                    if alone() {
                        println!("{counted:>7} {recorded:>7}  {}", row.file);
                    }
                    let family = tokens
                        .families
                        .entry(format!("{}{}", model.tokenizer.name, found.kind));
                    family.or_default().add(counted, recorded);
                }
                None => tokens.left_out += 1,
            }
        }
        Ok(tokens)
    }

    pub fn print(&self) {
        println!("\ntokens: input as counted and as providers reported it");
        for (name, family) in &self.families {
            let (low, high) = family.range.unwrap_or_default();
            let wrong = if self.is_wrong(name, family) {
                "  FAILED"
            } else {
                ""
            };
            println!(
                "{name:<28} {:>4} requests  {:>7} / {:>7} = {:.3}  (single {low:.2} to {high:.2}){wrong}",
                family.requests,
                family.counted,
                family.recorded,
                family.ratio()
            );
        }
        let openai = self.openai();
        println!(
            "all of OpenAI's              {:>4} requests  ratio {:.3}",
            openai.requests,
            openai.ratio()
        );
        println!(
            "{} requests left out: what they hold no chat client can send",
            self.left_out
        );
    }

    /// A part of the recordings proves nothing about a family.
    pub fn has_failures(&self) -> bool {
        !self.narrow
            && self
                .families
                .iter()
                .any(|(name, family)| self.is_wrong(name, family))
    }

    fn is_wrong(&self, name: &str, family: &Family) -> bool {
        if !is_openai(name) {
            return family.ratio() < 1.0 - MOST_LOW;
        }
        let ratio = self.openai().ratio();
        ratio < 1.0 - OPENAI.0 || ratio > 1.0 + OPENAI.1
    }

    fn openai(&self) -> Family {
        let mut all = Family::default();
        for (_, family) in self.families.iter().filter(|(name, _)| is_openai(name)) {
            all.requests += family.requests;
            all.counted += family.counted;
            all.recorded += family.recorded;
        }
        all
    }
}

impl Family {
    fn add(&mut self, counted: u64, recorded: u64) {
        self.requests += 1;
        self.counted += counted;
        self.recorded += recorded;
        let ratio = counted as f64 / recorded as f64;
        let (low, high) = self.range.unwrap_or((ratio, ratio));
        self.range = Some((low.min(ratio), high.max(ratio)));
    }

    fn ratio(&self) -> f64 {
        self.counted as f64 / self.recorded.max(1) as f64
    }
}

/// A family whose counts have to be exact.
fn is_openai(name: &str) -> bool {
    name.starts_with("openai") && !name.ends_with(DOCUMENTS)
}

/// The catalog's model that counts as the recorded one does; only for genuine answers.
fn counterpart<'a>(catalog: &'a Catalog, row: &IndexRow) -> Option<&'a Arc<Model>> {
    let hidden = HIDDEN_INPUT.iter().any(|name| row.file.starts_with(name));
    let genuine = row.status == 200 && row.fidelity.starts_with("recorded") && !hidden;
    let name = row.model.as_deref().filter(|_| genuine)?;
    let (_, id) = FAMILIES.iter().find(|(part, _)| name.contains(part))?;
    catalog.model(id)
}

/// Tokens as counted and as recorded.
struct Numbers {
    counted: u64,
    recorded: u64,
    /// Added to the family's name: pages of documents are a rule of thumb, not a count.
    kind: &'static str,
}

fn numbers(catalog: &Catalog, model: &Model, row: &IndexRow, file: &File) -> Option<Numbers> {
    let api = row.api.split_once('.')?.1;
    let body = file.request.as_ref()?.body.as_ref()?;
    let recorded = reported(api, &file.derived["usage"])?;
    let mut chat = chatform::of(api, body)?;
    chat["model"] = "any".into();
    let text = chat.to_string();
    let has_document = text.contains(r#""type":"file""#);
    let request = ChatRequest::parse(text.into()).ok()?;
    Some(Numbers {
        counted: count::need(catalog, &request, "").input(model),
        recorded,
        kind: if has_document { DOCUMENTS } else { "" },
    })
}

/// The whole input that the provider reported, cached or not.
fn reported(api: &str, usage: &Value) -> Option<u64> {
    let sum = |names: &[&str]| names.iter().filter_map(|name| usage[name].as_u64()).sum();
    let tokens = match api {
        "chat" | "openai_compat_chat" | "mantle_chat" => sum(&["prompt_tokens"]),
        "responses" | "mantle_responses" => sum(&["input_tokens"]),
        "messages" => sum(&[
            "input_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        ]),
        "generateContent" | "streamGenerateContent" => sum(&["promptTokenCount"]),
        _ => sum(&[
            "inputTokens",
            "cacheReadInputTokens",
            "cacheWriteInputTokens",
        ]),
    };
    (tokens > 0).then_some(tokens)
}
