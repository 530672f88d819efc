//! Automatic recharge: when a saved card may be charged, and what follows from how a charge ended.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::db::Batch;
use super::key;
use super::settings::{AutoRecharge, Switch};
use crate::billing::StripeId;
use crate::ids::{AccountId, OrderId};
use crate::money::{Cents, Picodollars};

/// Charges that may begin on one UTC day.
const MOST_A_DAY: usize = 3;
/// Declines in a row that switch it off.
const MOST_DECLINES: u8 = 3;
const HOUR_MS: u64 = 3600 * 1000;
/// How long the card processor is asked again what became of a charge. It forgets our keys after 24
/// hours, and would charge again then.
const ASK_MS: u64 = 23 * HOUR_MS;
/// How long its word is waited for after that: it repeats its messages for three days.
const WAIT_MS: u64 = 4 * 24 * HOUR_MS;

/// A charge under way: all that it takes to ask for the very same one again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charging {
    /// Its order, kept with it.
    pub order: OrderId,
    /// Who is charged.
    pub account: AccountId,
    /// The card processor's customer.
    pub customer: StripeId,
    /// The card.
    pub method: StripeId,
    /// How much, fee included.
    pub amount: Cents,
    /// Since when, in milliseconds since 1970.
    pub begun_ms: u64,
    /// Whether its outcome is still asked for.
    patience: Patience,
}

/// What is done while the outcome of a charge is unclear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Patience {
    /// The card processor is asked again.
    Asking,
    /// Its message is waited for.
    Waiting,
}

/// How an account stands, as it is stored. One that stands as at the beginning has no row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub account: AccountId,
    charging: Option<Charging>,
    /// In a row.
    declines: u8,
    /// When the last one was, in milliseconds since 1970.
    declined_ms: u64,
    trust: Trust,
}

/// Whether the card's bank lets it be charged while nobody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Trust {
    Unknown,
    /// It wanted to see the customer, who has not been seen since.
    Refused,
}

/// Why a charge is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The balance may have fallen below the threshold.
    Threshold,
    /// A request was refused for lack of credit.
    Lack,
}

/// What is known outside of the rules when a charge is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// Why.
    pub want: Want,
    /// What the customer has set.
    pub terms: AutoRecharge,
    /// What can be spent now.
    pub available: Picodollars,
    /// Automatic charges that began today, whatever became of them.
    pub begun_today: usize,
    /// What was, or may yet be, charged automatically in this calendar month.
    pub month: Picodollars,
    /// How long a card is left alone after a decline, in milliseconds.
    pub pause_ms: u64,
}

/// Why no card is charged now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// The customer does not want it.
    #[error("auto-recharge is off")]
    Off,
    /// There is credit enough.
    #[error("there is credit enough")]
    Enough,
    /// One charge at a time.
    #[error("a charge is under way")]
    UnderWay,
    /// So many a day.
    #[error("three charges began today")]
    DayIsFull,
    /// So much a month.
    #[error("the monthly cap is reached")]
    MonthIsFull,
    /// The card was declined just now.
    #[error("the card was declined a short while ago")]
    Declined,
    /// The card's bank wants to see the customer.
    #[error("the bank wants the customer to confirm a payment first")]
    Unconfirmed,
    /// Too many declines in a row.
    #[error("the card was declined three times in a row")]
    Stopped,
}

/// What follows from a decline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// It may be tried again later.
    Later,
    /// Auto-recharge is to be switched off.
    Stop {
        /// Declines in a row.
        declines: u8,
    },
}

/// What follows when nobody knows what became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// Ask again, with the same key.
    Ask,
    /// Do not ask any more: the customer is to hear of it.
    Tell,
    /// Go on waiting.
    Wait,
    /// Nothing will be heard any more.
    GiveUp,
}

/// How an account's auto-recharge stands, as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RechargeState {
    /// Nothing stands in the way.
    Ready,
    /// A charge is under way.
    Charging,
    /// Nobody knows what became of a charge.
    Unclear,
    /// The card was declined the last time.
    Declined,
    /// The card's bank wants to see the customer.
    Unconfirmed,
    /// Too many declines in a row.
    Stopped,
}

impl RechargeState {
    /// Its word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Charging => "charging",
            Self::Unclear => "unclear",
            Self::Declined => "declined",
            Self::Unconfirmed => "authentication_required",
            Self::Stopped => "stopped",
        }
    }
}

impl Charging {
    /// A charge that begins now.
    pub(super) fn new(
        order: OrderId,
        account: AccountId,
        card: (&StripeId, &StripeId),
        amount: Cents,
        begun_ms: u64,
    ) -> Self {
        let (customer, method) = card;
        Self {
            order,
            account,
            customer: customer.clone(),
            method: method.clone(),
            amount,
            begun_ms,
            patience: Patience::Asking,
        }
    }

    /// Whether the card processor may be asked for it: later it would be a second charge.
    pub fn may_be_asked(&self, now_ms: u64) -> bool {
        self.patience == Patience::Asking && now_ms < self.begun_ms.saturating_add(ASK_MS)
    }
}

impl Standing {
    fn new(account: AccountId) -> Self {
        Self {
            account,
            charging: None,
            declines: 0,
            declined_ms: 0,
            trust: Trust::Unknown,
        }
    }
}

/// How all accounts stand; changes go into the batch that is passed in.
#[derive(Debug, Default)]
pub(crate) struct Recharges(HashMap<AccountId, Standing>);

impl Recharges {
    /// Takes a stored row.
    pub fn restore(&mut self, standing: Standing) {
        self.0.insert(standing.account, standing);
    }

    /// Whether a card may be charged now, and how much.
    pub fn check(
        &self,
        account: AccountId,
        facts: &Circumstances,
        now_ms: u64,
    ) -> Result<Cents, NotNow> {
        let (terms, standing) = (&facts.terms, self.of(account));
        if terms.state == Switch::Off {
            return Err(NotNow::Off);
        }
        if standing.charging.is_some() {
            return Err(NotNow::UnderWay);
        }
        if facts.want == Want::Threshold && facts.available >= terms.threshold {
            return Err(NotNow::Enough);
        }
        if standing.declines >= MOST_DECLINES {
            return Err(NotNow::Stopped);
        }
        if standing.trust == Trust::Refused {
            return Err(NotNow::Unconfirmed);
        }
        let rested_ms = standing.declined_ms.saturating_add(facts.pause_ms);
        if standing.declines > 0 && now_ms < rested_ms {
            return Err(NotNow::Declined);
        }
        if facts.begun_today >= MOST_A_DAY {
            return Err(NotNow::DayIsFull);
        }
        if facts.month.saturating_add(terms.amount) > terms.monthly_cap {
            return Err(NotNow::MonthIsFull);
        }
        // What is set is in whole cents.
        Cents::of_usd(terms.amount).ok_or(NotNow::Off)
    }

    /// Begins a charge; its order goes into the same commit.
    pub fn begin(&mut self, charging: Charging, batch: &mut Batch) {
        self.change(charging.account, batch, |standing| {
            standing.charging = Some(charging);
        });
    }

    /// The charge of this order, while it is under way.
    pub fn charging(&self, account: AccountId, order: OrderId) -> Option<&Charging> {
        let charging = self.0.get(&account)?.charging.as_ref();
        charging.filter(|charging| charging.order == order)
    }

    /// All charges under way, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Charging> {
        let standings = self.0.values();
        standings.filter_map(|standing| standing.charging.as_ref())
    }

    /// The money of an automatic charge came.
    pub fn paid(&mut self, account: AccountId, order: OrderId, batch: &mut Batch) {
        self.change(account, batch, |standing| {
            standing.declines = 0;
            standing.trust = Trust::Unknown;
            standing.end(order);
        });
    }

    /// The card was declined.
    pub fn declined(
        &mut self,
        account: AccountId,
        order: OrderId,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Decline {
        let mut declines = 0;
        self.change(account, batch, |standing| {
            standing.end(order);
            standing.declines = standing.declines.saturating_add(1);
            standing.declined_ms = now_ms;
            declines = standing.declines;
        });
        if declines >= MOST_DECLINES {
            Decline::Stop { declines }
        } else {
            Decline::Later
        }
    }

    /// The card's bank wants to see the customer: not tried again until the customer was seen.
    pub fn unconfirmed(&mut self, account: AccountId, order: OrderId, batch: &mut Batch) {
        self.change(account, batch, |standing| {
            standing.end(order);
            standing.trust = Trust::Refused;
        });
    }

    /// Nobody knows what became of a charge.
    pub fn unclear(
        &mut self,
        account: AccountId,
        order: OrderId,
        now_ms: u64,
        batch: &mut Batch,
    ) -> Unclear {
        let Some(charging) = self.charging(account, order) else {
            return Unclear::GiveUp;
        };
        let age_ms = now_ms.saturating_sub(charging.begun_ms);
        match charging.patience {
            Patience::Asking if age_ms < ASK_MS => Unclear::Ask,
            Patience::Asking => {
                self.change(account, batch, |standing| {
                    if let Some(charging) = &mut standing.charging {
                        charging.patience = Patience::Waiting;
                    }
                });
                Unclear::Tell
            }
            Patience::Waiting if age_ms < WAIT_MS => Unclear::Wait,
            Patience::Waiting => {
                self.change(account, batch, |standing| standing.end(order));
                Unclear::GiveUp
            }
        }
    }

    /// The customer was seen, with a payment or by switching auto-recharge on: what stood in the way is
    /// forgotten. A charge under way goes on.
    pub fn seen(&mut self, account: AccountId, batch: &mut Batch) {
        if self.0.contains_key(&account) {
            self.change(account, batch, |standing| {
                standing.declines = 0;
                standing.trust = Trust::Unknown;
            });
        }
    }

    /// How an account stands.
    pub fn state(&self, account: AccountId) -> RechargeState {
        let standing = self.of(account);
        match &standing.charging {
            Some(charging) if charging.patience == Patience::Waiting => RechargeState::Unclear,
            Some(_) => RechargeState::Charging,
            None if standing.declines >= MOST_DECLINES => RechargeState::Stopped,
            None if standing.trust == Trust::Refused => RechargeState::Unconfirmed,
            None if standing.declines > 0 => RechargeState::Declined,
            None => RechargeState::Ready,
        }
    }

    /// Since when a charge is under way, in milliseconds since 1970.
    pub fn charging_since(&self, account: AccountId) -> Option<u64> {
        let charging = self.0.get(&account)?.charging.as_ref()?;
        Some(charging.begun_ms)
    }

    fn of(&self, account: AccountId) -> Standing {
        let kept = self.0.get(&account).cloned();
        kept.unwrap_or_else(|| Standing::new(account))
    }

    fn change(
        &mut self,
        account: AccountId,
        batch: &mut Batch,
        change: impl FnOnce(&mut Standing),
    ) {
        let mut standing = self.of(account);
        change(&mut standing);
        if standing.declines == 0 {
            standing.declined_ms = 0;
        }
        if standing == Standing::new(account) {
            batch.delete(key::recharge(account));
            self.0.remove(&account);
        } else {
            batch.put(key::recharge(account), &standing);
            self.0.insert(account, standing);
        }
    }
}

impl Standing {
    fn end(&mut self, order: OrderId) {
        self.charging = self.charging.take().filter(|open| open.order != order);
    }
}

#[cfg(test)]
#[path = "recharge_tests.rs"]
mod tests;
