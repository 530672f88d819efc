//! Card money that comes in: deposits and their fee, once each.

use serde::{Deserialize, Serialize};

use super::credit::CreditError;
use super::fingerprint::Fingerprint;
use super::idempotency::{KeyError, Outcome, Scope};
use super::transfer::Draft;
use super::{Book, Cause, Kind, LedgerAccount};
use crate::ids::AccountId;
use crate::money::{Cents, Picodollars};
use crate::store::key;

/// Our fee, in percent of a deposit.
const FEE_PERCENT: u64 = 4;
/// Longest id of a payment or event, in bytes.
const MOST_ID_BYTES: usize = 255;

/// A card payment that the processor has confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Deposit<'a> {
    /// Whose credit it becomes.
    pub account: AccountId,
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
    /// Nothing is known of the payment that goes back.
    #[error("no deposit with this payment id was ever booked")]
    Unknown,
    /// More would go back than was paid.
    #[error("more would go back than was paid")]
    TooMuchBack,
    /// The account would have been credited more than can be counted.
    #[error("the account would exceed the most that can be credited, about 4.6 million USD")]
    TooMuch,
}

/// A deposit, as it is stored for its payment id. Kept for ever: disputes come late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub intent: String,
    pub(super) account: AccountId,
    pub(super) paid: Cents,
    /// What has gone back so far.
    pub(super) back: Cents,
    /// What the account had available after the deposit.
    balance: Picodollars,
}

/// Our fee: 4 % to the cent, half a cent up.
fn fee(paid: Cents) -> Cents {
    let hundredths = paid.get().saturating_mul(FEE_PERCENT);
    Cents::new(hundredths / 100 + u64::from(hundredths % 100 >= 50))
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
            deposit.intent.as_bytes(),
            &deposit.paid.get().to_be_bytes(),
        ]);
        if let Some(balance) = self.seen(deposit.event, fingerprint)? {
            return Ok(done(balance));
        }
        check_id(deposit.intent)?;
        let balance = match self.payments.get(deposit.intent) {
            Some(before) if (before.account, before.paid) == (deposit.account, deposit.paid) => {
                before.balance
            }
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
            account: deposit.account,
            paid: deposit.paid,
            back: Cents::ZERO,
            balance: self.balance(deposit.account).available(),
        };
        let balance = payment.balance;
        self.batch.put(key::payment(&payment.intent), &payment);
        self.payments.insert(payment.intent.clone(), payment);
        Ok(balance)
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

fn check_id(id: &str) -> Result<(), PaymentError> {
    if id.is_empty() || id.len() > MOST_ID_BYTES {
        return Err(PaymentError::BadId);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fee_is_four_percent_to_the_cent_half_up() {
        for (paid, expected) in [
            (1000, 40),
            (12, 0),
            (13, 1),
            (1012, 40),
            (1013, 41),
            (38, 2),
        ] {
            assert_eq!(fee(Cents::new(paid)).get(), expected, "{paid}");
        }
    }

    proptest! {
        #[test]
        fn the_fee_is_the_nearest_cent(paid in 0_u64..1_000_000_000) {
            let exact_hundredths = paid * 4;
            let got_hundredths = fee(Cents::new(paid)).get() * 100;
            prop_assert!(got_hundredths <= exact_hundredths + 50);
            prop_assert!(got_hundredths + 50 > exact_hundredths);
        }
    }
}
