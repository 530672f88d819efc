//! What a customer pays with: the card processor's customer, and the card that it keeps for later.

use serde::{Deserialize, Serialize};

use super::accounts::{AccountError, Accounts};
use super::key;
use crate::billing::{Card, StripeId};
use crate::ids::AccountId;

/// What a customer pays with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Whose.
    pub account: AccountId,
    /// The processor's customer, made once.
    pub customer: Option<StripeId>,
    /// The card that was used last.
    pub card: Option<Card>,
    /// As of when that is so, in seconds since 1970: the processor's messages come in any order.
    as_of_s: u64,
    /// How many customers the processor has lost.
    pub lost: u32,
}

impl Wallet {
    fn new(account: AccountId) -> Self {
        Self {
            account,
            customer: None,
            card: None,
            as_of_s: 0,
            lost: 0,
        }
    }
}

impl Accounts {
    /// What a customer pays with.
    pub fn wallet(&self, account: AccountId) -> Wallet {
        let kept = self.wallets.get(&account).cloned();
        kept.unwrap_or_else(|| Wallet::new(account))
    }

    /// Keeps the processor's customer of an account. The first one stays; answers with it.
    pub fn keep_customer(
        &mut self,
        account: AccountId,
        customer: StripeId,
    ) -> Result<StripeId, AccountError> {
        let mut wallet = self.own_wallet(account)?;
        if let Some(before) = wallet.customer {
            return Ok(before);
        }
        wallet.customer = Some(customer.clone());
        self.keep_wallet(wallet);
        Ok(customer)
    }

    /// Forgets a customer that the processor does not know any more, and its card.
    pub fn lose_customer(&mut self, account: AccountId, customer: &StripeId) {
        let mut wallet = self.wallet(account);
        if wallet.customer.as_ref() == Some(customer) {
            wallet.customer = None;
            wallet.card = None;
            wallet.lost = wallet.lost.saturating_add(1);
            self.keep_wallet(wallet);
        }
    }

    /// Keeps a card that was used at a time, in seconds since 1970, unless the account pays as another
    /// customer, or something later is known: another card, or that it was given up.
    pub fn keep_card(
        &mut self,
        account: AccountId,
        customer: &StripeId,
        card: Card,
        at_s: u64,
    ) -> Result<(), AccountError> {
        let mut wallet = self.own_wallet(account)?;
        if wallet.customer.as_ref() == Some(customer) && at_s > wallet.as_of_s {
            wallet.card = Some(card);
            wallet.as_of_s = at_s;
            self.keep_wallet(wallet);
        }
        Ok(())
    }

    /// Gives the saved card up, and every card that was used until then. Auto-recharge is off then.
    pub fn drop_card(&mut self, account: AccountId, now_s: u64) {
        let mut wallet = self.wallet(account);
        if wallet.customer.is_some() {
            wallet.card = None;
            wallet.as_of_s = wallet.as_of_s.max(now_s);
            self.keep_wallet(wallet);
            self.stop_recharge(account);
        }
    }

    fn own_wallet(&self, account: AccountId) -> Result<Wallet, AccountError> {
        let known = self.account(account);
        known.ok_or(AccountError::NoSuchAccount)?;
        Ok(self.wallet(account))
    }

    fn keep_wallet(&mut self, wallet: Wallet) {
        self.batch.put(key::wallet(wallet.account), &wallet);
        self.wallets.insert(wallet.account, wallet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    fn id(text: &str) -> StripeId {
        text.parse().unwrap()
    }

    fn card(last4: &str) -> Card {
        Card::new(id(&format!("pm_{last4}")), "visa", last4, 1, 2030).unwrap()
    }

    fn kept(accounts: &Accounts, account: AccountId) -> Option<String> {
        let card = accounts.wallet(account).card?;
        Some(card.last4().to_owned())
    }

    #[test]
    fn the_latest_word_on_a_card_counts_whenever_it_comes() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let mut accounts = Accounts::load(&db, db.pepper().unwrap()).unwrap();
        let account = accounts.create("ada@example.com", 0).unwrap().account.id;
        accounts.keep_customer(account, id("cus_1")).unwrap();
        let again = accounts.keep_customer(account, id("cus_2")).unwrap();
        assert_eq!(again, id("cus_1"));
        let keep = |accounts: &mut Accounts, customer: &str, last4: &str, at_s| {
            let customer = id(customer);
            accounts
                .keep_card(account, &customer, card(last4), at_s)
                .unwrap();
        };
        keep(&mut accounts, "cus_1", "2222", 20);
        keep(&mut accounts, "cus_1", "1111", 10);
        keep(&mut accounts, "cus_9", "9999", 30);
        assert_eq!(kept(&accounts, account).as_deref(), Some("2222"));
        accounts.drop_card(account, 40);
        keep(&mut accounts, "cus_1", "3333", 35);
        assert_eq!(kept(&accounts, account), None);
        keep(&mut accounts, "cus_1", "4444", 41);
        db.commit(accounts.take_batch()).unwrap();
        let mut accounts = Accounts::load(&db, db.pepper().unwrap()).unwrap();
        assert_eq!(kept(&accounts, account).as_deref(), Some("4444"));
        accounts.lose_customer(account, &id("cus_1"));
        let wallet = accounts.wallet(account);
        assert_eq!((wallet.customer, wallet.card, wallet.lost), (None, None, 1));
        accounts.delete(account, "ada@example.com").unwrap();
        let gone = accounts.keep_customer(account, id("cus_3"));
        assert_eq!(gone, Err(AccountError::NoSuchAccount));
    }
}
