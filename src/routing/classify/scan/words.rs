//! The end of a word: what it counts as, and the hashes that are handed out for it.

use super::super::hash::{SEED, mix, pair, stem};
use super::super::lexicon::{self, Class};
use super::{SEEN_BITS, Scanner};

impl Scanner<'_> {
    #[inline]
    pub(super) fn end_word(&mut self) {
        if self.length > 0 {
            self.word();
            self.hash = [SEED; 2];
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
        self.is_polite = class == Some(Class::Courtesy);
        if self.is_polite {
            self.texture.courtesies += 1;
            self.texture.letters = self.texture.letters.saturating_sub(self.length);
            return;
        }
        self.said += 1;
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
        self.is_polite = false;
        self.said += 1;
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
