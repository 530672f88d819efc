//! What a model of Google's understands, told from its name.

use crate::catalog::Model;

/// How a model's thinking is ruled, and what came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Generation {
    /// Gemini 2.5 and older: `thinkingBudget`, no JSON answers beside tools.
    Budget,
    /// Gemini 3 and newer: `thinkingLevel`, thought signatures demanded back, JSON answers beside
    /// tools, images inside function responses.
    Level,
}

/// The size of a model, which bounds its thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Pro,
    Flash,
    FlashLite,
}

/// A model's generation and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub generation: Generation,
    pub size: Size,
    /// Says nothing for the older generation.
    pub levels: Levels,
}

/// How many thinking levels a model of the newer generation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// `low` and `high`.
    LowHigh,
    /// `low`, `medium` and `high`.
    LowMediumHigh,
    /// `minimal` too.
    All,
}

impl Kind {
    /// Reads the upstream name. Names without a number, such as `gemini-flash-latest`, mean the newest.
    pub(super) fn of(model: &Model) -> Self {
        let name = model.upstream.rsplit('/').next().unwrap_or_default();
        let version = name.strip_prefix("gemini-");
        let digits = version.map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
        });
        let generation = match digits.map(str::parse::<u32>) {
            Some(Ok(major)) if major < 3 => Generation::Budget,
            Some(Ok(_) | Err(_)) => Generation::Level,
            // Gemma and tuned models.
            None => Generation::Budget,
        };
        let size = if name.contains("flash-lite") {
            Size::FlashLite
        } else if name.contains("flash") {
            Size::Flash
        } else {
            Size::Pro
        };
        let levels = match size {
            Size::Flash | Size::FlashLite => Levels::All,
            Size::Pro if name.starts_with("gemini-3-pro") => Levels::LowHigh,
            Size::Pro => Levels::LowMediumHigh,
        };
        Self {
            generation,
            size,
            levels,
        }
    }
}
