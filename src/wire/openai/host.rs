//! Which server of the OpenAI family a provider is: they differ in what they refuse.

use crate::catalog::Provider;

/// A known server, or another one that is taken to be lenient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    OpenAi,
    Xai,
    Groq,
    Cerebras,
    Other,
}

impl Host {
    pub(super) fn of(provider: &Provider) -> Self {
        match provider.name.as_str() {
            "openai" => Self::OpenAi,
            "xai" => Self::Xai,
            "groq" => Self::Groq,
            "cerebras" => Self::Cerebras,
            _ => Self::Other,
        }
    }

    /// Whether the `developer` role is known.
    pub(super) const fn knows_developer(self) -> bool {
        match self {
            Self::OpenAi => true,
            Self::Xai | Self::Groq | Self::Cerebras | Self::Other => false,
        }
    }

    /// Whether unknown members of content parts (`cache_control`) do no harm.
    pub(super) const fn takes_cache_marks(self) -> bool {
        match self {
            Self::Other => true,
            Self::OpenAi | Self::Xai | Self::Groq | Self::Cerebras => false,
        }
    }

    /// Members of earlier answers that the server refuses in a message sent back to it.
    pub(super) const fn refuses_in_history(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["reasoning", "reasoning_content", "reasoning_details"],
            Self::Xai => &["reasoning", "reasoning_details"],
            Self::Groq | Self::Cerebras => &[
                "annotations",
                "reasoning",
                "reasoning_content",
                "reasoning_details",
            ],
            Self::Other => &[],
        }
    }
}
