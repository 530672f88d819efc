//! What each byte of a text may be a part of.

/// What a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Byte {
    Blank,
    Line,
    Letter,
    Digit,
    High,
    Mark,
}

#[expect(clippy::cast_possible_truncation, reason = "the index is below 256")]
pub(super) const BYTES: [Byte; 256] = {
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
