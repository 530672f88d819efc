//! The reference's memory of what is done once: credit by hand, card payments and what goes back.

use std::collections::BTreeMap;

use super::reference::{Purse, Reference};
use crate::billing::DisputeStage;

/// How long the operator's keys and the card processor's events are remembered: 30 days.
pub const REMEMBER_MS: u64 = 30 * 24 * 3600 * 1000;
/// Pico-dollars in a cent.
const CENT: i64 = 10_000_000_000;

/// Something that is done once for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Grant(usize, u8),
    Adjust(usize, u8),
    Event(u8),
}

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    New,
    /// Done with the same parameters; what was available then.
    Same(i64),
    /// Used for something else.
    Other,
}

/// A name that was used.
#[derive(Clone, Debug)]
pub struct Used {
    parameters: String,
    available: i64,
    pub until_ms: u64,
}

/// A card payment.
#[derive(Clone, Debug)]
pub struct Payment {
    account: usize,
    cents: u64,
    /// What has gone back of it, and how much of that was our loss.
    back_cents: u64,
    lost: i64,
    available: i64,
}

/// What was said of money that goes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    refunded: u64,
    disputes: BTreeMap<u8, (u64, Option<DisputeStage>)>,
    pub first_ms: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Booked(usize),
    Again,
    Waiting,
}

impl Said {
    fn gone(&self) -> u64 {
        let of = |(cents, stage): &(u64, Option<DisputeStage>)| match stage {
            Some(DisputeStage::Open | DisputeStage::Lost) => *cents,
            Some(DisputeStage::Won) | None => 0,
        };
        self.refunded + self.disputes.values().map(of).sum::<u64>()
    }
}

impl Reference {
    pub fn known(&self, name: Name, parameters: &str) -> Known {
        match self.used.get(&name) {
            None => Known::New,
            Some(used) if used.parameters == parameters => Known::Same(used.available),
            Some(_) => Known::Other,
        }
    }

    pub fn remember(&mut self, name: Name, parameters: String, available: i64) {
        let until_ms = self.time_ms + REMEMBER_MS;
        let used = Used {
            parameters,
            available,
            until_ms,
        };
        self.used.insert(name, used);
    }

    /// Books a card payment, once. Answers with what is available, or `None` when it is refused.
    pub fn deposit(&mut self, account: usize, event: u8, intent: u8, cents: u64) -> Option<i64> {
        let parameters = format!("deposit {account} {intent} {cents}");
        let available = match (
            self.known(Name::Event(event), &parameters),
            self.payments.get(&intent),
        ) {
            (Known::Other, _) => return None,
            (Known::Same(available), _) => return Some(available),
            (Known::New, Some(before)) if (before.account, before.cents) == (account, cents) => {
                before.available
            }
            (Known::New, Some(_)) => return None,
            (Known::New, None) if cents == 0 => return None,
            (Known::New, None) => {
                let fee = i64::try_from((cents * 4 + 50) / 100).unwrap() * CENT;
                let paid = i64::try_from(cents).unwrap() * CENT;
                self.move_money(Purse::Cash, Purse::Customer(account), paid - fee);
                self.move_money(Purse::Cash, Purse::Fee, fee);
                let available = self.available(account);
                let payment = Payment {
                    account,
                    cents,
                    back_cents: 0,
                    lost: 0,
                    available,
                };
                self.payments.insert(intent, payment);
                self.bring_back(intent);
                available
            }
        };
        self.remember(Name::Event(event), parameters, available);
        Some(available)
    }

    /// Hears of what goes back to a card.
    pub fn reverse(
        &mut self,
        event: u8,
        dispute: Option<(u8, DisputeStage)>,
        intent: u8,
        cents: u64,
    ) -> Option<Heard> {
        let parameters = format!("reverse {dispute:?} {intent} {cents}");
        match self.known(Name::Event(event), &parameters) {
            Known::Other => return None,
            Known::Same(_) => return Some(Heard::Again),
            Known::New => {}
        }
        let before = self.said.get(&intent).cloned();
        let first_ms = self.time_ms;
        let mut said = before.clone().unwrap_or(Said {
            first_ms,
            ..Said::default()
        });
        match dispute {
            None => said.refunded = said.refunded.max(cents),
            Some((id, stage)) => {
                let known = said.disputes.entry(id).or_default();
                *known = (known.0.max(cents), known.1.max(Some(stage)));
            }
        }
        let is_new = before.as_ref() != Some(&said);
        self.said.insert(intent, said);
        self.remember(Name::Event(event), parameters, 0);
        let Some(payment) = self.payments.get(&intent) else {
            return Some(if is_new { Heard::Waiting } else { Heard::Again });
        };
        let account = payment.account;
        let moved = self.bring_back(intent);
        Some(if moved {
            Heard::Booked(account)
        } else {
            Heard::Again
        })
    }

    /// Moves what the sums want moved: all that is gone came from the customer, as far as the payment
    /// and the customer's credit went, or else from us.
    fn bring_back(&mut self, intent: u8) -> bool {
        let (Some(payment), Some(said)) = (self.payments.get(&intent), self.said.get(&intent))
        else {
            return false;
        };
        let (mut payment, gone) = (payment.clone(), said.gone());
        let before = payment.back_cents;
        let size = |cents: u64| i64::try_from(cents).unwrap() * CENT;
        let customer = Purse::Customer(payment.account);
        if gone > before {
            let amount = size(gone - before);
            let room = size(payment.cents.saturating_sub(before));
            let taken = amount.min(room).min(self.available(payment.account));
            self.move_money(customer, Purse::Cash, taken);
            self.move_money(Purse::LostRefunds, Purse::Cash, amount - taken);
            payment.lost += amount - taken;
        } else {
            let amount = size(before - gone);
            let ours = amount.min(payment.lost);
            self.move_money(Purse::Cash, Purse::LostRefunds, ours);
            self.move_money(Purse::Cash, customer, amount - ours);
            payment.lost -= ours;
        }
        payment.back_cents = gone;
        self.payments.insert(intent, payment);
        gone != before
    }
}
