//! After a storage error everybody gets an answer, and nobody a balance.

use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::ids::{GenerationId, KeyId};
use crate::money::Cents;
use crate::store::samples::{record, usd};
use crate::store::{Limits, Order, Origin, SpendLimits};

fn order(account: AccountId) -> Order {
    Order {
        generation: GenerationId::new(),
        account,
        key: KeyId::new(),
        provider: "openai".to_owned(),
        model: "gpt-4.1".to_owned(),
        want: usd("5"),
        least: usd("1"),
        price_version: "2026-01".to_owned(),
        daily_limit: None,
        key_limits: SpendLimits::default(),
        expires_ms: clock::now_ms() + 60_000,
    }
}

/// A ledger with a customer of $5.00 whose next write fails.
fn failing(dir: &std::path::Path) -> (Ledger, AccountId, Arc<StorageHealth>) {
    let account = AccountId::new();
    let db = Db::open(dir).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), 0).unwrap();
    book.grant(account, usd("5"), "first", "test", 0).unwrap();
    db.commit(book.take_batch()).unwrap();
    let db = db.with_failing_sync();
    let health = Arc::new(StorageHealth::default());
    let ledger = Ledger::new(db, book, Arc::default(), Arc::clone(&health), Keep::EVER);
    (ledger, account, health)
}

/// What comes within two seconds; a hang is a failure of the test.
async fn answer<T>(waited: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(2), waited).await.unwrap()
}

#[actix::test]
async fn whoever_waits_for_a_write_that_fails_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, health) = failing(dir.path());
    let ledger = ledger.start();
    let authorise = |patience| {
        let (ask, answered) = Authorise::new(order(account), patience);
        ledger.do_send(ask);
        answered
    };
    let settled = order(account);
    let (reply, settle_answered) = oneshot::channel();
    ledger.do_send(Settle {
        record: Box::new(record(&settled, usd("1"))),
        failed: Vec::new(),
        reply: Some(reply),
    });
    // The second one waits for the hold of the first.
    let (first, second) = futures_util::future::join(
        answer(authorise(Duration::ZERO)),
        answer(authorise(Duration::from_secs(600))),
    )
    .await;
    assert!(first.is_err() && second.is_err());
    assert!(answer(settle_answered).await.is_err());
    answer(health.failed()).await;
}

#[actix::test]
async fn after_a_failure_no_balance_is_answered_and_nothing_is_promised() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, health) = failing(dir.path());
    let ledger = ledger.start();
    let grant = || Grant {
        author: crate::store::Author::ROUTER,
        account,
        amount: usd("1"),
        idempotency_key: "second".to_owned(),
        reason: "test".to_owned(),
    };
    let granted = answer(ledger.send(grant())).await;
    assert!(matches!(granted, Ok(Err(StorageDown::Failed))));
    assert_eq!(health.may_sell(), Err(StorageDown::Failed));

    // The book in memory has the grant, the disk may not: said again, it is not confirmed.
    let again = answer(ledger.send(grant())).await;
    assert!(matches!(again, Ok(Err(StorageDown::Failed))));
    let key = KeyId::new();
    let statement = answer(ledger.send(AskStatement { account, key })).await;
    assert!(matches!(statement, Ok(Err(StorageDown::Failed))));
    let (ask, refused) = Authorise::new(order(account), Duration::ZERO);
    ledger.do_send(ask);
    assert!(answer(refused).await.is_err());
    let found = answer(ledger.send(Find(AccountId::new(), GenerationId::new()))).await;
    assert!(matches!(found, Ok(Err(StorageDown::Failed))));
    let snapshot = answer(ledger.send(TakeSnapshot)).await;
    assert!(matches!(snapshot, Ok(Err(StorageDown::Failed))));
    let drained = answer(ledger.send(Drain)).await;
    assert!(matches!(drained, Ok(Err(StorageDown::Failed))));
}

#[actix::test]
async fn no_order_is_placed_and_no_payment_taken_note_of_that_was_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, _) = failing(dir.path());
    let ledger = ledger.start();
    let place = PlaceOrder {
        account,
        paid: Cents::new(1000),
        origin: Origin::Checkout,
        customer: None,
        request: None,
    };
    let placed = answer(ledger.send(place)).await;
    assert!(matches!(placed, Ok(Err(StorageDown::Failed))));
    let reverse = Reverse {
        author: crate::store::Author::ROUTER,
        event: "evt_1".parse().unwrap(),
        intent: "pi_1".parse().unwrap(),
        back: GoesBack::Refunded(Cents::new(1)),
    };
    let reversed = answer(ledger.send(reverse)).await;
    assert!(matches!(reversed, Ok(Err(StorageDown::Failed))));
}
