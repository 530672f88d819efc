//! The reference's memory of what is done once: credit by hand, card payments and what goes back.

use super::reference::{Purse, Reference};

/// How long the operator's keys and the card processor's events are remembered: 30 days.
const REMEMBER_MS: u64 = 30 * 24 * 3600 * 1000;
/// Pico-dollars in a cent.
const CENT: i64 = 10_000_000_000;

/// Something that is done once for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Grant(usize, u8),
    Adjust(usize, u8),
    Event(u8),
    Reversal(u8),
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
    back_cents: u64,
    available: i64,
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
                    available,
                };
                self.payments.insert(intent, payment);
                available
            }
        };
        self.remember(Name::Event(event), parameters, available);
        Some(available)
    }

    /// Books what goes back to a card, once. Answers as [`Reference::deposit`] does.
    pub fn reverse(&mut self, event: u8, id: u8, intent: u8, cents: u64) -> Option<i64> {
        let payment = self.payments.get(&intent)?.clone();
        let parameters = format!("reverse {id} {intent} {cents}");
        let (of_event, of_id) = (Name::Event(event), Name::Reversal(id));
        let available = match (
            self.known(of_event, &parameters),
            self.known(of_id, &parameters),
        ) {
            (Known::Other, _) => return None,
            (Known::Same(available), _) => return Some(available),
            (Known::New, Known::Other) => return None,
            (Known::New, Known::Same(available)) => available,
            (Known::New, Known::New) => {
                let back_cents = payment.back_cents + cents;
                if cents == 0 || back_cents > payment.cents {
                    return None;
                }
                let amount = i64::try_from(cents).unwrap() * CENT;
                let taken = amount.min(self.available(payment.account));
                self.move_money(Purse::Customer(payment.account), Purse::Cash, taken);
                self.move_money(Purse::LostRefunds, Purse::Cash, amount - taken);
                let account = payment.account;
                self.payments.insert(
                    intent,
                    Payment {
                        back_cents,
                        ..payment
                    },
                );
                let available = self.available(account);
                self.remember(of_id, parameters.clone(), available);
                available
            }
        };
        self.remember(of_event, parameters, available);
        Some(available)
    }
}
