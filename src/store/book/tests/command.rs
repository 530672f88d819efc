//! What may happen to the book, in any order.

use proptest::prelude::*;

use crate::billing::DisputeStage;
use crate::store::book::samples::DAY_MS;

pub const ACCOUNTS: usize = 3;
/// Generations that commands choose from: few, so that most commands meet another's traces.
pub const SLOTS: usize = 12;

/// Half a cent, in pico-dollars: holds and card payments are of one size then.
const UNIT: i64 = 5_000_000_000;

#[derive(Clone, Debug)]
pub enum Command {
    Grant {
        account: usize,
        amount: i64,
        key: u8,
    },
    Adjust {
        account: usize,
        amount: i64,
        key: u8,
    },
    Deposit {
        account: usize,
        event: u8,
        intent: u8,
        cents: u64,
    },
    /// So much was refunded in all, or is disputed.
    Reverse {
        event: u8,
        dispute: Option<(u8, DisputeStage)>,
        intent: u8,
        cents: u64,
    },
    Authorise {
        slot: usize,
        want: i64,
        least: i64,
        limit: Option<i64>,
        lifetime_ms: u64,
    },
    Extend {
        slot: usize,
        number: u32,
        want: i64,
        least: i64,
    },
    Settle {
        slot: usize,
        cost: i64,
        failed: i64,
    },
    Void {
        slot: usize,
        failed: i64,
    },
    /// An answer of a free model.
    Free {
        slot: usize,
    },
    /// The slot's next request: a new generation.
    Renew {
        slot: usize,
    },
    /// The clock moves, back too, and the ledger looks for what has expired.
    Clock {
        by_ms: i64,
    },
    /// Commit.
    Commit,
    /// Commit, stop, start again.
    Restart,
    /// Stop without a commit and start again.
    Crash,
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => credit(),
        3 => card(),
        22 => request(),
        3 => clock(),
        1 => Just(Command::Commit),
        1 => prop_oneof![Just(Command::Restart), Just(Command::Crash)],
    ]
}

fn credit() -> impl Strategy<Value = Command> {
    let account = 0..ACCOUNTS;
    prop_oneof![
        2 => (account.clone(), amount(2000), 0_u8..20)
            .prop_map(|(account, amount, key)| Command::Grant { account, amount, key }),
        1 => (account, -500 * UNIT..500 * UNIT, 0_u8..20)
            .prop_map(|(account, amount, key)| Command::Adjust { account, amount, key }),
    ]
}

fn card() -> impl Strategy<Value = Command> {
    // Few ids, so that most of them come again, alone and with other parameters.
    let cents = prop_oneof![Just(0_u64), Just(13), Just(250), 1_u64..1000];
    prop_oneof![
        (0..ACCOUNTS, 0_u8..24, 0_u8..12, cents.clone()).prop_map(
            |(account, event, intent, cents)| Command::Deposit {
                account,
                event,
                intent,
                cents
            }
        ),
        (0_u8..24, dispute(), 0_u8..12, cents).prop_map(|(event, dispute, intent, cents)| {
            Command::Reverse {
                event,
                dispute,
                intent,
                cents,
            }
        }),
    ]
}

fn dispute() -> impl Strategy<Value = Option<(u8, DisputeStage)>> {
    let stage = prop_oneof![
        Just(DisputeStage::Open),
        Just(DisputeStage::Lost),
        Just(DisputeStage::Won),
    ];
    prop::option::of((0_u8..2, stage))
}

fn request() -> impl Strategy<Value = Command> {
    let slot = 0..SLOTS;
    let limit = prop_oneof![2 => Just(None), 1 => (0..1000 * UNIT).prop_map(Some)];
    let lifetime = prop_oneof![500_u64..600, DAY_MS..2 * DAY_MS];
    let failed = prop_oneof![3 => Just(0), 1 => amount(10)];
    prop_oneof![
        6 => (slot.clone(), amount(400), amount(100), limit, lifetime).prop_map(
            |(slot, want, least, limit, lifetime_ms)| Command::Authorise {
                slot, want, least, limit, lifetime_ms
            }
        ),
        3 => (slot.clone(), 0_u32..4, amount(200), amount(50)).prop_map(
            |(slot, number, want, least)| Command::Extend { slot, number, want, least }
        ),
        5 => (slot.clone(), amount(600), failed.clone())
            .prop_map(|(slot, cost, failed)| Command::Settle { slot, cost, failed }),
        2 => (slot.clone(), failed).prop_map(|(slot, failed)| Command::Void { slot, failed }),
        1 => slot.clone().prop_map(|slot| Command::Free { slot }),
        4 => slot.prop_map(|slot| Command::Renew { slot }),
    ]
}

fn clock() -> impl Strategy<Value = Command> {
    let day = i64::try_from(DAY_MS).unwrap();
    prop_oneof![
        6 => 1_i64..400,
        2 => -10_000_i64..0,
        1 => -2 * day..2 * day,
        1 => 29 * day..32 * day,
    ]
    .prop_map(|by_ms| Command::Clock { by_ms })
}

fn amount(most_units: i64) -> impl Strategy<Value = i64> + Clone {
    0..most_units * UNIT
}
