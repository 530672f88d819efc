//! A rough token count and the texture of a text, in one pass over its bytes.

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
    let mut glance = Glance::default();
    let mut run = Run::None;
    let mut length = 0_u64;
    for byte in text.bytes() {
        let kind = Run::of(byte);
        if kind == run {
            length += 1;
            continue;
        }
        glance.add(run, length);
        run = kind;
        length = 1;
    }
    glance.add(run, length);
    glance
}

impl Glance {
    fn add(&mut self, run: Run, length: u64) {
        self.tokens += run.tokens(length);
        match run {
            Run::Space => self.space += length,
            Run::Wide => self.wide += length,
            Run::None | Run::Letters | Run::Digits | Run::Marks => {}
        }
    }
}

/// A run of bytes of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
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
        /// One look-up a byte: long prompts are mostly this.
        const KINDS: [Run; 256] = {
            let mut kinds = [Run::None; 256];
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

    const fn sort(byte: u8) -> Self {
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

#[cfg(test)]
mod tests {
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
}
