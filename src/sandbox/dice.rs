//! Chance that is the same for the same text, and ids that never are.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What the characters of a made-up id are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Alphabet {
    Digits,
    Hex,
    LowerAlphanumeric,
    Alphanumeric,
}

impl Alphabet {
    fn letters(self) -> &'static [u8] {
        match self {
            Self::Digits => &LETTERS[..10],
            Self::Hex => &LETTERS[..16],
            Self::LowerAlphanumeric => &LETTERS[..36],
            Self::Alphanumeric => LETTERS,
        }
    }
}

/// A generator that depends on the text alone.
pub(super) fn from_text(text: &str) -> StdRng {
    StdRng::from_seed(Sha256::digest(text.as_bytes()).into())
}

/// `length` characters drawn from `dice`.
pub(super) fn draw(dice: &mut StdRng, alphabet: Alphabet, length: usize) -> String {
    let letters = alphabet.letters();
    (0..length)
        .map(|_| char::from(letters[dice.random_range(0..letters.len())]))
        .collect()
}

/// `length` characters, different each time.
pub(super) fn fresh(alphabet: Alphabet, length: usize) -> String {
    draw(&mut StdRng::from_seed(rand::random()), alphabet, length)
}

/// Something that looks like a UUID, different each time.
pub(super) fn fresh_uuid() -> String {
    let hex = fresh(Alphabet::Hex, 32);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_gives_the_same_draw() {
        let draw = |text| draw(&mut from_text(text), Alphabet::Alphanumeric, 24);
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
        assert_ne!(fresh_uuid(), fresh_uuid());
        assert_eq!(fresh_uuid().len(), 36);
    }
}
