//! Card money that comes in: deposits and their fee, once each.

use serde::{Deserialize, Serialize};

use super::credit::CreditError;
use super::fingerprint::Fingerprint;
use super::idempotency::{KeyError, Outcome, Scope};
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::billing::fee;
use crate::ids::{AccountId, OrderId};
use crate::money::{Cents, Picodollars};
use crate::store::key;

/// Longest id of a payment or event, in bytes.
const MOST_ID_BYTES: usize = 255;

/// A card payment that the processor has confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Deposit<'a> {
    /// Whose credit it becomes.
    pub account: AccountId,
    /// The order that was paid.
    pub order: OrderId,
    /// The processor's id of the message that said so.
    pub event: &'a str,
    /// The processor's id of the payment.
    pub intent: &'a str,
    /// What was paid, fee included.
    pub paid: Cents,
    /// Who asked for it: the customer, or the automatic recharge.
    pub actor: &'a str,
}

/// What a deposit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposited {
    /// The part that became credit.
    pub credited: Picodollars,
    /// Our fee.
    pub fee: Picodollars,
    /// What the customer had available then.
    pub balance: Picodollars,
}

/// Why a payment was not booked. It must not be dropped: somebody paid, or was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// Nothing was paid.
    #[error("a payment must be more than zero")]
    Zero,
    /// An id of the processor is empty or too long.
    #[error("the processor's ids must have 1 to 255 bytes")]
    BadId,
    /// The payment was booked for another account or amount.
    #[error("this payment was booked with another account or amount; compare with the processor")]
    Mismatch,
    /// The payment is for no order of ours.
    #[error("there is no such order; it may be another router's, or older than 30 days")]
    NoOrder,
    /// Another amount was paid than was ordered.
    #[error("another amount was paid than was ordered; compare with the processor")]
    OtherAmount,
    /// Someone else paid, or the order was never shown to anybody.
    #[error("another customer paid than ordered; compare with the processor")]
    OtherCustomer,
    /// The order was paid by another payment already.
    #[error("the order was paid before by another payment; give this one back")]
    PaidTwice,
    /// More than can be counted would be credited or go back.
    #[error("more than can be counted: an account may be credited about 4.6 million USD")]
    TooMuch,
}

/// A deposit, as it is stored for its payment id. Kept for ever: disputes come late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub intent: String,
    pub order: OrderId,
    pub(super) account: AccountId,
    pub paid: Cents,
    /// What has gone back so far.
    pub back: Cents,
    /// The part of that which no credit covered.
    pub(super) uncovered: Picodollars,
    /// What the account had available after the deposit.
    balance: Picodollars,
}

impl Book {
    /// Books a card payment: the net amount to the customer, the fee to us. The same event or the
    /// same payment again changes nothing and answers the same.
    pub fn deposit(
        &mut self,
        deposit: Deposit<'_>,
        now_ms: u64,
    ) -> Result<Deposited, PaymentError> {
        let fee = fee(deposit.paid);
        let (paid_pico, fee_pico) = (deposit.paid.picodollars(), fee.picodollars());
        let net = match (paid_pico, fee_pico) {
            (Some(paid), Some(fee)) => paid.checked_sub(fee).zip(Some(fee)),
            (Some(_) | None, Some(_) | None) => None,
        };
        let (credited, fee) = net.ok_or(PaymentError::TooMuch)?;
        let done = |balance| Deposited {
            credited,
            fee,
            balance,
        };
        let fingerprint = Fingerprint::of(&[
            b"deposit",
            &deposit.account.to_bytes(),
            &deposit.order.to_bytes(),
            deposit.intent.as_bytes(),
            &deposit.paid.get().to_be_bytes(),
        ]);
        if let Some(balance) = self.seen(deposit.event, fingerprint)? {
            return Ok(done(balance));
        }
        check_id(deposit.intent)?;
        let balance = match self.payments.get(deposit.intent) {
            Some(before) if before.is_of(&deposit) => before.balance,
            Some(_) => return Err(PaymentError::Mismatch),
            None => self.credit(&deposit, credited, fee, now_ms)?,
        };
        self.remember_event(deposit.event, fingerprint, balance, now_ms);
        Ok(done(balance))
    }

    /// The two transfers of a deposit, one behind the other.
    fn credit(
        &mut self,
        deposit: &Deposit<'_>,
        credited: Picodollars,
        fee: Picodollars,
        now_ms: u64,
    ) -> Result<Picodollars, PaymentError> {
        if deposit.paid == Cents::ZERO {
            return Err(PaymentError::Zero);
        }
        self.check_credit(deposit.account, credited)
            .map_err(|_: CreditError| PaymentError::TooMuch)?;
        let cause = Cause::payment(deposit.intent, deposit.actor, "deposit");
        for (kind, credit, amount) in [
            (
                Kind::Deposit,
                LedgerAccount::User(deposit.account),
                credited,
            ),
            (Kind::DepositFee, LedgerAccount::Fee, fee),
        ] {
            let draft = Draft {
                kind,
                debit: LedgerAccount::CashStripe,
                credit,
                amount,
                cause: cause.clone(),
            };
            self.post(draft, now_ms);
        }
        let payment = Payment {
            intent: deposit.intent.to_owned(),
            order: deposit.order,
            account: deposit.account,
            paid: deposit.paid,
            back: Cents::ZERO,
            uncovered: Picodollars::ZERO,
            balance: self.balance(deposit.account).available(),
        };
        let balance = payment.balance;
        self.keep_payment(payment.clone());
        self.catch_up(&payment, now_ms);
        Ok(balance)
    }

    pub(super) fn keep_payment(&mut self, payment: Payment) {
        self.batch.put(key::payment(&payment.intent), &payment);
        self.payments.insert(payment.intent.clone(), payment);
    }

    /// The balance that an event of the processor came to before.
    pub(super) fn seen(
        &self,
        event: &str,
        fingerprint: Fingerprint,
    ) -> Result<Option<Picodollars>, PaymentError> {
        Ok(self.answered(&Scope::Event, event, fingerprint)?)
    }

    pub(super) fn remember_event(
        &mut self,
        event: &str,
        fingerprint: Fingerprint,
        balance: Picodollars,
        now_ms: u64,
    ) {
        let outcome = Outcome::Balance(balance);
        self.remember_done(Scope::Event, event, fingerprint, outcome, now_ms);
    }
}

impl From<KeyError> for PaymentError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unusable => Self::BadId,
            // No event is left running, so both mean that its parameters changed.
            KeyError::Conflict | KeyError::Running => Self::Mismatch,
        }
    }
}

impl Payment {
    fn is_of(&self, deposit: &Deposit<'_>) -> bool {
        (self.account, self.order, self.paid) == (deposit.account, deposit.order, deposit.paid)
    }
}

pub(super) fn check_id(id: &str) -> Result<(), PaymentError> {
    if id.is_empty() || id.len() > MOST_ID_BYTES {
        return Err(PaymentError::BadId);
    }
    Ok(())
}
