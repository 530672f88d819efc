//! API keys: bounded, changed in one step, and never given more than their maker has.

use super::*;
use crate::catalog::Tier;

fn with_customer() -> (Accounts, AccountId) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let mut accounts = Accounts::load(&db, Pepper::generate()).unwrap();
    let id = accounts.create("ada@example.com", 0).unwrap().account.id;
    accounts.take_batch();
    (accounts, id)
}

fn managing(tiers: Vec<Tier>) -> PolicyChange {
    PolicyChange {
        scopes: Some(KeyScope::ALL.to_vec()),
        tiers: Some(tiers),
        ..PolicyChange::default()
    }
}

#[test]
fn keys_are_bounded_and_named() {
    let (mut accounts, id) = with_customer();
    let mut add = |account, name: &str| accounts.add_key(account, name, Policy::default(), 0).err();
    for bad in ["", " ", "a\tb", &"x".repeat(65)] {
        assert_eq!(add(id, bad), Some(AccountError::BadName), "{bad}");
    }
    let stranger = add(AccountId::new(), "ci");
    assert_eq!(stranger, Some(AccountError::NoSuchAccount));
    for _ in 1..MOST_KEYS {
        assert_eq!(add(id, "ci"), None);
    }
    assert_eq!(add(id, "ci"), Some(AccountError::TooManyKeys));
    assert_eq!(accounts.keys_of(id).count(), MOST_KEYS);
}

#[test]
fn a_key_manages_only_keys_that_may_do_no_more_than_itself() {
    let (mut accounts, id) = with_customer();
    let first = accounts.keys_of(id).next().unwrap().id;
    let economy = managing(vec![Tier::Economy]);
    let made = accounts.make_key(id, Maker::Owner, "agent", economy.clone(), 0);
    let agent = Maker::Key(made.ok().unwrap().0.id);
    let wider = accounts.make_key(id, agent, "more", managing(vec![]), 0);
    assert_eq!(
        wider.err(),
        Some(AccountError::Beyond(Beyond("allowed_tiers")))
    );
    let (own, _) = accounts
        .make_key(id, agent, "own", economy, 0)
        .ok()
        .unwrap();
    let widen = KeyChange {
        policy: managing(vec![Tier::Economy, Tier::Premium]),
        ..KeyChange::default()
    };
    let widened = accounts.change_key(id, agent, own.id, widen);
    assert_eq!(
        widened.err(),
        Some(AccountError::Beyond(Beyond("allowed_tiers")))
    );
    accounts.take_batch();
    let deleted = accounts.delete_key(id, agent, first);
    assert_eq!(
        deleted.err(),
        Some(AccountError::Beyond(Beyond("allowed_tiers")))
    );
    assert!(accounts.take_batch().is_empty());
    accounts.delete_key(id, agent, own.id).unwrap();
    let Maker::Key(agent_id) = agent else { return };
    accounts.delete_key(id, Maker::Owner, agent_id).unwrap();
    let dead = accounts.make_key(id, agent, "late", PolicyChange::default(), 0);
    assert_eq!(dead.err(), Some(AccountError::NoSuchKey));
}

#[test]
fn a_key_of_another_customer_is_not_there() {
    let (mut accounts, id) = with_customer();
    let other = accounts.create("eve@example.com", 0).unwrap().account.id;
    let key = accounts.keys_of(id).next().unwrap().id;
    let change = accounts.change_key(other, Maker::Owner, key, KeyChange::default());
    assert_eq!(change.err(), Some(AccountError::NoSuchKey));
    let delete = accounts.delete_key(other, Maker::Owner, key);
    assert_eq!(delete.err(), Some(AccountError::NoSuchKey));
}

#[test]
fn policies_and_uses_outlive_the_process_and_old_keys_have_the_usual_one() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let load = || Accounts::load(&db, db.pepper().unwrap()).unwrap();
    let mut accounts = load();
    let id = accounts.create("ada@example.com", 0).unwrap().account.id;
    let made = accounts.make_key(id, Maker::Owner, "ci", managing(vec![Tier::Premium]), 5);
    let key = made.ok().unwrap().0.id;
    accounts.touch_key(key, 7);
    db.commit(accounts.take_batch()).unwrap();
    let again = load();
    assert_eq!(again.policy(key).tiers, [Tier::Premium]);
    assert_eq!(again.used_ms(key), Some(7));
    db.overwrite(&super::key::policy(key), None);
    assert_eq!(*load().policy(key), Policy::default());
}
