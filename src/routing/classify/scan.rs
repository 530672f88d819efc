//! One pass over a text: what it is made of, and the hashes of its words and pairs of words.
//!
//! White space, case, marks of emphasis and courtesy leave no trace. Numbers count by their length.

use super::lexicon::{self, Class};

const SEED: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;
/// Bits that remember which words came before.
const SEEN_BITS: usize = 2048;

/// What a text is made of. All are counts; bytes that were not read are in none but `skipped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texture {
    /// Bytes that are no white space.
    pub letters: u32,
    /// Bytes that were not read.
    pub skipped: u32,
    /// Words, numbers included, courtesy left out.
    pub words: u32,
    /// Words that are no mere grammar.
    pub content: u32,
    /// Words that had not come before, about.
    pub distinct: u32,
    /// Words of nine letters or more.
    pub long_words: u32,
    /// Letters of all words.
    pub word_letters: u32,
    /// Words that are not ASCII.
    pub foreign: u32,
    /// Runs of digits.
    pub numbers: u32,
    /// Runs of three digits or more.
    pub long_numbers: u32,
    /// Question marks.
    pub questions: u32,
    /// Ends of sentences.
    pub sentences: u32,
    /// Lines that are not blank.
    pub lines: u32,
    /// Lines that begin as an item of a list.
    pub items: u32,
    /// Lines that begin as an answer to choose: `A)`, `(B)`, `C.`
    pub options: u32,
    /// Lines that end or begin as code does.
    pub code_lines: u32,
    /// Fences of code blocks.
    pub fences: u32,
    /// `= < > + | & %` and the like.
    pub operators: u32,
    /// Commands of LaTeX.
    pub latex: u32,
    /// Dollar signs, and `^`.
    pub formulas: u32,
    /// Brackets that open.
    pub brackets: u32,
    /// Deepest nesting of brackets.
    pub depth: u32,
    /// Double quotes and backticks.
    pub quotes: u32,
    /// Names made of parts: `a_b`, `a.b`, `a/b`, `a::b`.
    pub joined: u32,
    /// Names with a bracket right behind them.
    pub invoked: u32,
    /// Commas and semicolons.
    pub commas: u32,
    /// Colons.
    pub colons: u32,
    /// Words of [`Class::Question`].
    pub asks: u32,
    /// Words of [`Class::Constraint`].
    pub constraints: u32,
    /// Words of [`Class::Quantifier`].
    pub quantifiers: u32,
    /// Words of [`Class::Proof`].
    pub proofs: u32,
    /// Words of [`Class::Reason`].
    pub reasons: u32,
    /// Words of [`Class::Failure`].
    pub failures: u32,
}

/// What a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Blank,
    Line,
    Letter,
    Digit,
    High,
    Mark,
}

const BYTES: [Byte; 256] = {
    let mut table = [Byte::Mark; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'\n' => Byte::Line,
            0..=b' ' | 0x7f => Byte::Blank,
            b'a'..=b'z' | b'A'..=b'Z' => Byte::Letter,
            b'0'..=b'9' => Byte::Digit,
            0x80..=0xff => Byte::High,
            _ => Byte::Mark,
        };
        byte += 1;
    }
    table
};

/// A reader of one text, or of several that belong together.
pub struct Scanner<'a> {
    /// What was counted so far.
    pub texture: Texture,
    grams: &'a mut dyn FnMut(u32),
    seen: [u64; SEEN_BITS / 64],
    /// Hashes of the word so far, of it without its last byte, its last two and its last three.
    hash: [u32; 4],
    length: u32,
    digits: u32,
    tail: u8,
    has_high: bool,
    /// Bytes to come of a sign that is no letter.
    passing: u8,
    previous: u32,
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
            hash: [SEED; 4],
            length: 0,
            digits: 0,
            tail: 0,
            has_high: false,
            passing: 0,
            previous: 0,
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
        for &byte in text.as_bytes() {
            self.byte(byte);
        }
        self.byte(b'\n');
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        match BYTES[byte as usize] {
            Byte::Letter => self.letter(byte | 0x20),
            Byte::Digit => self.digit(byte),
            Byte::High => self.high(byte),
            Byte::Blank => self.blank(byte),
            Byte::Line => {
                self.end_word();
                self.end_line();
                self.last = b' ';
                return;
            }
            Byte::Mark => self.mark(byte),
        }
        if byte > b' ' {
            self.texture.letters += 1;
            match self.visible {
                0 => self.first = byte,
                1 => self.second = byte,
                _ => {}
            }
            self.visible += 1;
        }
        self.last = byte;
    }

    #[inline]
    fn letter(&mut self, byte: u8) {
        if self.digits > 0 && self.length == self.digits {
            // `3x` is a number and a word.
            self.end_word();
        }
        self.push(byte);
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
        let [now, one, two, _] = self.hash;
        self.hash = [(now ^ u32::from(byte)).wrapping_mul(PRIME), now, one, two];
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
            b',' | b';' => self.texture.commas += 1,
            _ => self.texture.operators += 1,
        }
        self.end_word();
    }

    /// A full stop, question mark or exclamation mark was followed by a blank.
    fn end_sentence(&mut self) {
        if matches!(self.last, b'.' | b'?' | b'!') {
            self.texture.sentences += 1;
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

    #[inline]
    fn end_word(&mut self) {
        if self.length > 0 {
            self.word();
            self.hash = [SEED; 4];
            self.length = 0;
            self.digits = 0;
            self.has_high = false;
        }
    }

    fn word(&mut self) {
        if self.digits == self.length {
            return self.number();
        }
        let stem = stem(self.hash, self.length, self.tail);
        let class = lexicon::class(stem);
        if class == Some(Class::Courtesy) {
            return;
        }
        let texture = &mut self.texture;
        match class {
            Some(Class::Question) => texture.asks += 1,
            Some(Class::Constraint) => texture.constraints += 1,
            Some(Class::Quantifier) => texture.quantifiers += 1,
            Some(Class::Proof) => texture.proofs += 1,
            Some(Class::Reason) => texture.reasons += 1,
            Some(Class::Failure) => texture.failures += 1,
            Some(Class::Courtesy | Class::Function) | None => {}
        }
        texture.words += 1;
        texture.content += u32::from(class != Some(Class::Function));
        texture.word_letters += self.length;
        texture.long_words += u32::from(self.length >= 9);
        texture.foreign += u32::from(self.has_high);
        self.gram(stem);
    }

    fn number(&mut self) {
        let texture = &mut self.texture;
        texture.words += 1;
        texture.content += 1;
        texture.numbers += 1;
        texture.long_numbers += u32::from(self.digits >= 3);
        texture.word_letters += self.digits;
        self.gram(SEED.wrapping_add(self.digits.min(4)));
    }

    fn gram(&mut self, word: u32) {
        let word = mix(word);
        let bit = word as usize % SEEN_BITS;
        let mask = 1u64 << (bit % 64);
        self.texture.distinct += u32::from(self.seen[bit / 64] & mask == 0);
        self.seen[bit / 64] |= mask;
        (self.grams)(word);
        if self.previous != 0 {
            (self.grams)(pair(self.previous, word));
        }
        self.previous = word;
    }
}

/// The hash of a word by its stem: plural and the endings of verbs are cut.
const fn stem(hash: [u32; 4], length: u32, tail: u8) -> u32 {
    let [whole, one, _, _] = hash;
    if tail == b's' && length > 3 {
        one
    } else {
        whole
    }
}

/// The hash by which a word is known.
pub fn word_hash(word: &str) -> u32 {
    let mut last = 0;
    let (mut hash, mut before, mut length) = (SEED, SEED, 0);
    let mut tail = 0;
    for byte in word.bytes() {
        let lower = if byte.is_ascii_uppercase() || last == 0xc3 && (0x80..=0x9e).contains(&byte) {
            byte | 0x20
        } else {
            byte
        };
        before = hash;
        hash = (hash ^ u32::from(lower)).wrapping_mul(PRIME);
        length += 1;
        tail = lower;
        last = byte;
    }
    stem([hash, before, before, before], length, tail)
}

/// The finaliser of MurmurHash3, by Austin Appleby, in the public domain.
const fn mix(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

const fn pair(first: u32, second: u32) -> u32 {
    mix(first.rotate_left(5) ^ second.wrapping_mul(0x9e37_79b1))
}
