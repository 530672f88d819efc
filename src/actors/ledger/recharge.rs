//! Automatic recharge, as the ledger's actor sees it: notices that credit runs low, keeps charges before
//! they are made, and books what they come to.

use actix::{Context, Handler, Message, MessageResult, Recipient, ResponseFuture};

use super::{Ledger, StorageDown, promised};
use crate::actors::clock;
use crate::billing::{Charge, StripeId};
use crate::ids::AccountId;
use crate::money::Picodollars;
use crate::store::{
    Action, Author, AutoRecharge, Charging, Deed, NotNow, RechargeState, Recharged, Refusal,
    Unclear, Want, Wish,
};

/// Says that an account's credit runs low. The ledger does not wait for what is made of it.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct LowCredit {
    /// Whose.
    pub account: AccountId,
    /// How low.
    pub signal: Signal,
}

/// How low an account's credit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The balance has just fallen below the threshold.
    Crossed,
    /// Less than the threshold can be spent.
    Below,
    /// A request was refused for lack of credit.
    Lack,
}

impl Signal {
    /// Why a charge is wanted then.
    pub fn want(self) -> Want {
        match self {
            Self::Crossed | Self::Below => Want::Threshold,
            Self::Lack => Want::Lack,
        }
    }
}

/// Names who is to hear when credit runs low.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Watch(pub Recipient<LowCredit>);

/// Begins to charge a saved card, if that may be. Answers when it is durable; only then may the card
/// processor hear of it.
#[derive(Message)]
#[rtype(result = "Result<Result<Charging, NotNow>, StorageDown>")]
pub struct BeginRecharge {
    /// Whose card.
    pub account: AccountId,
    /// Why.
    pub want: Want,
    /// What the customer has set.
    pub terms: AutoRecharge,
    /// The card processor's customer.
    pub customer: StripeId,
    /// The card.
    pub method: StripeId,
    /// How long a card is left alone after a decline, in milliseconds.
    pub pause_ms: u64,
}

/// Books what a charge came to. Answers when it is durable.
#[derive(Message)]
#[rtype(result = "Result<Recharged, StorageDown>")]
pub struct EndRecharge {
    /// The charge.
    pub charging: Charging,
    /// What became of it.
    pub charge: Charge,
}

/// Asks for the charges that are under way.
#[derive(Message)]
#[rtype(result = "Vec<Charging>")]
pub struct ListCharges;

/// Asks how an account's auto-recharge stands.
#[derive(Message)]
#[rtype(result = "RechargeState")]
pub struct AskRecharge(pub AccountId);

/// Forgets what stood in the way of an account's auto-recharge: its owner has switched it on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ForgetDeclines(pub AccountId);

impl Ledger {
    /// Says that credit runs low, if it does after a charge; `before` is the balance before it.
    pub(super) fn look_out(&self, account: AccountId, before: Picodollars) {
        let Some(watcher) = &self.watcher else {
            return;
        };
        let purse = self.purses.of(account);
        let (balance, alarm) = (self.book.balance(account), purse.alarm());
        let signal = if before >= alarm && balance.posted() < alarm {
            purse.call();
            Signal::Crossed
        } else if purse.is_recharged() && balance.available() < alarm && purse.call() {
            Signal::Below
        } else {
            return;
        };
        watcher.do_send(LowCredit { account, signal });
    }

    /// Says that credit is lacking, if that is why a request was refused.
    pub(super) fn note_lack(&self, account: AccountId, refusal: &Refusal) {
        let (Refusal::Insufficient { .. }, Some(watcher)) = (refusal, &self.watcher) else {
            return;
        };
        let purse = self.purses.of(account);
        if purse.is_recharged() && purse.call() {
            let signal = Signal::Lack;
            watcher.do_send(LowCredit { account, signal });
        }
    }

    fn begin_recharge(&mut self, begin: &BeginRecharge) -> Result<Charging, NotNow> {
        let now_ms = clock::now_ms();
        let wish = Wish {
            account: begin.account,
            want: begin.want,
            terms: begin.terms,
            customer: &begin.customer,
            method: &begin.method,
            pause_ms: begin.pause_ms,
        };
        let charging = self.book.begin_recharge(wish, now_ms)?;
        self.book.note(&deed(&charging, Action::RechargeStarted));
        Ok(charging)
    }

    fn end_recharge(&mut self, end: &EndRecharge) -> Recharged {
        let charging = &end.charging;
        let ended = self
            .book
            .end_recharge(charging, &end.charge, clock::now_ms());
        let deed = match &ended {
            Recharged::Credited(order) => deed(charging, Action::RechargeCharged)
                .with("payment", order.intent().unwrap_or_default()),
            Recharged::Declined { code } | Recharged::Stopped { code, .. } => {
                deed(charging, Action::RechargeDeclined).with("code", code)
            }
            Recharged::Unconfirmed => deed(charging, Action::RechargeUnconfirmed),
            Recharged::Unclear(Unclear::Tell) => deed(charging, Action::RechargeUnclear),
            Recharged::Unclear(Unclear::Ask | Unclear::Wait | Unclear::GiveUp)
            | Recharged::Before
            | Recharged::Odd(_) => return ended,
        };
        self.book.note(&deed);
        ended
    }
}

/// A charge's row in the audit log. It is written in the commit of what it tells of.
fn deed(charging: &Charging, action: Action) -> Deed {
    let (account, now_ms) = (Some(charging.account), clock::now_ms());
    Deed::new(Author::ROUTER, action, account, now_ms)
        .with("order_id", charging.order)
        .with("amount_usd", charging.amount)
}

impl Handler<Watch> for Ledger {
    type Result = ();

    fn handle(&mut self, Watch(watcher): Watch, _: &mut Context<Self>) {
        self.watcher = Some(watcher);
    }
}

impl Handler<BeginRecharge> for Ledger {
    type Result = ResponseFuture<Result<Result<Charging, NotNow>, StorageDown>>;

    fn handle(&mut self, begin: BeginRecharge, ctx: &mut Context<Self>) -> Self::Result {
        let begun = self.begin_recharge(&begin);
        Box::pin(promised(self.when_durable(ctx, begun)))
    }
}

impl Handler<EndRecharge> for Ledger {
    type Result = ResponseFuture<Result<Recharged, StorageDown>>;

    fn handle(&mut self, end: EndRecharge, ctx: &mut Context<Self>) -> Self::Result {
        let account = end.charging.account;
        let ended = self.end_recharge(&end);
        self.wake(ctx, account);
        self.publish(account);
        Box::pin(promised(self.when_durable(ctx, ended)))
    }
}

impl Handler<ListCharges> for Ledger {
    type Result = MessageResult<ListCharges>;

    fn handle(&mut self, _: ListCharges, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.book.charges())
    }
}

impl Handler<AskRecharge> for Ledger {
    type Result = MessageResult<AskRecharge>;

    fn handle(&mut self, AskRecharge(account): AskRecharge, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.book.recharge_state(account))
    }
}

impl Handler<ForgetDeclines> for Ledger {
    type Result = ();

    fn handle(&mut self, ForgetDeclines(account): ForgetDeclines, ctx: &mut Context<Self>) {
        self.book.forget_declines(account);
        self.ask_for_commit(ctx);
        self.look_out(account, Picodollars::ZERO);
    }
}
