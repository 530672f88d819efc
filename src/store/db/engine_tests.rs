//! What the tree has, after moves and after power cuts amid them.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::*;
use crate::ids::{AccountId, GenerationId};
use crate::store::key;

const POWER_CUTS: u64 = 24;

#[test]
fn full_pages_of_full_strips_are_not_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    for commit in 0..100_u64 {
        let transfer = |of| (key::transfer(commit * 100 + of), Some(vec![b'x'; 200]));
        let rows: Rows = (0..100).map(transfer).collect();
        engine.apply(&rows, commit, &Alone::wait()).unwrap();
    }
    engine.sync(Alone::wait()).unwrap();
    let strips = engine.range((Bound::Unbounded, Bound::Unbounded));
    assert!(strips.count() > 300);
    assert_eq!(fs::read_dir(&engine.blobs).unwrap().count(), 0);
}

#[test]
fn a_strip_that_many_rows_come_late_to_keeps_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let rows = |numbers: &mut dyn Iterator<Item = u64>| -> Rows {
        let account = AccountId::from_bytes([1; 16]);
        let id = |number: u64| GenerationId::from_bytes(u128::from(number).to_be_bytes());
        let row = |number| (key::record(account, id(number)), Some(vec![b'x'; 3]));
        numbers.map(row).collect()
    };
    let bring = |rows: &Rows| engine.apply_step_by_step(rows, 1, &Alone::wait()).unwrap();
    // One strip that reaches over everything, then many rows in its midst which are more key than value.
    bring(&rows(&mut (0..100).map(|number| number * 100)));
    bring(&rows(&mut (0..9_900).filter(|number| number % 100 != 0)));
    let found = stored(&engine);
    let expected = rows(&mut (0..9_901));
    assert!(found.keys().eq(expected.keys()), "{} rows", found.len());
}

#[test]
fn what_is_synced_is_the_file_that_sled_writes() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let synced = engine.log.metadata().unwrap();
    let written = || fs::metadata(dir.path().join("db")).unwrap();
    let file = |of: &fs::Metadata| (of.dev(), of.ino());
    assert_eq!(file(&synced), file(&written()));
    // More than a segment of its log: it grows the same file.
    for number in 1..40_u8 {
        let rows = Rows::from([(vec![b't', number], Some(vec![b'x'; 30_000]))]);
        engine.apply(&rows, number.into(), &Alone::wait()).unwrap();
        engine.sync(Alone::wait()).unwrap();
    }
    assert_eq!(file(&synced), file(&written()));
    assert!(written().len() > synced.len());
    assert_eq!(engine.up_to().unwrap(), 39);
}

/// Rows of a busy ledger: tables that grow, with rows that come late, and rows that change or go.
fn busy_rows(commit: u64, random: &mut StdRng) -> Rows {
    let mut rows = Rows::new();
    for of in 0..random.random_range(1..40_u64) {
        let mut value = |stays| {
            let value = vec![b'x'; random.random_range(20..600)];
            Some(value).filter(|_| random.random_bool(stays))
        };
        rows.insert(key::transfer(commit * 100 + of), value(1.0));
        let (record, hold) = (value(0.98), value(0.7));
        let account = AccountId::from_bytes([random.random_range(1..4); 16]);
        let late = random.random_range(0..150_u64);
        let id = u128::from((commit * 100 + of).saturating_sub(late)).to_be_bytes();
        rows.insert(key::record(account, GenerationId::from_bytes(id)), record);
        rows.insert(vec![b'o', random.random_range(0..50)], hold);
    }
    rows
}

/// What a disk has of a file after a power cut: of every page what was synced, or what was written later.
fn torn(synced: &[u8], later: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = later.to_vec();
    let lost = random.random_range(0.0..1.0_f64).powi(3);
    for (index, page) in bytes.chunks_mut(4096).enumerate() {
        if random.random_bool(lost) {
            let old = synced.get(index * 4096..).unwrap_or_default();
            let has = old.len().min(page.len());
            page[..has].copy_from_slice(&old[..has]);
            page[has..].fill(0);
        }
    }
    bytes
}

fn stored(engine: &Engine) -> Rows {
    let strips = engine.range((Bound::Unbounded, Bound::Unbounded));
    let rows = strips.flat_map(|strip| strip::unpack(strip.unwrap()).unwrap());
    rows.map(|(key, value)| (key, Some(value))).collect()
}

/// The keys under which two states differ.
fn differing(found: &Rows, expected: &Rows) -> Vec<String> {
    let keys: BTreeSet<&Vec<u8>> = found.keys().chain(expected.keys()).collect();
    let differ = keys
        .into_iter()
        .filter(|key| found.get(*key) != expected.get(*key));
    differ.map(|key| codec::show(key)).collect()
}

fn joined(commits: &[Rows]) -> Rows {
    commits
        .iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Moves commits into the tree, a few at a time, and writes it out now and then.
fn advance(engine: &Engine, commits: &[Rows], from: usize, to: usize, random: &mut StdRng) {
    let mut moved = from;
    while moved < to {
        let until = random.random_range(moved + 1..=to.min(moved + 8));
        let rows = joined(&commits[moved..until]);
        if random.random_bool(0.3) {
            let steps = random.random_range(0..60);
            engine.begin_to_apply(&rows, steps, &Alone::wait());
            engine.tree.flush().unwrap();
        }
        engine
            .apply_step_by_step(&rows, until as u64, &Alone::wait())
            .unwrap();
        moved = until;
    }
}

/// The files that a power cut leaves while commits move: of what was not written out before, any pages.
fn power_cut(engine: &Engine, moving: [&[Rows]; 2], up_to: usize, random: &mut StdRng) -> TempDir {
    engine.tree.flush().unwrap();
    let written = fs::read(&engine.path).unwrap();
    let [moved, begun] = moving.map(joined);
    let alone = Alone::wait();
    engine
        .apply_step_by_step(&moved, up_to as u64, &alone)
        .unwrap();
    engine.begin_to_apply(&begun, random.random_range(0..60), &alone);
    engine.tree.flush().unwrap();
    let later = fs::read(&engine.path).unwrap();
    let cut = tempfile::tempdir().unwrap();
    dir::copy_files(engine.path.parent().unwrap(), cut.path());
    fs::write(cut.path().join("db"), torn(&written, &later, random)).unwrap();
    cut
}

#[test]
fn the_journal_makes_whole_whatever_a_power_cut_leaves_of_a_move() {
    let (mut ahead, mut behind) = (0, 0);
    for seed in 0..POWER_CUTS {
        let random = &mut StdRng::seed_from_u64(seed);
        let commits: Vec<Rows> = (1..=60).map(|of| busy_rows(of, random)).collect();
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path()).unwrap();
        let reached = random.random_range(1..50);
        advance(&engine, &commits, 0, reached, random);
        let further = random.random_range(reached..reached + 4);
        let moving = [&commits[reached..further], &commits[further..further + 4]];
        let cut = power_cut(&engine, moving, further, random);
        let engine = Engine::open(cut.path()).unwrap();
        let has = usize::try_from(engine.up_to().unwrap()).unwrap();
        assert!(has >= reached, "seed {seed}: {has} of {reached}");
        ahead += usize::from(has > reached);
        behind += usize::from(has < further);
        advance(&engine, &commits, has, commits.len(), random);
        let mut expected = joined(&commits);
        expected.retain(|_, value| value.is_some());
        let differing = differing(&stored(&engine), &expected);
        assert!(differing.is_empty(), "seed {seed}: {differing:?}");
    }
    assert!(ahead > 0 && behind > 0, "{ahead} {behind}");
}

#[test]
fn what_sled_has_written_is_on_the_disk_where_the_file_system_can_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::open(dir.path()).unwrap();
    let can = dir::write_through(&File::create(dir.path().join("other")).unwrap()).is_ok();
    let flags = rustix::fs::ioctl_getflags(&engine.log);
    let is_written_through = flags.is_ok_and(|flags| flags.contains(rustix::fs::IFlags::SYNC));
    assert_eq!(is_written_through, can);
}
