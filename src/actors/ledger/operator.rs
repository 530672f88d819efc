//! What the operator does to balances, grants and corrections, and the audit log of what is done there
//! and elsewhere.

use actix::{Context, Handler, ResponseFuture};

use super::{Adjust, Grant, Ledger, Note, StorageDown, promised};
use crate::actors::clock;
use crate::money::Picodollars;
use crate::store::{Action, Book, CreditError, Deed};

impl Ledger {
    /// Does something to the book and writes a row of the audit log in the same commit. What posts
    /// nothing is not noted: it was refused, or done before.
    fn noted<T>(&mut self, deed: &Deed, act: impl FnOnce(&mut Book) -> T) -> T {
        let before = self.book.transfers();
        let done = act(&mut self.book);
        if self.book.transfers() > before {
            self.book.note(deed);
        }
        done
    }
}

impl Handler<Grant> for Ledger {
    type Result = ResponseFuture<Result<Result<Picodollars, CreditError>, StorageDown>>;

    fn handle(&mut self, grant: Grant, ctx: &mut Context<Self>) -> Self::Result {
        let (account, amount, now_ms) = (grant.account, grant.amount, clock::now_ms());
        let deed = Deed::new(grant.author, Action::CreditGranted, Some(account), now_ms)
            .with("amount_usd", amount)
            .with("reason", &grant.reason);
        let granted = self.noted(&deed, |book| {
            book.grant(
                account,
                amount,
                &grant.idempotency_key,
                &grant.reason,
                now_ms,
            )
        });
        self.wake(ctx, account);
        self.publish(account);
        let answered = self.when_durable(ctx, granted);
        Box::pin(promised(answered))
    }
}

impl Handler<Adjust> for Ledger {
    type Result = ResponseFuture<Result<Result<Picodollars, CreditError>, StorageDown>>;

    fn handle(&mut self, adjust: Adjust, ctx: &mut Context<Self>) -> Self::Result {
        let (account, amount, now_ms) = (adjust.account, adjust.amount, clock::now_ms());
        let deed = Deed::new(adjust.author, adjust.action, Some(account), now_ms)
            .with("amount_usd", amount)
            .with("reason", &adjust.reason);
        let adjusted = self.noted(&deed, |book| {
            book.adjust(
                account,
                amount,
                &adjust.idempotency_key,
                &adjust.reason,
                now_ms,
            )
        });
        self.wake(ctx, account);
        self.publish(account);
        let answered = self.when_durable(ctx, adjusted);
        Box::pin(promised(answered))
    }
}

impl Handler<Note> for Ledger {
    type Result = ();

    fn handle(&mut self, Note(deed): Note, ctx: &mut Context<Self>) {
        self.book.note(&deed);
        self.ask_for_commit(ctx);
    }
}
