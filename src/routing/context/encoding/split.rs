//! The pieces that an encoding cuts a text into before it looks for tokens.
//!
//! OpenAI publishes the rules as regular expressions (tiktoken, `tiktoken_ext/openai_public.py`); each
//! alternative of theirs is a few lines here, in their order. The pieces are the same, found in time
//! linear in the text.

use super::class::{Classes, HEAD, LETTER, NEWLINE, NUMBER, SPACE, TAIL};
use crate::catalog::Encoding;

/// A text whose characters have classes.
#[derive(Clone, Copy)]
struct Text<'a> {
    text: &'a str,
    classes: &'a Classes,
}

/// The pieces of a text, one after the other.
pub(super) fn pieces<'a>(
    encoding: Encoding,
    classes: &'a Classes,
    text: &'a str,
) -> impl Iterator<Item = &'a str> {
    let whole = Text { text, classes };
    let end = match encoding {
        Encoding::O200k => Text::end_o200k,
        Encoding::Cl100k => Text::end_cl100k,
    };
    let mut from = 0;
    std::iter::from_fn(move || {
        let until = end(&whole, from)?;
        let piece = text.get(from..until);
        from = until;
        piece
    })
}

impl Text<'_> {
    /// The end of the piece of o200k_base that begins here; `None` at the end of the text.
    fn end_o200k(&self, from: usize) -> Option<usize> {
        let (class, len) = self.at(from)?;
        if class & NUMBER != 0 {
            return Some(self.digits(from));
        }
        // A word may have one character before it that is no letter, digit or end of line.
        let inside = (class & (LETTER | NEWLINE) == 0).then_some(from + len);
        let starts = || inside.into_iter().chain([from]);
        let word = starts()
            .find_map(|start| self.word(start))
            .or_else(|| starts().find_map(|start| self.capitals(start)));
        if let Some(end) = word {
            return Some(self.contraction(end).unwrap_or(end));
        }
        if let Some(end) = self.symbols(from) {
            return Some(self.run(end, |class, byte| class & NEWLINE != 0 || byte == b'/'));
        }
        let (end, newline) = self.white(from);
        Some(newline.unwrap_or_else(|| self.before_last(from, end)))
    }

    /// The end of the piece of cl100k_base that begins here; `None` at the end of the text.
    fn end_cl100k(&self, from: usize) -> Option<usize> {
        let (class, len) = self.at(from)?;
        if let Some(end) = self.contraction(from) {
            return Some(end);
        }
        if class & NUMBER != 0 {
            return Some(self.digits(from));
        }
        let start = if class & (LETTER | NEWLINE) == 0 {
            from + len
        } else {
            from
        };
        let end = self.run(start, |class, _| class & LETTER != 0);
        if end > start {
            return Some(end);
        }
        if let Some(end) = self.symbols(from) {
            return Some(self.run(end, |class, _| class & NEWLINE != 0));
        }
        let (end, newline) = self.white(from);
        if end == self.text.len() {
            return Some(end);
        }
        Some(newline.unwrap_or_else(|| self.before_last(from, end)))
    }

    /// Classes and length of the character at a place.
    #[inline]
    fn at(&self, place: usize) -> Option<(u8, usize)> {
        let byte = *self.text.as_bytes().get(place)?;
        if byte.is_ascii() {
            return Some((self.classes.of(char::from(byte)), 1));
        }
        let character = self.text.get(place..)?.chars().next()?;
        Some((self.classes.of(character), character.len_utf8()))
    }

    /// The end of a run of characters of which a test of class and first byte holds.
    #[inline]
    fn run(&self, from: usize, holds: impl Fn(u8, u8) -> bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = from;
        while let (Some((class, len)), Some(byte)) = (self.at(end), bytes.get(end))
            && holds(class, *byte)
        {
            end += len;
        }
        end
    }

    /// Heads, then at least one tail. Characters that are both count as heads first; when no other
    /// tail follows, the last of them is the tail.
    fn word(&self, from: usize) -> Option<usize> {
        let (mut heads, mut last) = (from, None);
        while let Some((class, len)) = self.at(heads)
            && class & HEAD != 0
        {
            heads += len;
            if class & TAIL != 0 {
                last = Some(heads);
            }
        }
        let end = self.run(heads, |class, _| class & TAIL != 0);
        if end > heads { Some(end) } else { last }
    }

    /// At least one head. (Tails cannot follow: that would have been a word.)
    fn capitals(&self, from: usize) -> Option<usize> {
        let end = self.run(from, |class, _| class & HEAD != 0);
        (end > from).then_some(end)
    }

    /// The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` in either case; the long s is an s.
    fn contraction(&self, from: usize) -> Option<usize> {
        let rest = self.text.as_bytes().get(from..)?.strip_prefix(b"'")?;
        let lower = |at: usize| rest.get(at).map(u8::to_ascii_lowercase);
        let len = match (lower(0)?, lower(1)) {
            (b's' | b't' | b'm' | b'd', _) => 1,
            (b'r' | b'v', Some(b'e')) | (b'l', Some(b'l')) => 2,
            _ if rest.starts_with("ſ".as_bytes()) => "ſ".len(),
            _ => return None,
        };
        Some(from + 1 + len)
    }

    /// One to three digits.
    fn digits(&self, from: usize) -> usize {
        let mut end = from;
        for _ in 0..3 {
            match self.at(end) {
                Some((class, len)) if class & NUMBER != 0 => end += len,
                Some(_) | None => break,
            }
        }
        end
    }

    /// Characters that are no letter, digit or white space, with or without a space before them.
    fn symbols(&self, from: usize) -> Option<usize> {
        let has_space = self.text.as_bytes().get(from) == Some(&b' ');
        let start = from + usize::from(has_space);
        let end = self.run(start, |class, _| class & (SPACE | LETTER | NUMBER) == 0);
        (end > start).then_some(end)
    }

    /// The end of a run of white space, and the end of the last line in it if one ends.
    fn white(&self, from: usize) -> (usize, Option<usize>) {
        let (mut end, mut newline) = (from, None);
        while let Some((class, len)) = self.at(end)
            && class & SPACE != 0
        {
            end += len;
            if class & NEWLINE != 0 {
                newline = Some(end);
            }
        }
        (end, newline)
    }

    /// White space without its last character, which goes with what follows; all of it when nothing
    /// follows or nothing would be left.
    fn before_last(&self, from: usize, end: usize) -> usize {
        let white = self.text.get(from..end).unwrap_or_default();
        let last = white.char_indices().next_back().map_or(0, |(at, _)| at);
        if end == self.text.len() || last == 0 {
            end
        } else {
            from + last
        }
    }
}
