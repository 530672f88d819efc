//! No kind of row lies within another.

use super::*;

#[test]
fn no_kind_of_row_lies_within_another() {
    let prefixes = [
        BALANCES,
        TRANSFERS,
        HOLDS,
        REMEMBERED,
        EVENTS,
        PAYMENTS,
        ORDERS,
        RETURNS,
        WALLETS,
        LIMITS,
        DAYS,
        MONTHS,
        KEY_TOTALS,
        GENERATIONS_V6,
        RECORDS,
        CUSTOMERS,
        ADDRESSES,
        KEYS,
        POLICIES,
        USES,
        SETTINGS,
        TELEMETRY,
        CODES,
        TALLIES,
        GIFTS,
        SESSIONS,
        STATISTICS,
        HISTORY,
        TRANSACTIONS,
        RECHARGES,
        DEEDS,
        ACCOUNT_DEEDS,
        META,
    ];
    for (at, one) in prefixes.iter().enumerate() {
        for other in &prefixes[at + 1..] {
            assert!(
                !one.starts_with(other) && !other.starts_with(one),
                "{one:?} {other:?}"
            );
        }
    }
}
