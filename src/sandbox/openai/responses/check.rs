//! What the Responses API refuses: its fields and their values.

use serde_json::{Map, Value};

use super::super::errors::Trouble;
use super::super::flavour::Flavour;
use super::{items, tools};

pub(super) type Body = Map<String, Value>;

/// Every top-level field of a request.
const FIELDS: [&str; 28] = [
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "user",
];

/// The least `max_output_tokens`.
const LEAST_OUTPUT: u64 = 16;

/// Checks a request for `model` as the API would.
///
/// # Errors
/// The first thing the API would refuse.
pub(super) fn request(model: &str, body: &Body) -> Result<(), Trouble> {
    if model.is_empty() {
        return Err(missing("model"));
    }
    if let Some(name) = body.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        let message = format!("Unknown parameter: '{name}'.");
        return Err(Trouble::invalid(name, "unknown_parameter", message));
    }
    let input = body.get("input").ok_or_else(|| missing("input"))?;
    items::input(model, input)?;
    tools::check(body)?;
    reasoning(model, body)?;
    text(model, body, input)?;
    output_limit(model, body)
}

pub(super) fn missing(param: &str) -> Trouble {
    let message = format!("Missing required parameter: '{param}'.");
    Trouble::invalid(param, "missing_required_parameter", message)
}

fn unsupported(param: &str) -> Trouble {
    let message = format!("Unsupported parameter: '{param}' is not supported with this model.");
    Trouble::invalid(param, "unsupported_parameter", message)
}

fn unsupported_value(param: &str, value: &str, model: &str, supported: &[&str]) -> Trouble {
    let supported: Vec<_> = supported.iter().map(|word| format!("'{word}'")).collect();
    Trouble::invalid(
        param,
        "unsupported_value",
        format!(
            "Unsupported value: '{value}' is not supported with the '{model}' model. Supported values are: {}.",
            supported.join(", ")
        ),
    )
}

/// What goes with thinking, and what does not.
fn reasoning(model: &str, body: &Body) -> Result<(), Trouble> {
    let encrypted = body
        .get("include")
        .and_then(Value::as_array)
        .is_some_and(|include| {
            include
                .iter()
                .any(|one| one == "reasoning.encrypted_content")
        });
    let effort = body.get("reasoning").map(|reasoning| &reasoning["effort"]);
    let effort = effort.and_then(Value::as_str);
    if !Flavour::OpenAi.reasons(model) {
        if encrypted {
            return Err(Trouble::plain(
                "Encrypted content is not supported with this model.",
            ));
        }
        return match effort {
            Some(_) => Err(unsupported("reasoning.effort")),
            None => Ok(()),
        };
    }
    let supported = efforts(model);
    if let Some(effort) = effort
        && !supported.contains(&effort)
    {
        return Err(unsupported_value(
            "reasoning.effort",
            effort,
            model,
            supported,
        ));
    }
    match ["temperature", "top_p"]
        .into_iter()
        .find(|name| body.get(*name).is_some_and(|value| !value.is_null()))
    {
        Some(name) => Err(unsupported(name)),
        None => Ok(()),
    }
}

fn efforts(model: &str) -> &'static [&'static str] {
    if model.starts_with("gpt-5.1-codex-mini") {
        &["medium", "high"]
    } else if model.contains("codex") {
        &["low", "medium", "high", "xhigh"]
    } else {
        &["none", "minimal", "low", "medium", "high", "xhigh"]
    }
}

/// The form of the answer.
fn text(model: &str, body: &Body, input: &Value) -> Result<(), Trouble> {
    let Some(text) = body.get("text") else {
        return Ok(());
    };
    if let Some(verbosity) = text["verbosity"].as_str()
        && model.starts_with("gpt-5.1-codex")
        && verbosity != "medium"
    {
        return Err(unsupported_value(
            "text.verbosity",
            verbosity,
            model,
            &["medium"],
        ));
    }
    let format = &text["format"];
    match format["type"].as_str() {
        Some("json_object") if !input.to_string().to_lowercase().contains("json") => {
            let message = "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.";
            Err(Trouble::Invalid {
                param: Some("input".to_owned()),
                code: None,
                message: message.to_owned(),
            })
        }
        Some("json_schema") if !format["name"].is_string() => Err(missing("text.format.name")),
        Some("json_schema") if !format["schema"].is_object() => Err(missing("text.format.schema")),
        Some("text" | "json_object" | "json_schema") => Ok(()),
        None if format.is_null() => Ok(()),
        Some(_) | None => Err(missing("text.format.type")),
    }
}

fn output_limit(model: &str, body: &Body) -> Result<(), Trouble> {
    let param = "max_output_tokens";
    let Some(asked) = body.get(param).and_then(Value::as_u64) else {
        return Ok(());
    };
    let most = Flavour::OpenAi.most_output(model).unwrap_or(u64::MAX);
    let (code, bound) = if asked < LEAST_OUTPUT {
        (
            "integer_below_min_value",
            format!("below minimum value. Expected a value >= {LEAST_OUTPUT}"),
        )
    } else if asked > most {
        (
            "integer_above_max_value",
            format!("above maximum value. Expected a value <= {most}"),
        )
    } else {
        return Ok(());
    };
    let message = format!("Invalid '{param}': integer {bound}, but got {asked} instead.");
    Err(Trouble::invalid(param, code, message))
}
