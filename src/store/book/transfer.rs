//! Transfers: immutable, numbered, and chained by SHA-256 so that no one can change history.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::account::LedgerAccount;
use super::kind::{Cause, Kind};
use crate::ids::{AccountId, GenerationId};
use crate::money::Picodollars;
use crate::store::db::Batch;
use crate::store::error::{LedgerError, StoreError};
use crate::store::{codec, key};

/// SHA-256 over the previous transfer's hash and this transfer.
pub(crate) type Hash = [u8; 32];

/// Few transfers are longer in postcard's form.
const USUAL_BYTES: usize = 192;

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

impl Transfer {
    /// The generation on whose behalf it was made.
    pub fn generation(&self) -> Option<GenerationId> {
        self.cause.of_generation()
    }

    /// The card processor's id of the payment that it is about.
    pub fn payment(&self) -> Option<&str> {
        match &self.cause {
            Cause::Payment { intent, .. } => Some(intent),
            Cause::Generation { .. } | Cause::Operator { .. } => None,
        }
    }
}

impl Transfer {
    /// The customers whose money it moved for good.
    pub(crate) fn customers(&self) -> impl Iterator<Item = AccountId> {
        let moves = self.kind.moves_money() && self.amount.is_positive();
        let sides = [self.debit.customer(), self.credit.customer()];
        sides.into_iter().flatten().filter(move |_| moves)
    }

    /// The form that its hash is taken over.
    fn encode(&self) -> postcard::Result<Vec<u8>> {
        postcard::to_extend(self, Vec::with_capacity(USUAL_BYTES))
    }

    /// What it added to a customer's balance; less than zero when it took.
    pub fn change_of(&self, account: AccountId) -> Picodollars {
        if self.credit.customer() == Some(account) {
            self.amount
        } else {
            Picodollars::ZERO
                .checked_sub(self.amount)
                .unwrap_or_default()
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
        match transfer.encode() {
            Ok(encoded) => {
                self.seq = transfer.seq;
                self.time_ms = transfer.time_ms;
                self.head = hash(&self.head, &encoded);
                for account in transfer.customers() {
                    batch.put(key::transaction(account, transfer.seq), &());
                }
                batch.put_joined(key, &encoded, &self.head);
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
        let encoded = link.transfer.encode();
        if encoded.ok().map(|encoded| hash(&self.head, &encoded)) != Some(link.hash) {
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

/// The hash of a transfer, which is given in its postcard form.
fn hash(previous: &Hash, encoded: &[u8]) -> Hash {
    Sha256::new()
        .chain_update(previous)
        .chain_update(encoded)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
