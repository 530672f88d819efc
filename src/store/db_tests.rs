//! Opening, locking, committing, and refusing after a failure.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::batch::MOST_VALUE_BYTES;
use super::*;
use crate::ids::{AccountId, GenerationId};
use crate::store::codec;

fn batch(key: &[u8], value: &str) -> Batch {
    let mut batch = Batch::default();
    batch.put(key.to_vec(), &value);
    batch
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.commit(batch(b"t/1", "one")).unwrap();
    drop(db);
    let db = Db::open(dir.path()).unwrap();
    let bytes = db.get(b"t/1").unwrap().unwrap();
    assert_eq!(codec::decode::<String>(b"t/1", &bytes).unwrap(), "one");
    let mut removal = Batch::default();
    removal.delete(b"t/1".to_vec());
    db.commit(removal).unwrap();
    assert_eq!(db.get(b"t/1").unwrap(), None);
}

#[test]
fn rows_come_in_key_order_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    for key in [b"t/3", b"t/1", b"u/1", b"t/2"] {
        db.commit(batch(key, "")).unwrap();
    }
    let keys = |rows: Vec<Result<Row, StoreError>>| -> Vec<String> {
        rows.into_iter()
            .map(|row| codec::show(&row.unwrap().0))
            .collect()
    };
    let forward = db.rows(b"t/").unwrap().take(2).collect();
    assert_eq!(keys(forward), ["t/1", "t/2"]);
    let backward = db.rows(b"t/").unwrap().rev().take(2).collect();
    assert_eq!(keys(backward), ["t/3", "t/2"]);
}

#[test]
fn a_second_owner_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let second = Db::open(dir.path()).unwrap_err();
    assert!(matches!(second, StoreError::InUse { .. }));
    assert!(second.to_string().contains("in use by another process"));
    drop(db);
    assert!(Db::open(dir.path()).is_ok());
}

#[test]
fn a_half_written_snapshot_does_not_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.commit(batch(b"t/1", "one")).unwrap();
    drop(db);
    let torn = dir.path().join("ledger/snap.FFFFFFFFFFFFFFFF.generating");
    fs::write(&torn, b"torn").unwrap();
    let db = Db::open(dir.path()).unwrap();
    assert!(db.get(b"t/1").unwrap().is_some());
    assert!(!torn.exists());
}

#[test]
fn a_damaged_file_is_an_error_not_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    drop(Db::open(dir.path()).unwrap());
    fs::write(dir.path().join("ledger/conf"), b"not a configuration").unwrap();
    assert!(Db::open(dir.path()).is_err());
}

/// The files as a power cut leaves them. Nothing may be written meanwhile.
fn after_a_power_cut(db: &Db) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let alone = engine::Alone::wait();
    let (from, to) = (db.0.dir.join("ledger"), copy.path().join("ledger"));
    fs::create_dir_all(to.join("blobs")).unwrap();
    for of in ["", "blobs"] {
        dir::copy_files(&from.join(of), &to.join(of));
    }
    drop(alone);
    copy
}

fn text(db: &Db, key: &[u8]) -> Option<String> {
    let bytes = db.get(key).unwrap()?;
    Some(codec::decode(key, &bytes).unwrap())
}

fn keys(rows: impl Iterator<Item = Result<Row, StoreError>>) -> Vec<String> {
    rows.map(|row| codec::show(&row.unwrap().0)).collect()
}

#[test]
fn what_the_tree_does_not_have_yet_survives_a_power_cut() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.commit(batch(b"t/1", "one")).unwrap();
    assert_eq!(keys(db.rows(b"t/").unwrap()), ["t/1"]);
    db.commit(batch(b"t/2", "two")).unwrap();
    let mut third = batch(b"t/3", "three");
    third.delete(b"t/1".to_vec());
    db.commit(third).unwrap();
    let cut = after_a_power_cut(&db);
    let db = Db::open(cut.path()).unwrap();
    assert_eq!(keys(db.rows(b"t/").unwrap()), ["t/2", "t/3"]);
    assert_eq!(text(&db, b"t/3").as_deref(), Some("three"));
    assert_eq!(text(&db, b"t/1"), None);
}

#[test]
fn the_newest_value_is_read_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.commit(batch(b"t/1", "one")).unwrap();
    db.commit(batch(b"u/1", "one")).unwrap();
    db.0.stored.checkpoint().unwrap();
    db.commit(batch(b"t/1", "two")).unwrap();
    let mut removal = Batch::default();
    removal.delete(b"u/1".to_vec());
    db.commit(removal).unwrap();
    assert_eq!(text(&db, b"t/1").as_deref(), Some("two"));
    assert_eq!(text(&db, b"u/1"), None);
    assert_eq!(keys(db.rows(b"").unwrap()), ["m/meta", "t/1"]);
    assert_eq!(text(&db, b"t/1").as_deref(), Some("two"));
}

#[test]
fn many_commits_go_round_the_journal_and_are_all_there() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let value = "x".repeat(5000);
    let key = |number: u32| [b"t/".as_slice(), &number.to_be_bytes()].concat();
    for commit in 0..100 {
        let mut rows = Batch::default();
        for number in 0..25 {
            rows.put(key(commit * 25 + number), &value);
        }
        db.commit(rows).unwrap();
    }
    let journal = |name| fs::metadata(dir.path().join("ledger").join(name)).unwrap();
    for name in ["journal.0", "journal.1"] {
        assert!(journal(name).len() <= 4 << 20, "it does not grow");
    }
    let cut = after_a_power_cut(&db);
    for db in [&db, &Db::open(cut.path()).unwrap()] {
        assert_eq!(db.rows(b"t/").unwrap().count(), 2500);
        assert_eq!(text(db, &key(2499)).as_deref(), Some(value.as_str()));
    }
}

/// What may happen to a table of records.
#[derive(Clone, Debug)]
enum Step {
    /// Rows come and go in one commit: account, number, whether it stays.
    Commit(Vec<(u8, u8, bool)>),
    Move,
    Reopen,
    /// The power fails when the move into the tree has come so many steps far.
    Fail(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let change = (0_u8..3, any::<u8>(), prop::bool::weighted(0.8));
    prop_oneof![
        6 => prop::collection::vec(change, 1..60).prop_map(Step::Commit),
        3 => Just(Step::Move),
        1 => Just(Step::Reopen),
        1 => (0_usize..9).prop_map(Step::Fail),
    ]
}

fn record_key(account: u8, number: u8) -> Vec<u8> {
    let account = AccountId::from_bytes([account; 16]);
    key::record(account, GenerationId::from_bytes([number; 16]))
}

/// The files of a router that lost power in the midst of a move into the tree.
fn failed_amid_a_move(db: &Db, steps: usize) -> tempfile::TempDir {
    let cut = after_a_power_cut(db);
    let rows = db.0.stored.waiting();
    let engine = Engine::open(&cut.path().join("ledger")).unwrap();
    let alone = engine::Alone::wait();
    engine.begin_to_apply(&rows, steps, &alone);
    engine.sync(alone).unwrap();
    cut
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn records_in_strips_are_as_if_each_stood_alone(
        steps in prop::collection::vec(any_step(), 1..24),
        ask: (u8, u8),
    ) {
        let mut dir = tempfile::tempdir().unwrap();
        let mut db = Db::open(dir.path()).unwrap();
        let mut model = BTreeMap::new();
        for (count, step) in steps.into_iter().enumerate() {
            match step {
                Step::Commit(changes) => {
                    let mut batch = Batch::default();
                    for (account, number, stays) in changes {
                        let key = record_key(account, number);
                        let value = format!("{count} {}", "x".repeat(usize::from(number) * 4));
                        if stays {
                            batch.put(key.clone(), &value);
                            model.insert(key, value);
                        } else {
                            batch.delete(key.clone());
                            model.remove(&key);
                        }
                    }
                    db.commit(batch).unwrap();
                }
                Step::Move => db.0.stored.checkpoint().unwrap(),
                Step::Reopen => {
                    drop(db);
                    db = Db::open(dir.path()).unwrap();
                }
                Step::Fail(steps) => {
                    let cut = failed_amid_a_move(&db, steps);
                    drop(db);
                    dir = cut;
                    db = Db::open(dir.path()).unwrap();
                }
            }
            let asked = record_key(ask.0 % 3, ask.1);
            prop_assert_eq!(text(&db, &asked), model.get(&asked).cloned());
        }
        let expected: Vec<&Vec<u8>> = model.keys().collect();
        let found: Vec<Vec<u8>> = db.rows(key::RECORDS).unwrap().map(|row| row.unwrap().0).collect();
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected.clone());
        let back: Vec<Vec<u8>> = db.rows(key::RECORDS).unwrap().rev().map(|row| row.unwrap().0).collect();
        prop_assert_eq!(back.iter().rev().collect::<Vec<_>>(), expected);
        let from = record_key(ask.0 % 3, ask.1);
        let found = db.range(from.clone()..).unwrap().filter(|row| row.as_ref().unwrap().0.starts_with(key::RECORDS));
        prop_assert_eq!(found.count(), model.range(from..).count());
        for (key, value) in &model {
            prop_assert_eq!(text(&db, key), Some(value.clone()));
        }
    }
}

#[test]
fn a_batch_too_large_for_the_journal_is_committed_too() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.commit(batch(b"t/001", "old")).unwrap();
    let mut large = Batch::default();
    for number in 1..=100 {
        let key = format!("t/{number:03}").into_bytes();
        large.put(key, &"x".repeat(20_000));
    }
    db.commit(large).unwrap();
    db.commit(batch(b"t/100", "new")).unwrap();
    let cut = after_a_power_cut(&db);
    let db = Db::open(cut.path()).unwrap();
    assert_eq!(db.rows(b"t/").unwrap().count(), 100);
    assert_ne!(text(&db, b"t/001").as_deref(), Some("old"));
    assert_eq!(text(&db, b"t/100").as_deref(), Some("new"));
}

#[test]
fn after_a_failed_sync_everything_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap().with_failing_sync();
    let clone = db.clone();
    let error = db.commit(batch(b"t/1", "one")).unwrap_err();
    assert!(matches!(error, StoreError::Io { action: "sync", .. }));
    assert!(matches!(clone.get(b"t/1"), Err(StoreError::Poisoned)));
    assert!(matches!(
        clone.commit(batch(b"t/2", "two")),
        Err(StoreError::Poisoned)
    ));
    assert!(clone.rows(b"").is_err());
}

#[test]
fn a_value_that_is_too_large_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let mut both = batch(b"t/1", "small");
    both.put(b"t/2".to_vec(), &"x".repeat(MOST_VALUE_BYTES));
    let error = db.commit(both).unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }));
    drop(db);
    let db = Db::open(dir.path()).unwrap();
    assert_eq!(db.get(b"t/1").unwrap(), None);
}

#[test]
fn the_directory_and_the_secret_are_private() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let db = Db::open(&dir).unwrap();
    let pepper = db.pepper().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("pepper")), 0o600);
    assert_eq!(db.pepper().unwrap().as_bytes(), pepper.as_bytes());
}

#[test]
fn a_lost_secret_is_not_replaced_while_keys_depend_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    db.pepper().unwrap();
    db.commit(batch(b"k/some", "key")).unwrap();
    fs::write(dir.path().join("pepper"), b"short").unwrap();
    assert!(matches!(db.pepper(), Err(StoreError::PepperLost { .. })));
    fs::remove_file(dir.path().join("pepper")).unwrap();
    assert!(matches!(db.pepper(), Err(StoreError::PepperLost { .. })));
}
