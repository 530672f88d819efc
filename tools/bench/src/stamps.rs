//! Times inside an answer's text: `@read,written;` in its first piece, `@written;` in each further one, in
//! nanoseconds of the [clock](crate::clock). They pass every gateway as words do.

use std::io::Write;

/// Appends the stamp of a first piece, or of a whole answer.
pub fn first(out: &mut Vec<u8>, read_ns: u64, written_ns: u64) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "@{read_ns},{written_ns};");
}

/// Appends the stamp of a further piece.
pub fn further(out: &mut Vec<u8>, written_ns: u64) {
    let _ = write!(out, "@{written_ns};");
}

/// A stamp that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When the upstream had read the request; in the first piece only.
    pub read_ns: Option<u64>,
    /// When the upstream wrote the piece.
    pub written_ns: u64,
}

/// Finds stamps in a text that comes in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    inside: Option<Number>,
    before: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Number {
    value: u64,
    digits: u8,
}

impl Scanner {
    /// Hands every stamp that ends in these bytes to `sink`.
    pub fn scan(&mut self, bytes: &[u8], mut sink: impl FnMut(Stamp)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let Some(number) = self.inside else {
                let Some(at) = memchr::memchr(b'@', rest) else {
                    return;
                };
                (self.inside, self.before) = (Some(Number::default()), None);
                rest = &rest[at + 1..];
                continue;
            };
            let (byte, tail) = (rest[0], &rest[1..]);
            self.inside = match byte {
                b'0'..=b'9' if number.digits < 19 => Some(Number {
                    value: number.value * 10 + u64::from(byte - b'0'),
                    digits: number.digits + 1,
                }),
                b',' if number.digits > 0 && self.before.is_none() => {
                    self.before = Some(number.value);
                    Some(Number::default())
                }
                b';' if number.digits > 0 => {
                    sink(Stamp {
                        read_ns: self.before,
                        written_ns: number.value,
                    });
                    None
                }
                _ => None,
            };
            rest = tail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_wherever_the_text_is_cut() {
        let mut text = b"{\"content\":\"".to_vec();
        first(&mut text, 17, 1_234_567_890_123);
        text.extend_from_slice(b" me@example.com, @; ");
        further(&mut text, u64::MAX / 2);
        let wanted = [(Some(17), 1_234_567_890_123), (None, u64::MAX / 2)];
        for cut in 0..=text.len() {
            let (mut scanner, mut found) = (Scanner::default(), Vec::new());
            for piece in [&text[..cut], &text[cut..]] {
                scanner.scan(piece, |stamp| found.push((stamp.read_ns, stamp.written_ns)));
            }
            assert_eq!(found, wanted, "cut at {cut}");
        }
    }
}
