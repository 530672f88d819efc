//! What holds after every command, whatever the order of commands: limits, balances, once-only.

use std::collections::HashMap;

use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::billing::DisputeStage;
use crate::ids::OrderId;
use crate::money::{Cents, Picodollars};
use crate::store::{Db, verify};

/// What an account may spend a day, in pico-dollars.
const LIMIT: i64 = 1000;
const GENERATIONS: usize = 10;

#[derive(Clone, Debug)]
enum Command {
    Authorise {
        slot: usize,
        want: i64,
    },
    Extend {
        slot: usize,
        number: u32,
        want: i64,
    },
    Settle {
        slot: usize,
        cost: i64,
    },
    Void {
        slot: usize,
    },
    Renew {
        slot: usize,
    },
    Failed {
        slot: usize,
        cost: i64,
    },
    Adjust {
        key: u8,
        amount: i64,
    },
    Deposit {
        event: u8,
        intent: u8,
        cents: u64,
    },
    Refund {
        event: u8,
        id: u8,
        intent: u8,
        cents: u64,
    },
    /// The clock goes on, or back.
    Clock {
        by_ms: i64,
    },
}

fn command() -> impl Strategy<Value = Command> {
    let slot = || 0..GENERATIONS;
    prop_oneof![
        6 => (slot(), 0_i64..700).prop_map(|(slot, want)| Command::Authorise { slot, want }),
        4 => (slot(), 1_u32..4, 1_i64..400)
            .prop_map(|(slot, number, want)| Command::Extend { slot, number, want }),
        5 => (slot(), 0_i64..900).prop_map(|(slot, cost)| Command::Settle { slot, cost }),
        2 => slot().prop_map(|slot| Command::Void { slot }),
        4 => slot().prop_map(|slot| Command::Renew { slot }),
        1 => (slot(), 0_i64..50).prop_map(|(slot, cost)| Command::Failed { slot, cost }),
        1 => (0_u8..6, -900_i64..900).prop_map(|(key, amount)| Command::Adjust { key, amount }),
        1 => (0_u8..6, 0_u8..4, 0_u64..3)
            .prop_map(|(event, intent, cents)| Command::Deposit { event, intent, cents }),
        1 => (6_u8..12, 0_u8..4, 0_u8..4, 0_u64..3)
            .prop_map(|(event, id, intent, cents)| Command::Refund { event, id, intent, cents }),
        3 => (-40_000_000_i64..50_000_000).prop_map(|by_ms| Command::Clock { by_ms }),
    ]
}

struct World {
    book: Book,
    account: AccountId,
    orders: Vec<Order>,
    /// What each generation was charged, said the first time.
    charged: HashMap<GenerationId, Picodollars>,
    now_ms: u64,
    latest: Day,
}

impl World {
    fn new() -> Self {
        let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
        book.grant(account, pico(2500), "sample", "test", NOON_MS)
            .unwrap();
        let orders = (0..GENERATIONS).map(|_| limited(account)).collect();
        Self {
            book,
            account,
            orders,
            charged: HashMap::new(),
            now_ms: NOON_MS,
            latest: Day::of(NOON_MS),
        }
    }

    fn run(&mut self, command: &Command) {
        let (book, now_ms) = (&mut self.book, self.now_ms);
        match *command {
            Command::Authorise { slot, want } => {
                let order = &mut self.orders[slot];
                order.want = pico(want);
                order.expires_ms = now_ms + 30_000_000;
                if let Ok(held) = book.authorise(order, now_ms) {
                    assert_eq!(book.authorise(order, now_ms), Ok(held));
                }
            }
            Command::Extend { slot, number, want } => {
                let ask = Extension {
                    generation: self.orders[slot].generation,
                    number,
                    want: pico(want),
                    least: pico(want / 4),
                };
                if let Ok(held) = book.extend(ask, now_ms) {
                    assert_eq!(book.extend(ask, now_ms), Ok(held));
                }
            }
            Command::Settle { slot, cost } => {
                let record = record(&self.orders[slot], pico(cost));
                let id = record.id;
                if let Ok(settled) = book.settle(record, now_ms) {
                    let charged = self.charged.entry(id).or_insert(settled.charged);
                    assert_eq!(*charged, settled.charged);
                }
            }
            Command::Void { slot } => {
                book.void(self.orders[slot].generation, None, now_ms);
            }
            Command::Renew { slot } => self.orders[slot] = limited(self.account),
            Command::Failed { slot, cost } => {
                let cost = FailedCost {
                    provider: "groq".to_owned(),
                    model: "m".to_owned(),
                    price_version: "1".to_owned(),
                    amount: pico(cost),
                };
                book.book_failed(self.orders[slot].generation, &[cost], now_ms);
            }
            Command::Adjust { key, amount } => {
                let key = key.to_string();
                let mut adjust = || book.adjust(self.account, pico(amount), &key, "test", now_ms);
                if let Ok(balance) = adjust() {
                    assert_eq!(adjust(), Ok(balance));
                }
            }
            Command::Deposit {
                event,
                intent,
                cents,
            } => {
                let (event, intent) = (format!("evt_{event}"), format!("pi_{intent}"));
                let deposit = Deposit {
                    account: self.account,
                    order: OrderId::from_bytes([0; 16]),
                    event: &event,
                    intent: &intent,
                    paid: Cents::new(cents),
                    actor: "checkout",
                };
                if let Ok(first) = book.deposit(deposit, now_ms) {
                    assert_eq!(book.deposit(deposit, now_ms), Ok(first));
                }
            }
            Command::Refund {
                event,
                id,
                intent,
                cents,
            } => {
                let texts = [
                    format!("evt_{event}"),
                    format!("du_{id}"),
                    format!("pi_{intent}"),
                ];
                let amount = Cents::new(cents);
                let stages = [DisputeStage::Open, DisputeStage::Lost, DisputeStage::Won];
                let back = match stages.get(usize::from(id)) {
                    None => Back::Refunded(amount),
                    Some(stage) => Back::Disputed {
                        id: &texts[1],
                        amount,
                        stage: *stage,
                    },
                };
                let reversal = Reversal {
                    event: &texts[0],
                    intent: &texts[2],
                    back,
                };
                if book.reverse(reversal, now_ms).is_ok() {
                    assert_eq!(book.reverse(reversal, now_ms), Ok(Reversed::Again));
                }
            }
            Command::Clock { by_ms } => {
                self.now_ms = now_ms.saturating_add_signed(by_ms);
                book.expire(self.now_ms);
            }
        }
    }

    fn check(&mut self) {
        let book = &self.book;
        assert!(book.trial_balance().is_zero());
        let balance = book.balance(self.account);
        assert!(balance.available() >= Picodollars::ZERO);
        let today = Day::of(book.time(self.now_ms));
        assert!(today >= self.latest, "the ledger's day never goes back");
        self.latest = today;
        let room = book.counters.room(self.account, today, pico(LIMIT));
        assert!(room.free >= 0, "{room:?}");
        let charged: i128 = self.charged.values().map(|it| i128::from(it.get())).sum();
        let spent = book.ledger_balance(&LedgerAccount::provider("anthropic"));
        let overrun = book.ledger_balance(&LedgerAccount::LossOverrun);
        assert_eq!(spent.credits_posted - overrun.debits_posted, charged);
        let orphans = book.ledger_balance(&LedgerAccount::LossOrphan);
        assert!(orphans.debits_posted >= orphans.credits_posted);
    }
}

fn limited(account: AccountId) -> Order {
    Order {
        daily_limit: Some(pico(LIMIT)),
        ..order(account, pico(0), pico(20))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn limits_and_balances_hold_and_everything_is_done_once(
        commands in prop::collection::vec(command(), 300..301),
    ) {
        let mut world = World::new();
        for command in &commands {
            world.run(command);
            world.check();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn whatever_the_book_writes_verifies(commands in prop::collection::vec(command(), 200..300)) {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let mut world = World::new();
        for command in &commands {
            world.run(command);
        }
        db.commit(world.book.take_batch()).unwrap();
        let report = verify(&db).unwrap();
        prop_assert_eq!(report.holds, world.book.open_holds() as u64);
        let (again, _) = Book::load(&db, Limits::default(), world.now_ms).unwrap();
        prop_assert_eq!(again.balance(world.account).posted(), world.book.balance(world.account).posted());
        verify(&db).unwrap();
    }
}
