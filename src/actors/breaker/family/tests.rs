//! One test for each rule that takes more than one breaker.

use std::time::Duration;

use super::super::samples::{POLICY, S};
use super::*;

struct Bench {
    breakers: Breakers,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            breakers: Breakers::new(POLICY, now),
            now,
        }
    }

    fn admit(&mut self, model: &str) -> Result<Pass, Refusal> {
        self.breakers
            .admit(&ModelId::new(model), Spare::Another, self.now)
    }

    /// An attempt that must be let through ends like this.
    fn attempt(&mut self, model: &str, outcome: Outcome) {
        let pass = self.admit(model).unwrap();
        self.record(model, pass, outcome);
    }

    fn record(&mut self, model: &str, pass: Pass, outcome: Outcome) {
        let model = ModelId::new(model);
        self.breakers.record(&model, pass, outcome, self.now, 1.0);
    }

    /// For how long a model is left alone, and why.
    fn refused(&mut self, model: &str) -> Option<(Duration, Reason)> {
        let refusal = self.admit(model).err()?;
        Some((refusal.wait, refusal.reason))
    }
}

#[test]
fn a_failing_model_leaves_the_others_alone() {
    let mut bench = Bench::new();
    for outcome in [Outcome::Failure, Outcome::Silence, Outcome::Unreachable] {
        let model = format!("{outcome:?}");
        for _ in 0..5 {
            bench.attempt(&model, outcome);
        }
        assert_eq!(bench.refused(&model), Some((S * 5, Reason::Failures)));
        assert_eq!(bench.refused("other"), None);
    }
}

#[test]
fn the_callers_own_errors_trip_nothing() {
    let mut bench = Bench::new();
    for _ in 0..10_000 {
        bench.attempt("m", Outcome::Neutral);
    }
    assert_eq!(bench.refused("m"), None);
    assert_eq!(bench.breakers.whole().state, State::Flowing);
}

#[test]
fn a_provider_is_gone_when_two_of_its_models_show_connection_failures() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        bench.attempt("a", Outcome::Unreachable);
    }
    bench.attempt("b", Outcome::Unreachable);
    assert_eq!(bench.refused("c"), None, "four in a row are not enough");
    bench.attempt("b", Outcome::Unreachable);
    assert_eq!(bench.refused("c"), Some((S * 5, Reason::Unreachable)));

    bench.now += S * 5;
    let probe = bench.admit("c").unwrap();
    assert!(probe.is_probe());
    assert_eq!(bench.refused("a"), Some((S, Reason::Unreachable)));
    bench.record("c", probe, Outcome::Unreachable);
    assert_eq!(bench.refused("a"), Some((S * 10, Reason::Unreachable)));
}

#[test]
fn a_provider_that_answers_is_there_whatever_it_says() {
    for answer in [
        Outcome::Success,
        Outcome::Failure,
        Outcome::RateLimited(None),
        Outcome::ModelMissing,
    ] {
        let mut bench = Bench::new();
        for _ in 0..4 {
            bench.attempt("a", Outcome::Unreachable);
        }
        bench.attempt("c", answer);
        bench.attempt("b", Outcome::Unreachable);
        assert_eq!(bench.refused("d"), None, "{answer:?}");
    }
}

#[test]
fn one_model_alone_never_takes_its_provider_with_it() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.attempt("a", Outcome::Unreachable);
    }
    assert_eq!(bench.refused("b"), None);
}

#[test]
fn a_missing_model_rests_ten_minutes() {
    let mut bench = Bench::new();
    bench.attempt("m", Outcome::ModelMissing);
    assert_eq!(bench.refused("m"), Some((S * 600, Reason::ModelMissing)));
    assert_eq!(bench.refused("other"), None);
    bench.now += S * 600;
    assert_eq!(bench.refused("m"), None);
}

#[test]
fn a_refused_credential_rests_with_all_models_and_longer_each_time() {
    let mut bench = Bench::new();
    bench.attempt("a", Outcome::CredentialRefused);
    for rest in [60, 120, 240] {
        let rest = Duration::from_secs(rest);
        assert_eq!(bench.refused("b"), Some((rest, Reason::Credential)));
        bench.now += rest;
        let probe = bench.admit("b").unwrap();
        assert!(probe.is_probe());
        assert!(
            bench.refused("a").is_some(),
            "one probe for the whole credential"
        );
        bench.record("b", probe, Outcome::CredentialRefused);
    }
    bench.now += S * 3_600;
    bench.attempt("b", Outcome::Success);
    assert_eq!(bench.breakers.whole().state, State::Flowing);
}

#[test]
fn a_refused_credential_is_not_asked_early_when_there_is_nobody_else() {
    let mut bench = Bench::new();
    bench.attempt("a", Outcome::CredentialRefused);
    let now = bench.now + S * 30;
    let ask = bench
        .breakers
        .admit(&ModelId::new("a"), Spare::Nothing, now);
    assert_eq!(ask.unwrap_err().reason, Reason::Credential);
}

#[test]
fn spent_quota_rests_ten_minutes_with_all_models() {
    let mut bench = Bench::new();
    bench.attempt("a", Outcome::QuotaSpent);
    for model in ["a", "b"] {
        assert_eq!(bench.refused(model), Some((S * 600, Reason::Quota)));
    }
    assert_eq!(bench.breakers.whole().reason, Some(Reason::Quota));
    bench.now += S * 600;
    assert_eq!(bench.refused("a"), None);
}

#[test]
fn a_rate_limit_cools_its_model_only() {
    let mut bench = Bench::new();
    bench.attempt("a", Outcome::RateLimited(Some(S * 9)));
    assert_eq!(bench.refused("a"), Some((S * 9, Reason::RateLimited)));
    assert_eq!(bench.refused("b"), None);
}

#[test]
fn a_probe_that_ends_in_the_callers_own_error_lets_the_next_one_try() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.attempt("a", Outcome::Failure);
    }
    bench.now += S * 5;
    bench.attempt("a", Outcome::Neutral);
    assert!(bench.admit("a").unwrap().is_probe());
}
