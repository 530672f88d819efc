//! The top-level fields of a chat request that each provider knows.

use serde_json::{Map, Value};

use super::errors::Trouble;
use super::flavour::Flavour;

/// Every top-level field of OpenAI's chat request.
const FIELDS: [&str; 36] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

/// Fields Groq knows beside OpenAI's.
const GROQ_FIELDS: [&str; 8] = [
    "citation_options",
    "compound_custom",
    "disable_tool_validation",
    "documents",
    "exclude_domains",
    "include_domains",
    "include_reasoning",
    "reasoning_format",
];

/// Fields Cerebras knows beside OpenAI's.
const CEREBRAS_FIELDS: [&str; 3] = ["clear_thinking", "disable_reasoning", "reasoning_format"];

/// Looks for a field the provider does not know. xAI minds none.
///
/// # Errors
/// The first such field, in the provider's words.
pub(super) fn check(flavour: Flavour, body: &Map<String, Value>) -> Result<(), Trouble> {
    let extra: &[&str] = match flavour {
        Flavour::OpenAi => &[],
        Flavour::Xai => return Ok(()),
        Flavour::Groq => &GROQ_FIELDS,
        Flavour::Cerebras => &CEREBRAS_FIELDS,
    };
    let unknown = body
        .keys()
        .find(|name| !FIELDS.contains(&name.as_str()) && !extra.contains(&name.as_str()));
    let Some(name) = unknown else { return Ok(()) };
    Err(match flavour {
        Flavour::OpenAi | Flavour::Xai => {
            Trouble::plain(format!("Unrecognized request argument supplied: {name}"))
        }
        Flavour::Groq => Trouble::plain(format!("property '{name}' is unsupported")),
        Flavour::Cerebras => Trouble::invalid(
            "validation_error",
            "wrong_api_format",
            format!("body.{name}: property 'body.{name}' is unsupported"),
        ),
    })
}
