//! What a model can do, and the peculiarities of its requests.

use serde::{Deserialize, Serialize};

/// Something a request may need and a model may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Function tools.
    Tools,
    /// Image input.
    Vision,
    /// File input such as PDF.
    Files,
    /// Audio input or output.
    Audio,
    /// `response_format` with a JSON schema.
    JsonSchema,
    /// A reasoning phase before the answer.
    Reasoning,
    /// Log probabilities.
    Logprobs,
    /// More than one choice.
    N,
    /// Goes on with an assistant message that stands last, instead of answering anew.
    Prefill,
}

impl Ability {
    /// All abilities.
    pub const ALL: [Self; 9] = [
        Self::Tools,
        Self::Vision,
        Self::Files,
        Self::Audio,
        Self::JsonSchema,
        Self::Reasoning,
        Self::Logprobs,
        Self::N,
        Self::Prefill,
    ];

    /// The name in the catalog and in exclusion reasons (`capability:<name>`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Vision => "vision",
            Self::Files => "files",
            Self::Audio => "audio",
            Self::JsonSchema => "json_schema",
            Self::Reasoning => "reasoning",
            Self::Logprobs => "logprobs",
            Self::N => "n",
            Self::Prefill => "prefill",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of abilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities(u16);

impl Abilities {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set with one more member.
    #[must_use]
    pub const fn with(self, ability: Ability) -> Self {
        Self(self.0 | ability.bit())
    }

    /// Whether `ability` is a member.
    pub const fn has(self, ability: Ability) -> bool {
        self.0 & ability.bit() != 0
    }

    /// The first ability of `self` that `other` lacks.
    pub fn missing_in(self, other: Self) -> Option<Ability> {
        match Self(self.0 & !other.0) {
            Self::NONE => None,
            missing => missing.iter().next(),
        }
    }

    /// The members.
    pub fn iter(self) -> impl Iterator<Item = Ability> {
        Ability::ALL
            .into_iter()
            .filter(move |ability| self.has(*ability))
    }
}

impl FromIterator<Ability> for Abilities {
    fn from_iter<T: IntoIterator<Item = Ability>>(abilities: T) -> Self {
        abilities.into_iter().fold(Self::NONE, Self::with)
    }
}

/// A peculiarity of a model's requests that translation has to respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trait {
    /// Wants `max_completion_tokens` instead of `max_tokens`.
    MaxCompletionTokens,
    /// Refuses `temperature`, `top_p` and the penalties.
    NoSampling,
    /// Refuses `stop`.
    NoStop,
    /// Refuses `parallel_tool_calls`.
    NoParallelTools,
    /// Refuses an assistant message as the last one.
    NoPrefill,
    /// Takes instructions apart, not as a system message.
    NoSystemMessage,
    /// Decides itself how long it thinks, steered by an effort instead of a budget in tokens.
    AdaptiveThinking,
    /// Knows an effort `xhigh` below its largest.
    XhighEffort,
    /// Its vectors may be cut: trained so that their first numbers say most (Matryoshka).
    Matryoshka,
}
