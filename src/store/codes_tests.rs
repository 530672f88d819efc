//! Codes: right once, compared five times, limited per address, forgotten in time.

use proptest::prelude::*;

use super::*;

const HOUR_MS: u64 = 3600 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

fn fresh() -> Codes {
    let dir = tempfile::tempdir().unwrap();
    Codes::load(&Db::open(dir.path()).unwrap(), Pepper::generate()).unwrap()
}

fn email(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

fn code(text: &str) -> SignInCode {
    text.parse().unwrap()
}

/// A code that is not the given one.
fn other_than(secret: &SignInCode) -> SignInCode {
    code(if secret.reveal() == "00000000" {
        "11111111"
    } else {
        "00000000"
    })
}

fn ask(codes: &mut Codes, who: &EmailAddress, now_ms: u64) -> (FlowId, Option<SignInCode>) {
    let flow = FlowId::generate();
    let secret = codes.request(&flow, who, Wanted::Yes, now_ms, &mut Batch::default());
    (flow, secret)
}

fn guess(
    codes: &mut Codes,
    flow: &FlowId,
    who: &EmailAddress,
    offered: &SignInCode,
    now_ms: u64,
) -> Guess {
    codes.guess(flow, who, offered, now_ms, &mut Batch::default())
}

#[test]
fn a_code_is_right_once_in_whatever_case_its_address_is_typed() {
    let (mut codes, ada) = (fresh(), email("ada@example.com"));
    let (flow, secret) = ask(&mut codes, &ada, 0);
    let secret = secret.unwrap();
    let typed = email("Ada@Example.com");
    assert_eq!(guess(&mut codes, &flow, &typed, &secret, 1), Guess::Right);
    assert_eq!(
        guess(&mut codes, &flow, &ada, &secret, 2),
        Guess::NotCompared
    );
}

#[test]
fn a_code_ends_after_ten_minutes() {
    let (mut codes, ada) = (fresh(), email("ada@example.com"));
    let (early, first) = ask(&mut codes, &ada, 0);
    let (late, second) = ask(&mut codes, &ada, 0);
    let in_time = guess(&mut codes, &early, &ada, &first.unwrap(), CODE_MS - 1);
    let over = guess(&mut codes, &late, &ada, &second.unwrap(), CODE_MS);
    assert_eq!((in_time, over), (Guess::Right, Guess::NotCompared));
}

#[test]
fn the_right_code_is_no_longer_compared_after_five_wrong_ones() {
    let (mut codes, ada) = (fresh(), email("ada@example.com"));
    let (flow, secret) = ask(&mut codes, &ada, 0);
    let secret = secret.unwrap();
    for _ in 0..5 {
        let wrong = guess(&mut codes, &flow, &ada, &other_than(&secret), 1);
        assert_eq!(wrong, Guess::Wrong);
    }
    assert_eq!(
        guess(&mut codes, &flow, &ada, &secret, 1),
        Guess::NotCompared
    );
}

#[test]
fn a_code_is_worth_nothing_with_another_flow_or_address() {
    let (mut codes, ada, eve) = (fresh(), email("ada@example.com"), email("eve@example.com"));
    let (flow, secret) = ask(&mut codes, &ada, 0);
    let (eves, _) = ask(&mut codes, &eve, 0);
    let secret = secret.unwrap();
    let unknown = FlowId::generate();
    assert_eq!(
        guess(&mut codes, &unknown, &ada, &secret, 1),
        Guess::NotCompared
    );
    assert_eq!(guess(&mut codes, &eves, &ada, &secret, 1), Guess::Wrong);
    assert_eq!(guess(&mut codes, &flow, &eve, &secret, 1), Guess::Wrong);
    assert_eq!(guess(&mut codes, &flow, &ada, &secret, 1), Guess::Right);
}

/// One guess at each of a thousand addresses is right with a chance of one in 100,000, twice with
/// one in 20,000,000,000; and no digit of the codes is likelier than another.
#[test]
fn a_thousand_addresses_are_as_hard_to_guess_as_their_codes_are_many() {
    let mut codes = fresh();
    let (mut hits, mut digits) = (0, [0_u32; 10]);
    for number in 0..1000 {
        let who = email(&format!("user{number}@example.com"));
        let (flow, secret) = ask(&mut codes, &who, 0);
        for digit in secret.unwrap().reveal().bytes() {
            digits[usize::from(digit - b'0')] += 1;
        }
        match guess(&mut codes, &flow, &who, &code("12345678"), 1) {
            Guess::Right => hits += 1,
            Guess::Wrong => {}
            Guess::NotCompared => panic!("the first guess is compared"),
        }
    }
    assert!(hits <= 1, "{hits}");
    // 800 of each are expected; six standard deviations are 161.
    assert!(
        digits.iter().all(|seen| (639..=961).contains(seen)),
        "{digits:?}"
    );
}

#[test]
fn an_address_gets_five_codes_an_hour() {
    let (mut codes, ada) = (fresh(), email("ada@example.com"));
    for now in 0..5 {
        assert!(ask(&mut codes, &ada, now).1.is_some());
    }
    let (flow, none) = ask(&mut codes, &email("ADA@example.com"), 5);
    assert!(none.is_none());
    let decoy = guess(&mut codes, &flow, &ada, &code("12345678"), 5);
    assert_eq!(decoy, Guess::Wrong);
    assert!(ask(&mut codes, &email("eve@example.com"), 5).1.is_some());
    assert!(ask(&mut codes, &ada, HOUR_MS - 1).1.is_none());
    assert!(ask(&mut codes, &ada, HOUR_MS).1.is_some());
}

#[test]
fn an_address_is_guessed_at_a_hundred_times_a_day() {
    let (mut codes, ada) = (fresh(), email("ada@example.com"));
    let mut compared = 0;
    let mut hour = 0;
    while compared < 100 {
        for _ in 0..5 {
            let (flow, secret) = ask(&mut codes, &ada, hour * HOUR_MS);
            let wrong = other_than(&secret.unwrap());
            for _ in 0..5 {
                if guess(&mut codes, &flow, &ada, &wrong, hour * HOUR_MS) == Guess::Wrong {
                    compared += 1;
                }
            }
        }
        hour += 1;
    }
    assert_eq!((compared, hour), (100, 4));
    let (flow, secret) = ask(&mut codes, &ada, hour * HOUR_MS);
    let refused = guess(&mut codes, &flow, &ada, &secret.unwrap(), hour * HOUR_MS);
    assert_eq!(refused, Guess::NotCompared);
    let (flow, secret) = ask(&mut codes, &ada, DAY_MS);
    let next_day = guess(&mut codes, &flow, &ada, &secret.unwrap(), DAY_MS);
    assert_eq!(next_day, Guess::Right);
}

#[test]
fn a_refused_address_leaves_the_same_rows_and_no_right_code() {
    let mut codes = fresh();
    let mut rows = |who: &EmailAddress, wanted| {
        let (flow, mut batch) = (FlowId::generate(), Batch::default());
        let secret = codes.request(&flow, who, wanted, 0, &mut batch);
        let code = batch.get(&key::code(&flow.hash(&codes.pepper))).unwrap();
        let tally = key::tally(&AddressHash::new(who, &codes.pepper));
        let sizes = (code.len(), batch.get(&tally).unwrap().len());
        (secret.is_some(), sizes)
    };
    let (mailed, sizes) = rows(&email("ada@example.com"), Wanted::Yes);
    let refused = rows(&email("bob@example.com"), Wanted::No);
    assert!(mailed);
    assert_eq!(refused, (false, sizes));
}

#[test]
fn codes_tries_and_limits_outlive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (pepper, ada) = (Pepper::generate(), email("ada@example.com"));
    let mut codes = Codes::load(&db, pepper.clone()).unwrap();
    let (flow, mut batch) = (FlowId::generate(), Batch::default());
    let secret = codes
        .request(&flow, &ada, Wanted::Yes, 0, &mut batch)
        .unwrap();
    for _ in 0..4 {
        codes.guess(&flow, &ada, &other_than(&secret), 0, &mut batch);
    }
    for _ in 0..4 {
        codes.request(&FlowId::generate(), &ada, Wanted::Yes, 0, &mut batch);
    }
    db.commit(batch).unwrap();

    let mut codes = Codes::load(&db, pepper).unwrap();
    assert!(ask(&mut codes, &ada, 1).1.is_none());
    let last = guess(&mut codes, &flow, &ada, &other_than(&secret), 1);
    let after = guess(&mut codes, &flow, &ada, &secret, 1);
    assert_eq!((last, after), (Guess::Wrong, Guess::NotCompared));
}

#[test]
fn what_is_over_is_forgotten_in_memory_and_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let mut codes = Codes::load(&db, Pepper::generate()).unwrap();
    let mut batch = Batch::default();
    for i in 0..20 {
        let who = email(&format!("ada{i}@example.com"));
        codes.request(&FlowId::generate(), &who, Wanted::Yes, 0, &mut batch);
    }
    db.commit(batch).unwrap();
    let mut batch = Batch::default();
    codes.expire(CODE_MS, &mut batch);
    assert_eq!((codes.codes.len(), codes.by_age.len()), (0, 0));
    assert_eq!(codes.tallies.len(), 20);
    codes.expire(HOUR_MS, &mut batch);
    assert!(codes.tallies.is_empty());
    db.commit(batch).unwrap();
    assert_eq!(db.rows(b"v/").unwrap().count(), 0);
}

#[test]
fn beyond_the_bound_the_oldest_codes_go_and_the_newest_stay_good() {
    let mut codes = fresh();
    codes.most_kept = 50;
    let mut asked = Vec::new();
    for now in 0..120_u64 {
        let who = email(&format!("ada{now}@example.com"));
        let (flow, secret) = ask(&mut codes, &who, now);
        asked.push((who, flow, secret.unwrap()));
        assert!(codes.codes.len() <= 50 && codes.by_age.len() <= 50 && codes.tallies.len() <= 50);
    }
    let (who, flow, secret) = &asked[69];
    let evicted = guess(&mut codes, flow, who, secret, 120);
    let (who, flow, secret) = &asked[70];
    let kept = guess(&mut codes, flow, who, secret, 120);
    assert_eq!((evicted, kept), (Guess::NotCompared, Guess::Right));
}

#[test]
fn one_guess_at_each_of_a_thousand_addresses_opens_as_good_as_none() {
    let mut codes = fresh();
    let mut secrets = std::collections::HashSet::new();
    let mut opened = 0;
    for i in 0..1000 {
        let who = email(&format!("ada{i}@example.com"));
        let (flow, secret) = ask(&mut codes, &who, 0);
        secrets.insert(secret.unwrap().reveal().to_owned());
        if guess(&mut codes, &flow, &who, &code("12345678"), 0) == Guess::Right {
            opened += 1;
        }
    }
    // One guess in 10⁸ is right, so two of a thousand are in one run of 2·10¹⁰, and four equal
    // pairs among a thousand codes in one run of 4·10¹⁰.
    assert!(opened <= 1);
    assert!(secrets.len() > 996, "{} different codes", secrets.len());
}

/// A step of an attacker who may also know the right code.
#[derive(Clone, Debug)]
enum Step {
    Request(u64),
    Wrong(usize, u64),
    Right(usize, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let pause = 0_u64..120_000;
    prop_oneof![
        1 => pause.clone().prop_map(Step::Request),
        6 => (0_usize..8, pause.clone()).prop_map(|(at, pause)| Step::Wrong(at, pause)),
        1 => (0_usize..8, pause).prop_map(|(at, pause)| Step::Right(at, pause)),
    ]
}

proptest! {
    #[test]
    fn in_no_order_of_requests_is_a_code_compared_more_than_five_times(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let (mut codes, ada) = (fresh(), email("ada@example.com"));
        let mut flows: Vec<(FlowId, Option<SignInCode>, u32, u32)> = Vec::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Request(pause) => {
                    now += pause;
                    let (flow, secret) = ask(&mut codes, &ada, now);
                    flows.push((flow, secret, 0, 0));
                }
                Step::Wrong(at, pause) | Step::Right(at, pause) if flows.is_empty() => {
                    now += pause + u64::try_from(at).unwrap();
                }
                Step::Wrong(at, pause) => {
                    now += pause;
                    let at = at % flows.len();
                    let (flow, secret, compared, _) = &mut flows[at];
                    let wrong = secret.as_ref().map_or_else(|| code("12345678"), other_than);
                    match guess(&mut codes, flow, &ada, &wrong, now) {
                        Guess::Right => prop_assert!(false, "a wrong code was right"),
                        Guess::Wrong => *compared += 1,
                        Guess::NotCompared => {}
                    }
                }
                Step::Right(at, pause) => {
                    now += pause;
                    let at = at % flows.len();
                    let (flow, secret, compared, right) = &mut flows[at];
                    let Some(secret) = secret else { continue };
                    match guess(&mut codes, flow, &ada, secret, now) {
                        Guess::Right => {
                            *compared += 1;
                            *right += 1;
                        }
                        Guess::Wrong => prop_assert!(false, "the right code was wrong"),
                        Guess::NotCompared => {}
                    }
                }
            }
            for (_, _, compared, right) in &flows {
                prop_assert!(*compared <= 5 && *right <= 1);
            }
        }
    }
}
