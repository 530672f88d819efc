//! Transfers that the book would never write are refused, whatever their hashes say.

use super::*;
use crate::ids::{AccountId, KeyId};
use crate::money::Picodollars;

struct Ledger {
    replay: Replay,
    user: LedgerAccount,
    seq: u64,
}

fn provider() -> LedgerAccount {
    LedgerAccount::provider("openai")
}

fn of(generation: GenerationId) -> Cause {
    Cause::Generation {
        id: generation,
        model: "gpt-4.1".into(),
        price_version: "1".into(),
    }
}

fn payment(intent: &str) -> Cause {
    Cause::Payment {
        intent: intent.into(),
        actor: "customer".into(),
        reason: "deposit".into(),
    }
}

impl Ledger {
    /// A customer with 1000.
    fn funded() -> Self {
        let mut ledger = Self {
            replay: Replay::default(),
            user: LedgerAccount::User(AccountId::new()),
            seq: 0,
        };
        let (user, cause) = (ledger.user.clone(), payment("pi_0"));
        ledger
            .apply(Kind::Grant, LedgerAccount::Goodwill, user, 1000, cause)
            .unwrap();
        ledger
    }

    fn apply(
        &mut self,
        kind: Kind,
        debit: LedgerAccount,
        credit: LedgerAccount,
        amount: i64,
        cause: Cause,
    ) -> Result<(), &'static str> {
        self.seq += 1;
        self.replay.try_apply(&Link {
            transfer: Transfer {
                seq: self.seq,
                time_ms: 0,
                kind,
                debit,
                credit,
                amount: Picodollars::new(amount),
                cause,
            },
            hash: [0; 32],
        })
    }

    fn hold(&mut self, generation: GenerationId, amount: i64) {
        let kind = Kind::Hold {
            key: KeyId::new(),
            expires_ms: 1,
        };
        self.of_user(kind, generation, amount).unwrap();
    }

    /// From the customer to the provider.
    fn of_user(
        &mut self,
        kind: Kind,
        generation: GenerationId,
        amount: i64,
    ) -> Result<(), &'static str> {
        self.apply(kind, self.user.clone(), provider(), amount, of(generation))
    }

    fn orphan(&mut self, generation: GenerationId, amount: i64) -> Result<(), &'static str> {
        let loss = LedgerAccount::LossOrphan;
        self.apply(Kind::Orphan, loss, provider(), amount, of(generation))
    }

    fn correct(&mut self, generation: GenerationId, amount: i64) -> Result<(), &'static str> {
        let loss = LedgerAccount::LossOrphan;
        self.apply(Kind::Correction, provider(), loss, amount, of(generation))
    }
}

#[test]
fn an_extension_needs_an_open_hold_and_a_new_number() {
    let mut ledger = Ledger::funded();
    let generation = GenerationId::new();
    let extend = |number| Kind::Extend { number };
    assert!(ledger.of_user(extend(1), generation, 10).is_err());
    ledger.hold(generation, 100);
    ledger.of_user(extend(1), generation, 10).unwrap();
    assert!(ledger.of_user(extend(1), generation, 10).is_err());
    assert!(ledger.of_user(Kind::Void, generation, 100).is_err());
}

#[test]
fn an_extension_never_takes_a_customer_below_zero() {
    let mut ledger = Ledger::funded();
    let generation = GenerationId::new();
    ledger.hold(generation, 900);
    let extend = Kind::Extend { number: 1 };
    assert_eq!(
        ledger.of_user(extend, generation, 101),
        Err("it takes a customer below zero")
    );
}

#[test]
fn a_late_charge_needs_an_orphan_that_was_taken_back_and_comes_once() {
    let mut ledger = Ledger::funded();
    let generation = GenerationId::new();
    ledger.hold(generation, 100);
    assert!(ledger.of_user(Kind::Late, generation, 50).is_err());
    ledger.of_user(Kind::Void, generation, 100).unwrap();
    ledger.orphan(generation, 100).unwrap();
    assert!(ledger.of_user(Kind::Late, generation, 50).is_err());
    ledger.correct(generation, 100).unwrap();
    ledger.of_user(Kind::Late, generation, 50).unwrap();
    assert!(ledger.of_user(Kind::Late, generation, 50).is_err());
    assert!(ledger.correct(generation, 100).is_err());
}

#[test]
fn an_orphan_is_the_hold_that_was_just_given_back() {
    let mut ledger = Ledger::funded();
    let generation = GenerationId::new();
    assert!(ledger.orphan(generation, 100).is_err());
    ledger.hold(generation, 100);
    ledger.of_user(Kind::Void, generation, 100).unwrap();
    assert!(ledger.orphan(generation, 99).is_err());
}

#[test]
fn a_deposit_and_its_fee_are_linked() {
    let (cash, fee) = (LedgerAccount::CashStripe, LedgerAccount::Fee);
    let mut ledger = Ledger::funded();
    let user = ledger.user.clone();
    let mut step = |kind, credit: &LedgerAccount, intent| {
        ledger.apply(kind, cash.clone(), credit.clone(), 4, payment(intent))
    };
    assert!(step(Kind::DepositFee, &fee, "pi_1").is_err());
    step(Kind::Deposit, &user, "pi_1").unwrap();
    step(Kind::DepositFee, &fee, "pi_1").unwrap();
    step(Kind::Deposit, &user, "pi_2").unwrap();
    assert!(step(Kind::DepositFee, &fee, "pi_1").is_err());
    step(Kind::Deposit, &user, "pi_3").unwrap();
    assert!(ledger.replay.finish().is_err());
}

#[test]
fn each_kind_moves_money_between_its_own_accounts() {
    let mut ledger = Ledger::funded();
    let user = ledger.user.clone();
    let (cash, good) = (LedgerAccount::CashStripe, LedgerAccount::Goodwill);
    let cause = || payment("pi_1");
    for kind in [
        Kind::Grant,
        Kind::Deposit,
        Kind::Overrun,
        Kind::Failed,
        Kind::Uncovered,
    ] {
        assert!(
            ledger
                .apply(kind, LedgerAccount::Fee, user.clone(), 1, cause())
                .is_err()
        );
    }
    for kind in [Kind::Refund, Kind::Dispute] {
        assert!(
            ledger
                .apply(kind.clone(), user.clone(), good.clone(), 1, cause())
                .is_err()
        );
        ledger
            .apply(kind, user.clone(), cash.clone(), 1, cause())
            .unwrap();
    }
    for (debit, credit) in [(good.clone(), user.clone()), (user.clone(), good)] {
        ledger
            .apply(Kind::Adjust, debit, credit, 1, cause())
            .unwrap();
    }
    assert!(ledger.apply(Kind::Adjust, cash, user, 1, cause()).is_err());
}
