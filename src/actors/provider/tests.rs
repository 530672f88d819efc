//! What a provider's actor learns from leases, and what it grants after that.

use actix::Addr;

use super::*;
use crate::actors::breaker::{Outcome, Policy, Spare};
use crate::actors::budget::Rate;
use crate::config;

fn plain() -> (Provider, Arc<ArcSwap<Standings>>) {
    let policy = Policy::of(&config::Breaker {
        consecutive_failures: 1,
        ..config::Breaker::default()
    });
    let retries = Rate {
        per_100_requests: 20,
        per_s: 1,
    };
    let name = ProviderName::new("p");
    let rules = Rules { policy, retries };
    Provider::new(name, rules, Arc::default(), Arc::default(), Instant::now())
}

fn provider() -> (Addr<Provider>, Arc<ArcSwap<Standings>>) {
    let (provider, published) = plain();
    (provider.start(), published)
}

async fn acquire(provider: &Addr<Provider>, model: &str, turn: Turn) -> Result<Lease, Refused> {
    let ask = Acquire {
        model: ModelId::new(model),
        spare: Spare::Another,
        turn,
    };
    provider.send(ask).await.unwrap()
}

#[actix_web::test]
async fn a_dropped_lease_reports_once_and_teaches_nothing() {
    let (provider, published) = provider();
    drop(acquire(&provider, "m", Turn::First).await.unwrap());
    let lease = acquire(&provider, "m", Turn::First).await.unwrap();
    let m = ModelId::new("m");
    let state = |published: &ArcSwap<Standings>| published.load().of(&m, Instant::now()).state;
    assert_eq!(state(&published), State::Flowing);
    lease.report(Outcome::Failure);
    assert!(acquire(&provider, "m", Turn::First).await.is_err());
    assert!(matches!(state(&published), State::Tripped { .. }));
    assert!(acquire(&provider, "other", Turn::First).await.is_ok());
}

#[test]
fn what_was_held_against_a_provider_ends_with_a_panic() {
    let (mut provider, published) = plain();
    let (m, now) = (ModelId::new("m"), Instant::now());
    provider
        .breakers
        .record(&m, Pass::FLOW, Outcome::Failure, now, 0.5);
    let state = |standings: &Standings| standings.of(&m, now).state;
    provider.survive(now, |provider| provider.publish());
    assert!(matches!(state(&published.load()), State::Tripped { .. }));
    let done = provider.survive(now, |_| panic!("as a bug would"));
    assert_eq!(done, None::<()>);
    assert_eq!(state(&published.load()), State::Flowing);
}

#[actix_web::test]
async fn a_probe_that_succeeds_is_counted_once_and_ends_the_outage() {
    let policy = Policy::of(&config::Breaker {
        consecutive_failures: 1,
        rest_ms: 1,
        ..config::Breaker::default()
    });
    let retries = Rate {
        per_100_requests: 20,
        per_s: 1,
    };
    let (name, logbook) = (ProviderName::new("p"), Arc::<Logbook>::default());
    let rules = Rules { policy, retries };
    let board = Arc::default();
    let now = Instant::now();
    let (provider, _) = Provider::new(name.clone(), rules, board, Arc::clone(&logbook), now);
    let provider = provider.start();
    let lease = acquire(&provider, "m", Turn::First).await.unwrap();
    lease.report(Outcome::Failure);
    let mut probe = loop {
        if let Ok(lease) = acquire(&provider, "m", Turn::First).await {
            break lease;
        }
    };
    probe.content();
    probe.report(Outcome::Success);
    acquire(&provider, "other", Turn::First).await.unwrap();
    let uptime = logbook.uptime();
    let days = uptime.days(&name, crate::actors::clock::now_ms());
    let today = days.into_iter().filter_map(|(_, tally)| tally).next_back();
    let today = today.unwrap();
    assert_eq!((today.ok, today.failed), (1, 1));
    let outage = uptime.outages().next().unwrap();
    assert_eq!(
        (outage.model.as_str(), outage.reason.as_str()),
        ("m", "failures")
    );
    assert!(matches!(
        outage.end,
        crate::routing::uptime::End::Recovered(_)
    ));
}

#[actix_web::test]
async fn retries_that_fail_use_the_budget_up_and_first_attempts_do_not_ask_for_it() {
    let (provider, _) = provider();
    let lease = acquire(&provider, "a", Turn::Further).await.unwrap();
    lease.report(Outcome::Failure);
    let refused = acquire(&provider, "b", Turn::Further).await.err();
    assert!(
        matches!(refused, Some(Refused::OverBudget(_))),
        "{refused:?}"
    );
    assert!(acquire(&provider, "b", Turn::First).await.is_ok());
}

#[test]
fn a_request_that_asked_it_first_pays_for_retries_when_it_has_ended() {
    let now = Instant::now();
    let retries = Rate {
        per_100_requests: 20,
        per_s: 1,
    };
    let policy = Policy::of(&config::Breaker::default());
    let rules = Rules { policy, retries };
    let name = ProviderName::new("p");
    let (mut provider, _) = Provider::new(name, rules, Arc::default(), Arc::default(), now);
    let end = |turn, outcome| Report {
        model: ModelId::new("m"),
        pass: Pass::FLOW,
        turn,
        outcome,
        observation: None,
        moment: Moment::End,
    };
    let retry = Acquire {
        model: ModelId::new("m"),
        spare: Spare::Nothing,
        turn: Turn::Further,
    };
    provider.record(&end(Turn::Further, Outcome::Failure), now, 0.0);
    for _ in 0..5 {
        let refused = provider.admit(&retry, now).err();
        assert!(
            matches!(refused, Some(Refused::OverBudget(_))),
            "{refused:?}"
        );
        provider.record(&end(Turn::First, Outcome::Success), now, 0.0);
    }
    assert!(provider.admit(&retry, now).is_ok());
}

#[actix_web::test]
async fn the_operator_has_it_left_alone_and_asked_again() {
    let (provider, published) = provider();
    let m = ModelId::new("m");
    acquire(&provider, "m", Turn::First)
        .await
        .unwrap()
        .report(Outcome::Failure);
    provider
        .send(Order::Rest(Duration::from_secs(60)))
        .await
        .unwrap();
    let status = published.load().of(&ModelId::new("other"), Instant::now());
    assert_eq!(status.reason, Some(Reason::Operator));
    let ask = Acquire {
        model: ModelId::new("other"),
        spare: Spare::Nothing,
        turn: Turn::First,
    };
    assert!(provider.send(ask).await.unwrap().is_err(), "not even last");
    provider.send(Order::Resume).await.unwrap();
    let status = published.load().of(&m, Instant::now());
    assert_eq!(status.state, State::Flowing, "what was tripped too");
    assert!(acquire(&provider, "m", Turn::First).await.is_ok());
}
