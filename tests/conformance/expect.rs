//! What a caller has to get for a recorded answer: the recorder's reading of it, carried over to
//! OpenAI's chat format.

use model_router::catalog::Dialect;
use serde_json::Value;

use super::case::Case;
use super::seen::{ToolCall, arguments};

/// An answer's contents.
#[derive(Debug)]
pub struct Expected {
    pub text: String,
    pub reasoning: String,
    pub refusal: String,
    pub calls: Vec<ToolCall>,
    /// Any of these.
    pub finish: Vec<&'static str>,
    pub usage: ExpectedUsage,
}

/// What the usage block has to say.
#[derive(Debug)]
pub enum ExpectedUsage {
    /// The provider did not say: an estimate, marked as such.
    Estimate,
    /// The recorded counts contradict each other.
    Unknown,
    /// Any of these.
    OneOf(Vec<Counts>),
}

/// Tokens as OpenAI counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cache reads and writes included.
    pub prompt: u64,
    /// Reasoning included.
    pub completion: u64,
    pub cached: u64,
    pub cache_write: u64,
    /// `None` where the provider does not count it apart.
    pub reasoning: Option<u64>,
}

impl Expected {
    pub fn of(case: &Case) -> Self {
        let word = |name: &str| case.derived[name].as_str().unwrap_or_default().to_owned();
        let calls: Vec<ToolCall> = case.derived["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|call| !was_run(case, call))
            .map(|call| ToolCall {
                id: call["id"].as_str().unwrap_or_default().to_owned(),
                name: call["name"].as_str().unwrap_or_default().to_owned(),
                arguments: arguments(&call["arguments"]),
            })
            .collect();
        Self {
            text: word("text"),
            reasoning: word("reasoning"),
            refusal: word("refusal"),
            finish: match case.fails() {
                true => vec!["error"],
                false => finish(case.dialect, &word("finish"), calls.len()),
            },
            calls,
            usage: usage(case.dialect, &case.derived["usage"]),
        }
    }

    /// Whether the recorded answer says nothing at all.
    pub fn is_empty(&self) -> bool {
        let texts = [&self.text, &self.reasoning, &self.refusal];
        self.calls.is_empty() && texts.iter().all(|text| text.is_empty())
    }
}

/// Whether the provider runs the call itself: Bedrock says so beside the call's id. Such calls are
/// not the caller's to answer.
fn was_run(case: &Case, call: &Value) -> bool {
    let id = call["id"].as_str().unwrap_or_default();
    let body = String::from_utf8_lossy(&case.body);
    let Some((before, after)) = body.split_once(id).filter(|_| !id.is_empty()) else {
        return false;
    };
    let before = before.rsplit(['{', '}']).next().unwrap_or_default();
    let after = after.split('}').next().unwrap_or_default();
    let says = |part: &str| part.contains("server_tool_use");
    case.dialect == Dialect::Bedrock && (says(before) || says(after))
}

/// OpenAI's word for a provider's reason. A reason that does not speak of tools leaves room when
/// tools are called; a stream without a reason broke off.
fn finish(dialect: Dialect, native: &str, calls: usize) -> Vec<&'static str> {
    let plain_end = || match calls {
        0 => vec!["stop"],
        _ => vec!["tool_calls", "stop"],
    };
    match dialect {
        Dialect::OpenAi => match native {
            "length" => vec!["length"],
            "tool_calls" => vec!["tool_calls"],
            "content_filter" => vec!["content_filter"],
            "" => vec!["error"],
            _ => plain_end(),
        },
        Dialect::Anthropic | Dialect::Bedrock => match native {
            "tool_use" => vec!["tool_calls"],
            "max_tokens" | "model_context_window_exceeded" => vec!["length"],
            "refusal" | "guardrail_intervened" | "content_filtered" => vec!["content_filter"],
            "malformed_model_output" | "malformed_tool_use" | "" => vec!["error"],
            _ => plain_end(),
        },
        Dialect::Gemini => match native {
            "MAX_TOKENS" if calls > 0 => vec!["length", "tool_calls"],
            "MAX_TOKENS" => vec!["length"],
            "STOP" | "UNEXPECTED_TOOL_CALL" if calls > 0 => vec!["tool_calls"],
            "STOP" => vec!["stop"],
            "MALFORMED_FUNCTION_CALL" | "OTHER" | "UNEXPECTED_TOOL_CALL" => vec!["error"],
            "" => vec!["error", "content_filter"],
            // SAFETY, RECITATION, MODEL_ARMOR, BLOCK:… and whatever comes next.
            _ => vec!["content_filter"],
        },
        Dialect::Responses => match native {
            "completed" if calls > 0 => vec!["tool_calls"],
            "completed" => vec!["stop"],
            "incomplete:max_output_tokens" => vec!["length"],
            "incomplete:content_filter" => vec!["content_filter"],
            _ => vec!["error"],
        },
    }
}

fn usage(dialect: Dialect, usage: &Value) -> ExpectedUsage {
    if !usage.is_object() {
        return ExpectedUsage::Estimate;
    }
    let counts = match dialect {
        Dialect::OpenAi => of_chat(usage),
        Dialect::Responses => Some(vec![of_responses(usage)]),
        Dialect::Anthropic => Some(of_anthropic(usage)),
        Dialect::Gemini => of_gemini(usage),
        Dialect::Bedrock => Some(vec![of_bedrock(usage)]),
    };
    counts.map_or(ExpectedUsage::Unknown, ExpectedUsage::OneOf)
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// xAI counts reasoning beside the completion, everybody else inside it; the total tells which.
fn of_chat(usage: &Value) -> Option<Vec<Counts>> {
    let (prompt, completion) = (
        count(&usage["prompt_tokens"]),
        count(&usage["completion_tokens"]),
    );
    let reasoning = usage["completion_tokens_details"]["reasoning_tokens"].as_u64();
    let total = usage["total_tokens"]
        .as_u64()
        .unwrap_or(prompt + completion);
    let beside = total.checked_sub(prompt + completion)?;
    if beside != 0 && reasoning != Some(beside) {
        return None;
    }
    let details = &usage["prompt_tokens_details"];
    Some(vec![Counts {
        prompt,
        completion: completion + beside,
        cached: count(&details["cached_tokens"]),
        cache_write: count(&details["cache_write_tokens"]),
        reasoning,
    }])
}

fn of_responses(usage: &Value) -> Counts {
    let details = &usage["input_tokens_details"];
    Counts {
        prompt: count(&usage["input_tokens"]),
        completion: count(&usage["output_tokens"]),
        cached: count(&details["cached_tokens"]),
        cache_write: count(&details["cache_write_tokens"]),
        reasoning: usage["output_tokens_details"]["reasoning_tokens"].as_u64(),
    }
}

/// Where an answer took several rounds, the counts may be those of all rounds, with or without
/// those of an adviser (another model), or what stands on top.
fn of_anthropic(usage: &Value) -> Vec<Counts> {
    let round = |usage: &Value| {
        let cached = count(&usage["cache_read_input_tokens"]);
        let cache_write = count(&usage["cache_creation_input_tokens"]);
        Counts {
            prompt: count(&usage["input_tokens"]) + cached + cache_write,
            completion: count(&usage["output_tokens"]),
            cached,
            cache_write,
            reasoning: None,
        }
    };
    let on_top = Counts {
        reasoning: usage["output_tokens_details"]["thinking_tokens"].as_u64(),
        ..round(usage)
    };
    let rounds = usage["iterations"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if rounds.len() < 2 {
        return vec![on_top];
    }
    let sum = |wanted: fn(&&Value) -> bool| {
        rounds
            .iter()
            .filter(wanted)
            .map(round)
            .fold(Counts::default(), |sum, one| Counts {
                prompt: sum.prompt + one.prompt,
                completion: sum.completion + one.completion,
                cached: sum.cached + one.cached,
                cache_write: sum.cache_write + one.cache_write,
                reasoning: None,
            })
    };
    vec![
        sum(|_| true),
        sum(|one| one["type"] != "advisor_message"),
        on_top,
    ]
}

/// `None` when the parts do not add up to the total, as in samples that were edited by hand.
fn of_gemini(usage: &Value) -> Option<Vec<Counts>> {
    let prompt = count(&usage["promptTokenCount"]) + count(&usage["toolUsePromptTokenCount"]);
    let thoughts = usage["thoughtsTokenCount"].as_u64();
    let completion = count(&usage["candidatesTokenCount"]) + thoughts.unwrap_or_default();
    let total = count(&usage["totalTokenCount"]);
    (total == prompt + completion).then(|| {
        vec![Counts {
            prompt,
            completion,
            cached: count(&usage["cachedContentTokenCount"]),
            cache_write: 0,
            reasoning: thoughts,
        }]
    })
}

fn of_bedrock(usage: &Value) -> Counts {
    let either = |a: &str, b: &str| count(&usage[a]).max(count(&usage[b]));
    let cached = either("cacheReadInputTokens", "cacheReadInputTokenCount");
    let cache_write = either("cacheWriteInputTokens", "cacheWriteInputTokenCount");
    Counts {
        prompt: count(&usage["inputTokens"]) + cached + cache_write,
        completion: count(&usage["outputTokens"]),
        cached,
        cache_write,
        reasoning: None,
    }
}
