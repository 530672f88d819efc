//! Where the operator is signed in to the pages: in memory alone, for twelve hours, at a bounded number
//! of places.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// How long one stays signed in, in milliseconds.
pub const CONSOLE_MS: u64 = 12 * 3600 * 1000;
/// Places at one time; beyond them the oldest is signed out.
const MOST: usize = 32;

/// Where the operator is signed in, by the digest of what each browser holds.
#[derive(Debug, Default)]
pub struct Consoles(HashMap<[u8; 32], u64>);

impl Consoles {
    /// Signs one in: what its browser is to hold.
    pub fn open(&mut self, now_ms: u64) -> String {
        self.0.retain(|_, ends_ms| *ends_ms > now_ms);
        if self.0.len() >= MOST
            && let Some((oldest, _)) = self.0.iter().min_by_key(|(_, ends_ms)| **ends_ms)
        {
            let oldest = *oldest;
            self.0.remove(&oldest);
        }
        let token = hex::encode(rand::random::<[u8; 32]>());
        self.0
            .insert(digest(&token), now_ms.saturating_add(CONSOLE_MS));
        token
    }

    /// Whether what a browser holds is still good.
    pub fn is_open(&self, token: &str, now_ms: u64) -> bool {
        let ends_ms = self.0.get(&digest(token));
        ends_ms.is_some_and(|ends_ms| *ends_ms > now_ms)
    }

    /// Signs one out.
    pub fn close(&mut self, token: &str) {
        self.0.remove(&digest(token));
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_signed_in_for_twelve_hours_or_until_one_leaves() {
        let mut consoles = Consoles::default();
        let (a, b) = (consoles.open(0), consoles.open(0));
        assert_ne!(a, b);
        assert!(consoles.is_open(&a, CONSOLE_MS - 1) && !consoles.is_open(&a, CONSOLE_MS));
        assert!(!consoles.is_open("", 0) && !consoles.is_open("00", 0));
        consoles.close(&b);
        assert!(!consoles.is_open(&b, 0) && consoles.is_open(&a, 0));
    }

    #[test]
    fn the_oldest_gives_way() {
        let mut consoles = Consoles::default();
        let first = consoles.open(0);
        let others: Vec<String> = (1..=32).map(|now| consoles.open(now)).collect();
        assert!(!consoles.is_open(&first, 40));
        assert!(others.iter().all(|token| consoles.is_open(token, 40)));
    }
}
