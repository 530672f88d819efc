//! A charge of a saved card that is under way, and how its account stands: what is kept of auto-recharge.

use serde::{Deserialize, Serialize};

use super::recharge::NotNow;
use crate::billing::StripeId;
use crate::ids::{AccountId, OrderId};
use crate::money::Cents;

/// Declines in a row that switch auto-recharge off.
const MOST_DECLINES: u8 = 3;
pub(super) const HOUR_MS: u64 = 3600 * 1000;
/// How long the card processor is asked again what became of a charge. It forgets our keys after 24
/// hours, and would charge again then.
pub(super) const ASK_MS: u64 = 23 * HOUR_MS;
/// How long its word is waited for after that: it repeats its messages for three days.
pub(super) const WAIT_MS: u64 = 4 * 24 * HOUR_MS;

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
    /// As at the beginning.
    pub fn new(account: AccountId) -> Self {
        Self {
            account,
            charging: None,
            declines: 0,
            declined_ms: 0,
            trust: Trust::Unknown,
        }
    }

    /// The charge under way.
    pub fn charging(&self) -> Option<&Charging> {
        self.charging.as_ref()
    }

    /// Whether anything stands in the way of another charge. A card is left alone for `pause_ms` after
    /// a decline.
    pub fn check(&self, pause_ms: u64, now_ms: u64) -> Result<(), NotNow> {
        if self.charging.is_some() {
            return Err(NotNow::UnderWay);
        }
        if self.declines >= MOST_DECLINES {
            return Err(NotNow::Stopped);
        }
        if self.trust == Trust::Refused {
            return Err(NotNow::Unconfirmed);
        }
        if self.declines > 0 && now_ms < self.declined_ms.saturating_add(pause_ms) {
            return Err(NotNow::Declined);
        }
        Ok(())
    }

    /// A charge begins.
    pub fn begin(&mut self, charging: Charging) {
        self.charging = Some(charging);
    }

    /// The money of this order came.
    pub fn paid(&mut self, order: OrderId) {
        self.end(order);
        self.seen();
    }

    /// The card was declined.
    pub fn declined(&mut self, order: OrderId, now_ms: u64) -> Decline {
        self.end(order);
        self.declines = self.declines.saturating_add(1);
        self.declined_ms = now_ms;
        if self.declines >= MOST_DECLINES {
            Decline::Stop {
                declines: self.declines,
            }
        } else {
            Decline::Later
        }
    }

    /// The card's bank wants to see the customer: not tried again until the customer was seen.
    pub fn unconfirmed(&mut self, order: OrderId) {
        self.end(order);
        self.trust = Trust::Refused;
    }

    /// Nobody knows what became of the charge of this order.
    pub fn unclear(&mut self, order: OrderId, now_ms: u64) -> Unclear {
        let open = self.charging.as_mut();
        let Some(charging) = open.filter(|open| open.order == order) else {
            return Unclear::GiveUp;
        };
        let age_ms = now_ms.saturating_sub(charging.begun_ms);
        match charging.patience {
            Patience::Asking if age_ms < ASK_MS => Unclear::Ask,
            Patience::Asking => {
                charging.patience = Patience::Waiting;
                Unclear::Tell
            }
            Patience::Waiting if age_ms < WAIT_MS => Unclear::Wait,
            Patience::Waiting => {
                self.charging = None;
                Unclear::GiveUp
            }
        }
    }

    /// The customer was seen: what stood in the way is forgotten. A charge under way goes on.
    pub fn seen(&mut self) {
        self.declines = 0;
        self.declined_ms = 0;
        self.trust = Trust::Unknown;
    }

    /// How it stands, as its owner sees it.
    pub fn state(&self) -> RechargeState {
        match &self.charging {
            Some(charging) if charging.patience == Patience::Waiting => RechargeState::Unclear,
            Some(_) => RechargeState::Charging,
            None if self.declines >= MOST_DECLINES => RechargeState::Stopped,
            None if self.trust == Trust::Refused => RechargeState::Unconfirmed,
            None if self.declines > 0 => RechargeState::Declined,
            None => RechargeState::Ready,
        }
    }

    fn end(&mut self, order: OrderId) {
        self.charging = self.charging.take().filter(|open| open.order != order);
    }
}
