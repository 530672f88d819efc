//! Card money that goes back, and comes back when a dispute is won: from credit as far as there is
//! any, the rest is our loss.

use super::fingerprint::Fingerprint;
use super::payment::{Payment, PaymentError, check_id};
use super::returns::{self, Back, Returns};
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::billing::DisputeStage;
use crate::ids::AccountId;
use crate::money::{Cents, Picodollars};
use crate::store::key;

/// What the card processor says goes back of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Reversal<'a> {
    /// The processor's id of the message that said so.
    pub event: &'a str,
    /// The processor's id of the payment.
    pub intent: &'a str,
    /// What goes back.
    pub back: Back<'a>,
}

/// What a message about money that goes back came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversed {
    /// The balance moved, or a loss was booked or made good.
    Booked(AccountId),
    /// Nothing new was said.
    Again,
    /// We have not heard of the payment. It is remembered and booked when the payment comes.
    Waiting,
}

impl Book {
    /// Books what the processor says goes back of a payment. Messages may come in any order, before
    /// the payment too, and any number of times: it ends the same. The fee is not given back.
    pub fn reverse(
        &mut self,
        reversal: Reversal<'_>,
        now_ms: u64,
    ) -> Result<Reversed, PaymentError> {
        check_id(reversal.intent)?;
        let fingerprint = reversal.fingerprint();
        if self.seen(reversal.event, fingerprint)?.is_some() {
            return Ok(Reversed::Again);
        }
        let now_ms = self.tick(now_ms);
        let before = self.returns.get(reversal.intent).cloned();
        let returns = before
            .clone()
            .unwrap_or_else(|| Returns::new(reversal.intent, now_ms))
            .hear(reversal.back)
            .ok_or(PaymentError::TooMuch)?;
        let reversed = match self.payments.get(reversal.intent).cloned() {
            _ if before.as_ref() == Some(&returns) => Reversed::Again,
            None => {
                self.keep_returns(returns, returns::Payment::Unknown);
                Reversed::Waiting
            }
            Some(payment) => {
                let account = payment.account;
                let steps = [(reversal.back.kind(), returns.total())];
                self.keep_returns(returns, returns::Payment::Known);
                if self.bring_to(payment, &steps, now_ms) {
                    Reversed::Booked(account)
                } else {
                    Reversed::Again
                }
            }
        };
        self.remember_event(reversal.event, fingerprint, Picodollars::ZERO, now_ms);
        Ok(reversed)
    }

    /// What was said to go back before the payment came is booked now.
    pub(super) fn catch_up(&mut self, payment: &Payment, now_ms: u64) {
        if let Some(returns) = self.returns.get(&payment.intent).cloned() {
            let steps = [
                (Kind::Refund, returns.refunded()),
                (Kind::Dispute, returns.total()),
            ];
            self.keep_returns(returns, returns::Payment::Known);
            self.bring_to(payment.clone(), &steps, now_ms);
        }
    }

    /// Takes or gives until so much of a payment has gone back, step by step. Says whether money
    /// moved.
    fn bring_to(&mut self, mut payment: Payment, steps: &[(Kind, Cents)], now_ms: u64) -> bool {
        let before = payment.back;
        for (kind, until) in steps {
            if *until > payment.back {
                self.take_back(&mut payment, kind.clone(), *until, now_ms);
            } else {
                self.give_again(&mut payment, *until, now_ms);
            }
        }
        let moved = payment.back != before;
        self.keep_payment(payment);
        moved
    }

    /// Takes credit until so much has gone back: never more than the payment was, and never more
    /// than the customer has available.
    fn take_back(&mut self, payment: &mut Payment, kind: Kind, until: Cents, now_ms: u64) {
        let amount = difference(until, payment.back);
        let room = difference(payment.paid, payment.back);
        let available = self.balance(payment.account).available();
        let taken = amount.min(room).min(available);
        let uncovered = amount.checked_sub(taken).unwrap_or_default();
        let user = LedgerAccount::User(payment.account);
        let reason = kind.name();
        let cause = Cause::payment(&payment.intent, "stripe", reason);
        self.move_cash(kind, user, LedgerAccount::CashStripe, taken, &cause, now_ms);
        self.move_cash(
            Kind::Uncovered,
            LedgerAccount::LossRefund,
            LedgerAccount::CashStripe,
            uncovered,
            &cause,
            now_ms,
        );
        payment.uncovered = payment.uncovered.saturating_add(uncovered);
        payment.back = until;
    }

    /// Gives credit again until only so much has gone back. What we bore comes back to us first: it
    /// was the last to be taken.
    fn give_again(&mut self, payment: &mut Payment, until: Cents, now_ms: u64) {
        let amount = difference(payment.back, until);
        let recovered = amount.min(payment.uncovered);
        let given = amount.checked_sub(recovered).unwrap_or_default();
        let user = LedgerAccount::User(payment.account);
        let cause = Cause::payment(&payment.intent, "stripe", "dispute won");
        self.move_cash(
            Kind::Recovered,
            LedgerAccount::CashStripe,
            LedgerAccount::LossRefund,
            recovered,
            &cause,
            now_ms,
        );
        self.move_cash(
            Kind::Reinstated,
            LedgerAccount::CashStripe,
            user,
            given,
            &cause,
            now_ms,
        );
        payment.uncovered = payment.uncovered.checked_sub(recovered).unwrap_or_default();
        payment.back = until;
    }

    fn move_cash(
        &mut self,
        kind: Kind,
        debit: LedgerAccount,
        credit: LedgerAccount,
        amount: Picodollars,
        cause: &Cause,
        now_ms: u64,
    ) {
        if amount.is_positive() {
            let draft = Draft {
                kind,
                debit,
                credit,
                amount,
                cause: cause.clone(),
            };
            self.post(draft, now_ms);
        }
    }

    fn keep_returns(&mut self, returns: Returns, payment: returns::Payment) {
        self.batch.put(key::returns(&returns.intent), &returns);
        self.returns.insert(returns, payment);
    }
}

impl Back<'_> {
    /// What a transfer that takes it from the customer is.
    fn kind(self) -> Kind {
        match self {
            Self::Refunded(_) => Kind::Refund,
            Self::Disputed { .. } => Kind::Dispute,
        }
    }
}

impl Reversal<'_> {
    fn fingerprint(&self) -> Fingerprint {
        let intent = self.intent.as_bytes();
        match self.back {
            Back::Refunded(total) => {
                Fingerprint::of(&[b"refunded", intent, &total.get().to_be_bytes()])
            }
            Back::Disputed { id, amount, stage } => {
                let stage: &[u8] = match stage {
                    DisputeStage::Open => b"open",
                    DisputeStage::Lost => b"lost",
                    DisputeStage::Won => b"won",
                };
                let amount = amount.get().to_be_bytes();
                Fingerprint::of(&[b"disputed", intent, id.as_bytes(), &amount, stage])
            }
        }
    }
}

/// How much more the first is than the second. What is kept fits, see [`Returns::hear`].
fn difference(more: Cents, less: Cents) -> Picodollars {
    Cents::new(more.get().saturating_sub(less.get()))
        .picodollars()
        .unwrap_or_default()
}
