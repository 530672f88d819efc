//! Messages that arrive together share a sync; one that comes alone does not wait for others.

use std::time::Duration;

use actix::Arbiter;
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};

use super::*;
use crate::ids::{GenerationId, KeyId};
use crate::money::Picodollars;
use crate::store::samples::{record, usd};
use crate::store::{Extension, Limits, Order, SpendLimits};

fn order(account: AccountId) -> Order {
    Order {
        generation: GenerationId::new(),
        account,
        key: KeyId::new(),
        provider: "openai".to_owned(),
        model: "gpt-4.1".to_owned(),
        want: usd("0.001"),
        least: usd("0.001"),
        price_version: "2026-01".to_owned(),
        daily_limit: None,
        key_limits: SpendLimits::default(),
        expires_ms: clock::now_ms() + 60_000,
    }
}

/// A ledger on a thread of its own, a customer with ten dollars, and what is counted.
fn started(dir: &std::path::Path) -> (actix::Addr<Ledger>, AccountId, Arc<Tally>) {
    let account = AccountId::new();
    let db = Db::open(dir).unwrap();
    let limits = Limits {
        holds_per_account: 10_000,
        ..Limits::default()
    };
    let (mut book, _) = Book::load(&db, limits, 0).unwrap();
    book.grant(account, usd("10"), "first", "test", 0).unwrap();
    db.commit(book.take_batch()).unwrap();
    let ledger = Ledger::new(db, book, Arc::default(), Arc::default(), Keep::EVER);
    let tally = ledger.tally();
    let thread = Arbiter::new().handle();
    (
        Ledger::start_in_arbiter(&thread, |_| ledger),
        account,
        tally,
    )
}

#[actix::test]
async fn messages_that_wait_together_share_their_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, tally) = started(dir.path());
    let orders: Vec<Order> = (0..2000).map(|_| order(account)).collect();
    let authorised = join_all(orders.iter().map(|order| {
        let (ask, answered) = Authorise::new(order.clone(), Duration::ZERO);
        ledger.do_send(ask);
        answered
    }));
    let held = timeout(Duration::from_secs(60), authorised).await.unwrap();
    assert!(held.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    let settled = join_all(orders.iter().map(|order| {
        let (reply, settled) = oneshot::channel();
        ledger.do_send(Settle {
            record: Box::new(record(order, usd("0.001"))),
            failed: Vec::new(),
            reply: Some(reply),
        });
        settled
    }));
    let settled = timeout(Duration::from_secs(60), settled).await.unwrap();
    assert!(
        settled
            .iter()
            .all(|answer| answer.as_ref().is_ok_and(|s| s.charged == usd("0.001")))
    );
    let stats = tally.read();
    assert_eq!(stats.decisions, 4000);
    assert!(stats.commits >= 4000_u64.div_ceil(GROUP as u64));
    assert!(stats.commits < 400, "{stats:?}");
}

#[actix::test]
async fn a_message_alone_waits_for_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, tally) = started(dir.path());
    let started = Instant::now();
    for _ in 0..5 {
        let (ask, answered) = Authorise::new(order(account), Duration::ZERO);
        ledger.do_send(ask);
        answered.await.unwrap().unwrap();
    }
    let waited = started.elapsed();
    assert_eq!(tally.read().batches[0], 5);
    // No timer collects company: five syncs of a busy disk, not five waits.
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

#[actix::test]
async fn records_that_nobody_waits_for_share_a_sync_and_are_there_for_whoever_asks() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, tally) = started(dir.path());
    let orders: Vec<Order> = (0..50).map(|_| order(account)).collect();
    let keep = |order: &Order| {
        ledger.do_send(Record {
            record: Box::new(record(order, Picodollars::ZERO)),
            failed: Vec::new(),
        });
    };
    for order in &orders[1..] {
        keep(order);
        // When this is answered the record was taken in, and a commit that was asked for comes next.
        ledger.send(AskOverview).await.unwrap().unwrap();
    }
    let commits = tally.read().commits;
    assert!(commits < 25, "{commits} commits of 49 records");
    // Whoever asks for one does not wait for the timer, nor miss it.
    keep(&orders[0]);
    let found = ledger.send(Find(account, orders[0].generation)).await;
    assert!(matches!(found, Ok(Ok(Some(_)))), "{found:?}");
}

#[actix::test]
async fn what_is_asked_for_in_time_shares_a_sync_and_comes_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, account, tally) = started(dir.path());
    let order = order(account);
    let (ask, answered) = Authorise::new(order.clone(), Duration::ZERO);
    ledger.do_send(ask);
    answered.await.unwrap().unwrap();
    let commits = tally.read().commits;
    let mut answers = Vec::new();
    for number in 1..=50 {
        let (reply, answered) = oneshot::channel();
        let ask = Extension {
            generation: order.generation,
            number,
            want: usd("0.001"),
            least: usd("0.001"),
        };
        ledger.do_send(Extend {
            account,
            ask,
            haste: Haste::InTime,
            reply,
        });
        answers.push(answered);
        // When this is answered the extension was taken in, and a commit that was asked for comes next.
        ledger.send(AskOverview).await.unwrap().unwrap();
    }
    let answered = timeout(Duration::from_secs(60), join_all(answers)).await;
    let held = answered.unwrap().pop().unwrap().unwrap().unwrap();
    assert_eq!(held, usd("0.051"));
    let commits = tally.read().commits - commits;
    assert!(commits < 25, "{commits} commits of 50 extensions");
}
