//! A fast search for the bytes that a JSON string must escape: a word at a time, and a block at a time in long texts.

/// A byte in all places of a word.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

const HIGHEST: u64 = all(0x80);
/// What the compiler still makes vector instructions of; twice as much is looked at byte by byte.
const BLOCK: usize = 32;

/// The position of the first byte that a JSON string must not have as it is.
pub(super) fn find_unescaped(bytes: &[u8]) -> Option<usize> {
    let near = bytes.get(..BLOCK).unwrap_or(bytes);
    let found = in_words(near);
    if found.is_some() || near.len() == bytes.len() {
        return found;
    }
    let mut at = near.len();
    while let Some(block) = bytes.get(at..at + BLOCK) {
        // Without an early exit the compiler makes vector instructions of it.
        let is_hit = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
        if block.iter().fold(false, |any, &byte| any | is_hit(byte)) {
            break;
        }
        at += BLOCK;
    }
    Some(at + in_words(bytes.get(at..)?)?)
}

/// Marks the bytes of a word that are looked for by their highest bit. Of those behind the first one, some may be
/// marked that are not.
fn marks(word: u64) -> u64 {
    let below = |word: u64, most: u8| word.wrapping_sub(all(most)) & !word & HIGHEST;
    below(word, b' ') | below(word ^ all(b'"'), 1) | below(word ^ all(b'\\'), 1)
}

fn in_words(bytes: &[u8]) -> Option<usize> {
    let first = |word: [u8; 8]| {
        let marked = marks(u64::from_le_bytes(word));
        (marked != 0).then_some(marked.trailing_zeros() as usize / 8)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        if let Some(found) = first(*word) {
            return Some(number * 8 + found);
        }
    }
    // The last word overlaps with what was seen; a text of less than a word is filled up.
    match bytes.last_chunk() {
        _ if rest.is_empty() => None,
        Some(last) => first(*last).map(|found| bytes.len() - 8 + found),
        None => {
            let mut last = [0; 8];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            first(last).filter(|found| *found < rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(bytes in proptest::collection::vec(28u8..40, 0..120)) {
            let is_wrong = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
            prop_assert_eq!(find_unescaped(&bytes), bytes.iter().position(is_wrong));
        }

        #[test]
        fn finds_one_rare_byte(
            fill in any::<u8>(), rare in any::<u8>(), before in 0usize..200, behind in 0usize..50,
        ) {
            let mut bytes = vec![fill; before];
            bytes.push(rare);
            bytes.extend(vec![fill; behind]);
            let is_wrong = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
            prop_assert_eq!(find_unescaped(&bytes), bytes.iter().position(is_wrong));
        }
    }
}
