//! The reference: what the ledger's rules say, without a ledger. Purses hold one signed number, and
//! everything else is a sum over the requests.

use std::collections::BTreeMap;

use super::once::{Name, Payment, REMEMBER_MS, Said, Used};
use crate::store::Day;
use crate::store::book::samples::NOON_MS;

/// Open holds of one account.
pub const MOST_HOLDS: usize = 3;

/// Where money can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purse {
    Customer(usize),
    /// Of the dearest candidate; holds are for it.
    Estimated,
    /// Whose answer it was.
    Answering,
    Goodwill,
    Fee,
    Cash,
    LostOrphans,
    LostOverruns,
    LostFailures,
    LostRefunds,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Unknown,
    Held,
    Expired,
    Settled { charged: i64 },
    Unpaid,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    pub account: usize,
    pub fate: Fate,
    pub held: i64,
    pub extended: u32,
    pub limit: Option<i64>,
    pub deadline_ms: u64,
    /// The day of its hold.
    pub day: Day,
}

impl Request {
    pub fn new(account: usize) -> Self {
        Self {
            account,
            fate: Fate::Unknown,
            held: 0,
            extended: 0,
            limit: None,
            deadline_ms: 0,
            day: Day::default(),
        }
    }
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Reference {
    /// What the clock says. It may go back.
    pub wall_ms: u64,
    /// The ledger's time. It may not.
    pub time_ms: u64,
    pub requests: Vec<Request>,
    purses: BTreeMap<Purse, i128>,
    /// Charged by account and day.
    charges: Vec<(usize, Day, i64)>,
    pub(super) used: BTreeMap<Name, Used>,
    pub(super) payments: BTreeMap<u8, Payment>,
    /// What was said to go back of payments, known or not.
    pub(super) said: BTreeMap<u8, Said>,
}

impl Reference {
    pub fn new(requests: Vec<Request>) -> Self {
        Self {
            wall_ms: NOON_MS,
            time_ms: NOON_MS,
            requests,
            purses: BTreeMap::new(),
            charges: Vec::new(),
            used: BTreeMap::new(),
            payments: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    pub fn today(&self) -> Day {
        Day::of(self.time_ms)
    }

    /// What is in a purse; what was taken out of it counts below zero.
    pub fn purse(&self, purse: Purse) -> i128 {
        self.purses.get(&purse).copied().unwrap_or_default()
    }

    pub fn posted(&self, account: usize) -> i64 {
        i64::try_from(self.purse(Purse::Customer(account))).unwrap()
    }

    pub fn holds(&self, account: usize) -> impl Iterator<Item = &Request> {
        let open = |request: &&Request| request.fate == Fate::Held;
        let ours = move |request: &&Request| request.account == account;
        self.requests.iter().filter(open).filter(ours)
    }

    pub fn held(&self, account: usize) -> i64 {
        self.holds(account).map(|request| request.held).sum()
    }

    pub fn available(&self, account: usize) -> i64 {
        self.posted(account) - self.held(account)
    }

    /// What was charged on a day.
    pub fn spent(&self, account: usize, day: Day) -> i64 {
        let of_day = self
            .charges
            .iter()
            .filter(|(who, when, _)| (*who, *when) == (account, day));
        of_day.map(|(.., charged)| charged).sum()
    }

    /// Every account and day with a charge.
    pub fn days(&self) -> impl Iterator<Item = (usize, Day)> {
        self.charges
            .iter()
            .map(|(account, day, _)| (*account, *day))
    }

    /// What a limit leaves of a day for something new.
    pub fn limit_left(&self, account: usize, day: Day, limit: Option<i64>) -> i64 {
        let Some(limit) = limit else { return i64::MAX };
        let reserved = self.holds(account).filter(|request| request.day == day);
        limit - self.spent(account, day) - reserved.map(|request| request.held).sum::<i64>()
    }

    pub fn move_money(&mut self, from: Purse, to: Purse, amount: i64) {
        *self.purses.entry(from).or_default() -= i128::from(amount);
        *self.purses.entry(to).or_default() += i128::from(amount);
    }

    /// What a request can hold; `Err` says whether waiting for the account's own requests may help.
    pub fn affordable(
        &self,
        account: usize,
        want: i64,
        least: i64,
        limit: Option<i64>,
    ) -> Result<i64, bool> {
        let least = least.max(1);
        let free = self
            .available(account)
            .min(self.limit_left(account, self.today(), limit));
        if free >= want {
            return Ok(want);
        }
        if self.held(account) == 0 && free >= least {
            return Ok(free);
        }
        let unspent = limit.map_or(i64::MAX, |limit| limit - self.spent(account, self.today()));
        Err(self.posted(account).min(unspent) >= least)
    }

    /// How much more a held request can hold.
    pub fn affordable_more(&self, slot: usize, want: i64, least: i64) -> Option<i64> {
        let request = &self.requests[slot];
        let (want, least) = (want.max(1), least.max(1).min(want.max(1)));
        let free = self.available(request.account).min(self.limit_left(
            request.account,
            request.day,
            request.limit,
        ));
        (free >= least).then_some(want.min(free))
    }

    /// Ends a request with a charge that counts on `day`: what was held for it is always paid,
    /// and more as far as balance and limit go.
    pub fn charge(&mut self, slot: usize, cost: i64, day: Day) -> i64 {
        let charged = self.would_charge(slot, cost, day);
        let account = self.requests[slot].account;
        self.close_expired(slot);
        self.requests[slot].fate = Fate::Settled { charged };
        self.move_money(Purse::Customer(account), Purse::Answering, charged);
        self.move_money(Purse::LostOverruns, Purse::Answering, cost - charged);
        self.charges.push((account, day, charged));
        charged
    }

    /// What [`Reference::charge`] comes to.
    pub fn would_charge(&self, slot: usize, cost: i64, day: Day) -> i64 {
        let mut without = self.clone_requests();
        let request = &mut without.requests[slot];
        let (account, limit) = (request.account, request.limit);
        let held = if request.fate == Fate::Held {
            request.held
        } else {
            0
        };
        request.fate = Fate::Unpaid;
        let free = without
            .available(account)
            .min(without.limit_left(account, day, limit));
        cost.min(held).max(cost.min(free)).max(0)
    }

    /// Enough of a copy to take one request out of the sums.
    fn clone_requests(&self) -> Self {
        Self {
            requests: self.requests.clone(),
            purses: self.purses.clone(),
            charges: self.charges.clone(),
            used: BTreeMap::new(),
            payments: BTreeMap::new(),
            said: BTreeMap::new(),
            ..*self
        }
    }

    /// Ends a request without a charge.
    pub fn give_back(&mut self, slot: usize) {
        self.close_expired(slot);
        self.requests[slot].fate = Fate::Unpaid;
    }

    /// A request that ends after all was no orphan.
    fn close_expired(&mut self, slot: usize) {
        if self.requests[slot].fate == Fate::Expired {
            self.move_money(
                Purse::Estimated,
                Purse::LostOrphans,
                self.requests[slot].held,
            );
        }
    }

    /// The clock has moved: holds past their deadline are orphans, old names are forgotten.
    pub fn clock(&mut self, by_ms: i64) {
        self.wall_ms = self.wall_ms.saturating_add_signed(by_ms).max(1);
        self.time_ms = self.time_ms.max(self.wall_ms);
        let now_ms = self.time_ms;
        self.orphan(Fate::Expired, |request| request.deadline_ms <= now_ms);
        self.used.retain(|_, used| used.until_ms > now_ms);
        let payments = &self.payments;
        self.said.retain(|intent, said| {
            payments.contains_key(intent) || said.first_ms + REMEMBER_MS > now_ms
        });
    }

    /// Books the estimates of open holds as our loss.
    fn orphan(&mut self, fate: Fate, which: impl Fn(&Request) -> bool) {
        for slot in 0..self.requests.len() {
            let request = &mut self.requests[slot];
            if request.fate == Fate::Held && which(request) {
                request.fate = fate;
                let held = request.held;
                self.move_money(Purse::LostOrphans, Purse::Estimated, held);
            }
        }
    }

    /// A start: open holds are orphans for ever, and no request of before is known.
    pub fn restart(&mut self) {
        self.orphan(Fate::Unpaid, |_| true);
        for request in &mut self.requests {
            *request = Request::new(request.account);
        }
        self.wall_ms = self.time_ms;
    }
}
