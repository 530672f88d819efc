//! The book against a reference that is too simple to be wrong, in memory and through the disk.

use std::collections::HashMap;

use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::money::Picodollars;
use crate::store::{Db, verify};

const ACCOUNTS: usize = 3;
/// Generations that commands choose from: few, so that most commands meet another's traces.
const GENERATIONS: usize = 12;

#[derive(Clone, Debug)]
enum Command {
    Grant {
        account: usize,
        amount: i64,
        key: u8,
    },
    Authorise {
        slot: usize,
        want: i64,
        least: i64,
    },
    Settle {
        slot: usize,
        cost: i64,
    },
    Void {
        slot: usize,
    },
    /// The slot's next request: a new generation.
    Renew {
        slot: usize,
    },
    Expire {
        after_ms: u64,
    },
    /// Commit.
    Commit,
    /// Stop without a commit and start again.
    Crash,
}

fn command() -> impl Strategy<Value = Command> {
    let slot = 0..GENERATIONS;
    prop_oneof![
        1 => (0..ACCOUNTS, 1_i64..2000, 0_u8..20)
            .prop_map(|(account, amount, key)| Command::Grant { account, amount, key }),
        6 => (slot.clone(), 0_i64..400, 0_i64..100)
            .prop_map(|(slot, want, least)| Command::Authorise { slot, want, least }),
        5 => (slot.clone(), 0_i64..600).prop_map(|(slot, cost)| Command::Settle { slot, cost }),
        2 => slot.clone().prop_map(|slot| Command::Void { slot }),
        4 => slot.prop_map(|slot| Command::Renew { slot }),
        1 => (1_u64..400).prop_map(|after_ms| Command::Expire { after_ms }),
        1 => Just(Command::Commit),
        1 => Just(Command::Crash),
    ]
}

/// What a generation may come to, in the reference.
#[derive(Clone, Debug, PartialEq)]
enum Fate {
    Unknown,
    Held {
        amount: i64,
        expires_ms: u64,
    },
    Settled {
        charged: i64,
    },
    Voided,
    /// Given back at its deadline; its request may still end.
    Expired,
}

/// One generation: its order and what the reference knows of it.
#[derive(Clone, Debug)]
struct Slot {
    account: usize,
    order: Order,
    fate: Fate,
}

/// The reference: a purse per account, and every generation's fate.
#[derive(Clone, Debug)]
struct Model {
    purses: Vec<i64>,
    grants: HashMap<(usize, u8), i64>,
    slots: Vec<Slot>,
    now_ms: u64,
}

impl Model {
    fn new(ids: &[AccountId]) -> Self {
        let slots = (0..GENERATIONS).map(|slot| {
            let account = slot % ids.len();
            Slot {
                account,
                order: order(ids[account], pico(0), pico(0)),
                fate: Fate::Unknown,
            }
        });
        Self {
            purses: vec![0; ids.len()],
            grants: HashMap::new(),
            slots: slots.collect(),
            now_ms: NOON_MS,
        }
    }

    fn held(&self, account: usize) -> i64 {
        let holds = self.slots.iter().filter(|slot| slot.account == account);
        holds
            .map(|slot| match slot.fate {
                Fate::Held { amount, .. } => amount,
                Fate::Unknown | Fate::Settled { .. } | Fate::Voided | Fate::Expired => 0,
            })
            .sum()
    }

    fn available(&self, account: usize) -> i64 {
        self.purses[account] - self.held(account)
    }

    /// What can be held, if anything.
    fn affordable(&self, account: usize, want: i64, least: i64) -> Option<i64> {
        let free = self.available(account);
        if free >= want {
            Some(want)
        } else {
            (self.held(account) == 0 && free >= least.max(1)).then_some(free)
        }
    }

    fn expire(&mut self, wanted: impl Fn(u64) -> bool) {
        for slot in &mut self.slots {
            if let Fate::Held { expires_ms, .. } = slot.fate
                && wanted(expires_ms)
            {
                slot.fate = Fate::Expired;
            }
        }
    }
}

fn charged(result: Result<Settled, NotHeld>) -> Option<i64> {
    result.ok().map(|settled| settled.charged.get())
}

/// Runs one command on both and compares the answers.
fn step(book: &mut Book, model: &mut Model, ids: &[AccountId], command: &Command) {
    let now_ms = model.now_ms;
    match *command {
        Command::Grant {
            account,
            amount,
            key,
        } => {
            let before = model.grants.get(&(account, key)).copied();
            let result = book.grant(ids[account], pico(amount), &key.to_string(), "", now_ms);
            match before {
                Some(before) => assert_eq!(result.is_ok(), before == amount),
                None => {
                    model.grants.insert((account, key), amount);
                    model.purses[account] += amount;
                    assert_eq!(result, Ok(pico(model.available(account))));
                }
            }
        }
        Command::Authorise { slot, want, least } => {
            let expected = model.affordable(model.slots[slot].account, want, least);
            let slot = &mut model.slots[slot];
            slot.order.want = pico(want);
            slot.order.least = pico(least);
            slot.order.expires_ms = now_ms + 500;
            let result = book.authorise(slot.order.clone(), now_ms);
            match (&slot.fate, expected) {
                (Fate::Held { amount, .. }, _) => assert_eq!(result, Ok(pico(*amount))),
                (Fate::Settled { .. } | Fate::Voided | Fate::Expired, _) => {
                    assert_eq!(result, Err(Refusal::Ended));
                }
                (Fate::Unknown, Some(amount)) => {
                    assert_eq!(result, Ok(pico(amount)));
                    let expires_ms = slot.order.expires_ms;
                    slot.fate = Fate::Held { amount, expires_ms };
                }
                (Fate::Unknown, None) => assert!(result.is_err()),
            }
        }
        Command::Settle { slot, cost } => {
            let result = charged(book.settle(record(&model.slots[slot].order, pico(cost)), now_ms));
            match model.slots[slot].fate {
                Fate::Held { amount, .. } => {
                    let account = model.slots[slot].account;
                    let charged = cost.min(model.available(account) + amount);
                    assert_eq!(result, Some(charged));
                    model.purses[account] -= charged;
                    model.slots[slot].fate = Fate::Settled { charged };
                }
                Fate::Expired => {
                    let account = model.slots[slot].account;
                    let charged = cost.min(model.available(account));
                    assert_eq!(result, Some(charged));
                    model.purses[account] -= charged;
                    model.slots[slot].fate = Fate::Settled { charged };
                }
                Fate::Settled { charged } => assert_eq!(result, Some(charged)),
                Fate::Unknown | Fate::Voided => assert_eq!(result, None),
            }
        }
        Command::Void { slot } => {
            let slot = &mut model.slots[slot];
            let released = book.void(slot.order.generation, None, now_ms);
            match slot.fate {
                Fate::Held { amount, .. } => {
                    assert_eq!(released.map(|it| it.amount), Some(pico(amount)));
                    slot.fate = Fate::Voided;
                }
                Fate::Unknown | Fate::Expired => {
                    assert_eq!(released, None);
                    slot.fate = Fate::Voided;
                }
                Fate::Settled { .. } | Fate::Voided => assert_eq!(released, None),
            }
        }
        Command::Renew { slot } => {
            let slot = &mut model.slots[slot];
            if !matches!(slot.fate, Fate::Held { .. }) {
                slot.order = order(slot.order.account, pico(0), pico(0));
                slot.fate = Fate::Unknown;
            }
        }
        Command::Expire { after_ms } => {
            model.now_ms += after_ms;
            let now_ms = model.now_ms;
            book.expire(now_ms);
            model.expire(|expires_ms| expires_ms <= now_ms);
        }
        Command::Commit | Command::Crash => {}
    }
}

fn agree(book: &Book, model: &Model, ids: &[AccountId]) {
    assert!(book.trial_balance().is_zero());
    for (account, id) in ids.iter().enumerate() {
        let balance = book.balance(*id);
        assert!(balance.available() >= Picodollars::ZERO);
        assert_eq!(balance.posted().get(), model.purses[account]);
        assert_eq!(balance.available().get(), model.available(account));
    }
}

fn accounts() -> Vec<AccountId> {
    (0..ACCOUNTS).map(|_| AccountId::new()).collect()
}

/// After a restart no hold is open and ended generations are no longer known, so that every slot
/// goes on with a new one.
fn restarted(mut model: Model) -> Model {
    for slot in &mut model.slots {
        slot.order = order(slot.order.account, pico(0), pico(0));
        slot.fate = Fate::Unknown;
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn the_book_agrees_with_the_reference(commands in prop::collection::vec(command(), 400..401)) {
        let ids = accounts();
        let (mut book, mut model) = (Book::new(Limits::default()), Model::new(&ids));
        for command in &commands {
            step(&mut book, &mut model, &ids, command);
            agree(&book, &model, &ids);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_restart_goes_on_from_the_last_commit(commands in prop::collection::vec(command(), 100..200)) {
        let dir = tempfile::tempdir().unwrap();
        let ids = accounts();
        let mut model = Model::new(&ids);
        let mut committed = model.clone();
        let mut db = Db::open(dir.path()).unwrap();
        let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
        for command in &commands {
            step(&mut book, &mut model, &ids, command);
            match command {
                Command::Commit => {
                    db.commit(book.take_batch()).unwrap();
                    committed = model.clone();
                }
                Command::Crash => {
                    drop(db);
                    db = Db::open(dir.path()).unwrap();
                    let report = verify(&db).unwrap();
                    let (again, recovered) =
                        Book::load(&db, Limits::default(), committed.now_ms).unwrap();
                    book = again;
                    prop_assert_eq!(recovered.orphans, report.holds);
                    let held: i64 = (0..ACCOUNTS).map(|account| committed.held(account)).sum();
                    prop_assert_eq!(recovered.loss, pico(held));
                    model = restarted(committed);
                    committed = model.clone();
                }
                Command::Grant { .. } | Command::Authorise { .. } | Command::Settle { .. }
                | Command::Void { .. } | Command::Renew { .. } | Command::Expire { .. } => {}
            }
            agree(&book, &model, &ids);
        }
        db.commit(book.take_batch()).unwrap();
        prop_assert!(verify(&db).is_ok());
    }
}
