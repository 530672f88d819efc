//! Hashes of words: FNV-1a over their letters in lower case, without the plural.

/// The hash of nothing.
pub const SEED: u32 = 0x811c_9dc5;
/// The multiplier.
pub const PRIME: u32 = 0x0100_0193;

/// The hash of a word of so many bytes with this last one, given the hashes of all of it and of all but
/// its last byte: the plural is cut off.
pub const fn stem([whole, one]: [u32; 2], length: u32, tail: u8) -> u32 {
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
    stem([hash, before], length, tail)
}

/// The finaliser of MurmurHash3, by Austin Appleby, in the public domain.
pub const fn mix(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The hash of two words that follow each other.
pub const fn pair(first: u32, second: u32) -> u32 {
    mix(first.rotate_left(5) ^ second.wrapping_mul(0x9e37_79b1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_plural_make_no_difference() {
        assert_eq!(word_hash("Proofs"), word_hash("proof"));
        assert_eq!(word_hash("ÉCRIS"), word_hash("écris"));
        assert_ne!(word_hash("proof"), word_hash("roof"));
        assert_ne!(pair(1, 2), pair(2, 1));
    }
}
