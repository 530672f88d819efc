//! A fast search for rare bytes.

/// The position of the first `a` or `b`.
pub(super) fn find_either(bytes: &[u8], a: u8, b: u8) -> Option<usize> {
    find(bytes, |byte| byte == a || byte == b)
}

/// The position of the first byte that `hit` says yes to.
pub(super) fn find(bytes: &[u8], hit: impl Fn(u8) -> bool) -> Option<usize> {
    const BLOCK: usize = 32;
    let mut at = 0;
    while let Some(block) = bytes.get(at..at + BLOCK) {
        // Without an early exit the compiler makes vector instructions of it.
        if block.iter().fold(false, |any, &byte| any | hit(byte)) {
            break;
        }
        at += BLOCK;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .position(|&byte| hit(byte))
        .map(|found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(bytes in proptest::collection::vec(0u8..40, 0..120)) {
            let plain = bytes.iter().position(|&byte| byte == 7 || byte == 9);
            prop_assert_eq!(find_either(&bytes, 7, 9), plain);
        }
    }
}
