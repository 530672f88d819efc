//! Transfers: immutable, numbered, and chained by SHA-256 so that no one can change history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::account::LedgerAccount;
use crate::ids::{GenerationId, KeyId};
use crate::money::Picodollars;
use crate::store::db::Batch;
use crate::store::error::{LedgerError, StoreError};
use crate::store::{codec, key};

/// SHA-256 over the previous transfer's hash and this transfer.
pub(crate) type Hash = [u8; 32];

/// The hash before the first transfer.
pub(crate) const GENESIS: Hash = [0; 32];

/// One movement of money, or of credit that is kept back. Never changed, only corrected by another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its place in the chain, from 1 without gaps.
    pub seq: u64,
    /// When, in milliseconds since 1970. Never before its predecessor.
    pub time_ms: u64,
    /// What kind of movement.
    pub kind: Kind,
    /// The account that gives.
    pub debit: LedgerAccount,
    /// The account that gets.
    pub credit: LedgerAccount,
    /// How much; never negative.
    pub amount: Picodollars,
    /// On whose behalf.
    pub cause: Cause,
}

/// What a transfer does. New kinds go at the end: their order is their stored form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Keeps credit back for a generation.
    Hold {
        /// The API key that pays.
        key: KeyId,
        /// When it is given back by itself, in milliseconds since 1970.
        expires_ms: u64,
    },
    /// Charges a generation's cost and gives its hold back.
    Post,
    /// Gives a generation's hold back without a charge.
    Void,
    /// Credits a customer at our expense.
    Grant,
    /// Books cost that a customer's balance did not cover.
    Overrun,
    /// Books the estimate of an answer that a crash cut off.
    Orphan,
}

impl Kind {
    /// Its name, as exports and statements write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold",
            Self::Post => "post",
            Self::Void => "void",
            Self::Grant => "grant",
            Self::Overrun => "overrun",
            Self::Orphan => "orphan",
        }
    }
}

/// Why a transfer was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A generation. Its id also ties a post or void to its hold.
    Generation {
        /// Which one.
        id: GenerationId,
        /// Catalog id of the model.
        model: Arc<str>,
        /// The price list that the amount was computed with.
        price_version: Arc<str>,
    },
    /// The operator.
    Operator {
        /// In the operator's words.
        reason: String,
    },
}

/// Longest model name or price version in a transfer, in bytes; longer ones are cut.
const MOST_TEXT_BYTES: usize = 128;

impl Cause {
    /// A generation, with the model and the price list behind the amount.
    pub(super) fn generation(id: GenerationId, model: &str, price_version: &str) -> Self {
        let cut = |text: &str| Arc::from(&text[..text.floor_char_boundary(MOST_TEXT_BYTES)]);
        Self::Generation {
            id,
            model: cut(model),
            price_version: cut(price_version),
        }
    }
}

impl Transfer {
    /// The generation on whose behalf it was made.
    pub fn generation(&self) -> Option<GenerationId> {
        match &self.cause {
            Cause::Generation { id, .. } => Some(*id),
            Cause::Operator { .. } => None,
        }
    }
}

/// A transfer before it has its place in the chain.
pub(super) struct Draft {
    pub kind: Kind,
    pub debit: LedgerAccount,
    pub credit: LedgerAccount,
    pub amount: Picodollars,
    pub cause: Cause,
}

/// A transfer as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    pub transfer: Transfer,
    #[serde(with = "crate::ids::digest")]
    pub hash: Hash,
}

/// The end of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Number of the last transfer; 0 when there is none.
    pub seq: u64,
    /// Its hash.
    pub head: Hash,
    /// Its time. The ledger's time never goes back.
    pub time_ms: u64,
}

impl Chain {
    /// A chain without transfers.
    pub(crate) const EMPTY: Self = Self {
        seq: 0,
        head: GENESIS,
        time_ms: 0,
    };

    /// The ledger's time when the clock says `now_ms`.
    pub(crate) fn time(&self, now_ms: u64) -> u64 {
        self.time_ms.max(now_ms)
    }

    /// Gives a transfer its place in the chain and puts it into the batch.
    pub(super) fn append(&mut self, draft: Draft, now_ms: u64, batch: &mut Batch) {
        let transfer = Transfer {
            seq: self.seq + 1,
            time_ms: self.time(now_ms),
            kind: draft.kind,
            debit: draft.debit,
            credit: draft.credit,
            amount: draft.amount,
            cause: draft.cause,
        };
        let key = key::transfer(transfer.seq);
        match hash(&self.head, &transfer) {
            Ok(hash) => {
                self.seq = transfer.seq;
                self.time_ms = transfer.time_ms;
                self.head = hash;
                batch.put(key, &Link { transfer, hash });
            }
            Err(source) => batch.fail(StoreError::Encode {
                key: codec::show(&key),
                source,
            }),
        }
    }

    /// Follows the chain by one stored transfer, which must come next.
    pub(crate) fn follow(&mut self, link: &Link) -> Result<(), LedgerError> {
        let seq = self.seq + 1;
        if link.transfer.seq != seq {
            return Err(LedgerError::Sequence { expected: seq });
        }
        if hash(&self.head, &link.transfer).ok() != Some(link.hash) {
            return Err(LedgerError::Hash { seq });
        }
        if link.transfer.time_ms < self.time_ms {
            return Err(LedgerError::Impossible {
                seq,
                reason: "earlier than its predecessor",
            });
        }
        *self = Self::at(link);
        Ok(())
    }

    /// The chain that ends with this transfer.
    pub(crate) fn at(link: &Link) -> Self {
        Self {
            seq: link.transfer.seq,
            head: link.hash,
            time_ms: link.transfer.time_ms,
        }
    }
}

fn hash(previous: &Hash, transfer: &Transfer) -> Result<Hash, postcard::Error> {
    let bytes = postcard::to_stdvec(transfer)?;
    Ok(Sha256::new()
        .chain_update(previous)
        .chain_update(bytes)
        .finalize()
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountId;

    fn grant() -> Draft {
        Draft {
            kind: Kind::Grant,
            debit: LedgerAccount::Goodwill,
            credit: LedgerAccount::User(AccountId::new()),
            amount: Picodollars::new(1),
            cause: Cause::Operator {
                reason: "test".to_owned(),
            },
        }
    }

    fn chained(times_ms: &[u64]) -> Vec<Link> {
        let (mut chain, mut batch) = (Chain::EMPTY, Batch::default());
        for time_ms in times_ms {
            chain.append(grant(), *time_ms, &mut batch);
        }
        (1..)
            .zip(times_ms)
            .map(|(seq, _)| {
                let key = key::transfer(seq);
                codec::decode(&key, batch.get(&key).unwrap()).unwrap()
            })
            .collect()
    }

    #[test]
    fn a_chain_is_followed_in_order_only() {
        let links = chained(&[1, 2, 3]);
        let mut chain = Chain::EMPTY;
        for link in &links {
            chain.follow(link).unwrap();
        }
        let mut chain = Chain::EMPTY;
        let skipped = chain.follow(&links[1]);
        assert!(matches!(
            skipped,
            Err(LedgerError::Sequence { expected: 1 })
        ));
    }

    #[test]
    fn a_changed_amount_breaks_the_chain() {
        let mut links = chained(&[1]);
        links[0].transfer.amount = Picodollars::new(2);
        let mut chain = Chain::EMPTY;
        let broken = chain.follow(&links[0]);
        assert!(matches!(broken, Err(LedgerError::Hash { seq: 1 })));
    }

    #[test]
    fn time_never_goes_back() {
        let times: Vec<u64> = chained(&[50, 40, 60])
            .iter()
            .map(|link| link.transfer.time_ms)
            .collect();
        assert_eq!(times, [50, 50, 60]);
    }
}
