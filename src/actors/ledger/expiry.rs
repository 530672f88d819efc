//! Holds past their deadline go back, whoever waits for them is woken, and what accounts can spend is
//! published anew.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler, Message};

use super::{Ledger, clock};

/// How often holds past their deadline are looked for.
pub(super) const PERIOD: Duration = Duration::from_secs(5);

/// Looks once.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Expire;

impl Handler<Expire> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Expire, ctx: &mut Context<Self>) {
        for released in self.book.expire(clock::now_ms()) {
            self.wake(ctx, released.account);
            self.publish(released.account);
        }
        // Nobody's decision, so it is not counted as one.
        self.commit();
        ctx.notify_later(Expire, PERIOD);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix::Actor;

    use super::*;
    use crate::actors::funds::Purses;
    use crate::actors::ledger::Authorise;
    use crate::ids::{AccountId, GenerationId, KeyId};
    use crate::store::samples::usd;
    use crate::store::{Book, Db, Limits, Order};

    #[actix::test]
    async fn what_an_expired_hold_gives_back_can_be_spent_at_once() {
        let (dir, account) = (tempfile::tempdir().unwrap(), AccountId::new());
        let db = Db::open(dir.path()).unwrap();
        let (mut book, _) = Book::load(&db, Limits::default(), 0).unwrap();
        book.grant(account, usd("1"), "first", "test", 0).unwrap();
        db.commit(book.take_batch()).unwrap();
        let purses = Arc::new(Purses::default());
        let ledger = Ledger::new(
            db,
            book,
            Arc::clone(&purses),
            Arc::default(),
            crate::actors::ledger::Keep::EVER,
        );
        let tally = ledger.tally();
        let ledger = ledger.start();
        let order = Order {
            generation: GenerationId::new(),
            account,
            key: KeyId::new(),
            provider: "openai".to_owned(),
            model: "gpt-4.1".to_owned(),
            want: usd("1"),
            least: usd("1"),
            price_version: "2026-01".to_owned(),
            daily_limit: None,
            key_limits: crate::store::SpendLimits::default(),
            // Behind the clock as soon as it is held.
            expires_ms: 0,
        };
        let (ask, held) = Authorise::new(order, Duration::ZERO);
        ledger.do_send(ask);
        held.await.unwrap().unwrap();
        ledger.send(Expire).await.unwrap();
        assert_eq!(purses.of(account).available(), usd("1"));
        let stats = tally.read();
        assert_eq!((stats.orphan.count, stats.decisions), (1, 1));
    }
}
