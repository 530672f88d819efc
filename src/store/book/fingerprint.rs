//! What tells an operation's parameters apart from others under the same idempotency key.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::money::Picodollars;

/// SHA-256 of an operation's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(#[serde(with = "crate::ids::digest")] [u8; 32]);

impl Fingerprint {
    /// Of these parameters, in this order.
    pub fn of(parameters: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for parameter in parameters {
            // The length keeps ("ab", "c") apart from ("a", "bc").
            hash.update((parameter.len() as u64).to_be_bytes());
            hash.update(parameter);
        }
        Self(hash.finalize().into())
    }

    /// Of an amount and its reason. The amount has always the same length, so nothing keeps them
    /// apart; the first schema's grants were taken down in this way.
    pub(super) fn of_credit(amount: Picodollars, reason: &str) -> Self {
        let hash = Sha256::new().chain_update(amount.get().to_be_bytes());
        Self(hash.chain_update(reason).finalize().into())
    }
}
