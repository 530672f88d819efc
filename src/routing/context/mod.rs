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
mod rough;
pub mod sample;
mod tools;

use crate::catalog::{Encoding, Model};

pub use image::Image;
pub use prompt::{Measure, Prompt};

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
        match &self.size {
            Size::Prompt(measure) => measure.tokens(&model.tokenizer),
            Size::Tokens(tokens) => *tokens,
        }
    }

    /// Output that must stay free: the caller's maximum, else the smaller of the model's maximum
    /// and max(1,024, expected output).
    pub fn reserved(&self, model: &Model, expected_output: u64) -> u64 {
        let most = u64::from(model.max_output);
        self.max_output
            .unwrap_or_else(|| expected_output.max(RESERVED_OUTPUT))
            .min(most)
    }

    /// Whether input and reserved output fit the model's window, and the input its own limit.
    pub fn fits(&self, model: &Model, expected_output: u64) -> bool {
        let input = self.input(model);
        let total = input.saturating_add(self.reserved(model, expected_output));
        let input_fits = model.max_input.is_none_or(|most| input <= u64::from(most));
        input_fits && total <= u64::from(model.context_window)
    }
}

#[cfg(test)]
mod tests;
