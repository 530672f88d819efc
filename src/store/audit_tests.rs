//! The audit log is read by the page, filtered, pruned, and found again after a restart.

use super::*;
use crate::store::book::samples::{DAY_MS, NOON_MS};
use crate::store::{Archive, verify};

/// Rows of two accounts and of none, a day apart.
fn sample() -> (tempfile::TempDir, Db, [AccountId; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let accounts = [AccountId::new(), AccountId::new()];
    let mut batch = Batch::default();
    for day in 0..4 {
        let now_ms = NOON_MS + day * DAY_MS;
        let [ada, eve] = accounts.map(Some);
        for (action, account) in [
            (Action::KeyCreated, ada),
            (Action::KeyDeleted, ada),
            (Action::KeyCreated, eve),
            (Action::CatalogReloaded, None),
        ] {
            let deed = Deed::new(Author::ROUTER, action, account, now_ms);
            deed.with("day", day).put(&mut batch);
        }
    }
    db.commit(batch).unwrap();
    (dir, db, accounts)
}

fn found(archive: &Archive, sought: Sought) -> Vec<(Action, String)> {
    let page = archive.deeds(&sought, 100).unwrap();
    let rows = page.deeds.into_iter();
    rows.map(|deed| (deed.action, deed.details[0].1.clone()))
        .collect()
}

#[test]
fn rows_of_one_millisecond_keep_their_order_and_pages_follow_each_other() {
    let (_dir, db, _) = sample();
    let archive = Archive::new(db);
    let (mut seen, mut sought) = (Vec::new(), Sought::default());
    loop {
        let page = archive.deeds(&sought, 3).unwrap();
        seen.extend(page.deeds);
        sought.before = page.before;
        if sought.before.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 16);
    assert!(seen.windows(2).all(|pair| pair[0].id > pair[1].id));
    let last_day: Vec<Action> = seen[..4].iter().map(|deed| deed.action).collect();
    let newest_first = [
        Action::CatalogReloaded,
        Action::KeyCreated,
        Action::KeyDeleted,
        Action::KeyCreated,
    ];
    assert_eq!(last_day, newest_first);
}

#[test]
fn filters_narrow_what_is_found() {
    let (_dir, db, [ada, _]) = sample();
    let archive = Archive::new(db);
    let of_ada = Sought {
        account: Some(ada),
        ..Sought::default()
    };
    assert_eq!(found(&archive, of_ada).len(), 8);
    let deleted = Sought {
        action: Some(Action::KeyDeleted),
        ..of_ada
    };
    assert_eq!(found(&archive, deleted).len(), 4);
    let second_day = Sought {
        since_ms: Some(NOON_MS + DAY_MS),
        until_ms: Some(NOON_MS + 2 * DAY_MS),
        ..deleted
    };
    assert_eq!(
        found(&archive, second_day),
        [(Action::KeyDeleted, "1".to_owned())]
    );
    let nothing = Sought {
        until_ms: second_day.since_ms,
        ..second_day
    };
    assert_eq!(found(&archive, nothing), []);
}

#[test]
fn old_rows_go_with_their_index() {
    let (_dir, db, [ada, _]) = sample();
    let archive = Archive::new(db.clone());
    let before_ms = NOON_MS + 2 * DAY_MS;
    for expected in [5, 3, 0] {
        let pruned = prune_deeds(&db, before_ms, 5).unwrap();
        assert_eq!(pruned.records, expected);
        db.commit(pruned.batch).unwrap();
    }
    let of_ada = Sought {
        account: Some(ada),
        ..Sought::default()
    };
    assert_eq!(found(&archive, of_ada).len(), 4);
    assert_eq!(found(&archive, Sought::default()).len(), 8);
    assert_eq!(db.rows(key::ACCOUNT_DEEDS).unwrap().count(), 6);
    verify(&db).unwrap();
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let deed = Deed::new(Author::ROUTER, Action::AccountChanged, None, 0);
    let deed = deed.with("long", "ä".repeat(600));
    assert_eq!(deed.details[0].1.len(), MOST_DETAIL_BYTES);
}
