//! What is exported comes back the same, and a changed file is refused.

use std::io::BufReader;
use std::path::Path;

use super::*;
use crate::ids::AccountId;
use crate::store::book::samples::{NOON_MS, card_money, customer, order, pico, record, usd};
use crate::store::db::Db;
use crate::store::{Archive, Book, Day, Extension, ImportError, Limits, Report, import, prune};

/// A ledger with a row of every kind, a hold that is open, and a record that was pruned.
fn sample(dir: &Path) -> (Db, AccountId) {
    let db = Db::open(dir).unwrap();
    let account = customer(&db);
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    book.grant(account, usd("5"), "first", "a \"test\"", NOON_MS)
        .unwrap();
    card_money(&mut book, account);
    let slow = order(account, usd("0.20"), pico(1));
    book.authorise(&slow, NOON_MS).unwrap();
    book.expire(slow.expires_ms);
    book.settle(record(&slow, usd("0.01")), slow.expires_ms)
        .unwrap();
    for day in 0..3 {
        let at = NOON_MS + day * 86_400_000;
        let order = order(account, usd("0.10"), pico(1));
        book.authorise(&order, at).unwrap();
        book.settle(record(&order, usd("0.02")), at).unwrap();
    }
    let open = order(account, usd("0.30"), pico(1));
    let more = Extension {
        generation: open.generation,
        number: 1,
        want: usd("0.10"),
        least: pico(1),
    };
    book.authorise(&open, NOON_MS + 2 * 86_400_000).unwrap();
    book.extend(more, NOON_MS + 2 * 86_400_000).unwrap();
    db.commit(book.take_batch()).unwrap();
    db.commit(prune(&db, None, u64::MAX, 1).unwrap().batch)
        .unwrap();
    (db, account)
}

fn exported(db: &Db) -> Vec<u8> {
    let mut file = Vec::new();
    Snapshot::take(db)
        .unwrap()
        .export(&mut file, || ())
        .unwrap();
    file
}

fn imported(file: &[u8], dir: &Path) -> Result<Report, ImportError> {
    import(&mut BufReader::new(file), dir, |_| ())
}

#[test]
fn an_import_holds_what_was_exported_and_exports_the_same_bytes() {
    let parent = tempfile::tempdir().unwrap();
    let (db, account) = sample(&parent.path().join("old"));
    let file = exported(&db);
    let new = parent.path().join("new");
    let report = imported(&file, &new).unwrap();
    assert_eq!(report, crate::store::verify(&db).unwrap());
    let last = String::from_utf8_lossy(&file);
    let last: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    let kinds: Vec<&String> = last["end"]["lines"].as_object().unwrap().keys().collect();
    let every_kind = [
        "audit",
        "customer",
        "day",
        "key",
        "key_policy",
        "key_totals",
        "key_use",
        "limit",
        "month",
        "order",
        "payment",
        "recharge",
        "record",
        "remembered",
        "returns",
        "settings",
        "telemetry",
        "transfer",
        "wallet",
    ];
    assert_eq!(kinds, every_kind);

    let copy = Db::open(&new).unwrap();
    assert_eq!(crate::store::verify(&copy).unwrap(), report);
    assert_eq!(exported(&copy), file);
    let totals = |db: &Db| {
        let days = Day::of(0)..=Day::of(u64::MAX);
        Archive::new(db.clone()).days(account, days, 10).unwrap()
    };
    assert_eq!(totals(&copy), totals(&db));
    assert_eq!(totals(&copy).len(), 3);

    drop(db);
    let old = Db::open(&parent.path().join("old")).unwrap();
    let load = |db: &Db| Book::load(db, Limits::default(), NOON_MS).unwrap();
    let ((old, orphans), (new, orphans_too)) = (load(&old), load(&copy));
    assert_eq!(orphans, orphans_too);
    assert_eq!(orphans.orphans, 1);
    assert_eq!(old.balance(account), new.balance(account));
}

#[test]
fn the_secret_stays_out_and_keys_wait_for_it() {
    let parent = tempfile::tempdir().unwrap();
    let (db, _) = sample(&parent.path().join("old"));
    let pepper = db.pepper().unwrap();
    let file = exported(&db);
    let secret = hex::encode(pepper.as_bytes());
    assert!(!String::from_utf8_lossy(&file).contains(&secret));
    let new = parent.path().join("new");
    imported(&file, &new).unwrap();
    let copy = Db::open(&new).unwrap();
    assert!(matches!(copy.pepper(), Err(StoreError::PepperLost { .. })));
    std::fs::copy(parent.path().join("old/pepper"), new.join("pepper")).unwrap();
    assert_eq!(copy.pepper().unwrap().as_bytes(), pepper.as_bytes());
}

#[test]
fn every_flipped_byte_is_refused_with_its_line_and_leaves_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let (db, _) = sample(&parent.path().join("old"));
    let file = exported(&db);
    let new = parent.path().join("new");
    // Every byte would open thousands of storages; a step that shares no factor with the lines'
    // lengths meets every kind of line, and the ends are tried one by one.
    let edges = file.len().saturating_sub(100)..file.len();
    for at in (0..file.len()).step_by(97).chain(edges.step_by(7)) {
        let mut changed = file.clone();
        changed[at] ^= 0x20;
        let refused = imported(&changed, &new);
        let Err(ImportError::Line { line, .. }) = refused else {
            panic!("byte {at}: {refused:?}")
        };
        assert!(line >= 1);
        assert!(!new.exists(), "byte {at} left something behind");
    }
}

#[test]
fn a_file_that_is_cut_off_or_goes_on_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let (db, _) = sample(&parent.path().join("old"));
    let file = exported(&db);
    let new = parent.path().join("new");
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let without_last = lines[..lines.len() - 1].concat();
    let twice = [file.as_slice(), file.as_slice()].concat();
    let swapped = {
        let mut lines = lines.clone();
        lines.swap(1, 2);
        lines.concat()
    };
    for bad in [
        &b""[..],
        b"{}\n",
        &file[..file.len() - 1],
        &file[..file.len() / 2],
        &without_last,
        &twice,
        &swapped,
    ] {
        let refused = imported(bad, &new);
        assert!(
            matches!(refused, Err(ImportError::Line { .. })),
            "{refused:?}"
        );
        assert!(!new.exists());
    }
}

#[test]
fn a_directory_with_a_ledger_is_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let old = parent.path().join("old");
    let (db, _) = sample(&old);
    let file = exported(&db);
    let in_use = imported(&file, &old).unwrap_err();
    assert!(matches!(
        in_use,
        ImportError::Store(StoreError::InUse { .. })
    ));
    drop(db);
    let refused = imported(&file, &old).unwrap_err();
    assert!(matches!(refused, ImportError::NotEmpty { .. }));
    assert_eq!(exported(&Db::open(&old).unwrap()), file);
}

#[test]
fn what_a_killed_import_left_does_not_stand_in_the_way() {
    let parent = tempfile::tempdir().unwrap();
    let (db, _) = sample(&parent.path().join("old"));
    let new = parent.path().join("new");
    drop(Db::open(&new.join("importing")).unwrap());
    imported(&exported(&db), &new).unwrap();
    assert!(!new.join("importing").exists());
}

#[test]
fn an_export_is_as_of_its_snapshot_whatever_comes_after() {
    let dir = tempfile::tempdir().unwrap();
    let (db, account) = sample(dir.path());
    let snapshot = Snapshot::take(&db).unwrap();
    let mut before = Vec::new();
    snapshot.export(&mut before, || ()).unwrap();
    let report = snapshot.verify(|| ()).unwrap();

    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let order = order(account, usd("0.10"), pico(1));
    let at = NOON_MS + 3 * 86_400_000;
    book.authorise(&order, at).unwrap();
    book.settle(record(&order, usd("0.02")), at).unwrap();
    db.commit(book.take_batch()).unwrap();

    let mut after = Vec::new();
    snapshot.export(&mut after, || ()).unwrap();
    assert!(after == before);
    let again = snapshot.verify(|| ()).unwrap();
    assert_eq!(
        (again.transfers, &again.head_hash),
        (report.transfers, &report.head_hash)
    );
    assert!(exported(&db) != before);
}

#[test]
fn a_damaged_ledger_is_not_exported() {
    let dir = tempfile::tempdir().unwrap();
    let (db, _) = sample(dir.path());
    let key = key::transfer(2);
    let mut bytes = db.get(&key).unwrap().unwrap();
    bytes[3] ^= 1;
    db.overwrite(&key, Some(&bytes));
    let refused = Snapshot::take(&db).unwrap().export(&mut io::sink(), || ());
    assert!(matches!(refused, Err(ExportError::Ledger(_))));
}
