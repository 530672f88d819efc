//! How the providers that speak OpenAI's dialect differ, and what their models are like.

use crate::sandbox::dice::{self, Alphabet};

/// Who speaks the dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// OpenAI itself.
    OpenAi,
    /// xAI.
    Xai,
    /// Groq.
    Groq,
    /// Cerebras.
    Cerebras,
}

/// Reasoning tokens of an answer when neither the effort nor a mark says otherwise.
const USUAL_REASONING: usize = 24;

impl Flavour {
    /// The provider's name for people.
    pub(super) const fn house(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Xai => "xAI",
            Self::Groq => "Groq",
            Self::Cerebras => "Cerebras",
        }
    }

    /// Whether the model thinks before it answers.
    pub(super) fn reasons(self, model: &str) -> bool {
        match self {
            Self::OpenAi => is_o_series(model) || is_gpt_5(model),
            Self::Xai => {
                ["grok-3-mini", "grok-4", "grok-code"]
                    .iter()
                    .any(|family| model.starts_with(family))
                    && !model.contains("non-reasoning")
            }
            Self::Groq | Self::Cerebras => ["gpt-oss", "qwen3-32b", "thinking", "glm", "deepseek"]
                .iter()
                .any(|family| model.contains(family)),
        }
    }

    /// How many tokens the model thinks for; none when it does not reason.
    pub(super) fn usual_reasoning(self, model: &str, effort: Option<&str>) -> Option<usize> {
        if !self.reasons(model) {
            return None;
        }
        Some(match effort {
            Some("none") => 0,
            Some("minimal") => 4,
            Some("low") => 12,
            Some("high" | "xhigh") => 64,
            Some(_) | None => USUAL_REASONING,
        })
    }

    /// The most output tokens a request may ask for, where the provider checks that.
    pub(super) fn most_output(self, model: &str) -> Option<u64> {
        match self {
            Self::OpenAi if is_o_series(model) => Some(100_000),
            Self::OpenAi if is_gpt_5(model) => Some(128_000),
            Self::OpenAi if model.starts_with("gpt-4.1") => Some(32_768),
            Self::OpenAi => Some(16_384),
            Self::Groq if model.contains("llama-4") => Some(8_192),
            Self::Groq if model.contains("llama-3.3") => Some(32_768),
            Self::Groq => Some(65_536),
            Self::Xai | Self::Cerebras => None,
        }
    }

    /// The name the provider answers under: OpenAI names the dated snapshot.
    pub(super) fn answering_model(self, model: &str) -> String {
        let dated = match self {
            Self::OpenAi => match model {
                "gpt-4.1" | "gpt-4.1-mini" | "gpt-4.1-nano" => "-2025-04-14",
                "o3" | "o4-mini" => "-2025-04-16",
                _ => "",
            },
            Self::Xai | Self::Groq | Self::Cerebras => "",
        };
        format!("{model}{dated}")
    }

    /// An id for a completion, different each time.
    pub(super) fn completion_id(self) -> String {
        match self {
            Self::OpenAi => format!("chatcmpl-{}", dice::fresh(Alphabet::Alphanumeric, 29)),
            Self::Xai => dice::fresh_uuid(),
            Self::Groq | Self::Cerebras => format!("chatcmpl-{}", dice::fresh_uuid()),
        }
    }

    /// An id for a request, different each time.
    pub(super) fn request_id(self) -> String {
        match self {
            Self::OpenAi => format!("req_{}", dice::fresh(Alphabet::Hex, 32)),
            Self::Groq => format!("req_{}", dice::fresh(Alphabet::LowerAlphanumeric, 26)),
            Self::Xai | Self::Cerebras => dice::fresh_uuid(),
        }
    }

    /// The id of a tool call: the same for the same `seed`.
    pub(super) fn call_id(self, seed: &str) -> String {
        let mut dice = dice::from_text(seed);
        match self {
            Self::OpenAi => {
                let random = dice::draw(&mut dice, Alphabet::Alphanumeric, 24);
                format!("call_{random}")
            }
            Self::Xai => format!("call_{}", dice::draw(&mut dice, Alphabet::Digits, 8)),
            Self::Groq => dice::draw(&mut dice, Alphabet::LowerAlphanumeric, 9),
            Self::Cerebras => dice::draw(&mut dice, Alphabet::Hex, 9),
        }
    }

    /// The fingerprint of the simulated installation.
    pub(super) const fn fingerprint(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Xai | Self::Groq => "fp_5a4db0c001",
            Self::Cerebras => "fp_5a4db0c0015a4db0c001",
        }
    }
}

/// OpenAI's o1, o3, o4-mini and the like.
pub(super) fn is_o_series(model: &str) -> bool {
    ["o1", "o3", "o4"]
        .iter()
        .any(|family| model.starts_with(family))
}

/// OpenAI's GPT-5 models, without the chat variants, which do not reason.
pub(super) fn is_gpt_5(model: &str) -> bool {
    model.starts_with("gpt-5") && !model.contains("chat")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_models_are_known() {
        let cases = [
            (Flavour::OpenAi, "o3", true),
            (Flavour::OpenAi, "gpt-5.4", true),
            (Flavour::OpenAi, "gpt-5.3-chat-latest", false),
            (Flavour::OpenAi, "gpt-4.1", false),
            (Flavour::Xai, "grok-3-mini-beta", true),
            (Flavour::Xai, "grok-3-beta", false),
            (Flavour::Groq, "openai/gpt-oss-120b", true),
            (Flavour::Cerebras, "qwen-3-235b-a22b-instruct-2507", false),
        ];
        for (flavour, model, reasons) in cases {
            assert_eq!(flavour.reasons(model), reasons, "{model}");
        }
        assert_eq!(Flavour::OpenAi.usual_reasoning("o3", Some("low")), Some(12));
    }

    #[test]
    fn call_ids_have_each_providers_shape() {
        assert_eq!(Flavour::OpenAi.call_id("x").len(), 29);
        assert_eq!(Flavour::Xai.call_id("x").len(), 13);
        assert_eq!(Flavour::Groq.call_id("x").len(), 9);
        assert_eq!(Flavour::Cerebras.call_id("x").len(), 9);
        assert_eq!(Flavour::Groq.call_id("x"), Flavour::Groq.call_id("x"));
    }
}
