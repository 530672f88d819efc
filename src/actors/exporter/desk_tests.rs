use super::*;
use crate::actors::exporter::outbox::{BATCH_BYTES, MOST_BYTES};
use crate::ids::RequestId;
use crate::otlp::{Again, Endpoint, Headers, Protocol, Reach};
use crate::spans::{Asked, Content, Context, Operation, Outcome, TraceState};

const FLUSH: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_secs(30);

fn desk() -> Desk {
    Desk::new(Terms {
        flush: FLUSH,
        rest: REST,
        longest_rest: REST * 3,
    })
}

fn target() -> Target {
    Target {
        endpoint: Endpoint::parse("https://a.example", Reach::Public).unwrap(),
        protocol: Protocol::HttpProtobuf,
        headers: Headers::default(),
    }
}

fn record(bytes: usize) -> Arc<RequestSpan> {
    Arc::new(RequestSpan {
        context: Context::read(None, 1, 1),
        trace_state: TraceState::default(),
        operation: Operation::Chat,
        started_ns: 0,
        ended_ns: 0,
        account: AccountId::new(),
        key_name: String::new(),
        request: RequestId::new(),
        generation: None,
        asked: Asked::default(),
        tier: None,
        prefer: "",
        auto: None,
        served: None,
        attempts: Vec::new(),
        usage: None,
        cost: None,
        finish_reason: None,
        first_chunk: None,
        overhead: None,
        warnings: Vec::new(),
        outcome: Outcome::Ok,
        content: Some(Content {
            input: "x".repeat(bytes),
            ..Content::default()
        }),
    })
}

/// The batch that may go now, if there is one.
fn next(desk: &mut Desk, now: Instant) -> Option<Parcel> {
    let mut due = desk.due(now);
    assert!(due.len() <= 1);
    due.pop()
}

fn taken() -> Result<Delivered, Failure> {
    Ok(Delivered {
        status: 200,
        rejected: 0,
        message: String::new(),
    })
}

fn refused() -> Result<Delivered, Failure> {
    Err(Failure {
        status: Some(401),
        message: "no".to_owned(),
        again: Again::Never,
    })
}

fn account(desk: &mut Desk) -> Owner {
    let owner = Owner::Account(AccountId::new());
    desk.aim(owner, Some(Ok(target())));
    owner
}

#[test]
fn a_request_waits_for_others_but_not_for_long() {
    let (mut desk, now) = (desk(), Instant::now());
    let owner = account(&mut desk);
    desk.take(owner, record(1), now);
    desk.take(owner, record(1), now + FLUSH / 2);
    assert!(next(&mut desk, now + FLUSH / 2).is_none());
    let parcel = next(&mut desk, now + FLUSH).unwrap();
    assert_eq!(parcel.spans(), 2);
    assert!(
        next(&mut desk, now + FLUSH).is_none(),
        "nothing is sent twice"
    );
    for _ in 0..256 {
        assert!(
            !desk.take(owner, record(1), now + FLUSH).1,
            "one is under way"
        );
    }
    assert!(next(&mut desk, now + FLUSH).is_none(), "one at a time");
    assert!(
        desk.ended(owner, parcel.mark, &taken(), now, 7),
        "the next one waits"
    );
    assert_eq!(next(&mut desk, now + FLUSH).unwrap().spans(), 256);
    let health = desk.health(owner, now, 7).unwrap();
    assert_eq!((health.exported, health.taken_ms), (2, Some(7)));
}

#[test]
fn a_target_that_is_slow_or_refuses_keeps_nobody_else_waiting() {
    let (mut desk, now) = (desk(), Instant::now());
    let (slow, dead, well) = (account(&mut desk), account(&mut desk), account(&mut desk));
    for owner in [slow, dead, well] {
        desk.take(owner, record(1), now);
    }
    let later = now + FLUSH;
    let parcels: Vec<_> = desk.due(later);
    assert_eq!(parcels.len(), 3);
    for parcel in &parcels {
        if parcel.owner == dead {
            desk.ended(dead, parcel.mark, &refused(), later, 0);
        } else if parcel.owner == well {
            desk.ended(well, parcel.mark, &taken(), later, 0);
        }
    }
    for owner in [slow, dead, well] {
        desk.take(owner, record(1), later);
    }
    let owners: Vec<_> = desk
        .due(later + FLUSH)
        .into_iter()
        .map(|parcel| parcel.owner)
        .collect();
    assert_eq!(owners, [well]);
    assert_eq!(desk.health(dead, later, 0).unwrap().state, State::Resting);
    assert_eq!(desk.states(later).map(|(_, count)| count), [2, 1, 0]);
}

#[test]
fn rests_grow_to_their_bound_and_end_with_a_success() {
    let (mut desk, mut now) = (desk(), Instant::now());
    let owner = account(&mut desk);
    for rest in [REST, REST * 2, REST * 3, REST * 3] {
        desk.take(owner, record(1), now);
        now += FLUSH;
        let parcel = next(&mut desk, now).unwrap();
        desk.ended(owner, parcel.mark, &refused(), now, 0);
        desk.take(owner, record(1), now);
        let early = now + rest - Duration::from_millis(1);
        assert!(next(&mut desk, early).is_none());
        let health = desk.health(owner, now, 1_000).unwrap();
        let until = 1_000 + u64::try_from(rest.as_millis()).unwrap();
        assert_eq!(health.rests_until_ms, Some(until));
        assert_eq!(health.error.as_deref(), Some("no"));
        now += rest;
    }
    let parcel = next(&mut desk, now).unwrap();
    desk.ended(owner, parcel.mark, &taken(), now, 0);
    let health = desk.health(owner, now, 0).unwrap();
    assert_eq!((health.state, health.error), (State::Flowing, None));
    assert_eq!(health.dropped, 1 + 2 + 2 + 2);
}

#[test]
fn the_oldest_go_for_want_of_room() {
    let (mut desk, now) = (desk(), Instant::now());
    let owner = account(&mut desk);
    let piece = 100 << 10;
    let fits = MOST_BYTES / (piece + 1024);
    let mut dropped = 0;
    for _ in 0..fits + 10 {
        dropped += desk.take(owner, record(piece), now).0;
    }
    assert_eq!(dropped, 10);
    let parcel = next(&mut desk, now).unwrap();
    assert!(parcel.spans() <= (BATCH_BYTES / piece) as u64);
    // What is on its way takes its room until it has arrived.
    let mut dropped = 0;
    for _ in 0..parcel.spans() + 2 {
        dropped += desk.take(owner, record(piece), now).0;
    }
    assert_eq!(dropped, parcel.spans() + 2);
    let mut many = 0;
    for _ in 0..10_000 {
        many += desk.take(owner, record(0), now).0;
    }
    assert!(many >= 10_000 - 4096, "{many}");
}

#[test]
fn a_target_that_was_replaced_says_nothing_of_the_new_one() {
    let (mut desk, now) = (desk(), Instant::now());
    let owner = account(&mut desk);
    desk.take(owner, record(1), now);
    let parcel = next(&mut desk, now + FLUSH).unwrap();
    desk.aim(owner, Some(Ok(target())));
    desk.ended(owner, parcel.mark, &refused(), now, 0);
    let health = desk.health(owner, now, 0).unwrap();
    assert_eq!((health.state, health.dropped), (State::Flowing, 0));
    desk.aim(owner, Some(Err("broken".to_owned())));
    desk.take(owner, record(1), now);
    assert!(next(&mut desk, now + FLUSH).is_none());
    let health = desk.health(owner, now, 0).unwrap();
    assert_eq!(health.state, State::Unusable);
    assert_eq!(health.error.as_deref(), Some("broken"));
    assert!(desk.is_idle(now), "nothing can be sent");
    desk.aim(owner, None);
    assert_eq!(desk.health(owner, now, 0), None);
    assert_eq!(desk.take(owner, record(1), now), (0, false));
}

#[test]
fn at_the_end_nothing_waits_for_others() {
    let (mut desk, now) = (desk(), Instant::now());
    let owner = account(&mut desk);
    desk.take(owner, record(1), now);
    assert!(!desk.is_idle(now) && next(&mut desk, now).is_none());
    desk.hurry();
    let parcel = next(&mut desk, now).unwrap();
    assert!(!desk.is_idle(now), "it is on its way");
    desk.ended(owner, parcel.mark, &taken(), now, 0);
    assert!(desk.is_idle(now));
}

#[test]
fn a_target_is_tested_once_at_a_time() {
    let mut desk = desk();
    let owner = account(&mut desk);
    let other = Owner::Account(AccountId::new());
    assert_eq!(desk.begin_test(other).err(), Some(NoTest::NoTarget));
    assert!(desk.begin_test(owner).is_ok());
    assert_eq!(desk.begin_test(owner).err(), Some(NoTest::Running));
    desk.end_test(owner);
    assert!(desk.begin_test(owner).is_ok());
}

#[test]
fn so_many_go_at_one_time_and_the_rest_when_one_has_arrived() {
    let (mut desk, now) = (desk(), Instant::now());
    for _ in 0..AT_ONCE + 3 {
        let owner = account(&mut desk);
        desk.take(owner, record(1), now);
    }
    let parcels = desk.due(now + FLUSH);
    assert_eq!(parcels.len(), AT_ONCE);
    assert!(desk.due(now + FLUSH).is_empty());
    desk.ended(parcels[0].owner, parcels[0].mark, &taken(), now, 0);
    assert_eq!(desk.due(now + FLUSH).len(), 1);
}

#[test]
fn a_whole_batch_goes_at_once() {
    let (mut desk, now) = (desk(), Instant::now());
    let owner = account(&mut desk);
    for _ in 0..255 {
        assert!(!desk.take(owner, record(1), now).1);
    }
    assert!(desk.take(owner, record(1), now).1);
    assert_eq!(next(&mut desk, now).unwrap().spans(), 256);
}
