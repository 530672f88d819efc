//! Card money that goes back: refunds and disputes, once each, from credit as far as there is any.

use super::fingerprint::Fingerprint;
use super::idempotency::Scope;
use super::payment::{Payment, PaymentError};
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::AccountId;
use crate::money::{Cents, Picodollars};
use crate::store::key;

/// Money that goes back to a card.
#[derive(Clone, Copy, Debug)]
pub struct Reversal<'a> {
    /// Why.
    pub kind: ReversalKind,
    /// The processor's id of the message that said so.
    pub event: &'a str,
    /// The processor's id of this refund or dispute.
    pub id: &'a str,
    /// The payment that is given back, or a part of it.
    pub intent: &'a str,
    /// How much goes back.
    pub amount: Cents,
    /// Who did it.
    pub actor: &'a str,
    /// In their words.
    pub reason: &'a str,
}

/// Why money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReversalKind {
    /// We gave it back.
    Refund,
    /// The cardholder disputes the payment.
    Dispute,
}

/// What a refund or dispute came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// Whose credit it took.
    pub account: AccountId,
    /// What the customer had available then.
    pub balance: Picodollars,
}

impl Book {
    /// Books money that goes back to a card: as far as the customer has it available, from their
    /// credit, the rest is our loss. The fee is not given back by itself. The same event or the
    /// same refund again changes nothing and answers the same.
    pub fn reverse(
        &mut self,
        reversal: Reversal<'_>,
        now_ms: u64,
    ) -> Result<Reversed, PaymentError> {
        let (kind, word): (Kind, &[u8]) = match reversal.kind {
            ReversalKind::Refund => (Kind::Refund, b"refund"),
            ReversalKind::Dispute => (Kind::Dispute, b"dispute"),
        };
        let mut payment = self
            .payments
            .get(reversal.intent)
            .cloned()
            .ok_or(PaymentError::Unknown)?;
        let account = payment.account;
        let fingerprint = Fingerprint::of(&[
            word,
            reversal.id.as_bytes(),
            reversal.intent.as_bytes(),
            &reversal.amount.get().to_be_bytes(),
        ]);
        if let Some(balance) = self.seen(reversal.event, fingerprint)? {
            return Ok(Reversed { account, balance });
        }
        let scope = Scope::Reversal;
        let balance = match self.answered(&scope, reversal.id, fingerprint)? {
            Some(balance) => balance,
            None => {
                let amount = payment.give_back(reversal.amount)?;
                self.take_back(account, kind, &reversal, amount, now_ms);
                self.batch.put(key::payment(&payment.intent), &payment);
                self.payments.insert(payment.intent.clone(), payment);
                self.balance_as_outcome(account, scope, reversal.id, fingerprint, now_ms)
            }
        };
        self.remember_event(reversal.event, fingerprint, balance, now_ms);
        Ok(Reversed { account, balance })
    }

    fn take_back(
        &mut self,
        account: AccountId,
        kind: Kind,
        reversal: &Reversal<'_>,
        amount: Picodollars,
        now_ms: u64,
    ) {
        let cause = Cause::payment(reversal.intent, reversal.actor, reversal.reason);
        let taken = amount.min(self.balance(account).available());
        let uncovered = amount.checked_sub(taken).unwrap_or_default();
        let user = LedgerAccount::User(account);
        let parts = [
            (kind, user, taken),
            (Kind::Uncovered, LedgerAccount::LossRefund, uncovered),
        ];
        for (kind, debit, amount) in parts {
            if amount.is_positive() {
                let draft = Draft {
                    kind,
                    debit,
                    credit: LedgerAccount::CashStripe,
                    amount,
                    cause: cause.clone(),
                };
                self.post(draft, now_ms);
            }
        }
    }
}

impl Payment {
    /// Counts what goes back, never more than was paid.
    fn give_back(&mut self, amount: Cents) -> Result<Picodollars, PaymentError> {
        if amount == Cents::ZERO {
            return Err(PaymentError::Zero);
        }
        let back = Cents::new(self.back.get().saturating_add(amount.get()));
        if back > self.paid {
            return Err(PaymentError::TooMuchBack);
        }
        self.back = back;
        amount.picodollars().ok_or(PaymentError::TooMuch)
    }
}
