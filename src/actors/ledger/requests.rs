//! The money of a request, as the ledger's actor moves it: held, extended, settled or given back.

use actix::{Context, Handler};

use super::{Authorise, Extend, Haste, Ledger, Record, Settle, Void, answering};
use crate::actors::clock;
use crate::money::Picodollars;
use crate::store::Settled;

impl Handler<Authorise> for Ledger {
    type Result = ();

    fn handle(&mut self, ask: Authorise, ctx: &mut Context<Self>) {
        // Not answered while the storage is down: the channel closes.
        if self.storage.may_answer().is_ok() {
            self.authorise(ctx, ask);
        }
    }
}

impl Handler<Extend> for Ledger {
    type Result = ();

    fn handle(&mut self, extend: Extend, ctx: &mut Context<Self>) {
        let answer = self.book.extend(extend.ask, clock::now_ms());
        if let Err(refusal) = &answer {
            self.note_lack(extend.account, refusal);
        }
        self.group.push(answering(extend.reply, answer));
        self.publish(extend.account);
        match extend.haste {
            Haste::AtOnce => self.ask_for_commit(ctx),
            Haste::InTime => self.let_commit_come(ctx),
        }
    }
}

impl Handler<Settle> for Ledger {
    type Result = ();

    fn handle(&mut self, settle: Settle, ctx: &mut Context<Self>) {
        let account = settle.record.account;
        let generation = settle.record.id;
        let now_ms = clock::now_ms();
        let before = self.book.balance(account).posted();
        self.book.book_failed(generation, &settle.failed, now_ms);
        let settled = self
            .book
            .settle(*settle.record, now_ms)
            .unwrap_or_else(|not_held| {
                // Every charge follows a hold, and no request both voids and settles: a bug of ours.
                tracing::error!(%generation, %not_held, "an answer was not charged");
                let balance = self.book.balance(account).available();
                Settled {
                    charged: Picodollars::ZERO,
                    overrun: Picodollars::ZERO,
                    balance,
                }
            });
        self.wake(ctx, account);
        self.publish(account);
        self.look_out(account, before);
        let Some(reply) = settle.reply else {
            return self.let_commit_come(ctx);
        };
        self.group.push(answering(reply, settled));
        self.ask_for_commit(ctx);
    }
}

impl Handler<Void> for Ledger {
    type Result = ();

    fn handle(&mut self, void: Void, ctx: &mut Context<Self>) {
        let now_ms = clock::now_ms();
        self.forget_waiting(void.account, void.generation);
        self.book.book_failed(void.generation, &void.failed, now_ms);
        let record = void.record.map(|record| *record);
        self.book.void(void.generation, record, now_ms);
        self.wake(ctx, void.account);
        self.publish(void.account);
        self.ask_for_commit(ctx);
    }
}

impl Handler<Record> for Ledger {
    type Result = ();

    fn handle(&mut self, record: Record, ctx: &mut Context<Self>) {
        let now_ms = clock::now_ms();
        self.book
            .book_failed(record.record.id, &record.failed, now_ms);
        self.book.record(*record.record, now_ms);
        self.let_commit_come(ctx);
    }
}
