//! Requests that wait for the account's own holds, or for a recharge under way: in order, bounded in number and time.

use std::time::Instant;

use actix::{AsyncContext, Context, Handler, Message};
use tokio::sync::oneshot;

use super::{Authorise, Ledger, answering};
use crate::actors::clock;
use crate::ids::{AccountId, GenerationId};
use crate::money::Picodollars;
use crate::store::{Order, Refusal};

/// Requests of one account that wait for its own holds at the most.
const WAITING_PER_ACCOUNT: usize = 2048;

/// An authorise that would succeed if the account's other holds ended.
pub(super) struct Waiting {
    order: Order,
    until: Instant,
    reply: oneshot::Sender<Result<Picodollars, Refusal>>,
}

/// Gives up on waiting requests whose patience has ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct GiveUp(AccountId);

impl Ledger {
    pub(super) fn authorise(&mut self, ctx: &mut Context<Self>, ask: Authorise) {
        let account = ask.order.account;
        let answer = self.book.authorise(&ask.order, clock::now_ms());
        match &answer {
            Ok(_) => {
                self.publish(account);
                self.group.push(answering(ask.reply, answer));
                self.ask_for_commit(ctx);
            }
            Err(refusal) if refusal.is_passing() && self.may_wait(account, &ask) => {
                self.wait(ctx, ask);
            }
            Err(refusal) => {
                self.note_lack(account, refusal);
                answering(ask.reply, answer)();
            }
        }
    }

    fn may_wait(&self, account: AccountId, ask: &Authorise) -> bool {
        !ask.patience.is_zero()
            && self
                .waiting
                .get(&account)
                .is_none_or(|queue| queue.len() < WAITING_PER_ACCOUNT)
    }

    fn wait(&mut self, ctx: &mut Context<Self>, ask: Authorise) {
        let Authorise {
            order,
            patience,
            reply,
        } = ask;
        let account = order.account;
        let waiting = Waiting {
            order,
            until: Instant::now() + patience,
            reply,
        };
        self.waiting.entry(account).or_default().push_back(waiting);
        ctx.notify_later(GiveUp(account), patience);
    }

    /// Lets waiting requests of an account try again, first come first served.
    pub(super) fn wake(&mut self, ctx: &Context<Self>, account: AccountId) {
        let Some(mut queue) = self.waiting.remove(&account) else {
            return;
        };
        while let Some(next) = queue.pop_front() {
            if next.reply.is_closed() {
                continue;
            }
            let answer = self.book.authorise(&next.order, clock::now_ms());
            match answer {
                Err(refusal) if refusal.is_passing() && next.until > Instant::now() => {
                    queue.push_front(next);
                    break;
                }
                Ok(_) | Err(_) => {
                    if let Err(refusal) = &answer {
                        self.note_lack(account, refusal);
                    }
                    self.group.push(answering(next.reply, answer));
                    self.ask_for_commit(ctx);
                }
            }
        }
        if !queue.is_empty() {
            self.waiting.insert(account, queue);
        }
        self.publish(account);
    }

    pub(super) fn forget_waiting(&mut self, account: AccountId, generation: GenerationId) {
        if let Some(queue) = self.waiting.get_mut(&account) {
            queue.retain(|waiting| waiting.order.generation != generation);
            if queue.is_empty() {
                self.waiting.remove(&account);
            }
        }
    }
}

impl Handler<GiveUp> for Ledger {
    type Result = ();

    fn handle(&mut self, give_up: GiveUp, ctx: &mut Context<Self>) {
        self.wake(ctx, give_up.0);
    }
}
