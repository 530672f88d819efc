//! What auto-recharge needs to know of an account and tells its owner, and who hears when credit runs
//! low.

use actix::{Context, Handler, Message, MessageResult};

use super::{Accounts, StorageDown, deed};
use crate::actors::mailer::Send;
use crate::billing::StripeId;
use crate::ids::AccountId;
use crate::mail::{Mail, Notice};
use crate::money::Picodollars;
use crate::store::{Action, Author, AutoRecharge, Switch};

/// Asks whether and how an account is recharged. `None` when it is not, or has no card.
#[derive(Message)]
#[rtype(result = "Option<RechargeTerms>")]
pub struct ShowTerms(pub AccountId);

/// How an account is recharged.
#[derive(Clone, Debug)]
pub struct RechargeTerms {
    /// What its owner has set.
    pub auto: AutoRecharge,
    /// The card processor's customer.
    pub customer: StripeId,
    /// The card.
    pub method: StripeId,
}

/// Switches auto-recharge off after declines in a row, and mails that. Said again, it changes nothing.
#[derive(Message)]
#[rtype(result = "Result<(), StorageDown>")]
pub struct StopRecharge {
    /// Whose.
    pub account: AccountId,
    /// How many declines.
    pub declines: u8,
}

/// Mails that credit runs low, if its owner wants to hear of that and it does.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TellLowBalance(pub AccountId);

/// Mails what became of a charge, if its owner wants to hear of the account's safety.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TellOfCharge {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub notice: Notice,
}

impl Accounts {
    /// Lets the ledger know below which balance it has to call.
    pub(super) fn publish_alarm(&self, id: AccountId) {
        let settings = self.accounts.settings(id);
        let (auto, mails) = (settings.auto_recharge, settings.notifications);
        let exists = self.accounts.account(id).is_some();
        let recharge = if exists { auto.state } else { Switch::Off };
        let is_heard = exists && (recharge == Switch::On || mails.low_balance == Switch::On);
        let alarm = if is_heard {
            auto.threshold
        } else {
            Picodollars::ZERO
        };
        self.purses.of(id).set_alarm(alarm, recharge);
    }

    fn terms(&self, id: AccountId) -> Option<RechargeTerms> {
        let auto = self.accounts.settings(id).auto_recharge;
        let enabled = self.accounts.account(id)?;
        let wallet = self.accounts.wallet(id);
        match auto.state {
            Switch::On if !enabled.disabled => Some(RechargeTerms {
                auto,
                customer: wallet.customer?,
                method: wallet.card?.method,
            }),
            Switch::On | Switch::Off => None,
        }
    }

    fn stop_recharge(&mut self, stop: &StopRecharge) -> Result<(), StorageDown> {
        let id = stop.account;
        if self.accounts.stop_recharge(id).is_none() {
            return Ok(());
        }
        let deed = deed(Author::ROUTER, Action::RechargeStopped, id);
        self.accounts.note(&deed.with("declines", stop.declines));
        self.commit(id)?;
        let declines = stop.declines;
        self.warn(id, &Notice::RechargeStopped { declines });
        Ok(())
    }

    fn tell_low_balance(&self, id: AccountId) {
        let settings = self.accounts.settings(id);
        let (left, threshold) = (
            self.purses.of(id).posted(),
            settings.auto_recharge.threshold,
        );
        let account = self.accounts.account(id);
        let to = account.and_then(|account| account.email.parse().ok());
        if let (Some(to), Switch::On, true) =
            (to, settings.notifications.low_balance, left < threshold)
        {
            let notice = Notice::LowBalance { left, threshold };
            let mail = Mail::notice(to, &notice, &self.door.site);
            self.door.mailer.do_send(Send(mail));
        }
    }
}

impl Handler<ShowTerms> for Accounts {
    type Result = MessageResult<ShowTerms>;

    fn handle(&mut self, ShowTerms(account): ShowTerms, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.terms(account))
    }
}

impl Handler<StopRecharge> for Accounts {
    type Result = Result<(), StorageDown>;

    fn handle(&mut self, stop: StopRecharge, _: &mut Context<Self>) -> Self::Result {
        self.stop_recharge(&stop)
    }
}

impl Handler<TellLowBalance> for Accounts {
    type Result = ();

    fn handle(&mut self, TellLowBalance(account): TellLowBalance, _: &mut Context<Self>) {
        self.tell_low_balance(account);
    }
}

impl Handler<TellOfCharge> for Accounts {
    type Result = ();

    fn handle(&mut self, tell: TellOfCharge, _: &mut Context<Self>) {
        self.warn(tell.account, &tell.notice);
    }
}
