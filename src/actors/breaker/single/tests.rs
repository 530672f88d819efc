//! One test for each rule of a single breaker, on a clock of the test's own.

use super::super::samples::{POLICY, S};
use super::*;

/// Without jitter: the whole rest.
const WHOLE: f64 = 1.0;

fn breaker(now: Instant) -> Breaker {
    Breaker::new(POLICY, now)
}

fn tripped(now: Instant) -> Breaker {
    let mut breaker = breaker(now);
    for _ in 0..POLICY.consecutive_failures {
        breaker.failure(Admission::Flow, now, WHOLE);
    }
    breaker
}

/// A request with somebody else to go to asks to pass.
fn admit(breaker: &mut Breaker, now: Instant) -> Result<Admission, Duration> {
    pass(breaker, Spare::Another, now)
}

fn pass(breaker: &mut Breaker, spare: Spare, now: Instant) -> Result<Admission, Duration> {
    match breaker.check(spare, now) {
        Ok(()) => Ok(breaker.enter(now)),
        Err(refusal) => Err(refusal.wait),
    }
}

fn is_tripped(breaker: &Breaker) -> bool {
    matches!(breaker.status().state, State::Tripped { .. })
}

#[test]
fn five_failures_in_a_row_trip_it_and_a_success_between_them_does_not_let_them() {
    let now = Instant::now();
    let mut breaker = breaker(now);
    for _ in 0..4 {
        breaker.failure(Admission::Flow, now, WHOLE);
    }
    breaker.success(Admission::Flow, now);
    for _ in 0..4 {
        breaker.failure(Admission::Flow, now, WHOLE);
        breaker.neutral(Admission::Flow, now);
    }
    assert_eq!(breaker.status().state, State::Flowing);
    breaker.failure(Admission::Flow, now, WHOLE);
    assert!(is_tripped(&breaker));
    assert_eq!(breaker.status().reason, Some(Reason::Failures));
}

#[test]
fn failures_that_are_far_apart_are_not_in_a_row() {
    let mut now = Instant::now();
    let mut breaker = breaker(now);
    for _ in 0..20 {
        now += S * 30;
        breaker.failure(Admission::Flow, now, WHOLE);
    }
    assert_eq!(breaker.status().state, State::Flowing);
}

#[test]
fn a_success_rate_below_half_trips_it_once_there_are_ten_samples() {
    let start = Instant::now();
    let mut breaker = breaker(start);
    for i in 0..4 {
        let now = start + S * i;
        breaker.success(Admission::Flow, now);
        breaker.failure(Admission::Flow, now, WHOLE);
    }
    breaker.failure(Admission::Flow, start + S * 5, WHOLE);
    assert_eq!(
        breaker.status().state,
        State::Flowing,
        "nine samples are no rate"
    );
    breaker.failure(Admission::Flow, start + S * 5, WHOLE);
    assert_eq!(breaker.status().reason, Some(Reason::SuccessRate));
    assert!(is_tripped(&breaker));
}

#[test]
fn an_idle_window_empties_itself() {
    let start = Instant::now();
    let mut breaker = breaker(start);
    for _ in 0..4 {
        breaker.success(Admission::Flow, start);
        breaker.failure(Admission::Flow, start, WHOLE);
    }
    let later = start + S * 31;
    breaker.failure(Admission::Flow, later, WHOLE);
    breaker.failure(Admission::Flow, later, WHOLE);
    assert_eq!(breaker.status().state, State::Flowing);
}

#[test]
fn equal_jitter_keeps_half_of_the_rest_for_certain() {
    let now = Instant::now();
    for (chance, rest_ms) in [(0.0, 2_500), (0.5, 3_750), (1.0, 5_000)] {
        let mut breaker = breaker(now);
        for _ in 0..5 {
            breaker.failure(Admission::Flow, now, chance);
        }
        let rest = Duration::from_millis(rest_ms);
        assert_eq!(admit(&mut breaker, now), Err(rest));
        let just_before = now + rest - Duration::from_millis(1);
        assert!(admit(&mut breaker, just_before).is_err());
        assert_eq!(admit(&mut breaker, now + rest), Ok(Admission::Probe));
    }
}

#[test]
fn exactly_one_probe_goes_out_and_only_its_own_word_counts() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    assert_eq!(admit(&mut breaker, now), Err(S));
    assert_eq!(pass(&mut breaker, Spare::Nothing, now), Err(S));
    breaker.success(Admission::Flow, now);
    assert_eq!(
        breaker.status().state,
        State::Probing,
        "a straggler is no probe"
    );
    breaker.success(Admission::Probe, now);
    assert_eq!(breaker.status().state, State::Flowing);
    assert_eq!(breaker.status().reason, None);
}

#[test]
fn each_failed_probe_doubles_the_rest_up_to_the_longest() {
    let mut now = Instant::now();
    let mut breaker = tripped(now);
    let mut rests = Vec::new();
    for _ in 0..20 {
        let rest = admit(&mut breaker, now).unwrap_err();
        rests.push(rest.as_secs());
        now += rest;
        assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
        breaker.failure(Admission::Probe, now, WHOLE);
    }
    assert_eq!(rests[..3], [5, 10, 20]);
    assert_eq!(*rests.last().unwrap(), 300);
    assert!(rests.is_sorted(), "{rests:?}");
}

#[test]
fn after_a_minute_of_outage_the_next_probe_is_at_most_twenty_seconds_away() {
    let start = Instant::now();
    for chance in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let mut now = start;
        let mut breaker = tripped(now);
        while now < start + S * 60 {
            now += admit(&mut breaker, now).unwrap_err();
            assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
            breaker.failure(Admission::Probe, now, chance);
        }
        let healed = start + S * 60;
        let last_failed = now;
        let wait = admit(&mut breaker, last_failed).unwrap_err();
        assert!(wait <= (last_failed - start) / 3, "{chance}: {wait:?}");
        assert!(last_failed <= healed + S * 20, "{chance}");
    }
}

#[test]
fn after_a_good_probe_traffic_grows_and_who_has_nobody_else_always_passes() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    breaker.success(Admission::Probe, now);
    let mut passed = |spare, now| {
        let pass = |_: &i32| pass(&mut breaker, spare, now).is_ok();
        (0..100).filter(pass).count()
    };
    assert_eq!(passed(Spare::Another, now), 10);
    assert_eq!(passed(Spare::Nothing, now), 100);
    assert_eq!(passed(Spare::Another, now + S * 15), 55);
    assert_eq!(passed(Spare::Another, now + S * 30), 100);
}

#[test]
fn who_falls_again_while_getting_up_rests_longer() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    breaker.success(Admission::Probe, now);
    for _ in 0..5 {
        breaker.failure(Admission::Flow, now, WHOLE);
    }
    assert_eq!(admit(&mut breaker, now), Err(S * 10));
}

#[test]
fn a_rate_limited_probe_keeps_it_shut() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    breaker.cool(Admission::Probe, Some(S * 7), now, WHOLE);
    assert!(is_tripped(&breaker));
    assert_eq!(admit(&mut breaker, now), Err(S * 7));
    let nobody_else = pass(&mut breaker, Spare::Nothing, now + S * 6);
    assert_eq!(
        nobody_else,
        Err(S),
        "who named a time is not asked before it"
    );
    assert_eq!(admit(&mut breaker, now + S * 7), Ok(Admission::Probe));
}

#[test]
fn a_rate_limit_cools_for_its_own_time_within_bounds_and_flows_again_by_itself() {
    let now = Instant::now();
    for (named, kept) in [(None, 5), (Some(0), 1), (Some(7), 7), (Some(4_000), 300)] {
        let mut breaker = breaker(now);
        breaker.cool(Admission::Flow, named.map(Duration::from_secs), now, WHOLE);
        assert_eq!(breaker.status().reason, Some(Reason::RateLimited));
        let kept = Duration::from_secs(kept);
        assert_eq!(admit(&mut breaker, now), Err(kept));
        assert_eq!(pass(&mut breaker, Spare::Nothing, now), Err(kept));
        assert_eq!(admit(&mut breaker, now + kept), Ok(Admission::Flow));
        assert_eq!(breaker.status().state, State::Flowing);
    }
}

#[test]
fn rate_limits_count_in_the_rate_and_not_in_a_row() {
    let mut now = Instant::now();
    let mut breaker = breaker(now);
    for i in 1..=10 {
        assert_eq!(admit(&mut breaker, now), Ok(Admission::Flow), "{i}");
        breaker.cool(Admission::Flow, Some(S), now, WHOLE);
        now += S;
    }
    assert_eq!(breaker.status().reason, Some(Reason::SuccessRate));
    assert!(is_tripped(&breaker));
}

#[test]
fn when_everything_is_tripped_one_probe_a_second_goes_out_and_does_not_prolong_the_rest() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    assert_eq!(pass(&mut breaker, Spare::Nothing, start), Err(S * 5));
    for second in 1..5 {
        let now = start + S * second;
        assert!(
            admit(&mut breaker, now).is_err(),
            "who has another goes there"
        );
        assert_eq!(
            pass(&mut breaker, Spare::Nothing, now),
            Ok(Admission::Probe)
        );
        assert!(pass(&mut breaker, Spare::Nothing, now).is_err());
        breaker.failure(Admission::Probe, now, WHOLE);
        assert!(pass(&mut breaker, Spare::Nothing, now).is_err());
    }
    assert_eq!(admit(&mut breaker, start + S * 5), Ok(Admission::Probe));
    breaker.failure(Admission::Probe, start + S * 5, WHOLE);
    assert_eq!(admit(&mut breaker, start + S * 5), Err(S * 10));
}

#[test]
fn a_probe_that_taught_nothing_is_repeated_at_once() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    breaker.neutral(Admission::Probe, now);
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
}

#[test]
fn a_probe_that_is_never_heard_of_is_given_up() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    assert!(admit(&mut breaker, now + S * 899).is_err());
    assert_eq!(admit(&mut breaker, now + S * 900), Ok(Admission::Probe));
}

#[test]
fn it_says_since_when_and_the_outage_began_with_the_trip() {
    let start = Instant::now();
    let mut breaker = tripped(start + S);
    assert_eq!(breaker.status().since, start + S);
    let now = start + S * 6;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    assert_eq!(breaker.status().since, now);
    breaker.failure(Admission::Probe, now, WHOLE);
    assert_eq!(breaker.status().since, start + S);
}

#[test]
fn traffic_that_has_grown_again_is_whole_though_nobody_was_checked_meanwhile() {
    let start = Instant::now();
    let mut breaker = tripped(start);
    let now = start + S * 5;
    assert_eq!(admit(&mut breaker, now), Ok(Admission::Probe));
    breaker.success(Admission::Probe, now);
    assert_eq!(breaker.status().open_from, Some(now + S * 30));
    let now = now + S * 30;
    for _ in 0..5 {
        breaker.failure(Admission::Flow, now, WHOLE);
    }
    assert_eq!(admit(&mut breaker, now), Err(S * 5), "the first rest again");
}
