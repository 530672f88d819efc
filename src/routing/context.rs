//! Token counting and the context-window guard.

use crate::catalog::Model;

/// Tokens that every message adds around its text (role and separators), as OpenAI publishes for
/// its chat format.
pub const TOKENS_PER_MESSAGE: u64 = 4;
/// Tokens of one image where nothing better is known: OpenAI's price of a 1024 × 1024 image in
/// high detail (85 + 4 × 170).
pub const TOKENS_PER_IMAGE: u64 = 765;
/// Output that is reserved at the least when the caller gives no maximum.
const RESERVED_OUTPUT: u64 = 1024;

/// Estimated tokens of a text, one pass over its bytes.
///
/// Byte-pair tokenizers cut text into words with their leading space, digits in threes and runs of
/// punctuation. A word of up to seven letters is usually one token and a longer one a token per
/// four letters; a character outside ASCII costs about its UTF-8 length less one.
pub fn count_text(text: &str) -> u64 {
    let mut tokens = 0;
    let mut run = Run::None;
    let mut length = 0_u64;
    for byte in text.bytes() {
        let kind = Run::of(byte);
        if kind == run {
            length += 1;
            continue;
        }
        tokens += run.tokens(length);
        run = kind;
        length = 1;
    }
    tokens + run.tokens(length)
}

/// A run of bytes of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    None,
    Space,
    Letters,
    Digits,
    Marks,
    Wide,
}

impl Run {
    fn of(byte: u8) -> Self {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => Self::Space,
            b'a'..=b'z' | b'A'..=b'Z' => Self::Letters,
            b'0'..=b'9' => Self::Digits,
            0x80.. => Self::Wide,
            _ => Self::Marks,
        }
    }

    fn tokens(self, length: u64) -> u64 {
        match self {
            Self::None => 0,
            // One space belongs to the word behind it; indentation is a token a run.
            Self::Space => u64::from(length > 1),
            Self::Letters if length <= 7 => 1,
            Self::Letters => length.div_ceil(4),
            Self::Digits => length.div_ceil(3),
            Self::Marks => length.div_ceil(2),
            Self::Wide => (length * 2).div_ceil(5).max(1),
        }
    }
}

/// What a request takes of a window, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Estimated input.
    pub input: u64,
    /// The caller's maximum of output.
    pub max_output: Option<u64>,
}

impl Need {
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
        let total = self
            .input
            .saturating_add(self.reserved(model, expected_output));
        let input_fits = model
            .max_input
            .is_none_or(|most| self.input <= u64::from(most));
        input_fits && total <= u64::from(model.context_window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_are_near_a_real_tokenizer() {
        // Right: o200k_base.
        for (text, real) in [
            ("", 0),
            ("Hello, world!", 4),
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("fn main() { println!(\"{}\", 1234567); }", 15),
            ("Donaudampfschifffahrtsgesellschaft", 10),
            ("你好，世界。今天天气很好。", 9),
        ] {
            let ours = count_text(text);
            let low = real * 7 / 10;
            let high = real * 2 + 2;
            assert!(
                (low..=high).contains(&ours),
                "{text:?}: {ours}, real {real}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_has_more_tokens_than_bytes(text in ".{0,200}") {
            prop_assert!(count_text(&text) <= text.len() as u64);
        }
    }
}
