//! Ids and names of calls in a conversation, in the characters that the provider takes.
//!
//! A conversation may have begun at another provider, whose ids have other characters or come
//! again in every turn; here they have to be plain and unique.

use std::borrow::Cow;
use std::collections::HashSet;

use sha2::{Digest, Sha256};

const LONGEST_ID: usize = 128;
const LONGEST_NAME: usize = 128;

/// The ids that have been given so far.
#[derive(Debug, Default)]
pub(super) struct Ids(HashSet<String>);

impl Ids {
    /// The id under which a call goes upstream. The same conversation gives the same ids.
    pub(super) fn give(&mut self, original: &str) -> String {
        let fits = original.len() <= LONGEST_ID && is_plain(original);
        let mut id = original.to_owned();
        let mut round = self.0.len();
        while !fits && id == original || self.0.contains(&id) {
            let digest = Sha256::digest(format!("{original}\n{round}"));
            id = format!("call_{}", hex::encode(digest.get(..12).unwrap_or_default()));
            round += 1;
        }
        self.0.insert(id.clone());
        id
    }
}

/// A tool's name as the provider takes it.
pub(super) fn name(original: &str) -> Cow<'_, str> {
    if original.len() <= LONGEST_NAME && is_plain(original) {
        return Cow::Borrowed(original);
    }
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    Cow::Owned(original.chars().take(LONGEST_NAME).map(plain).collect())
}

fn is_plain(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_stay_where_they_can() {
        let mut ids = Ids::default();
        assert_eq!(ids.give("toolu_01"), "toolu_01");
        let again = ids.give("toolu_01");
        assert!(again.starts_with("call_"));
        assert_ne!(ids.give("functions.f:0"), ids.give("functions.f:0"));
        assert_eq!(name("a.b c"), "a_b_c");
    }

    proptest! {
        #[test]
        fn given_ids_are_plain_and_unique(originals in proptest::collection::vec(".{0,9}", 0..30)) {
            let mut ids = Ids::default();
            let given: Vec<_> = originals.iter().map(|id| ids.give(id)).collect();
            prop_assert!(given.iter().all(|id| is_plain(id) && id.len() <= LONGEST_ID));
            let unique: HashSet<_> = given.iter().collect();
            prop_assert_eq!(unique.len(), given.len());
            let mut ids = Ids::default();
            let again: Vec<_> = originals.iter().map(|id| ids.give(id)).collect();
            prop_assert_eq!(given, again);
        }
    }
}
