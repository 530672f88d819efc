//! What the book and its reference must agree on, in memory and on the disk.

use super::compare::Pair;
use super::reference::{Fate, Purse};
use crate::money::Picodollars;
use crate::store::book::{DayTotals, LedgerAccount};
use crate::store::{Db, Generation};

impl Pair {
    /// What must be so after every command.
    pub fn agree(&self) {
        assert!(self.book.trial_balance().is_zero());
        let (reference, now_ms) = (&self.reference, self.reference.wall_ms);
        for (account, id) in self.ids.iter().enumerate() {
            let balance = self.book.balance(*id);
            assert!(balance.available() >= Picodollars::ZERO);
            assert!(balance.debits_pending() <= balance.posted());
            assert_eq!(balance.posted().get(), reference.posted(account));
            assert_eq!(balance.available().get(), reference.available(account));
            let spent = self.book.today(*id, now_ms).spent.get();
            assert_eq!(spent, reference.spent(account, reference.today()));
        }
        let open = reference
            .requests
            .iter()
            .filter(|request| request.fate == Fate::Held);
        assert_eq!(self.book.open_holds(), open.count());
        for (purse, account) in ledger_accounts() {
            let balance = self.book.ledger_balance(&account);
            let posted = i128::from(balance.posted().get());
            assert_eq!(posted, reference.purse(purse), "{account}");
        }
    }

    /// The same of what only the disk has: every day's counter, every charge's record.
    pub fn agree_on_disk(&mut self, db: &Db) {
        for (account, day) in self.reference.days() {
            let totals = DayTotals::read(db, self.ids[account], day).unwrap();
            assert_eq!(totals.spent.get(), self.reference.spent(account, day));
        }
        for (account, generation, charged) in self.charged.drain(..) {
            let record = Generation::read(db, account, generation).unwrap().unwrap();
            assert_eq!(record.cost.get(), charged);
        }
    }
}

fn ledger_accounts() -> [(Purse, LedgerAccount); 9] {
    [
        (Purse::Estimated, LedgerAccount::provider("openai")),
        (Purse::Answering, LedgerAccount::provider("anthropic")),
        (Purse::Goodwill, LedgerAccount::Goodwill),
        (Purse::Fee, LedgerAccount::Fee),
        (Purse::Cash, LedgerAccount::CashStripe),
        (Purse::LostOrphans, LedgerAccount::LossOrphan),
        (Purse::LostOverruns, LedgerAccount::LossOverrun),
        (Purse::LostFailures, LedgerAccount::LossFailed),
        (Purse::LostRefunds, LedgerAccount::LossRefund),
    ]
}
