//! What the simulated Gemini models are like.

/// A model, as far as its requests differ from others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// Gemini 2.5 Pro: a thinking budget, never none.
    Pro25,
    /// Gemini 2.5 Flash: a thinking budget, or none.
    Flash25,
    /// Gemini 3 Pro: a thinking level, thought signatures demanded.
    Pro3,
    /// Gemini 3 Flash: the same with more levels.
    Flash3,
}

impl Model {
    pub(super) fn of(name: &str) -> Self {
        match (name.starts_with("gemini-3"), name.contains("flash")) {
            (false, false) => Self::Pro25,
            (false, true) => Self::Flash25,
            (true, false) => Self::Pro3,
            (true, true) => Self::Flash3,
        }
    }

    /// Whether it belongs to the generation that demands signatures, names its calls and answers in
    /// JSON beside tools.
    pub(super) fn is_third(self) -> bool {
        match self {
            Self::Pro25 | Self::Flash25 => false,
            Self::Pro3 | Self::Flash3 => true,
        }
    }

    /// The thinking budgets it takes.
    pub(super) fn budgets(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::Pro25 | Self::Pro3 => 128..=32_768,
            Self::Flash25 => 0..=24_576,
            Self::Flash3 => 1..=24_576,
        }
    }

    /// The thinking levels it takes.
    pub(super) fn levels(self) -> &'static [&'static str] {
        match self {
            Self::Pro25 | Self::Flash25 => &[],
            Self::Pro3 => &["low", "medium", "high"],
            Self::Flash3 => &["minimal", "low", "medium", "high"],
        }
    }
}
