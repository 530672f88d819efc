//! The recharge actor: hears that credit runs low, has saved cards charged, and sees each charge through
//! to its end, across restarts.
//!
//! The rules are the book's. The charge itself is made by a task, one for each account, a bounded number
//! at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, ContextFutureSpawner, Handler, WrapFuture,
};
use tokio::sync::Semaphore;

use super::accounts::{
    Accounts, SendReceipt, ShowTerms, StopRecharge, TellLowBalance, TellOfCharge,
};
use super::clock;
use super::funds::Purses;
use super::ledger::{BeginRecharge, EndRecharge, Ledger, ListCharges, LowCredit, Signal, Watch};
use super::storage::StorageDown;
use super::stripe::Stripe;
use crate::billing::{Charge, OffSession};
use crate::config::{self, Deposits};
use crate::ids::AccountId;
use crate::mail::Notice;
use crate::store::{Charging, NotNow, Recharged, Unclear, Want};

/// Charges that are made at one time.
const AT_ONCE: usize = 8;
/// How often the pause before asking again doubles at the most.
const MOST_DOUBLINGS: u32 = 7;

/// Guards which accounts are seen to.
pub struct Recharger {
    hands: Hands,
    busy: HashMap<AccountId, Signal>,
}

/// What a task works with.
#[derive(Clone)]
struct Hands {
    stripe: Option<Arc<Stripe>>,
    ledger: Addr<Ledger>,
    accounts: Addr<Accounts>,
    purses: Arc<Purses>,
    places: Arc<Semaphore>,
    ask_again: Duration,
    pause_ms: u64,
}

/// What is to be done for an account.
enum Job {
    /// Charge its card, if that may be.
    Begin(Want),
    /// Ask again what became of a charge.
    Ask { charging: Charging, times: u32 },
}

/// What remains to be done.
enum Next {
    /// Credit has come, or its owner was told why not.
    Done,
    /// No card was charged.
    Nothing,
    /// Ask again, later.
    Later { charging: Charging, times: u32 },
}

impl Recharger {
    /// An actor that charges cards with this processor, if there is one.
    pub fn new(
        stripe: Option<Arc<Stripe>>,
        ledger: Addr<Ledger>,
        accounts: Addr<Accounts>,
        purses: Arc<Purses>,
        settings: &Deposits,
    ) -> Self {
        Self {
            hands: Hands {
                stripe,
                ledger,
                accounts,
                purses,
                places: Arc::new(Semaphore::new(AT_ONCE)),
                ask_again: config::ms(settings.recharge_ask_again_ms),
                pause_ms: settings.recharge_decline_pause_ms,
            },
            busy: HashMap::new(),
        }
    }

    /// Has a task of its own do the job, so that a panic in it ends nothing else.
    fn send_out(&self, account: AccountId, job: Job, ctx: &mut Context<Self>) {
        let hands = self.hands.clone();
        let task = actix::spawn(async move { hands.work(account, job).await });
        async move { task.await.unwrap_or(Next::Done) }
            .into_actor(self)
            .map(move |next, recharger, ctx| recharger.finish(account, next, ctx))
            .spawn(ctx);
    }

    fn finish(&mut self, account: AccountId, next: Next, ctx: &mut Context<Self>) {
        let signal = match next {
            Next::Later { charging, times } => {
                let pause = self.hands.ask_again * (1 << times.min(MOST_DOUBLINGS));
                ctx.run_later(pause, move |recharger, ctx| {
                    let times = times.saturating_add(1);
                    recharger.send_out(account, Job::Ask { charging, times }, ctx);
                });
                return;
            }
            Next::Done => None,
            Next::Nothing => self.busy.get(&account).copied(),
        };
        match signal {
            Some(Signal::Crossed) => self.hands.accounts.do_send(TellLowBalance(account)),
            Some(Signal::Below | Signal::Lack) | None => {}
        }
        self.busy.remove(&account);
        self.hands.purses.of(account).answer();
    }

    fn resume(&mut self, charges: Vec<Charging>, ctx: &mut Context<Self>) {
        for charging in charges {
            let (account, times) = (charging.account, 0);
            tracing::info!(%account, order = %charging.order, "a charge was under way when the router last ended");
            self.busy.insert(account, Signal::Below);
            self.send_out(account, Job::Ask { charging, times }, ctx);
        }
    }
}

impl Hands {
    async fn work(&self, account: AccountId, job: Job) -> Next {
        let done = match job {
            Job::Begin(want) => self.begin(account, want).await,
            Job::Ask { charging, times } => self.ask(charging, times).await,
        };
        // Whoever finds the storage down says so, and the process ends.
        done.unwrap_or(Next::Done)
    }

    async fn begin(&self, account: AccountId, want: Want) -> Result<Next, StorageDown> {
        let terms = self.accounts.send(ShowTerms(account)).await;
        let (Some(terms), Some(_)) = (terms.ok().flatten(), &self.stripe) else {
            return Ok(Next::Nothing);
        };
        let begin = BeginRecharge {
            account,
            want,
            terms: terms.auto,
            customer: terms.customer,
            method: terms.method,
            pause_ms: self.pause_ms,
        };
        match answer(self.ledger.send(begin).await)? {
            Ok(charging) => self.ask(charging, 0).await,
            Err(NotNow::Stopped) => {
                // A crash kept the settings from hearing of it.
                let stop = StopRecharge {
                    account,
                    declines: 3,
                };
                answer(self.accounts.send(stop).await)?;
                Ok(Next::Nothing)
            }
            Err(reason) => {
                tracing::debug!(%account, %reason, "no card is charged");
                Ok(Next::Nothing)
            }
        }
    }

    /// Asks for a charge, the first time or again, and books what it came to.
    async fn ask(&self, charging: Charging, times: u32) -> Result<Next, StorageDown> {
        let charge = self.charge(&charging).await;
        let (account, order) = (charging.account, charging.order);
        let end = EndRecharge {
            charging: charging.clone(),
            charge,
        };
        let tell = |notice| self.accounts.do_send(TellOfCharge { account, notice });
        let amount = charging.amount.to_string();
        match answer(self.ledger.send(end).await)? {
            Recharged::Credited(order) => {
                tracing::info!(%account, order = %order.id, amount_usd = %order.paid, "a saved card was charged");
                self.accounts.do_send(SendReceipt(order));
            }
            Recharged::Before => {}
            Recharged::Declined { code } => {
                tracing::info!(%account, %order, code, "a saved card was declined");
                return Ok(Next::Nothing);
            }
            Recharged::Stopped { code, declines } => {
                tracing::warn!(%account, %order, code, declines, "auto-recharge is switched off");
                answer(self.accounts.send(StopRecharge { account, declines }).await)?;
            }
            Recharged::Unconfirmed => tell(Notice::RechargeUnconfirmed { amount }),
            Recharged::Unclear(unclear) => {
                match unclear {
                    Unclear::Ask | Unclear::Wait => {}
                    Unclear::Tell => {
                        tracing::error!(%account, %order, "nobody knows what became of a charge; compare with the processor");
                        tell(Notice::RechargeUnclear { amount });
                    }
                    Unclear::GiveUp => {
                        tracing::error!(%account, %order, "the processor never said what became of a charge; compare with it");
                        return Ok(Next::Nothing);
                    }
                }
                return Ok(Next::Later { charging, times });
            }
            Recharged::Odd(error) => {
                tracing::error!(%account, %order, %error, "a charge was not credited");
                return Ok(Next::Later { charging, times });
            }
        }
        Ok(Next::Done)
    }

    async fn charge(&self, charging: &Charging) -> Charge {
        let (Some(stripe), true) = (&self.stripe, charging.may_be_asked(clock::now_ms())) else {
            return Charge::Unclear;
        };
        // It is never closed.
        let _place = self.places.acquire().await;
        let charge = OffSession {
            order: charging.order,
            account: charging.account,
            customer: &charging.customer,
            method: &charging.method,
            amount: charging.amount,
        };
        stripe.charge(&charge).await
    }
}

/// What an actor that guards storage answered. Without a mailbox the process is ending.
fn answer<T, E>(sent: Result<Result<T, StorageDown>, E>) -> Result<T, StorageDown> {
    sent.unwrap_or(Err(StorageDown::Failed))
}

impl Actor for Recharger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let ledger = self.hands.ledger.clone();
        ledger.do_send(Watch(ctx.address().recipient()));
        async move { ledger.send(ListCharges).await.unwrap_or_default() }
            .into_actor(self)
            .map(|charges, recharger, ctx| recharger.resume(charges, ctx))
            .wait(ctx);
    }
}

impl Handler<LowCredit> for Recharger {
    type Result = ();

    fn handle(&mut self, low: LowCredit, ctx: &mut Context<Self>) {
        match self.busy.entry(low.account) {
            Entry::Occupied(mut busy) => {
                if low.signal == Signal::Crossed {
                    busy.insert(low.signal);
                }
            }
            Entry::Vacant(idle) => {
                idle.insert(low.signal);
                self.send_out(low.account, Job::Begin(low.signal.want()), ctx);
            }
        }
    }
}
