//! Which providers can be simulated, and where their API stands.

/// A simulated provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// OpenAI.
    OpenAi,
    /// xAI.
    Xai,
    /// Groq.
    Groq,
    /// Cerebras.
    Cerebras,
    /// Anthropic.
    Anthropic,
}

impl Vendor {
    /// Every simulated provider.
    pub const ALL: [Self; 5] = [
        Self::OpenAi,
        Self::Xai,
        Self::Groq,
        Self::Cerebras,
        Self::Anthropic,
    ];

    /// The provider's name in the catalog.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Xai => "xai",
            Self::Groq => "groq",
            Self::Cerebras => "cerebras",
            Self::Anthropic => "anthropic",
        }
    }

    /// The path every route of the provider begins with.
    pub(super) const fn base_path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Xai | Self::Cerebras => "/v1",
            Self::Groq => "/openai/v1",
            Self::Anthropic => "",
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::OpenAi => 0,
            Self::Xai => 1,
            Self::Groq => 2,
            Self::Cerebras => 3,
            Self::Anthropic => 4,
        }
    }
}
