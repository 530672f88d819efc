//! What is to be reached, beside what was measured.

use super::figures::{CPU, FIRST_P99, Figures, P50, P99, PER_S, PIECES_PER_S, RSS_MIB, is_peer};
use super::goal::{Goal, Good};
use crate::suite::{MOST, RATE, RATE_HUGE, RATE_LARGE, RATE_SLOW, Step};

/// The targets, each with its must and its moonshot.
pub fn goals(figures: &Figures<'_>) -> Vec<Goal> {
    let mut goals = requests(figures);
    goals.extend(streams(figures));
    goals.extend(resources(figures));
    goals
}

fn requests(f: &Figures<'_>) -> Vec<Goal> {
    let ratio = |target, of| f.ratio(target, "nginx", MOST, of);
    let added = |target, step, quantile| f.added_ratio(target, "nginx", step, quantile);
    let ms = |us: Option<f64>| us.map(|us| us / 1000.0);
    let beyond = f.added_beyond("paid", "free", RATE, P99);
    let huge = |target| ms(f.added(target, RATE_HUGE, super::figures::Time::Added, P50));
    vec![
        Goal::above(
            "paid, 1.5 KiB: most requests/s, of nginx's",
            ratio("paid", PER_S),
            0.25,
            0.45,
        ),
        Goal::above(
            "free, 1.5 KiB: most requests/s, of nginx's",
            ratio("free", PER_S),
            0.35,
            0.60,
        ),
        Goal::below(
            "paid: CPU a request at most, of nginx's",
            " ×",
            ratio("paid", CPU),
            4.0,
            2.2,
        ),
        Goal::below(
            "free: added p50 at 1,000/s, of nginx's",
            " ×",
            added("free", RATE, P50),
            3.0,
            1.5,
        ),
        Goal::below(
            "free: added p99 at 1,000/s, of nginx's",
            " ×",
            added("free", RATE, P99),
            3.0,
            2.0,
        ),
        Goal::below(
            "paid: added p99 at 1,000/s beyond free's",
            " ms",
            ms(beyond),
            25.0,
            5.0,
        ),
        Goal::below(
            "free, 64 KiB: added p50 at 500/s, of nginx's",
            " ×",
            added("free", RATE_LARGE, P50),
            3.0,
            1.7,
        ),
        Goal::below(
            "free, 1 MiB: added p50 at 20/s",
            " ms",
            huge("free"),
            10.0,
            4.0,
        ),
        Goal::below(
            "paid, 1 MiB: added p50 at 20/s",
            " ms",
            huge("paid"),
            10.0,
            4.0,
        ),
    ]
}

fn streams(f: &Figures<'_>) -> Vec<Goal> {
    let first = |target| f.ratio(target, "nginx", Step::Streams, FIRST_P99);
    let pieces = |target| f.ratio(target, "nginx", Step::StreamsMost, PIECES_PER_S);
    vec![
        Goal::below(
            "free, 200 streams: first token p99, of nginx's",
            " ×",
            first("free"),
            3.0,
            1.5,
        ),
        Goal::below(
            "paid, 200 streams: first token p99, of nginx's",
            " ×",
            first("paid"),
            3.0,
            1.5,
        ),
        Goal::above(
            "paid, OpenAI's dialect: chunks/s, of nginx's",
            pieces("paid"),
            0.45,
            0.75,
        ),
        Goal::above(
            "free, OpenAI's dialect: chunks/s, of nginx's",
            pieces("free"),
            0.45,
            0.75,
        ),
        Goal::above(
            "paid, from Anthropic's dialect: chunks/s, of nginx's",
            pieces("anthropic"),
            0.25,
            0.5,
        ),
        Goal::above(
            "paid, from Google's dialect: chunks/s, of nginx's",
            pieces("gemini"),
            0.25,
            0.5,
        ),
    ]
}

fn resources(f: &Figures<'_>) -> Vec<Goal> {
    let held = |streams| f.plain("paid", Step::Held(streams), RSS_MIB);
    vec![
        Goal::below("memory, idle", " MiB", f.idle_mib("paid"), 60.0, 40.0),
        Goal::below(
            "memory, 1,000 streams held",
            " MiB",
            held(1_000),
            180.0,
            110.0,
        ),
        Goal::below(
            "memory, 2,000 streams held",
            " MiB",
            held(2_000),
            320.0,
            200.0,
        ),
        Goal::below(
            "start to the first 200",
            " ms",
            f.start_ms("paid"),
            500.0,
            100.0,
        ),
    ]
}

/// What is to be reached beside the best of the peers that ran.
pub fn beside_peers(f: &Figures<'_>) -> Vec<Goal> {
    let targets = f.targets();
    let peers: Vec<&str> = targets
        .into_iter()
        .filter(|target| is_peer(target))
        .collect();
    let worst = |of: &dyn Fn(&str) -> Option<f64>, good: Good| {
        let all = peers.iter().filter_map(|peer| of(peer));
        all.reduce(|a, b| match good {
            Good::Above => a.min(b),
            Good::Below => a.max(b),
        })
    };
    if peers.is_empty() {
        return Vec::new();
    }
    let goal = |what: &str, good, must, of: &dyn Fn(&str) -> Option<f64>| Goal {
        what: what.to_owned(),
        unit: " ×",
        good,
        figure: worst(of, good),
        must,
        moonshot: None,
    };
    let over = |own: Option<f64>, other: Option<f64>| Some(own? / other?);
    let slow = |target: &str, peer: &str, quantile| {
        let fast = f.added_ratio(target, peer, RATE, quantile);
        fast.or_else(|| f.added_ratio(target, peer, RATE_SLOW, quantile))
    };
    vec![
        goal(
            "paid: most requests/s, of the peer's",
            Good::Above,
            2.5,
            &|peer| f.ratio("paid", peer, MOST, PER_S),
        ),
        goal(
            "paid: CPU a request at most, of the peer's",
            Good::Below,
            0.4,
            &|peer| f.ratio("paid", peer, MOST, CPU),
        ),
        goal("paid: chunks/s, of the peer's", Good::Above, 1.5, &|peer| {
            f.ratio("paid", peer, Step::StreamsMost, PIECES_PER_S)
        }),
        goal(
            "paid: added p50 at 1,000/s, or at 20/s, of the peer's",
            Good::Below,
            1.0,
            &|peer| slow("paid", peer, P50),
        ),
        goal(
            "paid: added p99 at 1,000/s, or at 20/s, of the peer's",
            Good::Below,
            1.0,
            &|peer| slow("paid", peer, P99),
        ),
        goal(
            "paid: first token p99, of the peer's",
            Good::Below,
            1.0,
            &|peer| f.ratio("paid", peer, Step::Streams, FIRST_P99),
        ),
        goal(
            "paid: memory with 1,000 streams, of the peer's",
            Good::Below,
            1.0,
            &|peer| f.ratio("paid", peer, Step::Held(1_000), RSS_MIB),
        ),
        goal(
            "start to the first 200, of the peer's",
            Good::Below,
            1.0,
            &|peer| over(f.start_ms("paid"), f.start_ms(peer)),
        ),
    ]
}
