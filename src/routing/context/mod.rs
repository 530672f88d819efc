//! The context-window guard: what a request takes of a window, and whether it fits a model's.
//!
//! A prompt is measured once, in the encodings of the catalog's models; what it is for one model
//! follows by the arithmetic of that model's tokenizer row. So the guard, the ranking, the hold and
//! the check before each attempt all ask the same [`Need`], each for its own model.

pub mod encoding;
pub mod image;
pub mod media;
mod memo;
pub mod prompt;
mod room;
mod rough;
pub mod sample;
mod tools;

use crate::catalog::{Encoding, Model, Tokenizer};

pub use image::Image;
pub use prompt::{Measure, Prompt};
pub use room::Rooms;

/// Output that is reserved at the least when the caller gives no maximum, in tokens.
const RESERVED_OUTPUT: u64 = 1024;

/// What a request takes of a window.
#[derive(Clone, Debug)]
pub struct Need {
    size: Size,
    /// The caller's maximum of output, in tokens.
    pub max_output: Option<u64>,
}

#[derive(Clone, Debug)]
enum Size {
    /// A conversation, counted by each model's own rules.
    Prompt(Measure),
    /// So many tokens, whoever counts.
    Tokens(u64),
}

impl Need {
    /// Measures a prompt in the encodings that the models in question use.
    pub fn of(prompt: &Prompt<'_>, encodings: &[Encoding], max_output: Option<u64>) -> Self {
        Self {
            size: Size::Prompt(Measure::of(prompt, encodings)),
            max_output,
        }
    }

    /// Looks at a prompt without a tokenizer: right to about a third, and never more than its bytes.
    pub fn roughly(prompt: &Prompt<'_>, max_output: Option<u64>) -> Self {
        Self {
            size: Size::Prompt(Measure::roughly(prompt)),
            max_output,
        }
    }

    /// An input of a known number of tokens, the same for every model.
    pub const fn of_tokens(input: u64, max_output: Option<u64>) -> Self {
        Self {
            size: Size::Tokens(input),
            max_output,
        }
    }

    /// Input tokens by the model's own counting.
    pub fn input(&self, model: &Model) -> u64 {
        self.counted_by(&model.tokenizer)
    }

    fn counted_by(&self, tokenizer: &Tokenizer) -> u64 {
        match &self.size {
            Size::Prompt(measure) => measure.tokens(tokenizer),
            Size::Tokens(tokens) => *tokens,
        }
    }

    /// Output that must stay free: the caller's maximum, else the smaller of the model's maximum
    /// and max(1,024, expected output).
    pub fn reserved(&self, model: &Model, expected_output: u64) -> u64 {
        self.reserved_within(Limits::of(model), expected_output)
    }

    fn reserved_within(&self, limits: Limits, expected_output: u64) -> u64 {
        self.max_output
            .unwrap_or_else(|| expected_output.max(RESERVED_OUTPUT))
            .min(limits.output.into())
    }

    /// Whether input and reserved output fit the model's window, and the input its own limit.
    pub fn fits(&self, model: &Model, expected_output: u64) -> bool {
        self.fits_within(&model.tokenizer, Limits::of(model), expected_output)
    }

    fn fits_within(&self, tokenizer: &Tokenizer, limits: Limits, expected_output: u64) -> bool {
        let input = self.counted_by(tokenizer);
        let total = input.saturating_add(self.reserved_within(limits, expected_output));
        input <= limits.input.into() && total <= limits.window.into()
    }
}

/// What a model has room for, in tokens.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Input and output together.
    window: u32,
    /// Input.
    input: u32,
    /// Output.
    output: u32,
}

impl Limits {
    fn of(model: &Model) -> Self {
        Self {
            window: model.context_window,
            input: model.max_input.unwrap_or(u32::MAX),
            output: model.max_output,
        }
    }

    /// What fits these fits either: the more output is possible, the more is reserved.
    fn strictest(self, other: Self) -> Self {
        Self {
            window: self.window.min(other.window),
            input: self.input.min(other.input),
            output: self.output.max(other.output),
        }
    }
}

#[cfg(test)]
mod tests;
