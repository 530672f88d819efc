use super::*;
use crate::catalog::{Catalog, Layer};
use std::sync::Arc;

/// gpt-4.1-mini: 380 ms and 80 tokens/s by the catalog.
fn model() -> Arc<Model> {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    Arc::clone(catalog.model("gpt-4.1-mini").unwrap())
}

fn answer(ttft_ms: u64, tokens: u64, elapsed_ms: u64) -> Ended {
    Ended::Measured(Observation::streamed(
        Duration::from_millis(ttft_ms),
        Duration::from_millis(elapsed_ms),
        tokens,
    ))
}

fn live(observed: &Observed, now: Instant) -> Live {
    observed.live(&model(), Standing::Flowing, now)
}

fn near(ours: f64, right: f64) -> bool {
    (ours - right).abs() <= right * 0.1
}

#[test]
fn nothing_observed_is_the_prior() {
    let now = Instant::now();
    let live = live(&Observed::new(now), now);
    assert_eq!(live, Live::prior(&model(), Standing::Flowing));
    assert!(!live.observed);
}

#[test]
fn the_prior_weighs_as_five_samples() {
    let now = Instant::now();
    let mut observed = Observed::new(now);
    (0..5).for_each(|_| observed.record(answer(1620, 100, 1620 + 2500), now));
    let live = live(&observed, now);
    assert!(near(live.ttft_p50_ms, 1000.0), "{live:?}");
    // 40 and 80 tokens a second, token by token.
    assert!(near(live.tokens_per_s, 53.3), "{live:?}");
    assert!(live.observed);
    assert_eq!(live.success_rate, Some(1.0));
}

#[test]
fn much_traffic_outweighs_the_prior_and_shows_its_quantiles() {
    let now = Instant::now();
    let mut observed = Observed::new(now);
    for i in 0..1000_u64 {
        let ttft = if i % 20 == 0 { 5000 } else { 200 };
        observed.record(answer(ttft, 50, ttft + 500), now);
    }
    let live = live(&observed, now);
    assert!(near(live.ttft_p50_ms, 200.0), "{live:?}");
    assert!(near(live.ttft_p90_ms, 200.0), "{live:?}");
    assert!(near(live.tokens_per_s, 100.0), "{live:?}");
    assert_eq!(
        (live.output_mean, live.output_p95 < 80),
        (52, true),
        "{live:?}"
    );
}

#[test]
fn speed_is_forgotten_in_minutes_and_length_in_days() {
    let start = Instant::now();
    let mut observed = Observed::new(start);
    (0..100).for_each(|_| observed.record(answer(4000, 4000, 8000), start));
    let then = |minutes: u64| live(&observed, start + Duration::from_secs(60 * minutes));
    assert!(then(0).ttft_p50_ms > 3500.0);
    assert!((then(5).samples - 50.0).abs() < 1e-6);
    let hour = then(60);
    assert!(near(hour.ttft_p50_ms, 380.0) && !hour.observed, "{hour:?}");
    assert!(hour.output_mean > 3500, "{hour:?}");
    assert!(then(60 * 24 * 10).output_mean < 800);
}

#[test]
fn the_success_rate_is_that_of_five_minutes() {
    let start = Instant::now();
    let mut observed = Observed::new(start);
    (0..9).for_each(|_| observed.record(Ended::Failed, start));
    observed.record(Ended::Answered, start + Duration::from_secs(120));
    let at = |s| live(&observed, start + Duration::from_secs(s)).success_rate;
    assert_eq!(at(121), Some(0.1));
    assert_eq!(at(300), Some(1.0));
    assert_eq!(at(421), None);
    for step in 0..1000 {
        observed.record(Ended::Failed, start + Duration::from_secs(step * 31));
    }
    assert!(observed.attempts.len() <= 11, "bounded");
}

#[test]
fn a_whole_answer_is_split_as_expected() {
    let expected = Live::prior(&model(), Standing::Flowing);
    // Expected: 380 ms and 100 tokens in 1250 ms. It took twice as long.
    let seen = Observation::whole(Duration::from_millis(3260), 100, &expected);
    assert!(near(seen.ttft_ms, 760.0), "{seen:?}");
}

#[test]
fn a_stream_in_one_piece_makes_no_endless_speed() {
    let now = Instant::now();
    let mut observed = Observed::new(now);
    (0..1000).for_each(|_| observed.record(answer(100, 10_000, 100), now));
    assert!(live(&observed, now).tokens_per_s <= MOST_TOKENS_PER_S);
    (0..1000).for_each(|_| observed.record(answer(100, 0, 100), now));
    assert!(live(&observed, now).tokens_per_s.is_finite());
}

#[test]
fn what_is_kept_comes_back_older() {
    let now = Instant::now();
    let mut observed = Observed::new(now);
    (0..40).for_each(|_| observed.record(answer(900, 200, 3900), now));
    let kept = observed.keep(now);
    let later = Observed::restore(&kept, Duration::from_secs(300), now);
    let before = observed.live(&model(), Standing::Flowing, now + Duration::from_secs(300));
    let after = later.live(&model(), Standing::Flowing, now);
    assert!(near(after.ttft_p50_ms, before.ttft_p50_ms));
    assert!(near(after.tokens_per_s, before.tokens_per_s));
    assert_eq!(after.output_mean, before.output_mean);
    let nonsense = KeptObserved {
        speed: Sums {
            samples: f64::NAN,
            ..kept.speed
        },
        ..kept
    };
    let restored = Observed::restore(&nonsense, Duration::ZERO, now);
    assert!(live(&restored, now).ttft_p50_ms.is_finite());
}
