//! Members of a message or delta: what counts as content, and the spellings of reasoning.

use super::super::answer::{Delivered, ReasoningView};
use super::super::json::{self, Kind};
use super::super::object::{Object, nested_array};

/// Reasoning details of one delta that are looked at.
const MOST_DETAILS: usize = 256;

/// The reasoning text of a message or delta, as a raw JSON string that is not empty. xAI says
/// `reasoning_content`, Groq and Cerebras say `reasoning`, some servers say both.
fn reasoning<'o>(object: &'o Object<'_>) -> Option<&'o str> {
    ["reasoning_content", "reasoning"]
        .into_iter()
        .filter_map(|name| object.get(name))
        .find(|raw| json::string_len(raw) > 0)
}

/// Appends the reasoning of a message or delta in our spelling, unless it is hidden, and counts
/// it. Says whether there was any.
pub(super) fn write_reasoning(
    object: &Object<'_>,
    view: ReasoningView,
    delivered: &mut Delivered,
    out: &mut String,
) -> Reasoning {
    let text = reasoning(object);
    let details = object.get("reasoning_details").filter(|raw| *raw != "[]");
    let is_readable = text.is_some() || details.is_some_and(is_readable);
    let found = match (text, details) {
        (None, None) => return Reasoning::None,
        (Some(text), _) => json::string_len(text),
        (None, Some(details)) => details.len(),
    };
    delivered.add(found);
    match view {
        ReasoningView::Exclude => return Reasoning::Hidden,
        ReasoningView::Include => {}
    }
    if let Some(text) = text {
        json::push_member(out, "reasoning_content", text);
    }
    json::push_member(out, "reasoning_details", "");
    match (details, text) {
        (Some(details), _) => out.push_str(details),
        (None, text) => {
            out.push_str(r#"[{"type":"reasoning.text","text":"#);
            out.push_str(text.unwrap_or("\"\""));
            out.push_str("}]");
        }
    }
    if is_readable {
        Reasoning::Shown
    } else {
        Reasoning::Sealed
    }
}

/// Whether any of the details has a text or a summary beside what only the provider can read.
fn is_readable(details: &str) -> bool {
    let has_text = |raw: &&str| {
        let detail = Object::nested(raw).ok();
        let members = ["text", "summary"].into_iter();
        detail.is_some_and(|detail| {
            members
                .filter_map(|name| detail.get(name))
                .any(|raw| json::string_len(raw) > 0)
        })
    };
    nested_array(details, MOST_DETAILS).is_ok_and(|list| list.iter().any(has_text))
}

/// What became of a message's reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reasoning {
    None,
    Hidden,
    Shown,
    /// Shown, but encrypted: nothing that the caller can read.
    Sealed,
}

impl Reasoning {
    /// Whether the caller sees any of it.
    pub(super) fn is_shown(self) -> bool {
        match self {
            Self::Shown | Self::Sealed => true,
            Self::None | Self::Hidden => false,
        }
    }
}

/// What a member of a message or delta is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Written apart.
    Apart,
    /// Accompanies reasoning and is hidden with it.
    WithReasoning,
    /// Goes on as it is and carries this many bytes of content.
    Content(usize),
    /// Goes on as it is and carries nothing.
    Side,
    /// Says nothing.
    Noise,
}

impl Member {
    /// Judges a member by name and raw value.
    pub(super) fn of(name: &str, raw: &str) -> Self {
        match name {
            "role" | "tool_calls" | "reasoning" | "reasoning_content" | "reasoning_details" => {
                Self::Apart
            }
            "channel" => Self::WithReasoning,
            "content" | "refusal" => match Kind::of(raw) {
                Kind::String if raw.len() > 2 => Self::Content(json::string_len(raw)),
                Kind::Array if raw != "[]" => Self::Content(raw.len()),
                Kind::Object => Self::Content(raw.len()),
                Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::Array => Self::Side,
            },
            "function_call" | "audio" | "images" => match raw {
                "null" | "[]" => Self::Noise,
                _ => Self::Content(raw.len()),
            },
            _ => Self::Side,
        }
    }
}

/// OpenAI's words for `service_tier`, as raw JSON. Its clients refuse others, such as Groq's
/// `on_demand`.
const SERVICE_TIERS: [&str; 6] = [
    "null",
    "\"auto\"",
    "\"default\"",
    "\"flex\"",
    "\"scale\"",
    "\"priority\"",
];

/// Top-level members of an answer or chunk that are ours to say, noise, or nothing to a client of
/// OpenAI.
pub(super) fn is_dropped(name: &str, raw: &str) -> bool {
    match name {
        "id" | "object" | "created" | "model" | "provider" | "choices" | "usage" | "error"
        | "obfuscation" | "x_groq" | "usage_breakdown" => true,
        "service_tier" => !SERVICE_TIERS.contains(&raw),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_service_tiers_are_dropped() {
        assert!(is_dropped("service_tier", "\"on_demand\""));
        assert!(is_dropped("service_tier", "{}"));
        for tier in SERVICE_TIERS {
            assert!(!is_dropped("service_tier", tier), "{tier}");
        }
    }
}
