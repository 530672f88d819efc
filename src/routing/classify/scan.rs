//! One pass over a text: what it is made of, and the hashes of its words and pairs of words.
//!
//! White space, case, marks of emphasis and courtesy leave no trace. Numbers count by their length.

mod byte;
mod words;

use self::byte::{BYTES, Byte};
use super::hash::{PRIME, SEED};
use super::texture::Texture;

/// Bits that remember which words came before.
const SEEN_BITS: usize = 2048;

/// A reader of one text, or of several that belong together.
pub struct Scanner<'a> {
    /// What was counted so far.
    pub texture: Texture,
    grams: &'a mut dyn FnMut(u32),
    seen: [u64; SEEN_BITS / 64],
    /// Hashes of the word so far, and of it without its last byte.
    hash: [u32; 2],
    length: u32,
    digits: u32,
    tail: u8,
    has_high: bool,
    /// Bytes to come of a sign that is no letter.
    passing: u8,
    previous: u32,
    /// Words since the last sentence ended, courtesy left out.
    said: u32,
    /// Whether the last word was a courtesy.
    is_polite: bool,
    depth: u32,
    /// The byte before this one that was no emphasis.
    last: u8,
    /// First and second visible byte of the line, and its last.
    first: u8,
    second: u8,
    visible: u32,
    indent: u32,
}

impl<'a> Scanner<'a> {
    /// A reader that hands out the hash of every word and pair of words.
    pub fn new(grams: &'a mut dyn FnMut(u32)) -> Self {
        Self {
            texture: Texture::default(),
            grams,
            seen: [0; SEEN_BITS / 64],
            hash: [SEED; 2],
            length: 0,
            digits: 0,
            tail: 0,
            has_high: false,
            passing: 0,
            previous: 0,
            said: 0,
            is_polite: false,
            depth: 0,
            last: b' ',
            first: 0,
            second: 0,
            visible: 0,
            indent: 0,
        }
    }

    /// Reads a text to its end; the next one begins on a new line.
    pub fn read(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match BYTES[byte as usize] {
                Byte::Letter => {
                    at += self.letters(&bytes[at..]);
                    continue;
                }
                Byte::Digit => self.digit(byte),
                Byte::High => self.high(byte),
                Byte::Blank => self.blank(byte),
                Byte::Line => {
                    self.line();
                    at += 1;
                    continue;
                }
                Byte::Mark => self.mark(byte),
            }
            if byte > b' ' {
                self.show(byte, byte, 1);
            }
            self.last = byte;
            at += 1;
        }
        self.line();
    }

    /// Takes in the letters that a text begins with, and returns how many.
    fn letters(&mut self, bytes: &[u8]) -> usize {
        if self.digits > 0 && self.length == self.digits {
            // `3x` is a number and a word.
            self.end_word();
        }
        let [mut now, mut before] = self.hash;
        let is_letter = |byte: &&u8| BYTES[**byte as usize] == Byte::Letter;
        let mut count = 0;
        for &byte in bytes.iter().take_while(is_letter) {
            before = now;
            now = (now ^ u32::from(byte | 0x20)).wrapping_mul(PRIME);
            count += 1;
        }
        let last = bytes[count - 1];
        let run = u32::try_from(count).unwrap_or(u32::MAX);
        self.hash = [now, before];
        self.length += run;
        self.tail = last | 0x20;
        self.show(bytes[0], bytes[1.min(count - 1)], run);
        self.last = last;
        count
    }

    /// Counts bytes that are seen, of which these are the first two.
    #[inline]
    fn show(&mut self, first: u8, second: u8, count: u32) {
        self.texture.letters += count;
        match self.visible {
            0 => {
                self.first = first;
                self.second = if count > 1 { second } else { self.second };
            }
            1 => self.second = first,
            _ => {}
        }
        self.visible += count;
    }

    fn line(&mut self) {
        self.end_word();
        self.end_line();
        self.last = b' ';
    }

    #[inline]
    fn digit(&mut self, byte: u8) {
        self.digits += 1;
        self.push(byte);
    }

    fn high(&mut self, byte: u8) {
        // Dashes, quotes, bullets and arrows: E2 and two bytes more.
        if byte == 0xe2 {
            self.end_word();
            self.passing = 2;
            return;
        }
        if self.passing > 0 {
            self.passing -= 1;
            return;
        }
        self.has_high = true;
        // A letter of Latin-1 in lower case: C3 80..9E is its capital.
        let lower = if self.last == 0xc3 && (0x80..=0x9e).contains(&byte) {
            byte | 0x20
        } else {
            byte
        };
        // Where words are not set apart by blanks, each sign is one.
        if (0xe3..=0xed).contains(&byte) {
            self.end_word();
            self.has_high = true;
        }
        self.push(lower);
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        let [now, _] = self.hash;
        self.hash = [(now ^ u32::from(byte)).wrapping_mul(PRIME), now];
        self.length += 1;
        self.tail = byte;
    }

    fn blank(&mut self, byte: u8) {
        self.end_word();
        if self.visible == 0 {
            self.indent += if byte == b'\t' { 4 } else { 1 };
        } else {
            self.end_sentence();
        }
    }

    fn mark(&mut self, byte: u8) {
        let in_word = self.length > 0;
        match byte {
            // Emphasis, and apostrophes inside words.
            b'*' | b'~' => {}
            b'\'' => {
                if in_word {
                    return;
                }
            }
            b'_' => self.texture.joined += u32::from(in_word),
            b'#' | b'.' => {}
            // Hyphens, bullets and marks of quotation.
            b'-' | b'+' | b'>' if in_word || self.visible == 0 => {}
            b'/' => self.texture.joined += u32::from(in_word),
            b':' => {
                if self.last == b':' {
                    self.texture.joined += 1;
                } else {
                    self.texture.colons += 1;
                }
                self.end_word();
                self.previous = 0;
            }
            b'?' | b'!' => {
                self.texture.questions += u32::from(byte == b'?');
                self.end_word();
                self.previous = 0;
            }
            b'\\' => self.texture.latex += 1,
            b'$' | b'^' => self.texture.formulas += 1,
            b'(' | b'[' | b'{' => {
                self.texture.brackets += 1;
                self.texture.invoked += u32::from(in_word && byte == b'(');
                self.depth = (self.depth + 1).min(64);
                self.texture.depth = self.texture.depth.max(self.depth);
            }
            b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            b'"' => self.texture.quotes += 1,
            b'`' => {
                self.texture.quotes += 1;
                if self.visible == 2 && self.first == b'`' && self.second == b'`' {
                    self.texture.fences += 1;
                }
            }
            b',' | b';' => {
                self.end_word();
                self.texture.commas += u32::from(!self.is_polite);
            }
            _ => self.texture.operators += 1,
        }
        self.end_word();
    }

    /// A full stop, question mark or exclamation mark was followed by a blank.
    fn end_sentence(&mut self) {
        if matches!(self.last, b'.' | b'?' | b'!') {
            self.texture.sentences += u32::from(self.said > 0);
            self.said = 0;
            self.previous = 0;
        }
    }

    fn end_line(&mut self) {
        if self.visible > 0 {
            self.end_sentence();
            let texture = &mut self.texture;
            texture.lines += 1;
            let (first, second, last) = (self.first, self.second, self.last);
            let is_list = (matches!(first, b'-' | b'*' | b'+') || first == 0xe2)
                && self.visible > 2
                || first.is_ascii_digit() && matches!(second, b'.' | b')');
            texture.items += u32::from(is_list);
            let is_option = first.is_ascii_alphabetic() && matches!(second, b')' | b'.')
                || first == b'(' && second.is_ascii_alphabetic() && self.visible > 3;
            texture.options += u32::from(is_option);
            let is_code = matches!(last, b';' | b'{' | b'}')
                || last == b':' && self.indent >= 2
                || self.indent >= 4
                || first == b'<' && last == b'>';
            texture.code_lines += u32::from(is_code);
        }
        (self.first, self.second, self.visible, self.indent) = (0, 0, 0, 0);
    }
}

#[cfg(test)]
mod tests;
