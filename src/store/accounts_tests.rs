//! Customers and keys: made, found, kept.

use super::*;

fn fresh() -> Accounts {
    let dir = tempfile::tempdir().unwrap();
    Accounts::load(&Db::open(dir.path()).unwrap(), Pepper::generate()).unwrap()
}

#[test]
fn a_customer_is_found_by_the_first_key() {
    let mut accounts = fresh();
    let created = accounts.create(" Ada@Example.com ", 7).unwrap();
    assert_eq!(created.account.email, "Ada@Example.com");
    let hash = created.key.hash(accounts.keys.pepper());
    let (account, key) = accounts.find(&hash).unwrap();
    assert_eq!((account.id, account.created_ms), (created.account.id, 7));
    assert_eq!((key.name.as_str(), key.disabled), ("default", false));
    let unknown = ApiKey::generate().hash(accounts.keys.pepper());
    assert!(accounts.find(&unknown).is_none());
}

#[test]
fn an_address_is_taken_in_whatever_case() {
    let mut accounts = fresh();
    accounts.create("ada@example.com", 0).unwrap();
    let again = accounts.create("ADA@example.COM", 0).err();
    assert_eq!(again, Some(AccountError::EmailTaken));
    assert_eq!(accounts.accounts().count(), 1);
}

#[test]
fn nonsense_is_no_address() {
    let mut accounts = fresh();
    let long = format!("{}@example.com", "a".repeat(250));
    for bad in [
        "", "ada", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\nc", &long,
    ] {
        let refused = accounts.create(bad, 0).err();
        assert_eq!(refused, Some(AccountError::BadEmail), "{bad}");
    }
    assert!(accounts.take_batch().is_empty());
}

#[test]
fn customers_and_keys_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let mut accounts = Accounts::load(&db, db.pepper().unwrap()).unwrap();
    let created = accounts.create("ada@example.com", 0).unwrap();
    let (_, second) = accounts
        .add_key(created.account.id, "ci", Policy::default(), 1)
        .unwrap();
    db.commit(accounts.take_batch()).unwrap();
    drop(db);

    let db = Db::open(dir.path()).unwrap();
    let mut accounts = Accounts::load(&db, db.pepper().unwrap()).unwrap();
    for key in [created.key, second] {
        let (account, _) = accounts.find(&key.hash(accounts.keys.pepper())).unwrap();
        assert_eq!(*account, created.account);
    }
    let taken = accounts.create("ada@example.com", 0).err();
    assert_eq!(taken, Some(AccountError::EmailTaken));
}

#[test]
fn a_daily_limit_is_kept_in_a_row_of_its_own_and_can_be_lifted() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let load = || Accounts::load(&db, db.pepper().unwrap()).unwrap();
    let mut accounts = load();
    let id = accounts.create("ada@example.com", 0).unwrap().account.id;
    let limit = |usd: &str| Some(usd.parse().unwrap());
    accounts.set_daily_limit(id, limit("1.50")).unwrap();
    let below = accounts.set_daily_limit(id, limit("-1"));
    assert_eq!(below, Err(AccountError::NegativeLimit));
    let nobody = accounts.set_daily_limit(AccountId::new(), limit("1"));
    assert_eq!(nobody, Err(AccountError::NoSuchAccount));
    db.commit(accounts.take_batch()).unwrap();
    let mut again = load();
    assert_eq!(again.daily_limit(id), limit("1.50"));
    again.set_daily_limit(id, None).unwrap();
    db.commit(again.take_batch()).unwrap();
    assert_eq!(load().daily_limit(id), None);
}

#[test]
fn a_deleted_customer_leaves_no_row_and_frees_the_address() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let mut accounts = Accounts::load(&db, db.pepper().unwrap()).unwrap();
    let created = accounts.create("ada@example.com", 0).unwrap();
    let id = created.account.id;
    accounts
        .set_daily_limit(id, Some(Picodollars::ZERO))
        .unwrap();
    let wrong = accounts.delete(id, "eve@example.com");
    assert_eq!(wrong, Err(AccountError::WrongEmail));
    let hash = created.key.hash(accounts.keys.pepper());
    assert_eq!(accounts.delete(id, " ADA@example.com"), Ok(vec![hash]));
    assert!(accounts.find(&hash).is_none());
    db.commit(accounts.take_batch()).unwrap();
    let left: Vec<_> = db.rows(b"").unwrap().map(|row| row.unwrap().0).collect();
    assert_eq!(left, [key::META.to_vec()]);
    accounts.create("ada@example.com", 1).unwrap();
}
