//! Signing in as a whole: accounts are found or made, once, and greeted by the operator's terms.

use super::*;
use crate::money::Picodollars;

struct House {
    _dir: tempfile::TempDir,
    db: Db,
    accounts: Accounts,
    visitors: Visitors,
}

impl House {
    fn new(disposable: Disposable, credit: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let pepper = db.pepper().unwrap();
        let terms = Terms {
            disposable,
            generosity: Generosity {
                credit: credit.parse().unwrap(),
                daily_cap: "1".parse().unwrap(),
            },
        };
        Self {
            accounts: Accounts::load(&db, pepper.clone()).unwrap(),
            visitors: Visitors::load(&db, &pepper, terms).unwrap(),
            _dir: dir,
            db,
        }
    }

    fn request(&mut self, who: &str) -> (FlowId, Option<SignInCode>) {
        let flow = FlowId::generate();
        let code = self
            .visitors
            .request(&self.accounts, &flow, &who.parse().unwrap(), 0);
        (flow, code)
    }

    fn enter(&mut self, who: &str) -> Result<Welcome, NotLetIn> {
        let (flow, code) = self.request(who);
        let offer = Offer {
            flow,
            email: who.parse().unwrap(),
            code: code.ok_or(NotLetIn::WrongCode)?,
            agent: "test".into(),
        };
        self.visitors.sign_in(&mut self.accounts, &offer, 0)
    }
}

#[test]
fn a_new_address_becomes_an_account_with_a_key_once() {
    let mut house = House::new(Disposable::Refuse, "0");
    let first = house.enter("Ada@example.com").ok().unwrap();
    assert_eq!(first.email, "Ada@example.com");
    let newcomer = first.newcomer.unwrap();
    assert!(newcomer.gift.is_none());
    let hash = newcomer.key.hash(&house.db.pepper().unwrap());
    let account = house.accounts.find(&hash).unwrap().0.id;
    assert_eq!(account, first.opened.session.account);

    let second = house.enter("ada@EXAMPLE.com").ok().unwrap();
    assert!(second.newcomer.is_none());
    assert_eq!(second.opened.session.account, account);
    assert_eq!(house.visitors.sessions_of(account).count(), 2);
}

#[test]
fn new_accounts_are_given_credit_up_to_the_day_s_cap() {
    let mut house = House::new(Disposable::Refuse, "0.60");
    let gift = |welcome: Welcome| welcome.newcomer.unwrap().gift.map(|gift| gift.amount);
    let sixty: Picodollars = "0.60".parse().unwrap();
    assert_eq!(
        gift(house.enter("ada@example.com").ok().unwrap()),
        Some(sixty)
    );
    assert_eq!(gift(house.enter("bob@example.com").ok().unwrap()), None);
    assert_eq!(house.visitors.gifts().count(), 1);
}

#[test]
fn throw_away_addresses_get_no_code_unless_the_operator_or_an_account_says_so() {
    let who = "ada@sub.10minutemail.com";
    let mut house = House::new(Disposable::Refuse, "0");
    assert!(house.request(who).1.is_none());
    house.accounts.create(who, 0).unwrap();
    assert!(house.request(who).1.is_some());
    let mut house = House::new(Disposable::Accept, "0");
    assert!(house.request(who).1.is_some());
}

#[test]
fn everything_a_sign_in_writes_verifies_and_outlives_a_restart() {
    let mut house = House::new(Disposable::Refuse, "0.60");
    let welcome = house.enter("ada@example.com").ok().unwrap();
    let account = welcome.opened.session.account;
    house.request("bob@example.com");
    let mut batch = house.accounts.take_batch();
    batch.merge(house.visitors.take_batch());
    house.db.commit(batch).unwrap();
    crate::store::verify(&house.db).unwrap();
    for prefix in [&b"v/code/"[..], b"v/address/", b"v/gift/", b"z/", b"c/"] {
        assert!(house.db.rows(prefix).unwrap().next().is_some());
    }
    let pepper = house.db.pepper().unwrap();
    let again = Visitors::load(&house.db, &pepper, house.visitors.terms).unwrap();
    assert_eq!(again.sessions_of(account).count(), 1);
    assert_eq!(again.gifts().count(), 1);
}
