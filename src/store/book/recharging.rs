//! Automatic recharges in the books: the order and the charge are kept together before the card
//! processor hears of them, and the credit with the charge's end.

use super::ordering::{Credited, NewOrder, OrderPaid, Placed};
use super::payment::PaymentError;
use super::{Book, DepositOrder, OrderState, Origin};
use crate::billing::{Charge, StripeId};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::Day;
use crate::store::charging::{Charging, Decline, RechargeState, Unclear};
use crate::store::recharge::{Circumstances, NotNow, Want};
use crate::store::settings::AutoRecharge;

/// How long requests wait for a charge that is under way: an answer comes within seconds, or not soon.
const SOON_MS: u64 = 60_000;
/// Within which time an account's orders of this month are looked for.
const MONTH_MS: u64 = 32 * 24 * 3600 * 1000;

/// A charge that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Whose card.
    pub account: AccountId,
    /// Why.
    pub want: Want,
    /// What the customer has set.
    pub terms: AutoRecharge,
    /// The card processor's customer.
    pub customer: &'a StripeId,
    /// The card.
    pub method: &'a StripeId,
    /// How long a card is left alone after a decline, in milliseconds.
    pub pause_ms: u64,
}

/// What a charge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recharged {
    /// It is credit now.
    Credited(DepositOrder),
    /// It had ended before: an event came first.
    Before,
    /// The card was declined.
    Declined {
        /// The processor's word.
        code: String,
    },
    /// The card was declined too often in a row.
    Stopped {
        /// The processor's word.
        code: String,
        /// How often.
        declines: u8,
    },
    /// The card's bank wants to see the customer.
    Unconfirmed,
    /// Nobody knows.
    Unclear(Unclear),
    /// It was paid, and cannot be credited. Somebody has to look.
    Odd(PaymentError),
}

impl Book {
    /// Begins to charge a saved card, if that may be. Durable with the next commit; the processor must
    /// not hear of it before that.
    pub fn begin_recharge(&mut self, wish: Wish<'_>, now_ms: u64) -> Result<Charging, NotNow> {
        let now_ms = self.tick(now_ms);
        let facts = self.circumstances(&wish, now_ms);
        let amount = self.recharges.check(wish.account, &facts, now_ms)?;
        let new = NewOrder {
            account: wish.account,
            paid: amount,
            origin: Origin::Recharge,
            customer: Some(wish.customer.as_str()),
            request: None,
        };
        // Without a key of a caller's, an order is always a new one.
        let Ok(Placed::Order(order)) = self.place_order(new, now_ms) else {
            return Err(NotNow::UnderWay);
        };
        let card = (wish.customer, wish.method);
        let charging = Charging::new(order.id, wish.account, card, amount, now_ms);
        self.recharges.begin(charging.clone(), &mut self.batch);
        Ok(charging)
    }

    fn circumstances(&self, wish: &Wish<'_>, now_ms: u64) -> Circumstances {
        let today = Day::of(now_ms);
        let from_ms = now_ms.saturating_sub(MONTH_MS);
        let (mut begun_today, mut month) = (0, Picodollars::ZERO);
        for order in self.orders.since(wish.account, from_ms) {
            let day = Day::of(order.created_ms);
            if order.origin != Origin::Recharge || day.month() != today.month() {
                continue;
            }
            begun_today += usize::from(day == today);
            match order.state {
                OrderState::Failed => {}
                OrderState::Open | OrderState::Paid { .. } => {
                    let paid = order.paid.picodollars().unwrap_or(Picodollars::MAX);
                    month = month.saturating_add(paid);
                }
            }
        }
        Circumstances {
            want: wish.want,
            terms: wish.terms,
            available: self.balance(wish.account).available(),
            begun_today,
            month,
            pause_ms: wish.pause_ms,
        }
    }

    /// Books what a charge came to. Whoever comes first, the answer or an event, credits it.
    pub fn end_recharge(&mut self, charging: &Charging, charge: &Charge, now_ms: u64) -> Recharged {
        let now_ms = self.tick(now_ms);
        let (account, order) = (charging.account, charging.order);
        let is_open = self.recharges.charging(account, order).is_some();
        match charge {
            Charge::Succeeded { intent, amount } => {
                let event = format!("charge-{intent}");
                let paid = OrderPaid {
                    event: &event,
                    order,
                    intent: intent.as_str(),
                    paid: *amount,
                    customer: Some(charging.customer.as_str()),
                };
                match self.pay_order(paid, now_ms) {
                    Ok(Credited::First { order, .. }) => Recharged::Credited(order),
                    Ok(Credited::Again) => Recharged::Before,
                    Err(error) => Recharged::Odd(error),
                }
            }
            Charge::Declined(_) | Charge::NeedsAuthentication { .. } | Charge::Unclear
                if !is_open =>
            {
                Recharged::Before
            }
            Charge::Declined(declined) => {
                self.fail_order(order);
                let code = declined.code.clone();
                let batch = &mut self.batch;
                match self.recharges.declined(account, order, now_ms, batch) {
                    Decline::Later => Recharged::Declined { code },
                    Decline::Stop { declines } => Recharged::Stopped { code, declines },
                }
            }
            Charge::NeedsAuthentication { .. } => {
                self.fail_order(order);
                self.recharges.unconfirmed(account, order, &mut self.batch);
                Recharged::Unconfirmed
            }
            Charge::Unclear => {
                let batch = &mut self.batch;
                let unclear = self.recharges.unclear(account, order, now_ms, batch);
                match unclear {
                    Unclear::GiveUp => self.fail_order(order),
                    Unclear::Ask | Unclear::Tell | Unclear::Wait => {}
                }
                Recharged::Unclear(unclear)
            }
        }
    }

    /// An order was paid: an automatic charge has ended, or its customer was seen.
    pub(super) fn note_paid(&mut self, order: &DepositOrder) {
        match order.origin {
            Origin::Recharge => self
                .recharges
                .paid(order.account, order.id, &mut self.batch),
            Origin::Checkout => self.recharges.seen(order.account, &mut self.batch),
        }
    }

    /// The customer has switched auto-recharge on, or is gone: what stood in its way is forgotten.
    pub fn forget_declines(&mut self, account: AccountId) {
        self.recharges.seen(account, &mut self.batch);
    }

    /// Charges that are under way, of all accounts.
    pub fn charges(&self) -> Vec<Charging> {
        self.recharges.all().cloned().collect()
    }

    /// How an account's auto-recharge stands.
    pub fn recharge_state(&self, account: AccountId) -> RechargeState {
        self.recharges.state(account)
    }

    /// Whether credit of a charge may come within seconds.
    pub(super) fn expects_credit(&self, account: AccountId, now_ms: u64) -> bool {
        let since = self.recharges.charging_since(account);
        since.is_some_and(|since_ms| now_ms < since_ms.saturating_add(SOON_MS))
    }
}

#[cfg(test)]
#[path = "recharging_tests.rs"]
mod tests;
