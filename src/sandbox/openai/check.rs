//! What each provider refuses in a chat request.

use serde_json::{Map, Value};

use super::errors::Trouble;
use super::fields;
use super::flavour::{self, Flavour};

/// The most choices of one request at OpenAI.
const MOST_CHOICES: u64 = 128;

type Body = Map<String, Value>;

/// Checks a chat request for `model` as the provider would.
///
/// # Errors
/// The first thing the provider would refuse.
pub(super) fn chat(flavour: Flavour, model: &str, body: &Body) -> Result<(), Trouble> {
    if model.is_empty() {
        return Err(Trouble::plain("you must provide a model parameter"));
    }
    fields::check(flavour, body)?;
    messages(body)?;
    combinations(flavour, body)?;
    sampling(body)?;
    output_limit(flavour, model, body)?;
    match flavour {
        Flavour::OpenAi => openai(model, body),
        Flavour::Xai => xai(model, body),
        Flavour::Groq => groq(body),
        Flavour::Cerebras => single_choice(body),
    }
}

fn messages(body: &Body) -> Result<(), Trouble> {
    let messages = match body.get("messages") {
        None | Some(Value::Null) => {
            let message = "Missing required parameter: 'messages'.";
            return Err(Trouble::invalid(
                "messages",
                "missing_required_parameter",
                message,
            ));
        }
        Some(Value::Array(messages)) => messages,
        Some(_) => {
            let message = "Invalid type for 'messages': expected an array of objects.";
            return Err(Trouble::invalid("messages", "invalid_type", message));
        }
    };
    if messages.is_empty() {
        let message = "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.";
        return Err(Trouble::invalid("messages", "empty_array", message));
    }
    for (at, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or("");
        let known = [
            "system",
            "developer",
            "user",
            "assistant",
            "tool",
            "function",
        ];
        if !known.contains(&role) {
            return Err(Trouble::invalid(
                &format!("messages[{at}].role"),
                "invalid_value",
                format!(
                    "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'."
                ),
            ));
        }
    }
    Ok(())
}

/// Fields that mean nothing without another.
fn combinations(flavour: Flavour, body: &Body) -> Result<(), Trouble> {
    if flavour != Flavour::OpenAi {
        return Ok(());
    }
    let streams = body.get("stream") == Some(&Value::Bool(true));
    if is_set(body, "stream_options") && !streams {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(without_code("stream_options", message));
    }
    for field in ["tool_choice", "parallel_tool_calls"] {
        if is_set(body, field) && !is_set(body, "tools") {
            let message = format!(
                "Invalid value for '{field}': '{field}' is only allowed when 'tools' are specified."
            );
            return Err(without_code(field, &message));
        }
    }
    Ok(())
}

fn sampling(body: &Body) -> Result<(), Trouble> {
    let temperature = body.get("temperature").and_then(Value::as_f64);
    match temperature {
        Some(asked) if asked > 2.0 => Err(Trouble::invalid(
            "temperature",
            "decimal_above_max_value",
            format!(
                "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got {asked:?} instead."
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

fn output_limit(flavour: Flavour, model: &str, body: &Body) -> Result<(), Trouble> {
    let Some(most) = flavour.most_output(model) else {
        return Ok(());
    };
    for field in ["max_tokens", "max_completion_tokens"] {
        let asked = body.get(field).and_then(Value::as_u64).unwrap_or(1);
        if asked > most {
            return Err(match flavour {
                Flavour::OpenAi | Flavour::Xai => Trouble::invalid(
                    field,
                    "invalid_value",
                    format!(
                        "{field} is too large: {asked}. This model supports at most {most} completion tokens, whereas you provided {asked}."
                    ),
                ),
                Flavour::Groq | Flavour::Cerebras => Trouble::plain(format!(
                    "{field} for `{model}` must be less than or equal to {most}"
                )),
            });
        }
    }
    Ok(())
}

fn openai(model: &str, body: &Body) -> Result<(), Trouble> {
    if model.contains("codex") {
        let message =
            "This model is only supported in v1/responses and not in v1/chat/completions.";
        return Err(without_code("model", message));
    }
    let choices = body.get("n").and_then(Value::as_u64).unwrap_or(1);
    if choices > MOST_CHOICES {
        return Err(Trouble::invalid(
            "n",
            "integer_above_max_value",
            format!(
                "Invalid 'n': integer above maximum value. Expected a value <= {MOST_CHOICES}, but got {choices} instead."
            ),
        ));
    }
    if flavour::is_o_series(model) || flavour::is_gpt_5(model) {
        openai_reasoning(model, body)?;
    }
    Ok(())
}

fn openai_reasoning(model: &str, body: &Body) -> Result<(), Trouble> {
    let unsupported = "unsupported_parameter";
    if is_set(body, "max_tokens") {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(Trouble::invalid("max_tokens", unsupported, message));
    }
    if flavour::is_gpt_5(model)
        && let Some(asked) = body.get("temperature").and_then(Value::as_f64)
        && (asked - 1.0).abs() > f64::EPSILON
    {
        return Err(Trouble::invalid(
            "temperature",
            "unsupported_value",
            format!(
                "Unsupported value: 'temperature' does not support {asked} with this model. Only the default (1) value is supported."
            ),
        ));
    }
    let common = [
        "top_p",
        "presence_penalty",
        "frequency_penalty",
        "stop",
        "logprobs",
    ];
    let o_series: &[&str] = if flavour::is_o_series(model) {
        &["temperature", "parallel_tool_calls"]
    } else {
        &[]
    };
    match common
        .iter()
        .chain(o_series)
        .find(|field| is_set(body, field))
    {
        Some(field) => Err(Trouble::invalid(
            field,
            unsupported,
            format!("Unsupported parameter: '{field}' is not supported with this model."),
        )),
        None => Ok(()),
    }
}

fn xai(model: &str, body: &Body) -> Result<(), Trouble> {
    let refused: &[(&str, &str)] = if Flavour::Xai.reasons(model) {
        &[
            ("presence_penalty", "presencePenalty"),
            ("frequency_penalty", "frequencyPenalty"),
        ]
    } else {
        &[("reasoning_effort", "reasoningEffort")]
    };
    match refused.iter().find(|(field, _)| is_set(body, field)) {
        Some((_, name)) => Err(Trouble::plain(format!(
            "Argument not supported on this model: {name}"
        ))),
        None => Ok(()),
    }
}

fn groq(body: &Body) -> Result<(), Trouble> {
    for field in ["logprobs", "top_logprobs", "logit_bias"] {
        if is_set(body, field) && body.get(field) != Some(&Value::Bool(false)) {
            return Err(Trouble::plain(format!("property '{field}' is unsupported")));
        }
    }
    single_choice(body)
}

fn single_choice(body: &Body) -> Result<(), Trouble> {
    match body.get("n").and_then(Value::as_u64) {
        Some(n) if n > 1 => Err(Trouble::plain("'n' : number must be at most 1")),
        Some(_) | None => Ok(()),
    }
}

fn is_set(body: &Body, field: &str) -> bool {
    body.get(field).is_some_and(|value| !value.is_null())
}

fn without_code(param: &str, message: &str) -> Trouble {
    Trouble::Invalid {
        param: Some(param.to_owned()),
        code: None,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
