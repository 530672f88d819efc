//! The keys of the one tree. Numbers are big-endian, so that key order is time order. What can be
//! rebuilt from other rows at start-up, such as the order in which holds expire, is not stored.
//!
//! | Key | Value |
//! |---|---|
//! | `a/<ledger account>` | its four balance counters |
//! | `x/<sequence>` | a transfer and its hash |
//! | `o/<generation>` | an open hold, unless it is younger than `m/young` |
//! | `i/<scope>/<idempotency key>` | an operation's parameters, state and outcome |
//! | `w/<event>` | the same for an event of the card processor |
//! | `p/<payment>` | a deposit, and how much of it has gone back |
//! | `b/<account>/<order>` | a deposit that was ordered |
//! | `j/<payment>` | what the card processor says goes back of a payment |
//! | `h/<account>` | the card processor's customer and the saved card |
//! | `l/<account>` | what a customer may spend a day |
//! | `d/<account>/<yyyymmdd>` | a customer's totals of one UTC day |
//! | `t/<account>/<yyyymm>` | a customer's totals of one UTC month |
//! | `u/<key>` | an API key's totals |
//! | `n/<account>/<generation>` | a generation record, and where the chain ended when it was kept |
//! | `c/<account>` | a customer |
//! | `e/<e-mail address>` | the customer with that address |
//! | `k/<key hash>` | an API key |
//! | `r/<key>` | what an API key may do, unless it is an old one |
//! | `q/<key>` | when an API key was last used |
//! | `f/<account>` | a customer's settings |
//! | `telemetry/<account>` | where a customer's traces go |
//! | `v/code/<flow hash>` | a sign-in code |
//! | `v/address/<address hash>` | what an address has used of its limits |
//! | `v/gift/<account>` | credit of a new account, for two days |
//! | `z/<token hash>` | a session |
//! | `s/<model>` | what was observed of a model |
//! | `history/d/<day>/<provider>` | what came of a provider's attempts on one UTC day |
//! | `history/h/<hour>/<model>` | the same of a model in one hour |
//! | `history/o/<beginning>/<provider>/<model>` | a time for which something was left alone |
//! | `prices/<model>` | the prices that a model has had |
//! | `takings/<yyyymmdd>` | what one UTC day came to for the operator |
//! | `y/<account>/<sequence>` | that a transfer moved this customer's money |
//! | `recharge/<account>` | a charge of a saved card that is under way, and declines in a row |
//! | `audit/<audit id>` | a row of the audit log |
//! | `audits/<account>/<audit id>` | that a row of the audit log is about this customer |
//! | `m/meta` | schema version, last sequence number, head hash |
//! | `m/young` | from which transfer on holds may be open without a row of their own |

use super::book::{LedgerAccount, Scope};
use super::day::{Day, Month};
use crate::ids::{
    AccountId, AddressHash, AuditId, FlowHash, GenerationId, KeyHash, KeyId, OrderId, SessionHash,
};

pub(super) const BALANCES: &[u8] = b"a/";
pub(super) const TRANSFERS: &[u8] = b"x/";
pub(super) const HOLDS: &[u8] = b"o/";
pub(super) const REMEMBERED: &[u8] = b"i/";
/// Where the first two schemas kept the keys of grants.
pub(super) const GRANTS_V1: &[u8] = b"i/grant/";
pub(super) const EVENTS: &[u8] = b"w/";
pub(super) const PAYMENTS: &[u8] = b"p/";
pub(super) const ORDERS: &[u8] = b"b/";
pub(super) const RETURNS: &[u8] = b"j/";
pub(super) const WALLETS: &[u8] = b"h/";
pub(super) const LIMITS: &[u8] = b"l/";
pub(super) const DAYS: &[u8] = b"d/";
pub(super) const MONTHS: &[u8] = b"t/";
pub(super) const KEY_TOTALS: &[u8] = b"u/";
/// Where the first six schemas kept records, with only their index under [`RECORDS`].
pub(super) const GENERATIONS_V6: &[u8] = b"g/";
pub(super) const RECORDS: &[u8] = b"n/";
pub(super) const CUSTOMERS: &[u8] = b"c/";
pub(super) const ADDRESSES: &[u8] = b"e/";
pub(super) const KEYS: &[u8] = b"k/";
pub(super) const POLICIES: &[u8] = b"r/";
pub(super) const USES: &[u8] = b"q/";
pub(super) const SETTINGS: &[u8] = b"f/";
pub(super) const TELEMETRY: &[u8] = b"telemetry/";
pub(super) const CODES: &[u8] = b"v/code/";
pub(super) const TALLIES: &[u8] = b"v/address/";
pub(super) const GIFTS: &[u8] = b"v/gift/";
pub(super) const SESSIONS: &[u8] = b"z/";
pub(super) const STATISTICS: &[u8] = b"s/";
pub(super) const HISTORY: &[u8] = b"history/";
pub(super) const PRICES: &[u8] = b"prices/";
pub(super) const TAKINGS: &[u8] = b"takings/";
pub(super) const TRANSACTIONS: &[u8] = b"y/";
pub(super) const RECHARGES: &[u8] = b"recharge/";
pub(super) const DEEDS: &[u8] = b"audit/";
pub(super) const ACCOUNT_DEEDS: &[u8] = b"audits/";
pub(super) const META: &[u8] = b"m/meta";
pub(super) const YOUNG: &[u8] = b"m/young";

pub(super) fn balance(account: &LedgerAccount) -> Vec<u8> {
    [BALANCES, account.to_string().as_bytes()].concat()
}

pub(super) fn transfer(seq: u64) -> Vec<u8> {
    [TRANSFERS, &seq.to_be_bytes()].concat()
}

pub(super) fn hold(generation: GenerationId) -> Vec<u8> {
    [HOLDS, &generation.to_bytes()].concat()
}

/// Card events stand apart: they are many, and have no scope to tell apart.
pub(super) fn remembered(scope: &Scope, idempotency_key: &str) -> Vec<u8> {
    match scope {
        Scope::Event => [EVENTS, idempotency_key.as_bytes()].concat(),
        Scope::Grant(_) | Scope::Adjust(_) | Scope::Route(_) => {
            let scope = scope.to_string();
            [
                REMEMBERED,
                scope.as_bytes(),
                b"/",
                idempotency_key.as_bytes(),
            ]
            .concat()
        }
    }
}

pub(super) fn payment(intent: &str) -> Vec<u8> {
    [PAYMENTS, intent.as_bytes()].concat()
}

/// Where an account's order is. In key order, an account's orders are in time order.
pub(super) fn order(account: AccountId, order: OrderId) -> Vec<u8> {
    [&orders(account), order.to_bytes().as_slice()].concat()
}

/// What the keys of an account's orders begin with.
pub(super) fn orders(account: AccountId) -> Vec<u8> {
    [ORDERS, &account.to_bytes(), b"/"].concat()
}

pub(super) fn returns(intent: &str) -> Vec<u8> {
    [RETURNS, intent.as_bytes()].concat()
}

pub(super) fn wallet(account: AccountId) -> Vec<u8> {
    [WALLETS, &account.to_bytes()].concat()
}

pub(super) fn limit(account: AccountId) -> Vec<u8> {
    [LIMITS, &account.to_bytes()].concat()
}

pub(super) fn day(account: AccountId, day: Day) -> Vec<u8> {
    [&days(account), day.to_string().as_bytes()].concat()
}

/// What the keys of an account's days begin with.
pub(super) fn days(account: AccountId) -> Vec<u8> {
    [DAYS, &account.to_bytes(), b"/"].concat()
}

pub(super) fn month(account: AccountId, month: Month) -> Vec<u8> {
    [&months(account), month.to_string().as_bytes()].concat()
}

/// What the keys of an account's months begin with.
pub(super) fn months(account: AccountId) -> Vec<u8> {
    [MONTHS, &account.to_bytes(), b"/"].concat()
}

pub(super) fn key_totals(key: KeyId) -> Vec<u8> {
    [KEY_TOTALS, &key.to_bytes()].concat()
}

/// Where a record is. In key order, an account's records are in time order.
pub(super) fn record(account: AccountId, generation: GenerationId) -> Vec<u8> {
    [RECORDS, &account.to_bytes(), b"/", &generation.to_bytes()].concat()
}

/// Behind every record of an account.
pub(super) fn after_records(account: AccountId) -> Vec<u8> {
    [RECORDS, &account.to_bytes(), b"0"].concat()
}

/// The account and the generation of a record's row.
pub(super) fn recorded(key: &[u8]) -> Option<(AccountId, GenerationId)> {
    let (account, generation) = key.strip_prefix(RECORDS)?.split_at_checked(16)?;
    Some((
        AccountId::from_bytes(account.try_into().ok()?),
        GenerationId::from_bytes(generation.strip_prefix(b"/")?.try_into().ok()?),
    ))
}

/// The account and the period's digits of a row of totals.
pub(super) fn counted<'a>(prefix: &[u8], key: &'a [u8]) -> Option<(AccountId, &'a str)> {
    let (account, period) = key.strip_prefix(prefix)?.split_at_checked(16)?;
    Some((
        AccountId::from_bytes(account.try_into().ok()?),
        std::str::from_utf8(period.strip_prefix(b"/")?).ok()?,
    ))
}

pub(super) fn customer(account: AccountId) -> Vec<u8> {
    [CUSTOMERS, &account.to_bytes()].concat()
}

/// The account of a customer's row.
pub(super) fn customer_of(key: &[u8]) -> Option<AccountId> {
    let account = key.strip_prefix(CUSTOMERS)?.try_into().ok()?;
    Some(AccountId::from_bytes(account))
}

pub(super) fn address(lower_cased: &str) -> Vec<u8> {
    [ADDRESSES, lower_cased.as_bytes()].concat()
}

pub(super) fn api_key(hash: &KeyHash) -> Vec<u8> {
    [KEYS, hash.as_bytes()].concat()
}

/// Where a customer's transfer is indexed. In key order, a customer's transfers are in time order.
pub(super) fn transaction(account: AccountId, seq: u64) -> Vec<u8> {
    [TRANSACTIONS, &account.to_bytes(), b"/", &seq.to_be_bytes()].concat()
}

/// The customer and the transfer of a row of that index.
pub(super) fn transacted(key: &[u8]) -> Option<(AccountId, u64)> {
    let (account, seq) = key.strip_prefix(TRANSACTIONS)?.split_at_checked(16)?;
    Some((
        AccountId::from_bytes(account.try_into().ok()?),
        u64::from_be_bytes(seq.strip_prefix(b"/")?.try_into().ok()?),
    ))
}

pub(super) fn policy(key: KeyId) -> Vec<u8> {
    [POLICIES, &key.to_bytes()].concat()
}

pub(super) fn key_use(key: KeyId) -> Vec<u8> {
    [USES, &key.to_bytes()].concat()
}

pub(super) fn settings(account: AccountId) -> Vec<u8> {
    [SETTINGS, &account.to_bytes()].concat()
}

pub(super) fn telemetry(account: AccountId) -> Vec<u8> {
    [TELEMETRY, &account.to_bytes()].concat()
}

pub(super) fn code(flow: &FlowHash) -> Vec<u8> {
    [CODES, flow.as_bytes()].concat()
}

pub(super) fn tally(address: &AddressHash) -> Vec<u8> {
    [TALLIES, address.as_bytes()].concat()
}

pub(super) fn gift(account: AccountId) -> Vec<u8> {
    [GIFTS, &account.to_bytes()].concat()
}

pub(super) fn session(hash: &SessionHash) -> Vec<u8> {
    [SESSIONS, hash.as_bytes()].concat()
}

pub(super) fn takings(day: Day) -> Vec<u8> {
    [TAKINGS, day.to_string().as_bytes()].concat()
}

/// The day of a row of takings.
pub(super) fn taken_on(key: &[u8]) -> Option<Day> {
    let digits = key.strip_prefix(TAKINGS)?;
    Day::from_digits(std::str::from_utf8(digits).ok()?)
}

pub(super) fn history(kind: u8, at: u64, name: &str) -> Vec<u8> {
    [
        HISTORY,
        &[kind, b'/'],
        &at.to_be_bytes(),
        b"/",
        name.as_bytes(),
    ]
    .concat()
}

/// Kind, time and name of a row of the history.
pub(super) fn history_of(key: &[u8]) -> Option<(u8, u64, &str)> {
    let (kind, rest) = key.strip_prefix(HISTORY)?.split_first()?;
    let (at, name) = rest.strip_prefix(b"/")?.split_at_checked(8)?;
    let at = u64::from_be_bytes(at.try_into().ok()?);
    Some((
        *kind,
        at,
        std::str::from_utf8(name.strip_prefix(b"/")?).ok()?,
    ))
}

pub(super) fn recharge(account: AccountId) -> Vec<u8> {
    [RECHARGES, &account.to_bytes()].concat()
}

pub(super) fn deed(id: AuditId) -> Vec<u8> {
    [DEEDS, &id.to_bytes()].concat()
}

/// The id of a row of the audit log.
pub(super) fn deed_of(key: &[u8]) -> Option<AuditId> {
    let id = key.strip_prefix(DEEDS)?.try_into().ok()?;
    Some(AuditId::from_bytes(id))
}

/// Where a customer's row of the audit log is indexed.
pub(super) fn account_deed(account: AccountId, id: AuditId) -> Vec<u8> {
    [ACCOUNT_DEEDS, &account.to_bytes(), b"/", &id.to_bytes()].concat()
}

/// The customer and the row of that index.
pub(super) fn account_deed_of(key: &[u8]) -> Option<(AccountId, AuditId)> {
    let (account, id) = key.strip_prefix(ACCOUNT_DEEDS)?.split_at_checked(16)?;
    Some((
        AccountId::from_bytes(account.try_into().ok()?),
        AuditId::from_bytes(id.strip_prefix(b"/")?.try_into().ok()?),
    ))
}

/// The first key behind all that begin with a prefix; `None` when there is none.
pub(super) fn after(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.last_mut() {
        if let Some(more) = last.checked_add(1) {
            *last = more;
            return Some(next);
        }
        next.pop();
    }
    None
}

#[cfg(test)]
mod tests;
