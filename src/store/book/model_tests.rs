//! The book against a reference that is too simple to be wrong, in memory and through the disk.
//!
//! Every run has a new seed; a failure names it, and `SEED=… cargo test model_tests` repeats it.

#[path = "tests/agree.rs"]
mod agree;
#[path = "tests/command.rs"]
mod command;
#[path = "tests/compare.rs"]
mod compare;
#[path = "tests/once.rs"]
mod once;
#[path = "tests/reference.rs"]
mod reference;

use std::cell::Cell;
use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use self::command::{Command, command};
use self::compare::{Pair, limits};
use super::Book;
use super::samples::NOON_MS;
use crate::store::{Db, verify};

/// Most commands on one book; on the average half of them.
const LENGTH: usize = 400;

/// Runs so many sequences of commands; `test` gets one after the other. Answers with how many
/// commands that were.
fn sequences(cases: u32, length: usize, test: impl Fn(&[Command])) -> usize {
    let seed = seed();
    let bytes = [seed.to_le_bytes(), (!seed).to_le_bytes()].concat();
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    // ChaCha would be half of the run.
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &bytes);
    let commands = prop::collection::vec(command(), 0..=length);
    let count = Cell::new(0);
    let run = TestRunner::new_with_rng(config, rng).run(&commands, |commands| {
        count.set(count.get() + commands.len());
        test(&commands);
        Ok(())
    });
    if let Err(failure) = run {
        panic!("SEED={seed}: {failure}");
    }
    count.get()
}

#[expect(clippy::disallowed_methods, reason = "a test's seed is no setting")]
fn seed() -> u64 {
    match std::env::var("SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => rand::random(),
    }
}

fn in_memory(commands: &[Command]) {
    let mut pair = Pair::new(Book::new(limits()));
    for command in commands {
        pair.step(command);
        pair.agree();
    }
}

fn through_the_disk(commands: &[Command]) {
    let dir = tempfile::tempdir().unwrap();
    let mut db = Db::open(dir.path()).unwrap();
    let (book, _) = Book::load(&db, limits(), NOON_MS).unwrap();
    let mut pair = Pair::new(book);
    let mut committed = pair.reference.clone();
    for command in commands {
        pair.step(command);
        match command {
            Command::Commit | Command::Restart => {
                db.commit(pair.book.take_batch()).unwrap();
                committed = pair.reference.clone();
                pair.agree_on_disk(&db);
            }
            Command::Crash => {
                pair.reference = committed.clone();
                pair.charged.clear();
            }
            Command::Grant { .. }
            | Command::Adjust { .. }
            | Command::Deposit { .. }
            | Command::Reverse { .. }
            | Command::Authorise { .. }
            | Command::Extend { .. }
            | Command::Settle { .. }
            | Command::Void { .. }
            | Command::Free { .. }
            | Command::Renew { .. }
            | Command::Clock { .. } => {}
        }
        if matches!(command, Command::Restart | Command::Crash) {
            drop(db);
            db = Db::open(dir.path()).unwrap();
            restart(&db, &mut pair);
            committed = pair.reference.clone();
        }
        pair.agree();
    }
    db.commit(pair.book.take_batch()).unwrap();
    verify(&db).unwrap();
    pair.agree_on_disk(&db);
}

/// Loads the book again and holds what was written off against the open holds.
fn restart(db: &Db, pair: &mut Pair) {
    let report = verify(db).unwrap();
    let held: i64 = (0..command::ACCOUNTS)
        .map(|account| pair.reference.held(account))
        .sum();
    let (book, recovered) = Book::load(db, limits(), pair.reference.time_ms).unwrap();
    assert_eq!(recovered.orphans, report.holds);
    assert_eq!(recovered.loss.get(), held);
    pair.restarted(book);
}

#[test]
fn a_hundred_thousand_commands_agree_with_the_reference() {
    let commands = sequences(600, LENGTH, in_memory);
    assert!(commands > 100_000, "{commands}");
}

#[test]
fn what_was_committed_agrees_with_the_reference_after_every_start() {
    sequences(16, LENGTH / 2, through_the_disk);
}

/// A row of `make torture`'s table.
fn row(what: &str, figure: &str, target: &str) {
    println!("| {what:<42} | {figure:>12} | {target:<12} |");
}

#[test]
#[ignore = "a minute long: make torture"]
fn torture_by_a_million_commands() {
    let started = Instant::now();
    let commands = sequences(5100, LENGTH, in_memory);
    let took = started.elapsed().as_secs_f64();
    row(
        "random commands against the reference",
        &commands.to_string(),
        "> 1000000",
    );
    row("  took", &format!("{took:.1} s"), "< 60 s");
    assert!(commands > 1_000_000 && took < 60.0);
}

#[test]
#[ignore = "a minute long: make torture"]
fn torture_by_commands_through_the_disk() {
    let commands = sequences(200, LENGTH, through_the_disk);
    row(
        "the same through the disk, with restarts",
        &commands.to_string(),
        "",
    );
}
