//! Thinking: how it is asked for, and the signatures that prove it was the model's own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::errors::Trouble;
use super::model::{self, Style};

const LEAST_BUDGET: u64 = 1_024;

/// How a request wants the model to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Off,
    Adaptive,
    Budget(u64),
}

/// Whether thoughts are shown or only sealed into the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    Summarized,
    Omitted,
}

/// The signature of a thinking block: its text, sealed, so that even a hidden one comes back.
pub(super) fn sign(text: &str) -> String {
    let digest = Sha256::digest(format!("sandbox\n{text}"));
    STANDARD.encode([digest.as_slice(), text.as_bytes()].concat())
}

/// Whether a signature is one of ours for this text, or for a text that was not shown.
pub(super) fn is_signed(text: &str, signature: &str) -> bool {
    let sealed = STANDARD.decode(signature).ok();
    let sealed = sealed.and_then(|bytes| String::from_utf8(bytes.get(32..)?.to_vec()).ok());
    sealed.is_some_and(|sealed| sign(&sealed) == signature && (text.is_empty() || text == sealed))
}

/// Reads and checks `thinking` and `output_config.effort`.
pub(super) fn mode(model: &str, body: &Map<String, Value>) -> Result<(Mode, Display), Trouble> {
    let thinking = body.get("thinking").unwrap_or(&Value::Null);
    let effort = body
        .get("output_config")
        .and_then(|config| config["effort"].as_str());
    if let Some(effort) = effort {
        check_effort(model, effort)?;
    }
    let display = match thinking["display"].as_str() {
        Some("summarized") => Display::Summarized,
        Some("omitted") => Display::Omitted,
        Some(_) | None if model::is_newest(model) => Display::Omitted,
        Some(_) | None => Display::Summarized,
    };
    let mode = match (thinking["type"].as_str(), model::style(model)) {
        (None, _) if thinking.is_null() => Mode::Off,
        (Some("disabled"), _) => Mode::Off,
        (Some("adaptive"), Style::Budget) => {
            return Err(Trouble::invalid(
                "adaptive thinking is not supported on this model",
            ));
        }
        (Some("adaptive"), Style::Both | Style::Adaptive) => Mode::Adaptive,
        (Some("enabled"), Style::Adaptive) => {
            return Err(Trouble::invalid(
                "\"thinking.type.enabled\" is not supported for this model. Use \
                 \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking \
                 behavior.",
            ));
        }
        (Some("enabled"), Style::Budget | Style::Both) => Mode::Budget(budget(thinking, body)?),
        (Some(_) | None, _) => {
            return Err(Trouble::invalid(
                "thinking: Input tag does not match any of the expected tags: 'adaptive', \
                 'disabled', 'enabled'",
            ));
        }
    };
    Ok((mode, display))
}

fn check_effort(model: &str, effort: &str) -> Result<(), Trouble> {
    let known = model::efforts(model);
    if known.is_empty() {
        let message = "This model does not support the effort parameter.";
        return Err(Trouble::invalid(message));
    }
    if !known.contains(&effort) {
        return Err(Trouble::invalid(format!(
            "This model does not support effort level '{effort}'. Supported levels: {}.",
            known.join(", ")
        )));
    }
    Ok(())
}

fn budget(thinking: &Value, body: &Map<String, Value>) -> Result<u64, Trouble> {
    let budget = thinking["budget_tokens"].as_u64();
    let budget =
        budget.ok_or_else(|| Trouble::invalid("thinking.enabled.budget_tokens: Field required"))?;
    if budget < LEAST_BUDGET {
        return Err(Trouble::invalid(
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ));
    }
    if body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0) <= budget {
        return Err(Trouble::invalid(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our \
             documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
        ));
    }
    Ok(budget)
}

/// What thinking excludes.
pub(super) fn check_company(mode: Mode, body: &Map<String, Value>) -> Result<(), Trouble> {
    if mode == Mode::Off {
        return Ok(());
    }
    let number = |name: &str| body.get(name).and_then(Value::as_f64);
    if number("temperature").is_some_and(|asked| (asked - 1.0).abs() > f64::EPSILON) {
        return Err(Trouble::invalid(
            "`temperature` may only be set to 1 when thinking is enabled.",
        ));
    }
    if number("top_p").is_some_and(|asked| asked < 0.95) {
        return Err(Trouble::invalid(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.",
        ));
    }
    if body.contains_key("top_k") {
        return Err(Trouble::invalid(
            "`top_k` must be unset when thinking is enabled.",
        ));
    }
    let choice = body
        .get("tool_choice")
        .and_then(|choice| choice["type"].as_str());
    if matches!(choice, Some("any" | "tool")) {
        return Err(Trouble::invalid(
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_belong_to_their_text() {
        let signature = sign("hm");
        assert!(is_signed("hm", &signature) && is_signed("", &signature));
        assert!(!is_signed("ha", &signature));
        assert!(!is_signed("hm", "hm") && !is_signed("hm", ""));
    }
}
