//! The rounds: all gateways are started, each step is run on every target in turn, and all are stopped.

use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::gateway::peers::Peer;
use crate::gateway::router::{FREE, PAID, Router, Variant};
use crate::gateway::{Gateway, Place, Target, nginx};
use crate::load::{self, Load, Outcome, Pace};
use crate::process::{Running, Tree};
use crate::results::{Record, Results, Start};
use crate::suite::{MOST, MOST_HUGE, MOST_LARGE, RATE_SLOW, Step, Suite};

/// Between two steps.
const REST: Duration = Duration::from_millis(300);
/// One part in so many of its core is what a gateway without work may take.
const WORKED_OFF: u32 = 10;
/// How long that is waited for, in rests.
const MOST_RESTS: u32 = 100;
const START_REST: Duration = Duration::from_millis(1_000);
/// Rounds that peers join: they take most of the time, and are so far away that no more are needed.
pub const PEER_ROUNDS: u32 = 1;
/// Models of a router with a large catalog, beside the 39 that are shipped.
const FURTHER_MODELS: usize = 961;
const FURTHER_ACCOUNTS: u32 = 99_998;

/// What a run is made of.
pub struct Plan {
    /// The router's binary.
    pub router: PathBuf,
    /// Where peers are installed.
    pub peers_dir: PathBuf,
    /// Who joins.
    pub peers: Vec<Peer>,
    /// How much is measured.
    pub suite: Suite,
    /// How often.
    pub rounds: u32,
}

/// Runs all rounds, then what is measured of the router alone.
pub fn run(plan: &Plan, place: &Place, results: &mut Results) -> io::Result<()> {
    results.rounds = plan.rounds;
    results.missing = missing(plan, place);
    for round in 0..plan.rounds {
        println!("round {} of {}", round + 1, plan.rounds);
        let peers = match round {
            ..PEER_ROUNDS => plan.peers.as_slice(),
            PEER_ROUNDS.. => &[],
        };
        let gateways = start_all(plan, peers, place)?;
        thread::sleep(START_REST);
        for gateway in &gateways {
            note_start(round, gateway, results);
            gateway
                .targets
                .iter()
                .try_for_each(|target| warm(target, plan.suite))?;
            gateway.running.iter().for_each(Running::pause);
        }
        let mut steps = plan.suite.steps();
        if !peers.is_empty() {
            steps.insert(0, RATE_SLOW);
        }
        for step in steps {
            for nth in 0..plan.suite.turns(step) {
                let turn = Turn { round, nth, step };
                turn_of_all(turn, &gateways, plan.suite, results)?;
            }
        }
    }
    alone(plan, place, results)
}

/// One of the times that a step comes in a round.
#[derive(Clone, Copy)]
struct Turn {
    round: u32,
    nth: u64,
    step: Step,
}

/// A step on every target.
fn turn_of_all(
    turn: Turn,
    gateways: &[Gateway],
    suite: Suite,
    results: &mut Results,
) -> io::Result<()> {
    for gateway in gateways {
        for target in gateway.targets.iter().filter(|target| meets(target, turn)) {
            measure(turn, suite, gateway, target, &target.name, results)?;
        }
    }
    Ok(())
}

/// Peers that were wanted and are not there.
fn missing(plan: &Plan, place: &Place) -> Vec<String> {
    let tried = plan
        .peers
        .iter()
        .map(|peer| (peer, peer.start(&plan.peers_dir, place)));
    let missing = tried.filter_map(|(peer, started)| match started {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!(
            "{} is not installed here: {}",
            peer.name(),
            peer.how_to_install(&plan.peers_dir)
        )),
        Err(error) => Some(format!("{} did not start: {error}", peer.name())),
    });
    let missing: Vec<String> = missing.collect();
    missing.iter().for_each(|line| println!("{line}"));
    missing
}

fn start_all(plan: &Plan, peers: &[Peer], place: &Place) -> io::Result<Vec<Gateway>> {
    let mut gateways = vec![Gateway {
        targets: vec![Target::direct(place)],
        running: None,
        start_ms: 0.0,
    }];
    match nginx::start(place)? {
        Some(gateway) => gateways.push(gateway),
        None => println!("nginx is not installed: there will be no ratios to it"),
    }
    gateways.push(Router::prepare(&plan.router, place, Variant::Shipped)?.start()?);
    for peer in peers {
        // Whoever did not start has been told of.
        gateways.extend(peer.start(&plan.peers_dir, place).ok().flatten());
    }
    Ok(gateways)
}

fn meets(target: &Target, turn: Turn) -> bool {
    match target.name.as_str() {
        "anthropic" | "gemini" => turn.step.is_for_dialects(),
        // They do not come near these rates; the requests would only pile up.
        "litellm" | "portkey" => match turn.step {
            Step::Rate { per_s, .. } => turn.nth == 0 && per_s < 2_000,
            Step::Most { .. } | Step::Streams | Step::StreamsMost | Step::Held(_) => true,
        },
        // Memory is that of a process, of which `paid` stands for all.
        "direct" | "free" => !matches!(turn.step, Step::Held(_)),
        _ => true,
    }
}

fn note_start(round: u32, gateway: &Gateway, results: &mut Results) {
    let Some(target) = gateway.targets.first() else {
        return;
    };
    results.starts.push(Start {
        round,
        target: target.name.clone(),
        start_ms: gateway.start_ms,
        rss_kib: gateway
            .running
            .as_ref()
            .map_or(0, |running| running.tree().rss_kib()),
    });
}

/// Connections, caches and code are there before anything is measured.
fn warm(target: &Target, suite: Suite) -> io::Result<()> {
    let load = Load {
        pace: Pace::Open {
            per_s: 100.0,
            connections: 64,
        },
        warm_ms: 0,
        run_ms: 1_000,
        ..MOST.load(suite, target, 0)
    };
    load::run(&load, None).map(drop)
}

/// Only the gateway that is measured runs meanwhile.
fn measure(
    turn: Turn,
    suite: Suite,
    gateway: &Gateway,
    target: &Target,
    name: &str,
    results: &mut Results,
) -> io::Result<()> {
    let running = gateway.running.as_ref();
    running.iter().for_each(|running| running.resume());
    thread::sleep(REST);
    let tree = running.map(Running::tree);
    let load = turn.step.load(suite, target, turn.nth);
    let outcome = load::run(&load, tree.as_ref())?;
    rest(tree.as_ref());
    running.iter().for_each(|running| running.pause());
    keep(turn.round, name, &turn.step.name(), outcome, results);
    Ok(())
}

/// Waits until a gateway has nothing left to do: what is left would be measured with its next step.
fn rest(tree: Option<&Tree>) {
    thread::sleep(REST);
    let Some(tree) = tree else {
        return;
    };
    for _ in 0..MOST_RESTS {
        let before = tree.cpu_ns();
        thread::sleep(REST);
        let took = Duration::from_nanos(tree.cpu_ns().saturating_sub(before));
        if took * WORKED_OFF < REST {
            return;
        }
    }
}

fn keep(round: u32, target: &str, step: &str, outcome: Outcome, results: &mut Results) {
    let Outcome { good, bad, .. } = outcome;
    let (added, refusal) = (outcome.added, outcome.refusal.as_deref().unwrap_or(""));
    println!(
        "{target:<22} {step:<20} {good:>7} good {bad:>4} bad {:>8.0}/s {:>9.0} pieces/s  added {:>7.0} / {:>7.0} µs  cpu {:>6.1} µs  {} MiB  {refusal}",
        outcome.per_s,
        outcome.pieces_per_s,
        added.p50,
        added.p99,
        outcome.cpu_us_per_answer,
        outcome.rss_kib / 1024,
    );
    results.records.push(Record {
        round,
        target: target.to_owned(),
        step: step.to_owned(),
        outcome,
    });
}

/// What features cost and how the router scales: variants of it, one after the other, at full load.
fn alone(plan: &Plan, place: &Place, results: &mut Results) -> io::Result<()> {
    let variants: &[(&str, Variant)] = match plan.suite {
        Suite::Short => &[("", Variant::Shipped), ("traced: ", Variant::Traced)],
        Suite::Full => &[
            ("", Variant::Shipped),
            ("traced: ", Variant::Traced),
            ("1,000 models: ", Variant::Models(FURTHER_MODELS)),
            ("100,000 accounts: ", Variant::Accounts(FURTHER_ACCOUNTS)),
        ],
    };
    for (prefix, variant) in variants {
        let router = Router::prepare(&plan.router, place, *variant)?;
        let started = router.start()?;
        let ways = ways(&router, *variant);
        ways.iter()
            .try_for_each(|(target, _)| warm(target, plan.suite))?;
        for round in 0..plan.rounds {
            for nth in 0..plan.suite.turns(MOST) {
                for (target, step) in &ways {
                    let (name, step) = (format!("{prefix}{}", target.name), *step);
                    let turn = Turn { round, nth, step };
                    measure(turn, plan.suite, &started, target, &name, results)?;
                }
            }
        }
    }
    Ok(())
}

/// Ways to ask that differ in one feature each.
fn ways(router: &Router, variant: Variant) -> Vec<(Target, Step)> {
    let free = router.target("a free model", FREE, &router.poor_key);
    let paid = router.target("a paid model", PAID, &router.key);
    let tier = router.target("a free tier", "economy:free", &router.poor_key);
    let mut ways = vec![(free.clone(), MOST), (paid.clone(), MOST)];
    match variant {
        Variant::Traced => {}
        Variant::Models(_) | Variant::Accounts(_) => ways.push((tier, MOST)),
        Variant::Shipped => {
            ways.push((tier, MOST));
            ways.extend([
                (
                    router.target("a free tier, with credit", "economy:free", &router.key),
                    MOST,
                ),
                (
                    router.target("auto, without credit", "auto", &router.poor_key),
                    MOST,
                ),
                (free.clone(), MOST_LARGE),
                (paid.clone(), MOST_LARGE),
                (free, MOST_HUGE),
                (paid, MOST_HUGE),
            ]);
        }
    }
    ways
}
