//! Orders: placed once, paid once, and the same in the end in whatever order messages come.

use proptest::prelude::*;

use super::samples::*;
use super::*;
use crate::billing::DisputeStage;
use crate::ids::OrderId;
use crate::money::{Cents, Picodollars};
use crate::store::{Db, verify};

fn new(account: AccountId, request: Option<&str>) -> NewOrder<'_> {
    NewOrder {
        account,
        paid: Cents::new(1000),
        origin: Origin::Checkout,
        customer: None,
        request,
    }
}

fn place(book: &mut Book, account: AccountId, request: Option<&str>) -> DepositOrder {
    match book.place_order(new(account, request), NOON_MS) {
        Ok(Placed::Order(order)) => order,
        other => panic!("{other:?}"),
    }
}

fn paid(order: OrderId) -> OrderPaid<'static> {
    OrderPaid {
        event: "evt_1",
        order,
        intent: "pi_1",
        paid: Cents::new(1000),
        customer: Some("cus_1"),
    }
}

/// A book with an order that its customer has been shown.
fn shown() -> (Book, AccountId, OrderId) {
    let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
    let order = place(&mut book, account, Some("k"));
    book.answer_order(order.id, "cus_1", "there");
    (book, account, order.id)
}

#[test]
fn the_same_key_is_the_same_order_until_it_is_answered_and_then_the_same_answer() {
    let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
    let order = place(&mut book, account, Some("k"));
    let again = |book: &mut Book| book.place_order(new(account, Some("k")), NOON_MS);
    assert_eq!(again(&mut book), Err(KeyError::Running.into()));
    let other = NewOrder {
        paid: Cents::new(2000),
        ..new(account, Some("k"))
    };
    let conflict = Err(KeyError::Conflict.into());
    assert_eq!(book.place_order(other, NOON_MS), conflict);
    // The processor's answer was lost: the same order goes there again, under the same key.
    book.release_order(order.id);
    assert_eq!(again(&mut book), Ok(Placed::Order(order.clone())));
    book.answer_order(order.id, "cus_1", "there");
    assert_eq!(again(&mut book), Ok(Placed::Done("there".to_owned())));
    let kept = book.order(order.id).unwrap();
    assert_eq!(kept.customer.as_deref(), Some("cus_1"));
    // Another account may use the same key.
    assert_ne!(place(&mut book, AccountId::new(), Some("k")).id, order.id);
}

#[test]
fn an_order_that_the_processor_refused_frees_its_key() {
    let (mut book, account) = (Book::new(Limits::default()), AccountId::new());
    let order = place(&mut book, account, Some("k"));
    book.fail_order(order.id);
    assert_ne!(place(&mut book, account, Some("k")).id, order.id);
    assert_eq!(book.order(order.id).unwrap().state, OrderState::Failed);
}

#[test]
fn an_account_orders_so_often_a_day() {
    let limits = Limits {
        orders_per_day: 3,
        ..Limits::default()
    };
    let (mut book, account) = (Book::new(limits), AccountId::new());
    let first = place(&mut book, account, Some("first"));
    for at in 1..3 {
        book.place_order(new(account, None), NOON_MS + at).unwrap();
    }
    // One that goes on is no new one.
    book.release_order(first.id);
    assert_eq!(place(&mut book, account, Some("first")), first);
    let too_many = Err(OrderError::TooMany {
        again_ms: NOON_MS + DAY_MS,
    });
    for request in [None, Some("k")] {
        let fourth = book.place_order(new(account, request), NOON_MS + 3);
        assert_eq!(fourth, too_many);
    }
    let recharge = NewOrder {
        origin: Origin::Recharge,
        ..new(account, None)
    };
    book.place_order(recharge, NOON_MS + 4).unwrap();
    let other = new(AccountId::new(), None);
    book.place_order(other, NOON_MS + 4).unwrap();
    book.place_order(new(account, None), NOON_MS + DAY_MS + 2)
        .unwrap();
}

#[test]
fn only_what_was_ordered_is_credited() {
    let (mut book, account, order) = shown();
    let good = paid(order);
    for (bad, why) in [
        (
            OrderPaid {
                order: OrderId::new(),
                ..good
            },
            PaymentError::NoOrder,
        ),
        (
            OrderPaid {
                paid: Cents::new(999),
                ..good
            },
            PaymentError::OtherAmount,
        ),
        (
            OrderPaid {
                customer: Some("cus_2"),
                ..good
            },
            PaymentError::OtherCustomer,
        ),
        (
            OrderPaid {
                customer: None,
                ..good
            },
            PaymentError::OtherCustomer,
        ),
        (OrderPaid { intent: "", ..good }, PaymentError::BadId),
    ] {
        assert_eq!(book.pay_order(bad, NOON_MS), Err(why));
    }
    // Nobody can have paid what nobody was shown.
    let unseen = place(&mut book, account, None).id;
    let nobody = OrderPaid {
        customer: None,
        ..paid(unseen)
    };
    let refused = Err(PaymentError::OtherCustomer);
    assert_eq!(book.pay_order(nobody, NOON_MS), refused);
    assert_eq!(book.balance(account).available(), usd("0"));

    let first = book.pay_order(good, NOON_MS).unwrap();
    assert!(matches!(first, Credited::First { .. }), "{first:?}");
    for event in 1..100 {
        let event = format!("evt_{event}");
        let again = book.pay_order(
            OrderPaid {
                event: &event,
                ..good
            },
            NOON_MS,
        );
        assert_eq!(again, Ok(Credited::Again));
    }
    let twice = OrderPaid {
        event: "evt_x",
        intent: "pi_2",
        ..good
    };
    assert_eq!(book.pay_order(twice, NOON_MS), Err(PaymentError::PaidTwice));
    assert_eq!(book.balance(account).available(), usd("9.60"));
}

#[test]
fn one_payment_pays_one_order() {
    let (mut book, account, first) = shown();
    book.pay_order(paid(first), NOON_MS).unwrap();
    let second = place(&mut book, account, None).id;
    book.answer_order(second, "cus_1", "there");
    for event in ["evt_1", "evt_2"] {
        let other = OrderPaid {
            event,
            ..paid(second)
        };
        assert_eq!(book.pay_order(other, NOON_MS), Err(PaymentError::Mismatch));
    }
    assert_eq!(book.balance(account).available(), usd("9.60"));
}

#[test]
fn orders_survive_a_restart_and_unpaid_ones_go_after_thirty_days() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let account = AccountId::new();
    let running = place(&mut book, account, Some("k"));
    db.commit(book.take_batch()).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    // Killed between order and answer: the same order again.
    assert_eq!(place(&mut book, account, Some("k")), running);
    book.answer_order(running.id, "cus_1", "there");
    book.pay_order(paid(running.id), NOON_MS).unwrap();
    let open = place(&mut book, account, None);
    db.commit(book.take_batch()).unwrap();
    verify(&db).unwrap();
    let (mut book, _) = Book::load(&db, Limits::default(), NOON_MS).unwrap();
    let again = book.pay_order(paid(running.id), NOON_MS);
    assert_eq!(again, Ok(Credited::Again));
    book.expire(NOON_MS + 31 * DAY_MS);
    assert!(book.order(open.id).is_none() && book.order(running.id).is_some());
    db.commit(book.take_batch()).unwrap();
    verify(&db).unwrap();
}

/// What the processor may say of one payment.
#[derive(Clone, Copy, Debug)]
enum Message {
    Completed,
    Succeeded,
    Refunded(u64),
    Disputed(u8, u64, DisputeStage),
}

/// All that happens to one payment; each message has an event of its own.
fn story() -> impl Strategy<Value = Vec<Message>> {
    let stage = prop_oneof![Just(DisputeStage::Lost), Just(DisputeStage::Won)];
    let refunds = prop::collection::btree_set(1_u64..=1000, 0..3);
    let disputes = prop::collection::vec((1_u64..=1000, prop::option::of(stage)), 0..=2);
    (refunds, disputes).prop_map(|(refunds, disputes)| {
        let mut story = vec![Message::Completed, Message::Succeeded];
        story.extend(refunds.into_iter().map(Message::Refunded));
        for (id, (cents, closed)) in disputes.into_iter().enumerate() {
            let id = u8::try_from(id).unwrap();
            story.push(Message::Disputed(id, cents, DisputeStage::Open));
            story.extend(closed.map(|stage| Message::Disputed(id, cents, stage)));
        }
        story
    })
}

/// The story in some order, with repetitions: positions in it, each at least once.
fn told() -> impl Strategy<Value = (Vec<Message>, Vec<usize>)> {
    story().prop_flat_map(|story| {
        let count = story.len();
        let again = prop::collection::vec(0..count, 0..10);
        let positions = again.prop_flat_map(move |mut again| {
            again.extend(0..count);
            Just(again).prop_shuffle()
        });
        (Just(story), positions)
    })
}

fn tell(messages: &[Message], positions: &[usize]) -> Vec<(String, Picodollars)> {
    let (mut book, account, order) = shown();
    book.grant(account, usd("2"), "g", "test", NOON_MS).unwrap();
    for position in positions {
        let event = format!("evt_{position}");
        let back = match messages[*position] {
            Message::Completed | Message::Succeeded => {
                let paid = OrderPaid {
                    event: &event,
                    ..paid(order)
                };
                book.pay_order(paid, NOON_MS).unwrap();
                continue;
            }
            Message::Refunded(total) => Back::Refunded(Cents::new(total)),
            Message::Disputed(id, cents, stage) => Back::Disputed {
                id: ["du_0", "du_1"][usize::from(id)],
                amount: Cents::new(cents),
                stage,
            },
        };
        let reversal = Reversal {
            event: &event,
            intent: "pi_1",
            back,
        };
        book.reverse(reversal, NOON_MS).unwrap();
        assert!(book.trial_balance().is_zero());
        assert!(book.balance(account).available() >= Picodollars::ZERO);
    }
    let accounts = [
        LedgerAccount::User(account),
        LedgerAccount::Fee,
        LedgerAccount::CashStripe,
        LedgerAccount::LossRefund,
    ];
    let posted = |account: &LedgerAccount| book.ledger_balance(account).posted();
    let name = |account: &LedgerAccount| match account.customer() {
        Some(_) => "customer".to_owned(),
        None => account.to_string(),
    };
    accounts
        .iter()
        .map(|account| (name(account), posted(account)))
        .collect()
}

proptest! {
    #[test]
    fn in_any_order_and_repetition_it_ends_in_the_same_balances((story, positions) in told()) {
        let in_order: Vec<usize> = (0..story.len()).collect();
        prop_assert_eq!(tell(&story, &positions), tell(&story, &in_order));
    }
}
