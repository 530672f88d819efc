//! A rough token count and the texture of a text, in one pass over its bytes; of a long one, over a sample of them.

/// Bytes of a text that are looked at one by one; of a longer one, blocks that are evenly spread.
const WHOLE: usize = 512;
/// Bytes of a block, which stand for three times as many where that is neither too few blocks nor too many.
const BLOCK: usize = 64;
const MOST_BLOCKS: usize = 32;

/// A text at a glance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    /// Tokens, give or take a third.
    pub(super) tokens: u64,
    /// Bytes of white space.
    pub(super) space: u64,
    /// Bytes of characters outside ASCII.
    pub(super) wide: u64,
}

/// Byte-pair tokenizers cut text into words with their leading space, digits in threes and runs of
/// punctuation. A word of up to seven letters is usually one token and a longer one a token per
/// four letters; a character outside ASCII costs about its UTF-8 length less one.
pub(super) fn glance(text: &str) -> Glance {
    let mut rest = text.as_bytes();
    let mut tokens = 0;
    let mut bytes = [0; Run::KINDS];
    while let Some((first, behind)) = rest.split_first() {
        let run = Run::of(*first);
        let length = match run {
            Run::Letters => letters(rest),
            Run::Space | Run::Digits | Run::Marks | Run::Wide => 1 + run.length(behind),
        };
        tokens += run.tokens(length);
        bytes[run as usize] += length as u64;
        rest = rest.get(length..).unwrap_or_default();
    }
    Glance {
        tokens,
        space: bytes[Run::Space as usize],
        wide: bytes[Run::Wide as usize],
    }
}

/// The tokens of a text at a glance, never more than its bytes, in a time that does not grow with it.
pub(super) fn estimate(text: &str) -> u64 {
    if text.len() <= WHOLE {
        return glance(text).tokens;
    }
    let blocks = (text.len() / (3 * BLOCK)).clamp(WHOLE / BLOCK, MOST_BLOCKS);
    let stride = text.len() / blocks;
    let block = |number: usize| {
        let begin = text.floor_char_boundary(stride * number);
        let end = text.floor_char_boundary(begin + BLOCK);
        text.get(begin..end).unwrap_or_default()
    };
    let (tokens, looked_at) = (0..blocks)
        .map(block)
        .fold((0, 0), |(tokens, bytes), block| {
            (tokens + glance(block).tokens, bytes + block.len() as u64)
        });
    let whole = u128::from(tokens) * text.len() as u128 / u128::from(looked_at.max(1));
    u64::try_from(whole).unwrap_or(u64::MAX)
}

/// How many letters a text begins with, eight at a time: most runs are words, and most words are short.
fn letters(text: &[u8]) -> usize {
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }
    let (words, rest) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let lower = (word | all(0x20)) & all(0x7F);
        let (from_a, past_z) = (lower + all(0x80 - b'a'), lower + all(0x7F - b'z'));
        let others = !(from_a & !past_z & !word) & all(0x80);
        if others != 0 {
            return number * 8 + others.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + Run::Letters.length(rest)
}

/// A run of bytes of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Run {
    Space,
    Letters,
    Digits,
    Marks,
    Wide,
}

impl Run {
    /// How many there are.
    const KINDS: usize = Self::Wide as usize + 1;

    fn of(byte: u8) -> Self {
        /// One look-up a byte: long prompts are mostly this.
        static KINDS: [Run; 256] = {
            let mut kinds = [Run::Marks; 256];
            let mut byte = 0;
            loop {
                kinds[byte as usize] = Run::sort(byte);
                if byte == u8::MAX {
                    break kinds;
                }
                byte += 1;
            }
        };
        KINDS[usize::from(byte)]
    }

    /// How many bytes of this kind a text begins with.
    fn length(self, text: &[u8]) -> usize {
        let end = text.iter().position(|byte| Self::of(*byte) != self);
        end.unwrap_or(text.len())
    }

    const fn sort(byte: u8) -> Self {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => Self::Space,
            b'a'..=b'z' | b'A'..=b'Z' => Self::Letters,
            b'0'..=b'9' => Self::Digits,
            0x80.. => Self::Wide,
            _ => Self::Marks,
        }
    }

    fn tokens(self, length: usize) -> u64 {
        const SHORT: usize = 16;
        /// Most runs are short, and no two neighbours of the same kind: a look-up is foreseen, a branch is not.
        static TOKENS: [[u64; SHORT]; Run::KINDS] = {
            let mut tokens = [[0; SHORT]; Run::KINDS];
            let mut length = 1;
            while length < SHORT {
                tokens[Run::Space as usize][length] = Run::Space.compute(length as u64);
                tokens[Run::Letters as usize][length] = Run::Letters.compute(length as u64);
                tokens[Run::Digits as usize][length] = Run::Digits.compute(length as u64);
                tokens[Run::Marks as usize][length] = Run::Marks.compute(length as u64);
                tokens[Run::Wide as usize][length] = Run::Wide.compute(length as u64);
                length += 1;
            }
            tokens
        };
        let known = TOKENS[self as usize].get(length).copied();
        known.unwrap_or_else(|| self.compute(length as u64))
    }

    const fn compute(self, length: u64) -> u64 {
        match self {
            // One space belongs to the word behind it; indentation is a token a run.
            Self::Space if length <= 1 => 0,
            Self::Space => 1,
            Self::Letters if length <= 7 => 1,
            Self::Letters => length.div_ceil(4),
            Self::Digits => length.div_ceil(3),
            Self::Marks => length.div_ceil(2),
            Self::Wide => (length * 2).div_ceil(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_glance_is_near_a_real_tokenizer() {
        // Right: o200k_base.
        for (text, real) in [
            ("", 0),
            ("Hello, world!", 4),
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("fn main() { println!(\"{}\", 1234567); }", 15),
            ("Donaudampfschifffahrtsgesellschaft", 10),
            ("你好，世界。今天天气很好。", 9),
        ] {
            let ours = glance(text).tokens;
            let low = real * 7 / 10;
            let high = real * 2 + 2;
            assert!(
                (low..=high).contains(&ours),
                "{text:?}: {ours}, real {real}"
            );
        }
    }

    #[test]
    fn of_a_long_text_a_sample_tells() {
        let words = [
            "the quick brown fox; ",
            "4711 ",
            "  indent(",
            "\u{4f60}\u{597d}, ",
            "\n",
        ];
        for (length, stride) in [
            (520, 2),
            (700, 2),
            (1_500, 1),
            (20_000, 1),
            (70_000, 3),
            (300_000, 7),
        ] {
            let mut text = String::new();
            for number in 0.. {
                if text.len() >= length {
                    break;
                }
                // Not the same everywhere: it changes slowly from one kind to the next.
                text.push_str(words[(number / 97 + number * stride % 3) % words.len()]);
            }
            let (whole, sample) = (glance(&text).tokens, estimate(&text));
            assert!(whole.abs_diff(sample) * 8 < whole, "{whole}, {sample}");
            assert!(sample <= text.len() as u64);
        }
        let head = "(|)-".repeat(BLOCK / 4) + &"the quick brown fox ".repeat(WHOLE / 20);
        let (whole, sample) = (glance(&head).tokens, estimate(&head));
        assert!(whole.abs_diff(sample) * 8 < whole, "{whole}, {sample}");
        let short = &"word; ".repeat(WHOLE)[..WHOLE];
        assert_eq!(estimate(short), glance(short).tokens);
    }

    proptest! {
        #[test]
        fn no_estimate_is_more_than_the_bytes(text in "[a-z0-9 \u{e9}\u{4f60}.]{1,40}", times in 1..4_000_usize) {
            let text = text.repeat(times);
            prop_assert!(estimate(&text) <= text.len() as u64);
        }

        #[test]
        fn runs_are_those_of_single_bytes(text in "[a-zA-Z0-9 @`\\[{~\u{e9}\u{4f60}\u{ff}\n.]{0,60}") {
            let mut plain = Glance::default();
            for run in text.as_bytes().chunk_by(|a, b| Run::of(*a) == Run::of(*b)) {
                let (kind, length) = (Run::of(run[0]), run.len() as u64);
                plain.tokens += kind.compute(length);
                match kind {
                    Run::Space => plain.space += length,
                    Run::Wide => plain.wide += length,
                    Run::Letters | Run::Digits | Run::Marks => {}
                }
            }
            prop_assert_eq!(glance(&text), plain);
        }
    }
}
