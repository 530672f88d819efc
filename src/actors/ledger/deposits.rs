//! Deposits, as the ledger's actor books them: orders before the card processor hears of them, credit
//! and what goes back when it says so.

use actix::{Context, Handler, Message, MessageResult, ResponseFuture};

use super::{Ledger, StorageDown, promised};
use crate::actors::clock;
use crate::billing::{DisputeStage, Paid, StripeId};
use crate::ids::{AccountId, OrderId};
use crate::money::Cents;
use crate::store::{
    Action, Author, Back, Credited, Deed, DepositOrder, NewOrder, OrderError, OrderPaid, Origin,
    PaymentError, Placed, Reversal, Reversed,
};

/// Places an order. Answers when it is durable; only then may the card processor hear of it.
#[derive(Message)]
#[rtype(result = "Result<Result<Placed, OrderError>, StorageDown>")]
pub struct PlaceOrder {
    /// Whose credit it becomes.
    pub account: AccountId,
    /// What is to be paid, fee included.
    pub paid: Cents,
    /// How it comes about.
    pub origin: Origin,
    /// The processor's customer, if there is one already.
    pub customer: Option<StripeId>,
    /// The caller's idempotency key.
    pub request: Option<String>,
}

/// Notes who is to pay an order and what its caller is told. Answers when it is durable.
#[derive(Message)]
#[rtype(result = "Result<(), StorageDown>")]
pub struct AnswerOrder {
    /// The order.
    pub order: OrderId,
    /// The processor's customer.
    pub customer: StripeId,
    /// What its caller is told, and told again under the same key.
    pub answer: String,
}

/// Lets an order be placed again under its key: nobody knows what the processor made of it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ReleaseOrder(pub OrderId);

/// Gives an order up that the processor has refused. Answers when it is durable.
#[derive(Message)]
#[rtype(result = "Result<(), StorageDown>")]
pub struct FailOrder(pub OrderId);

/// Asks for an order.
#[derive(Message)]
#[rtype(result = "Result<Option<DepositOrder>, StorageDown>")]
pub struct FindOrder(pub OrderId);

/// Credits an order that was paid, once. Answers when it is durable.
#[derive(Message)]
#[rtype(result = "Result<Result<Credited, PaymentError>, StorageDown>")]
pub struct PayOrder {
    /// The processor's id of the message that said so.
    pub event: String,
    /// What it said.
    pub paid: Paid,
    /// Who says so.
    pub author: Author,
}

/// Books what goes back of a payment. Answers when it is durable.
#[derive(Message)]
#[rtype(result = "Result<Result<Reversed, PaymentError>, StorageDown>")]
pub struct Reverse {
    /// The processor's id of the message that said so.
    pub event: StripeId,
    /// The payment.
    pub intent: StripeId,
    /// What goes back.
    pub back: GoesBack,
    /// Who says so.
    pub author: Author,
}

/// What goes back of a payment.
#[derive(Clone, Debug)]
pub enum GoesBack {
    /// So much of it was refunded so far.
    Refunded(Cents),
    /// The cardholder disputes it.
    Disputed {
        /// The dispute.
        dispute: StripeId,
        /// How much of the payment.
        amount: Cents,
        /// How far it has come.
        stage: DisputeStage,
    },
}

impl GoesBack {
    fn borrowed(&self) -> Back<'_> {
        match self {
            Self::Refunded(total) => Back::Refunded(*total),
            Self::Disputed {
                dispute,
                amount,
                stage,
            } => Back::Disputed {
                id: dispute.as_str(),
                amount: *amount,
                stage: *stage,
            },
        }
    }
}

impl Reverse {
    /// Its row in the audit log.
    fn deed(&self, account: AccountId) -> Deed {
        let (action, amount) = match self.back {
            GoesBack::Refunded(total) => (Action::Refunded, total),
            GoesBack::Disputed { amount, stage, .. } => match stage {
                DisputeStage::Open | DisputeStage::Lost => (Action::Disputed, amount),
                DisputeStage::Won => (Action::DisputeWon, amount),
            },
        };
        Deed::new(self.author, action, Some(account), clock::now_ms())
            .with("payment", &self.intent)
            .with("amount_usd", amount)
    }
}

/// The row of a credited order in the audit log.
fn credited_deed(order: &DepositOrder, author: Author) -> Deed {
    let action = match order.origin {
        Origin::Checkout => Action::Deposited,
        Origin::Recharge => Action::RechargeCharged,
    };
    Deed::new(author, action, Some(order.account), clock::now_ms())
        .with("order_id", order.id)
        .with("amount_usd", order.paid)
        .with("payment", order.intent().unwrap_or_default())
}

impl Handler<PlaceOrder> for Ledger {
    type Result = ResponseFuture<Result<Result<Placed, OrderError>, StorageDown>>;

    fn handle(&mut self, place: PlaceOrder, ctx: &mut Context<Self>) -> Self::Result {
        let new = NewOrder {
            account: place.account,
            paid: place.paid,
            origin: place.origin,
            customer: place.customer.as_ref().map(StripeId::as_str),
            request: place.request.as_deref(),
        };
        let placed = self.book.place_order(new, clock::now_ms());
        Box::pin(promised(self.when_durable(ctx, placed)))
    }
}

impl Handler<AnswerOrder> for Ledger {
    type Result = ResponseFuture<Result<(), StorageDown>>;

    fn handle(&mut self, answer: AnswerOrder, ctx: &mut Context<Self>) -> Self::Result {
        let customer = answer.customer.as_str();
        self.book
            .answer_order(answer.order, customer, &answer.answer);
        Box::pin(promised(self.when_durable(ctx, ())))
    }
}

impl Handler<ReleaseOrder> for Ledger {
    type Result = ();

    fn handle(&mut self, ReleaseOrder(order): ReleaseOrder, _: &mut Context<Self>) {
        self.book.release_order(order);
    }
}

impl Handler<FailOrder> for Ledger {
    type Result = ResponseFuture<Result<(), StorageDown>>;

    fn handle(&mut self, FailOrder(order): FailOrder, ctx: &mut Context<Self>) -> Self::Result {
        self.book.fail_order(order);
        Box::pin(promised(self.when_durable(ctx, ())))
    }
}

impl Handler<FindOrder> for Ledger {
    type Result = MessageResult<FindOrder>;

    fn handle(&mut self, FindOrder(order): FindOrder, _: &mut Context<Self>) -> Self::Result {
        let may_answer = self.storage.may_answer();
        MessageResult(may_answer.map(|()| self.book.order(order).cloned()))
    }
}

impl Handler<PayOrder> for Ledger {
    type Result = ResponseFuture<Result<Result<Credited, PaymentError>, StorageDown>>;

    fn handle(&mut self, pay: PayOrder, ctx: &mut Context<Self>) -> Self::Result {
        let paid = OrderPaid {
            event: &pay.event,
            order: pay.paid.order,
            intent: pay.paid.intent.as_str(),
            paid: pay.paid.amount,
            customer: pay.paid.customer.as_ref().map(StripeId::as_str),
        };
        let credited = self.book.pay_order(paid, clock::now_ms());
        if let Ok(Credited::First { order, .. }) = &credited {
            self.book.note(&credited_deed(order, pay.author));
            self.wake(ctx, order.account);
            self.publish(order.account);
        }
        Box::pin(promised(self.when_durable(ctx, credited)))
    }
}

impl Handler<Reverse> for Ledger {
    type Result = ResponseFuture<Result<Result<Reversed, PaymentError>, StorageDown>>;

    fn handle(&mut self, reverse: Reverse, ctx: &mut Context<Self>) -> Self::Result {
        let reversal = Reversal {
            event: reverse.event.as_str(),
            intent: reverse.intent.as_str(),
            back: reverse.back.borrowed(),
        };
        let reversed = self.book.reverse(reversal, clock::now_ms());
        if let Ok(Reversed::Booked(account)) = &reversed {
            self.book.note(&reverse.deed(*account));
            self.wake(ctx, *account);
            self.publish(*account);
        }
        Box::pin(promised(self.when_durable(ctx, reversed)))
    }
}
