//! Ordering a deposit: the order first, then the card processor, and credit when it says so.

use super::Book;
use super::deposit_order::{DepositOrder, OrderState, Origin};
use super::fingerprint::Fingerprint;
use super::idempotency::{Begun, KeyError, Outcome, Scope};
use super::payment::{Deposit, Deposited, PaymentError};
use crate::ids::{AccountId, OrderId};
use crate::money::Cents;
use crate::store::key;

/// The span in which orders are counted.
const DAY_MS: u64 = 24 * 3600 * 1000;
/// How long a caller's key is remembered: as long as the processor remembers ours.
const KEEP_MS: u64 = DAY_MS;

/// What is ordered.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder<'a> {
    /// Whose credit it becomes.
    pub account: AccountId,
    /// What is to be paid, fee included.
    pub paid: Cents,
    /// How it comes about.
    pub origin: Origin,
    /// The processor's customer, if there is one already.
    pub customer: Option<&'a str>,
    /// The caller's idempotency key.
    pub request: Option<&'a str>,
}

/// What became of an order that was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// Ask the processor for it. Said again after a crash or an unclear answer, it is the same order,
    /// and the processor is to be asked with the same key.
    Order(DepositOrder),
    /// It was done: answer this.
    Done(String),
}

/// Why nothing was ordered. The caller's to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The idempotency key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The account has ordered too often.
    #[error("too many deposits were ordered within a day; pay one of them, or wait")]
    TooMany {
        /// When one more may be ordered, in milliseconds since 1970.
        again_ms: u64,
    },
}

/// What the processor says about the payment of an order.
#[derive(Clone, Copy, Debug)]
pub struct OrderPaid<'a> {
    /// The processor's id of the message.
    pub event: &'a str,
    /// The order.
    pub order: OrderId,
    /// The processor's id of the payment.
    pub intent: &'a str,
    /// What was paid.
    pub paid: Cents,
    /// Who paid.
    pub customer: Option<&'a str>,
}

/// What a payment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credited {
    /// The order was open: it is credit now.
    First {
        /// The order, paid.
        order: DepositOrder,
        /// What it came to.
        deposited: Deposited,
    },
    /// It was credited before.
    Again,
}

impl Book {
    /// Places an order. Durable with the next commit; the processor must not hear of it before that.
    pub fn place_order(&mut self, new: NewOrder<'_>, now_ms: u64) -> Result<Placed, OrderError> {
        let now_ms = self.tick(now_ms);
        if let Some(key) = new.request {
            let print = Fingerprint::of(&[b"checkout", &new.paid.get().to_be_bytes()]);
            let scope = Scope::Route(new.account);
            if !self.memory.has(&scope, key) {
                self.check_pace(&new, now_ms)?;
            }
            match self.begin(scope, key, print, KEEP_MS, now_ms)? {
                Begun::Done(Outcome::Answer(answer)) => return Ok(Placed::Done(answer)),
                Begun::Done(Outcome::Balance(_)) => return Err(KeyError::Conflict.into()),
                Begun::Again => {
                    let from_ms = now_ms.saturating_sub(2 * KEEP_MS);
                    let mut before = self.orders.since(new.account, from_ms);
                    let same = |order: &&DepositOrder| order.request.as_deref() == Some(key);
                    if let Some(order) = before.find(same) {
                        return Ok(Placed::Order(order.clone()));
                    }
                }
                Begun::First => {}
            }
        } else {
            self.check_pace(&new, now_ms)?;
        }
        let order = DepositOrder {
            id: OrderId::new_at(now_ms),
            account: new.account,
            paid: new.paid,
            origin: new.origin,
            customer: new.customer.map(str::to_owned),
            request: new.request.map(str::to_owned),
            created_ms: now_ms,
            state: OrderState::Open,
        };
        self.keep_order(order.clone());
        Ok(Placed::Order(order))
    }

    /// Refuses customers who order without end. The automatic recharge has a pace of its own.
    fn check_pace(&self, new: &NewOrder<'_>, now_ms: u64) -> Result<(), OrderError> {
        match new.origin {
            Origin::Recharge => return Ok(()),
            Origin::Checkout => {}
        }
        let from_ms = now_ms.saturating_sub(DAY_MS);
        let most = self.limits.orders_per_day;
        let recent = self.orders.since(new.account, from_ms);
        let mut counted = recent.filter(|order| order.origin == Origin::Checkout);
        // The newest of so many: when the last of them is a day old, there is room again.
        match counted.nth(most.saturating_sub(1)) {
            None => Ok(()),
            Some(oldest) => Err(OrderError::TooMany {
                again_ms: oldest.created_ms.saturating_add(DAY_MS),
            }),
        }
    }

    /// Notes who is to pay an order, and what its caller was told.
    pub fn answer_order(&mut self, id: OrderId, customer: &str, answer: &str) {
        let Some(mut order) = self.orders.get(id).cloned() else {
            return;
        };
        order.customer = Some(customer.to_owned());
        if let Some(key) = &order.request {
            let scope = Scope::Route(order.account);
            self.finish(&scope, key, Outcome::Answer(answer.to_owned()));
        }
        self.keep_order(order);
    }

    /// Lets the order be placed again under its key: nobody knows what the processor made of it.
    pub fn release_order(&mut self, id: OrderId) {
        if let Some(order) = self.orders.get(id)
            && let Some(key) = &order.request
        {
            self.memory.release(&Scope::Route(order.account), key);
        }
    }

    /// Gives an order up that the processor has refused. Its key is free for another one.
    pub fn fail_order(&mut self, id: OrderId) {
        let Some(mut order) = self.orders.get(id).cloned() else {
            return;
        };
        match order.state {
            OrderState::Paid { .. } | OrderState::Failed => return,
            OrderState::Open => order.state = OrderState::Failed,
        }
        if let Some(key) = &order.request {
            let scope = Scope::Route(order.account);
            self.memory.remove(&scope, key, &mut self.batch);
        }
        self.keep_order(order);
    }

    /// An order.
    pub fn order(&self, id: OrderId) -> Option<&DepositOrder> {
        self.orders.get(id)
    }

    /// Credits an order that was paid, once, when amount, customer and payment are the order's.
    pub fn pay_order(
        &mut self,
        paid: OrderPaid<'_>,
        now_ms: u64,
    ) -> Result<Credited, PaymentError> {
        let order = self.orders.get(paid.order);
        let mut order = order.cloned().ok_or(PaymentError::NoOrder)?;
        if order.paid != paid.paid {
            return Err(PaymentError::OtherAmount);
        }
        if order.customer.is_none() || order.customer.as_deref() != paid.customer {
            return Err(PaymentError::OtherCustomer);
        }
        let was_open = match &order.state {
            OrderState::Paid { intent, .. } if intent != paid.intent => {
                return Err(PaymentError::PaidTwice);
            }
            OrderState::Paid { .. } => false,
            OrderState::Open | OrderState::Failed => true,
        };
        let deposit = Deposit {
            account: order.account,
            order: order.id,
            event: paid.event,
            intent: paid.intent,
            paid: paid.paid,
            actor: order.origin.as_str(),
        };
        let deposited = self.deposit(deposit, now_ms)?;
        if !was_open {
            return Ok(Credited::Again);
        }
        order.state = OrderState::Paid {
            intent: paid.intent.to_owned(),
            at_ms: self.time(now_ms),
        };
        self.keep_order(order.clone());
        self.note_paid(&order);
        Ok(Credited::First { order, deposited })
    }

    fn keep_order(&mut self, order: DepositOrder) {
        self.batch.put(key::order(order.account, order.id), &order);
        self.orders.insert(order);
    }
}
