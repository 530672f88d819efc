//! Sign-in codes: made, guessed at most five times, used once, and limited per address.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::db::{Batch, Db};
use super::error::StoreError;
use super::recent::{Pace, Recent};
use super::{codec, key};
use crate::ids::{AddressHash, CodeHash, EmailAddress, FlowHash, FlowId, Pepper, SignInCode};

/// How long a code is good for, in milliseconds: ten minutes.
pub const CODE_MS: u64 = 10 * 60 * 1000;
/// Guesses at one code.
const TRIES: u8 = 5;
/// Codes for one address.
const CODES_PER_ADDRESS: Pace = Pace {
    most: 5,
    window_ms: 3600 * 1000,
};
/// Guesses at all codes of one address.
const TRIES_PER_ADDRESS: Pace = Pace {
    most: 100,
    window_ms: 24 * 3600 * 1000,
};
/// Codes, and addresses with their counts, that are kept at one time. Beyond it the oldest go.
const MOST_KEPT: usize = 100_000;

/// Whether a code may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Worth {
    /// It was mailed.
    Mailed,
    /// Nobody has it, and no guess is right. It is kept so that a refused request costs the same
    /// work as any other.
    Decoy,
}

/// A code as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub flow: FlowHash,
    address: AddressHash,
    digest: CodeHash,
    worth: Worth,
    tries_left: u8,
    expires_ms: u64,
}

/// What an address has used of its limits, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub address: AddressHash,
    codes: Recent,
    tries: Recent,
}

impl Tally {
    fn new(address: AddressHash) -> Self {
        Self {
            address,
            codes: Recent::default(),
            tries: Recent::default(),
        }
    }

    fn is_over(&self, now_ms: u64) -> bool {
        self.codes.is_over(CODES_PER_ADDRESS, now_ms)
            && self.tries.is_over(TRIES_PER_ADDRESS, now_ms)
    }
}

/// Whether a mailed code is wanted at all, before the limits of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It is.
    Yes,
    /// The address is refused; nobody shall notice.
    No,
}

/// What became of a guess. Whoever guessed learns only whether it was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// It was right, and the code is used up.
    Right,
    /// It was compared and is wrong.
    Wrong,
    /// It was not compared: there is no such code, or a limit is reached.
    NotCompared,
}

/// All codes and counts, in memory; changes go into the batch that is passed in.
pub(super) struct Codes {
    pepper: Pepper,
    codes: HashMap<FlowHash, Code>,
    /// Every code in the order in which they expire, used ones included.
    by_age: VecDeque<(u64, FlowHash)>,
    tallies: HashMap<AddressHash, Tally>,
    most_kept: usize,
}

impl Codes {
    /// Reads them all.
    pub(super) fn load(db: &Db, pepper: Pepper) -> Result<Self, StoreError> {
        let mut codes = HashMap::new();
        for row in db.rows(key::CODES)? {
            let (key, value) = row?;
            let code: Code = codec::decode(&key, &value)?;
            codes.insert(code.flow, code);
        }
        let mut by_age: Vec<_> = codes.values().map(|c| (c.expires_ms, c.flow)).collect();
        by_age.sort_unstable_by_key(|(expires_ms, _)| *expires_ms);
        let mut tallies = HashMap::new();
        for row in db.rows(key::TALLIES)? {
            let (key, value) = row?;
            let tally: Tally = codec::decode(&key, &value)?;
            tallies.insert(tally.address, tally);
        }
        Ok(Self {
            pepper,
            codes,
            by_age: by_age.into(),
            tallies,
            most_kept: MOST_KEPT,
        })
    }

    /// Makes a code for a flow and says what to mail; nothing when the address is refused or has
    /// had its codes. The work is the same in all cases.
    pub(super) fn request(
        &mut self,
        flow: &FlowId,
        email: &EmailAddress,
        wanted: Wanted,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Option<SignInCode> {
        self.make_room(now_ms, batch);
        let secret = SignInCode::generate();
        let address = AddressHash::new(email, &self.pepper);
        let tally = self
            .tallies
            .entry(address)
            .or_insert_with(|| Tally::new(address));
        let within = tally.codes.admit(CODES_PER_ADDRESS, now_ms).is_ok();
        batch.put(key::tally(&address), tally);
        let code = Code {
            flow: flow.hash(&self.pepper),
            address,
            digest: secret.hash(flow, email, &self.pepper),
            worth: match wanted {
                Wanted::Yes if within => Worth::Mailed,
                Wanted::Yes | Wanted::No => Worth::Decoy,
            },
            tries_left: TRIES,
            expires_ms: now_ms.saturating_add(CODE_MS),
        };
        let worth = code.worth;
        batch.put(key::code(&code.flow), &code);
        self.by_age.push_back((code.expires_ms, code.flow));
        self.codes.insert(code.flow, code);
        match worth {
            Worth::Mailed => Some(secret),
            Worth::Decoy => None,
        }
    }

    /// Compares a code with the one that was mailed for the flow, within the limits.
    pub(super) fn guess(
        &mut self,
        flow: &FlowId,
        email: &EmailAddress,
        offered: &SignInCode,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Guess {
        let digest = offered.hash(flow, email, &self.pepper);
        let Some(code) = self.codes.get_mut(&flow.hash(&self.pepper)) else {
            return Guess::NotCompared;
        };
        if code.expires_ms <= now_ms {
            return Guess::NotCompared;
        }
        code.tries_left = code.tries_left.saturating_sub(1);
        let guess = match code.worth {
            Worth::Decoy => Guess::Wrong,
            Worth::Mailed => {
                let address = code.address;
                let tally = self
                    .tallies
                    .entry(address)
                    .or_insert_with(|| Tally::new(address));
                let within = tally.tries.admit(TRIES_PER_ADDRESS, now_ms).is_ok();
                batch.put(key::tally(&address), tally);
                match (within, bool::from(code.digest.ct_eq(&digest))) {
                    (false, _) => Guess::NotCompared,
                    (true, true) => Guess::Right,
                    (true, false) => Guess::Wrong,
                }
            }
        };
        if guess == Guess::Right || code.tries_left == 0 {
            let spent = code.flow;
            self.forget_code(spent, batch);
        } else {
            batch.put(key::code(&code.flow), code);
        }
        guess
    }

    /// Forgets codes that have expired and counts that no longer matter.
    pub(super) fn expire(&mut self, now_ms: u64, batch: &mut Batch) {
        while let Some((expires_ms, flow)) = self.by_age.front().copied()
            && expires_ms <= now_ms
        {
            self.by_age.pop_front();
            self.forget_code(flow, batch);
        }
        self.tallies.retain(|address, tally| {
            let over = tally.is_over(now_ms);
            if over {
                batch.delete(key::tally(address));
            }
            !over
        });
    }

    fn make_room(&mut self, now_ms: u64, batch: &mut Batch) {
        if self.by_age.len() < self.most_kept && self.tallies.len() < self.most_kept {
            return;
        }
        self.expire(now_ms, batch);
        while self.by_age.len() >= self.most_kept
            && let Some((_, flow)) = self.by_age.pop_front()
        {
            self.forget_code(flow, batch);
        }
        if self.tallies.len() >= self.most_kept
            && let Some(address) = self.tallies.keys().next().copied()
        {
            self.tallies.remove(&address);
            batch.delete(key::tally(&address));
        }
    }

    fn forget_code(&mut self, flow: FlowHash, batch: &mut Batch) {
        if self.codes.remove(&flow).is_some() {
            batch.delete(key::code(&flow));
        }
    }
}

#[cfg(test)]
#[path = "codes_tests.rs"]
mod tests;
