//! Classes of characters that the splitting rules of the encodings speak of.

use regex_syntax::hir::{Class as Parsed, HirKind};

/// Uppercase, titlecase and caseless letters, and marks: what a word may begin with.
pub(super) const HEAD: u8 = 1;
/// Lowercase and caseless letters, and marks: what a word may go on with.
pub(super) const TAIL: u8 = 1 << 1;
/// `\p{L}`
pub(super) const LETTER: u8 = 1 << 2;
/// `\p{N}`
pub(super) const NUMBER: u8 = 1 << 3;
/// `\s`
pub(super) const SPACE: u8 = 1 << 4;
/// `[\r\n]`
pub(super) const NEWLINE: u8 = 1 << 5;

/// The classes of every character.
#[derive(Debug)]
pub(super) struct Classes(Vec<u8>);

impl Classes {
    /// Reads the classes from the tables of Unicode that the published expressions use.
    pub(super) fn load() -> Self {
        let mut all = Self(vec![0; char::MAX as usize + 1]);
        all.add(r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", HEAD);
        all.add(r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", TAIL);
        all.add(r"\p{L}", LETTER);
        all.add(r"\p{N}", NUMBER);
        all.add(r"\s", SPACE);
        all.add(r"[\r\n]", NEWLINE);
        all
    }

    fn add(&mut self, expression: &str, class: u8) {
        let parsed = regex_syntax::parse(expression);
        let Ok(HirKind::Class(Parsed::Unicode(set))) = parsed.as_ref().map(|hir| hir.kind()) else {
            return;
        };
        for range in set.iter() {
            let characters = self
                .0
                .get_mut(range.start() as usize..=range.end() as usize);
            for classes in characters.into_iter().flatten() {
                *classes |= class;
            }
        }
    }

    /// A character's classes, as a set of bits.
    #[inline]
    pub(super) fn of(&self, character: char) -> u8 {
        self.0.get(character as usize).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_the_classes_of_unicode() {
        let classes = Classes::load();
        for (character, class) in [
            ('A', HEAD | LETTER),
            ('z', TAIL | LETTER),
            ('中', HEAD | TAIL | LETTER),
            ('\u{301}', HEAD | TAIL),
            ('7', NUMBER),
            ('½', NUMBER),
            (' ', SPACE),
            ('\n', SPACE | NEWLINE),
            ('\u{2028}', SPACE),
            ('!', 0),
            ('\u{1F600}', 0),
            (char::MAX, 0),
        ] {
            assert_eq!(classes.of(character), class, "{character:?}");
        }
    }
}
