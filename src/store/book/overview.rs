//! The books at a glance: what customers have, what the operator earned, owes and lost.

use std::collections::BTreeMap;

use super::balances::narrow;
use super::{Book, TrialBalance};
use crate::money::Picodollars;

/// The books at a glance.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Customers who ever had credit.
    pub customers: usize,
    /// What all customers have together, without regard to holds.
    pub credit: Picodollars,
    /// What open holds keep back of it.
    pub held: Picodollars,
    /// Number of open holds.
    pub open_holds: usize,
    /// Every other account of the ledger by its name: credits less debits.
    pub others: BTreeMap<String, Picodollars>,
    /// Debits less credits over all accounts.
    pub trial_balance: TrialBalance,
}

impl Book {
    /// The books at a glance. It takes as long as there are customers.
    pub fn overview(&self) -> Overview {
        let (mut customers, mut credit, mut held) = (0, 0_i128, 0_i128);
        let mut others = BTreeMap::new();
        for (account, balance) in self.balances.accounts() {
            let posted = balance.credits_posted - balance.debits_posted;
            if account.customer().is_some() {
                customers += 1;
                credit += posted;
                held += balance.debits_pending;
            } else {
                others.insert(account.to_string(), narrow(posted));
            }
        }
        Overview {
            customers,
            credit: narrow(credit),
            held: narrow(held),
            open_holds: self.open_holds(),
            others,
            trial_balance: self.trial_balance(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::book::samples::{NOON_MS, funded, order, record, usd};

    #[test]
    fn what_customers_have_and_what_providers_are_owed_add_up() {
        let (mut book, account) = funded(usd("5"));
        let first = order(account, usd("0.10"), usd("0.10"));
        book.authorise(&first, NOON_MS).unwrap();
        book.settle(record(&first, usd("0.02")), NOON_MS).unwrap();
        let second = order(account, usd("0.30"), usd("0.30"));
        book.authorise(&second, NOON_MS).unwrap();
        let overview = book.overview();
        assert_eq!((overview.customers, overview.open_holds), (1, 1));
        assert_eq!((overview.credit, overview.held), (usd("4.98"), usd("0.30")));
        assert_eq!(overview.others["provider:anthropic"], usd("0.02"));
        assert_eq!(overview.others["goodwill"], usd("-5"));
        assert!(overview.trial_balance.is_zero());
    }
}
