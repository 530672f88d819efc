//! One command for both, the book and its reference, and their answers compared.

use super::command::{ACCOUNTS, Command, SLOTS};
use super::once::{Heard, Known, Name};
use super::reference::{Fate, MOST_HOLDS, Purse, Reference, Request};
use crate::ids::{AccountId, GenerationId, OrderId};
use crate::money::{Cents, Picodollars};
use crate::store::book::samples::{NOON_MS, order, pico, record};
use crate::store::book::{
    Back, Book, Deposit, Extension, FailedCost, Limits, Order, Refusal, Reversal, Reversed,
};

/// The book and its reference.
pub struct Pair {
    pub book: Book,
    pub reference: Reference,
    pub(super) ids: Vec<AccountId>,
    /// The order of each slot's request.
    orders: Vec<Order>,
    /// Charges that no look at the disk has confirmed yet.
    pub charged: Vec<(AccountId, GenerationId, i64)>,
}

/// Few holds, so that the bound is met.
pub fn limits() -> Limits {
    Limits {
        holds_per_account: MOST_HOLDS,
        ..Limits::default()
    }
}

impl Pair {
    pub fn new(mut book: Book) -> Self {
        book.expire(NOON_MS);
        let ids: Vec<AccountId> = (0..ACCOUNTS).map(|_| AccountId::new()).collect();
        let accounts = (0..SLOTS).map(|slot| slot % ACCOUNTS);
        Self {
            book,
            reference: Reference::new(accounts.clone().map(Request::new).collect()),
            orders: accounts
                .map(|account| order(ids[account], pico(0), pico(0)))
                .collect(),
            ids,
            charged: Vec::new(),
        }
    }

    /// Runs one command on both and compares the answers. What concerns the disk is the caller's.
    pub fn step(&mut self, command: &Command) {
        let now_ms = self.reference.wall_ms;
        match *command {
            Command::Grant {
                account,
                amount,
                key,
            } => self.grant(account, amount, key),
            Command::Adjust {
                account,
                amount,
                key,
            } => self.adjust(account, amount, key),
            Command::Deposit {
                account,
                event,
                intent,
                cents,
            } => {
                let deposit = Deposit {
                    account: self.ids[account],
                    order: OrderId::from_bytes([intent; 16]),
                    event: &event.to_string(),
                    intent: &intent.to_string(),
                    paid: Cents::new(cents),
                    actor: "test",
                };
                let answer = self.book.deposit(deposit, now_ms);
                let expected = self.reference.deposit(account, event, intent, cents);
                assert_eq!(answer.ok().map(|it| it.balance.get()), expected);
            }
            Command::Reverse {
                event,
                dispute,
                intent,
                cents,
            } => {
                let amount = Cents::new(cents);
                let id = dispute.map(|(id, _)| id.to_string()).unwrap_or_default();
                let back = match dispute {
                    None => Back::Refunded(amount),
                    Some((_, stage)) => Back::Disputed {
                        id: &id,
                        amount,
                        stage,
                    },
                };
                let reversal = Reversal {
                    event: &event.to_string(),
                    intent: &intent.to_string(),
                    back,
                };
                let heard = self.book.reverse(reversal, now_ms).ok();
                let heard = heard.map(|reversed| match reversed {
                    Reversed::Booked(account) => {
                        let known = self.ids.iter().position(|id| *id == account);
                        Heard::Booked(known.unwrap())
                    }
                    Reversed::Again => Heard::Again,
                    Reversed::Waiting => Heard::Waiting,
                });
                let expected = self.reference.reverse(event, dispute, intent, cents);
                assert_eq!(heard, expected);
            }
            Command::Authorise {
                slot,
                want,
                least,
                limit,
                lifetime_ms,
            } => {
                let order = &mut self.orders[slot];
                (order.want, order.least) = (pico(want), pico(least));
                order.daily_limit = limit.map(pico);
                order.expires_ms = now_ms + lifetime_ms;
                self.authorise(slot);
            }
            Command::Extend {
                slot,
                number,
                want,
                least,
            } => self.extend(slot, number, want, least),
            Command::Settle { slot, cost, failed } => {
                self.book_failed(slot, failed);
                self.settle(slot, cost);
            }
            Command::Void { slot, failed } => {
                self.book_failed(slot, failed);
                self.void(slot);
            }
            Command::Free { slot } => {
                // A request that holds credit is no free one.
                if self.reference.requests[slot].fate != Fate::Held {
                    self.book
                        .record(record(&self.orders[slot], pico(1)), now_ms);
                    let request = &mut self.reference.requests[slot];
                    if request.fate == Fate::Unknown {
                        request.fate = Fate::Unpaid;
                    }
                }
            }
            Command::Renew { slot } => {
                let request = &mut self.reference.requests[slot];
                if request.fate != Fate::Held {
                    *request = Request::new(request.account);
                    self.orders[slot] = order(self.ids[request.account], pico(0), pico(0));
                }
            }
            Command::Clock { by_ms } => {
                self.reference.clock(by_ms);
                self.book.expire(self.reference.wall_ms);
            }
            Command::Commit | Command::Restart | Command::Crash => {}
        }
    }

    fn grant(&mut self, account: usize, amount: i64, key: u8) {
        let now_ms = self.reference.wall_ms;
        let (id, text) = (self.ids[account], key.to_string());
        let answer = self.book.grant(id, pico(amount), &text, "", now_ms);
        let (name, parameters) = (Name::Grant(account, key), amount.to_string());
        let expected = match self.reference.known(name, &parameters) {
            Known::Same(available) => Some(available),
            Known::Other => None,
            Known::New if amount == 0 => None,
            Known::New => {
                let to = Purse::Customer(account);
                self.reference.move_money(Purse::Goodwill, to, amount);
                let available = self.reference.available(account);
                self.reference.remember(name, parameters, available);
                Some(available)
            }
        };
        assert_eq!(answer.ok().map(Picodollars::get), expected);
    }

    fn adjust(&mut self, account: usize, amount: i64, key: u8) {
        let now_ms = self.reference.wall_ms;
        let (id, text) = (self.ids[account], key.to_string());
        let answer = self.book.adjust(id, pico(amount), &text, "test", now_ms);
        let (name, parameters) = (Name::Adjust(account, key), amount.to_string());
        let expected = match self.reference.known(name, &parameters) {
            Known::Same(available) => Some(available),
            Known::Other => None,
            Known::New if amount == 0 || -amount > self.reference.available(account) => None,
            Known::New => {
                let to = Purse::Customer(account);
                self.reference.move_money(Purse::Goodwill, to, amount);
                let available = self.reference.available(account);
                self.reference.remember(name, parameters, available);
                Some(available)
            }
        };
        assert_eq!(answer.ok().map(Picodollars::get), expected);
    }

    fn authorise(&mut self, slot: usize) {
        let order = &self.orders[slot];
        let answer = self.book.authorise(order, self.reference.wall_ms);
        let request = &self.reference.requests[slot];
        let account = request.account;
        match request.fate {
            Fate::Held => return assert_eq!(answer, Ok(pico(request.held))),
            Fate::Expired | Fate::Settled { .. } | Fate::Unpaid => {
                return assert_eq!(answer, Err(Refusal::Ended));
            }
            Fate::Unknown => {}
        }
        let open = self.reference.holds(account).count();
        if open >= MOST_HOLDS {
            return assert_eq!(answer, Err(Refusal::TooManyHolds { open }));
        }
        let limit = order.daily_limit.map(Picodollars::get);
        let (want, least) = (order.want.get(), order.least.get());
        match self.reference.affordable(account, want, least, limit) {
            Ok(held) => {
                assert_eq!(answer, Ok(pico(held)));
                let lifetime_ms = order.expires_ms - self.reference.wall_ms;
                let (day, deadline_ms) =
                    (self.reference.today(), self.reference.time_ms + lifetime_ms);
                self.reference.requests[slot] = Request {
                    account,
                    fate: Fate::Held,
                    held,
                    extended: 0,
                    limit,
                    deadline_ms,
                    day,
                };
            }
            Err(waiting_helps) => {
                let refusal = answer.unwrap_err();
                assert_eq!(refusal.is_passing(), waiting_helps, "{refusal}");
            }
        }
    }

    fn extend(&mut self, slot: usize, number: u32, want: i64, least: i64) {
        let extension = Extension {
            generation: self.orders[slot].generation,
            number,
            want: pico(want),
            least: pico(least),
        };
        let answer = self.book.extend(extension, self.reference.wall_ms);
        let more = self.reference.affordable_more(slot, want, least);
        let request = &mut self.reference.requests[slot];
        if request.fate != Fate::Held {
            return assert_eq!(answer, Err(Refusal::Ended));
        }
        match more {
            _ if number <= request.extended => assert_eq!(answer, Ok(pico(request.held))),
            Some(more) => {
                request.held += more;
                request.extended = number;
                assert_eq!(answer, Ok(pico(request.held)));
            }
            None => assert!(answer.is_err_and(|refusal| refusal != Refusal::Ended)),
        }
    }

    fn book_failed(&mut self, slot: usize, amount: i64) {
        let order = &self.orders[slot];
        let cost = FailedCost {
            provider: "openai".to_owned(),
            model: order.model.clone(),
            price_version: order.price_version.clone(),
            amount: pico(amount),
        };
        self.book
            .book_failed(order.generation, &[cost], self.reference.wall_ms);
        match self.reference.requests[slot].fate {
            Fate::Unknown | Fate::Held | Fate::Expired => {
                self.reference
                    .move_money(Purse::LostFailures, Purse::Estimated, amount);
            }
            Fate::Settled { .. } | Fate::Unpaid => {}
        }
    }

    fn settle(&mut self, slot: usize, cost: i64) {
        let today = self.reference.today();
        let request = self.reference.requests[slot].clone();
        let id = self.ids[request.account];
        let counted = |book: &Book| book.today(id, self.reference.wall_ms).spent.get();
        let before = counted(&self.book);
        let bill = record(&self.orders[slot], pico(cost));
        let answer = self.book.settle(bill, self.reference.wall_ms);
        let charged = answer.ok().map(|settled| settled.charged.get());
        let day = match request.fate {
            Fate::Unknown | Fate::Unpaid => return assert_eq!(charged, None),
            Fate::Settled { charged: before } => return assert_eq!(charged, Some(before)),
            Fate::Held => request.day,
            // The day of its hold, or today when that day is long over: the counters say which, as
            // long as there is something to count.
            Fate::Expired if charged == Some(0) => {
                let free_of_charge = |day| self.reference.would_charge(slot, cost, day) == 0;
                if free_of_charge(request.day) {
                    request.day
                } else {
                    today
                }
            }
            Fate::Expired if counted(&self.book) == before => request.day,
            Fate::Expired => today,
        };
        let expected = self.reference.charge(slot, cost, day);
        assert_eq!(charged, Some(expected));
        let order = &self.orders[slot];
        self.charged
            .push((order.account, order.generation, expected));
    }

    fn void(&mut self, slot: usize) {
        let generation = self.orders[slot].generation;
        let released = self.book.void(generation, None, self.reference.wall_ms);
        let request = &self.reference.requests[slot];
        let expected = (request.fate == Fate::Held).then_some(request.held);
        assert_eq!(released.map(|it| it.amount.get()), expected);
        match request.fate {
            Fate::Unknown | Fate::Held | Fate::Expired => self.reference.give_back(slot),
            Fate::Settled { .. } | Fate::Unpaid => {}
        }
    }

    /// A start from the disk: the reference forgets what a start forgets.
    pub fn restarted(&mut self, book: Book) {
        self.book = book;
        self.reference.restart();
        for (order, request) in self.orders.iter_mut().zip(&self.reference.requests) {
            *order =
                crate::store::book::samples::order(self.ids[request.account], pico(0), pico(0));
        }
        // As the ledger's timer does soon after a start.
        self.book.expire(self.reference.wall_ms);
    }
}
