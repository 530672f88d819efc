//! What customers pay with, as the accounts' actor keeps it, and their receipts.

use actix::{Context, Handler, Message, MessageResult};

use super::{Accounts, StorageDown, deed};
use crate::actors::clock;
use crate::actors::mailer::Send;
use crate::billing::{Card, StripeId};
use crate::ids::AccountId;
use crate::mail::{Mail, Receipt};
use crate::store::{AccountError, Action, Author, DepositOrder, Switch, Wallet};

/// Asks what an account pays with.
#[derive(Message)]
#[rtype(result = "Wallet")]
pub struct ShowWallet(pub AccountId);

/// Keeps the card processor's customer of an account. The first one stays; answers with it.
#[derive(Message)]
#[rtype(result = "Result<Result<StripeId, AccountError>, StorageDown>")]
pub struct KeepCustomer {
    /// Whose.
    pub account: AccountId,
    /// The customer.
    pub customer: StripeId,
}

/// Forgets a customer that the processor does not know any more.
#[derive(Message)]
#[rtype(result = "Result<(), StorageDown>")]
pub struct LoseCustomer {
    /// Whose.
    pub account: AccountId,
    /// The customer.
    pub customer: StripeId,
}

/// Keeps a card that was used, unless something later is known.
#[derive(Message)]
#[rtype(result = "Result<Result<(), AccountError>, StorageDown>")]
pub struct KeepCard {
    /// Whose.
    pub account: AccountId,
    /// The customer who used it.
    pub customer: StripeId,
    /// The card.
    pub card: Card,
    /// When, in seconds since 1970.
    pub at_s: u64,
    /// Who says so.
    pub author: Author,
}

/// Gives the saved card up: it is not charged any more. Answers with the wallet that is left.
#[derive(Message)]
#[rtype(result = "Result<Wallet, StorageDown>")]
pub struct DropCard {
    /// Whose.
    pub account: AccountId,
    /// Who gives it up.
    pub author: Author,
}

/// Mails a receipt for an order that was paid, if the customer wants receipts.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SendReceipt(pub DepositOrder);

/// A card as far as it may be shown.
fn shown(card: &Card) -> String {
    format!("{} {}", card.brand(), card.last4())
}

impl Handler<ShowWallet> for Accounts {
    type Result = MessageResult<ShowWallet>;

    fn handle(&mut self, ShowWallet(account): ShowWallet, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.accounts.wallet(account))
    }
}

impl Handler<KeepCustomer> for Accounts {
    type Result = MessageResult<KeepCustomer>;

    fn handle(&mut self, keep: KeepCustomer, _: &mut Context<Self>) -> Self::Result {
        let kept = self.accounts.keep_customer(keep.account, keep.customer);
        MessageResult(self.write().map(|()| kept))
    }
}

impl Handler<LoseCustomer> for Accounts {
    type Result = Result<(), StorageDown>;

    fn handle(&mut self, lost: LoseCustomer, _: &mut Context<Self>) -> Self::Result {
        self.accounts.lose_customer(lost.account, &lost.customer);
        self.write()
    }
}

impl Handler<KeepCard> for Accounts {
    type Result = MessageResult<KeepCard>;

    fn handle(&mut self, keep: KeepCard, _: &mut Context<Self>) -> Self::Result {
        let KeepCard {
            account,
            customer,
            card,
            at_s,
            author,
        } = keep;
        let before = self.accounts.wallet(account).card;
        let kept = self.accounts.keep_card(account, &customer, card, at_s);
        if let Some(card) = self.accounts.wallet(account).card
            && before.as_ref() != Some(&card)
        {
            let deed = deed(author, Action::CardSaved, account);
            self.accounts.note(&deed.with("card", shown(&card)));
        }
        MessageResult(self.write().map(|()| kept))
    }
}

impl Handler<DropCard> for Accounts {
    type Result = MessageResult<DropCard>;

    fn handle(&mut self, dropped: DropCard, _: &mut Context<Self>) -> Self::Result {
        let account = dropped.account;
        if let Some(card) = self.accounts.wallet(account).card {
            let deed = deed(dropped.author, Action::CardRemoved, account);
            self.accounts.note(&deed.with("card", shown(&card)));
        }
        self.accounts.drop_card(account, clock::now_ms() / 1000);
        MessageResult(self.commit(account).map(|()| self.accounts.wallet(account)))
    }
}

impl Handler<SendReceipt> for Accounts {
    type Result = ();

    fn handle(&mut self, SendReceipt(order): SendReceipt, _: &mut Context<Self>) {
        let wanted = self.accounts.settings(order.account).notifications.receipts;
        let account = self.accounts.account(order.account);
        if account.is_none() {
            let (account, order) = (order.account, order.id);
            tracing::error!(%account, %order, "a deleted account has paid; give the payment back");
        }
        let to = account.and_then(|account| account.email.parse().ok());
        if let (Some(to), Switch::On) = (to, wanted) {
            let receipt = Receipt {
                order: order.id,
                paid: order.paid,
            };
            let mail = Mail::receipt(to, receipt, &self.door.site);
            self.door.mailer.do_send(Send(mail));
        }
    }
}
