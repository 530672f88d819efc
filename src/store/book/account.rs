//! The accounts of the ledger: customers, providers, and where credit and losses are booked.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::AccountId;

/// Longest provider name in the ledger, in bytes; a longer one is cut.
const MOST_NAME_BYTES: usize = 64;

/// One account of the double-entry ledger. Prints as in storage keys: `user:acct_…`, `goodwill`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerAccount {
    /// A customer's prepaid credit; never below zero.
    User(AccountId),
    /// What we owe a provider.
    Provider(Arc<str>),
    /// Credit that we gave away.
    Goodwill,
    /// Deposit fees that we earned.
    Fee,
    /// Card money with Stripe.
    CashStripe,
    /// Answers that a crash cut off, at their estimate.
    LossOrphan,
    /// Cost that the customer's balance did not cover.
    LossOverrun,
    /// Failed attempts that the provider billed all the same.
    LossFailed,
    /// Refunds and disputes that the customer's balance did not cover.
    LossRefund,
}

impl LedgerAccount {
    /// The account of the provider with this name.
    pub fn provider(name: &str) -> Self {
        Self::Provider(Arc::from(
            &name[..name.floor_char_boundary(MOST_NAME_BYTES)],
        ))
    }

    /// The customer, where it is one.
    pub fn customer(&self) -> Option<AccountId> {
        match self {
            Self::User(account) => Some(*account),
            Self::Provider(_)
            | Self::Goodwill
            | Self::Fee
            | Self::CashStripe
            | Self::LossOrphan
            | Self::LossOverrun
            | Self::LossFailed
            | Self::LossRefund => None,
        }
    }
}

impl fmt::Display for LedgerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(account) => write!(f, "user:{account}"),
            Self::Provider(name) => write!(f, "provider:{name}"),
            Self::Goodwill => f.write_str("goodwill"),
            Self::Fee => f.write_str("fee"),
            Self::CashStripe => f.write_str("cash:stripe"),
            Self::LossOrphan => f.write_str("loss:orphan"),
            Self::LossOverrun => f.write_str("loss:overrun"),
            Self::LossFailed => f.write_str("loss:failed"),
            Self::LossRefund => f.write_str("loss:refund"),
        }
    }
}

/// The text names no account of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ledger account")]
pub struct NotAnAccount;

impl FromStr for LedgerAccount {
    type Err = NotAnAccount;

    fn from_str(text: &str) -> Result<Self, NotAnAccount> {
        if let Some(account) = text.strip_prefix("user:") {
            return account.parse().map(Self::User).map_err(|_| NotAnAccount);
        }
        if let Some(name) = text.strip_prefix("provider:") {
            return Ok(Self::Provider(Arc::from(name)));
        }
        match text {
            "goodwill" => Ok(Self::Goodwill),
            "fee" => Ok(Self::Fee),
            "cash:stripe" => Ok(Self::CashStripe),
            "loss:orphan" => Ok(Self::LossOrphan),
            "loss:overrun" => Ok(Self::LossOverrun),
            "loss:failed" => Ok(Self::LossFailed),
            "loss:refund" => Ok(Self::LossRefund),
            _ => Err(NotAnAccount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for account in [
            LedgerAccount::User(AccountId::new()),
            LedgerAccount::provider("openai"),
            LedgerAccount::Goodwill,
            LedgerAccount::Fee,
            LedgerAccount::CashStripe,
            LedgerAccount::LossOrphan,
            LedgerAccount::LossOverrun,
            LedgerAccount::LossFailed,
            LedgerAccount::LossRefund,
        ] {
            assert_eq!(account.to_string().parse(), Ok(account));
        }
        assert!("user:me".parse::<LedgerAccount>().is_err());
        assert!("profit".parse::<LedgerAccount>().is_err());
    }

    #[test]
    fn a_long_provider_name_is_cut_between_characters() {
        let LedgerAccount::Provider(name) = LedgerAccount::provider(&"é".repeat(60)) else {
            unreachable!()
        };
        assert_eq!(name.len(), 64);
    }
}
