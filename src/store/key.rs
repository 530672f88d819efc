//! The keys of the one tree. Numbers are big-endian, so that key order is time order. What can be
//! rebuilt from other rows at start-up, such as the order in which holds expire, is not stored.
//!
//! | Key | Value |
//! |---|---|
//! | `a/<ledger account>` | its four balance counters |
//! | `x/<sequence>` | a transfer and its hash |
//! | `o/<generation>` | an open hold |
//! | `i/grant/<account>/<idempotency key>` | a grant's parameters and outcome |
//! | `d/<account>/<yyyymmdd>` | a customer's totals of one UTC day |
//! | `u/<key>` | an API key's totals |
//! | `g/<generation>` | a generation record |
//! | `c/<account>` | a customer |
//! | `e/<e-mail address>` | the customer with that address |
//! | `k/<key hash>` | an API key |
//! | `v/code/<flow hash>` | a sign-in code |
//! | `v/address/<address hash>` | what an address has used of its limits |
//! | `v/gift/<account>` | credit of a new account, for two days |
//! | `z/<token hash>` | a session |
//! | `m/meta` | schema version, last sequence number, head hash |

use super::book::LedgerAccount;
use super::day::Day;
use crate::ids::{AccountId, AddressHash, FlowHash, GenerationId, KeyHash, KeyId, SessionHash};

pub(super) const BALANCES: &[u8] = b"a/";
pub(super) const TRANSFERS: &[u8] = b"x/";
pub(super) const HOLDS: &[u8] = b"o/";
pub(super) const GRANTS: &[u8] = b"i/grant/";
pub(super) const DAYS: &[u8] = b"d/";
pub(super) const KEY_TOTALS: &[u8] = b"u/";
pub(super) const GENERATIONS: &[u8] = b"g/";
pub(super) const CUSTOMERS: &[u8] = b"c/";
pub(super) const ADDRESSES: &[u8] = b"e/";
pub(super) const KEYS: &[u8] = b"k/";
pub(super) const CODES: &[u8] = b"v/code/";
pub(super) const TALLIES: &[u8] = b"v/address/";
pub(super) const GIFTS: &[u8] = b"v/gift/";
pub(super) const SESSIONS: &[u8] = b"z/";
pub(super) const META: &[u8] = b"m/meta";

pub(super) fn balance(account: &LedgerAccount) -> Vec<u8> {
    [BALANCES, account.to_string().as_bytes()].concat()
}

pub(super) fn transfer(seq: u64) -> Vec<u8> {
    [TRANSFERS, &seq.to_be_bytes()].concat()
}

pub(super) fn hold(generation: GenerationId) -> Vec<u8> {
    [HOLDS, &generation.to_bytes()].concat()
}

pub(super) fn grant(account: AccountId, idempotency_key: &str) -> Vec<u8> {
    [
        GRANTS,
        &account.to_bytes(),
        b"/",
        idempotency_key.as_bytes(),
    ]
    .concat()
}

pub(super) fn day(account: AccountId, day: Day) -> Vec<u8> {
    [DAYS, &account.to_bytes(), b"/", day.to_string().as_bytes()].concat()
}

pub(super) fn key_totals(key: KeyId) -> Vec<u8> {
    [KEY_TOTALS, &key.to_bytes()].concat()
}

pub(super) fn generation(generation: GenerationId) -> Vec<u8> {
    [GENERATIONS, &generation.to_bytes()].concat()
}

pub(super) fn customer(account: AccountId) -> Vec<u8> {
    [CUSTOMERS, &account.to_bytes()].concat()
}

pub(super) fn address(lower_cased: &str) -> Vec<u8> {
    [ADDRESSES, lower_cased.as_bytes()].concat()
}

pub(super) fn api_key(hash: &KeyHash) -> Vec<u8> {
    [KEYS, hash.as_bytes()].concat()
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
