//! Exact token counts in the public encodings.
//!
//! The tables are loaded when the first text is counted (about 40 MiB an encoding), and stay.

use tiktoken_rs::{cl100k_base_singleton, o200k_base_singleton};

use crate::catalog::Encoding;

/// Bytes that are encoded at one time. The cut keeps the work linear in the text: neither the
/// splitting expression nor the merging ever sees a longer run of the same character.
const BLOCK: usize = 4096;

/// Tokens of a text. Exact as long as there is a space in every kilobyte; a cut within a longer
/// run costs at most two tokens.
pub fn count(encoding: Encoding, text: &str) -> u64 {
    blocks(text, BLOCK)
        .map(|block| count_block(encoding, block))
        .sum()
}

fn count_block(encoding: Encoding, block: &str) -> u64 {
    let table = match encoding {
        Encoding::O200k => o200k_base_singleton(),
        Encoding::Cl100k => cl100k_base_singleton(),
    };
    table.encode_ordinary(block).len() as u64
}

/// A text in blocks of at most `most` bytes, cut where its encoding is cut as well if possible:
/// before a single space with a letter behind it.
pub(super) fn blocks(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (block, left) = rest.split_at(cut(rest, most));
        rest = left;
        Some(block)
    })
}

fn cut(text: &str, most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let end = text.floor_char_boundary(most.max(4));
    let bytes = text.as_bytes();
    let is_clean = |at: &usize| match bytes.get(at - 1..at + 2) {
        Some([before, b' ', after]) => !before.is_ascii_whitespace() && after.is_ascii_alphabetic(),
        Some(_) | None => false,
    };
    (end - end / 4..end).rev().find(is_clean).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_are_those_of_the_published_encodings() {
        // Right: o200k_base and cl100k_base as OpenAI's tiktoken 0.12 counts them.
        for (text, o200k, cl100k) in [
            ("", 0, 0),
            ("Hello, world!", 4, 4),
            ("antidisestablishmentarianism", 6, 6),
            ("2 + 2 = 4", 7, 7),
            ("お誕生日おめでとう", 8, 9),
            ("The quick brown fox jumps over the lazy dog.", 10, 10),
        ] {
            assert_eq!(count(Encoding::O200k, text), o200k, "{text}");
            assert_eq!(count(Encoding::Cl100k, text), cl100k, "{text}");
        }
    }

    #[test]
    fn runs_that_are_hard_to_split_stay_linear() {
        for text in [
            "a",
            " ",
            "\n",
            "\t ",
            "é",
            "0",
            "!",
            "\u{1F600}",
            "a\u{301}",
            "\u{200d}",
        ] {
            let long = text.repeat((64 << 10) / text.len());
            let tokens = count(Encoding::O200k, &long);
            assert!(tokens > 0 && tokens <= long.len() as u64, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_has_more_tokens_than_bytes(text in "\\PC{0,200}") {
            prop_assert!(count(Encoding::O200k, &text) <= text.len() as u64);
        }

        #[test]
        fn cuts_before_words_do_not_change_the_count(words in "([a-zA-Z]{1,12} ){300,600}") {
            let whole = count_block(Encoding::O200k, &words);
            let cut: u64 = blocks(&words, 512).map(|b| count_block(Encoding::O200k, b)).sum();
            prop_assert_eq!(cut, whole);
        }

        #[test]
        fn blocks_are_the_text(text in "\\PC{0,300}", most in 4_usize..64) {
            let all: Vec<&str> = blocks(&text, most).collect();
            prop_assert!(all.iter().all(|block| block.len() <= most && !block.is_empty()));
            prop_assert_eq!(all.concat(), text);
        }
    }
}
