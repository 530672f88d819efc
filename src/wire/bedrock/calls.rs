//! Ids and names of tool calls: passed through where Bedrock can carry them, made up otherwise.

use sha2::{Digest, Sha256};

/// The longest id and name of a call that Bedrock takes.
const MOST_BYTES: usize = 64;

/// Ids of one answer's calls.
#[derive(Debug, Default)]
pub(super) struct CallIds(Vec<String>);

impl CallIds {
    /// The id as the model gave it, or another when it gave none or gave one twice.
    pub(super) fn unique(&mut self, given: &str) -> String {
        let taken = |id: &str, ids: &[String]| id.is_empty() || ids.iter().any(|known| known == id);
        let mut id = given.to_owned();
        let mut number = self.0.len();
        while taken(&id, &self.0) {
            id = format!("call_{number}");
            number += 1;
        }
        self.0.push(id.clone());
        id
    }
}

/// An id in the history as Bedrock takes it. Those of other providers may be longer, or hold other
/// characters; the same id always becomes the same one.
pub(super) fn portable_id(id: &str) -> String {
    portable(id, |byte| b"_.:-".contains(&byte))
}

/// A tool's name in the history as Bedrock takes it.
pub(super) fn portable_name(name: &str) -> String {
    portable(name, |byte| b"_-".contains(&byte))
}

fn portable(text: &str, is_mark: impl Fn(u8) -> bool) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || is_mark(byte);
    if (1..=MOST_BYTES).contains(&text.len()) && text.bytes().all(fits) {
        return text.to_owned();
    }
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    let start: String = text
        .bytes()
        .filter(|byte| fits(*byte))
        .take(MOST_BYTES - 17)
        .map(char::from)
        .collect();
    format!("{start}-{}", digest.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_pass_through_unless_missing_or_taken() {
        let mut ids = CallIds::default();
        let kimi = "functions.get_temperature:0";
        assert_eq!(ids.unique(kimi), kimi);
        assert_eq!(ids.unique(kimi), "call_1");
        assert_eq!(ids.unique(""), "call_2");
        assert_eq!(ids.unique("call_3"), "call_3");
        assert_eq!(ids.unique(""), "call_4");
    }

    #[test]
    fn foreign_ids_are_made_to_fit_and_stay_apart() {
        assert_eq!(portable_id("tooluse_a:b.c-d"), "tooluse_a:b.c-d");
        let long = "x".repeat(65);
        let ids = [portable_id(&long), portable_id("a b"), portable_id("ab|")];
        for id in &ids {
            assert!(id.len() <= MOST_BYTES && !id.contains([' ', '|']), "{id}");
        }
        assert_ne!(ids[1], ids[2]);
        assert_eq!(portable_id(&long), ids[0]);
        assert!(portable_name("é").starts_with('-'));
    }
}
