//! Encrypted reasoning that shows when it was changed, and call ids that show that reasoning stood
//! before them.

use sha2::{Digest, Sha256};

use crate::sandbox::dice::{self, Alphabet};

/// How OpenAI's encrypted content begins.
const START: &str = "gAAAAAB";

/// How ids of calls begin that a model thought about.
const THOUGHT: &str = "call_R";

const CHECK_CHARS: usize = 16;

/// Encrypted reasoning; the same for the same `seed`.
pub(super) fn seal(seed: &str) -> String {
    let secret = dice::draw(&mut dice::from_text(seed), Alphabet::Alphanumeric, 64);
    let check = check(&secret);
    format!("{START}{secret}{check}==")
}

/// Whether it is encrypted reasoning as it was handed out.
pub(super) fn is_whole(sealed: &str) -> bool {
    let inner = sealed
        .strip_prefix(START)
        .and_then(|rest| rest.strip_suffix("=="));
    let Some(inner) = inner else { return false };
    let split = inner.len().saturating_sub(CHECK_CHARS);
    inner
        .split_at_checked(split)
        .is_some_and(|(secret, found)| found == check(secret))
}

fn check(secret: &str) -> String {
    let mut hex = hex::encode(Sha256::digest(secret));
    hex.truncate(CHECK_CHARS);
    hex
}

/// The id of a call after reasoning, or of one without.
pub(super) fn call_id(seed: &str, thought: Thought) -> String {
    let random = dice::draw(&mut dice::from_text(seed), Alphabet::Digits, 23);
    match thought {
        Thought::Before => format!("{THOUGHT}{random}"),
        Thought::None => format!("call_S{random}"),
    }
}

/// Whether the call was made after reasoning.
pub(super) fn was_thought_about(call_id: &str) -> bool {
    call_id.starts_with(THOUGHT)
}

/// Whether a model thinks before it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thought {
    Before,
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_seal_is_broken() {
        let sealed = seal("a");
        assert_eq!(sealed, seal("a"));
        assert!(is_whole(&sealed));
        for broken in [&sealed[1..], &sealed.replace("==", "="), "", "gAAAAAB=="] {
            assert!(!is_whole(broken), "{broken}");
        }
        let mut changed = sealed.clone();
        changed.replace_range(9..10, "~");
        assert!(!is_whole(&changed));
    }

    #[test]
    fn call_ids_tell_of_thoughts() {
        assert!(was_thought_about(&call_id("x", Thought::Before)));
        assert!(!was_thought_about(&call_id("x", Thought::None)));
    }
}
