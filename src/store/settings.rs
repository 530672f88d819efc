//! A customer's settings beside its limits: defaults for routing, auto-recharge, notifications.

use serde::{Deserialize, Serialize};

use super::accounts::{AccountError, Accounts};
use super::key;
use super::telemetry::TelemetryChange;
use crate::catalog::{Prefer, Tier};
use crate::ids::AccountId;
use crate::money::{Cents, Picodollars};

/// The least that is charged at one time, five dollars.
const LEAST_RECHARGE: Picodollars = Picodollars::new(5_000_000_000_000);
/// The most, five hundred dollars.
const MOST_RECHARGE: Picodollars = Picodollars::new(500_000_000_000_000);

/// Whether something is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// When a saved card is charged without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoRecharge {
    /// Whether it is.
    pub state: Switch,
    /// As soon as less than this is available.
    pub threshold: Picodollars,
    /// So much at one time.
    pub amount: Picodollars,
    /// So much in one calendar month at the most.
    pub monthly_cap: Picodollars,
}

/// Which mails a customer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// When credit runs low.
    pub low_balance: Switch,
    /// For each deposit.
    pub receipts: Switch,
    /// About sign-ins and keys.
    pub security: Switch,
}

/// A customer's settings as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whose.
    pub account: AccountId,
    /// The tier that `auto` stands for; `None` has the router judge each request.
    pub default_tier: Option<Tier>,
    /// The direction of requests that name none.
    pub default_prefer: Option<Prefer>,
    /// When a saved card is charged.
    pub auto_recharge: AutoRecharge,
    /// Which mails are sent.
    pub notifications: Notifications,
}

/// What is to be changed of an auto-recharge; `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct RechargeChange {
    /// Whether it is on.
    pub state: Option<Switch>,
    /// Below which balance.
    pub threshold: Option<Picodollars>,
    /// How much at one time.
    pub amount: Option<Picodollars>,
    /// How much in a month.
    pub monthly_cap: Option<Picodollars>,
}

/// What is to be changed of the notifications; `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotificationsChange {
    /// When credit runs low.
    pub low_balance: Option<Switch>,
    /// For each deposit.
    pub receipts: Option<Switch>,
    /// About sign-ins and keys.
    pub security: Option<Switch>,
}

/// What is to be changed of an account; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Providers that never receive a byte.
    pub blocked_providers: Option<Vec<String>>,
    /// What the account may spend on one UTC day.
    pub daily_limit: Option<Option<Picodollars>>,
    /// The tier that `auto` stands for.
    pub default_tier: Option<Option<Tier>>,
    /// The direction of requests that name none.
    pub default_prefer: Option<Option<Prefer>>,
    /// When a saved card is charged.
    pub auto_recharge: RechargeChange,
    /// Which mails are sent.
    pub notifications: NotificationsChange,
    /// Where its traces go; `Some(None)` is nowhere.
    pub telemetry: Option<Option<TelemetryChange>>,
}

impl Settings {
    fn new(account: AccountId) -> Self {
        Self {
            account,
            default_tier: None,
            default_prefer: None,
            auto_recharge: AutoRecharge {
                state: Switch::Off,
                // The smallest deposit is worth 4.80, which is not low.
                threshold: Picodollars::new(2_000_000_000_000),
                amount: Picodollars::new(20_000_000_000_000),
                monthly_cap: Picodollars::new(100_000_000_000_000),
            },
            notifications: Notifications {
                low_balance: Switch::On,
                receipts: Switch::On,
                security: Switch::On,
            },
        }
    }

    fn changed(&self, change: &AccountChange) -> Result<Self, AccountError> {
        let (recharge, mails) = (change.auto_recharge, change.notifications);
        let (old_recharge, old_mails) = (self.auto_recharge, self.notifications);
        let auto_recharge = AutoRecharge {
            state: recharge.state.unwrap_or(old_recharge.state),
            threshold: recharge.threshold.unwrap_or(old_recharge.threshold),
            amount: recharge.amount.unwrap_or(old_recharge.amount),
            monthly_cap: recharge.monthly_cap.unwrap_or(old_recharge.monthly_cap),
        };
        auto_recharge.check()?;
        Ok(Self {
            account: self.account,
            default_tier: change.default_tier.unwrap_or(self.default_tier),
            default_prefer: change.default_prefer.unwrap_or(self.default_prefer),
            auto_recharge,
            notifications: Notifications {
                low_balance: mails.low_balance.unwrap_or(old_mails.low_balance),
                receipts: mails.receipts.unwrap_or(old_mails.receipts),
                security: mails.security.unwrap_or(old_mails.security),
            },
        })
    }
}

impl AutoRecharge {
    fn check(&self) -> Result<(), AccountError> {
        if self.threshold < Picodollars::ZERO {
            return Err(AccountError::Recharge("threshold_usd"));
        }
        let whole = Cents::of_usd(self.amount).is_some();
        if !whole || !(LEAST_RECHARGE..=MOST_RECHARGE).contains(&self.amount) {
            return Err(AccountError::Recharge("amount_usd"));
        }
        if self.monthly_cap < self.amount {
            return Err(AccountError::Recharge("monthly_cap_usd"));
        }
        Ok(())
    }
}

impl Accounts {
    /// A customer's settings.
    pub fn settings(&self, account: AccountId) -> Settings {
        let changed = self.settings.get(&account).copied();
        changed.unwrap_or_else(|| Settings::new(account))
    }

    /// Changes an account, all of it or nothing.
    pub fn change_account(
        &mut self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<(), AccountError> {
        let settings = self.settings(id).changed(&change)?;
        if self.account(id).is_none() {
            return Err(AccountError::NoSuchAccount);
        }
        let telemetry = match change.telemetry {
            Some(Some(wish)) => Some(Some(self.changed_telemetry(id, wish)?)),
            Some(None) => Some(None),
            None => None,
        };
        if change.auto_recharge.state == Some(Switch::On) && self.wallet(id).card.is_none() {
            return Err(AccountError::NoCard);
        }
        if let Some(limit) = change.daily_limit {
            self.set_daily_limit(id, limit)?;
        }
        if let (Some(blocked), Some(account)) =
            (change.blocked_providers, self.accounts.get_mut(&id))
        {
            account.blocked_providers = blocked;
            self.batch.put(key::customer(id), account);
        }
        if let Some(target) = telemetry {
            self.set_telemetry(id, target);
        }
        if settings != self.settings(id) {
            self.settings.insert(id, settings);
            self.batch.put(key::settings(id), &settings);
        }
        Ok(())
    }

    /// Switches auto-recharge off, unless it is.
    pub fn stop_recharge(&mut self, id: AccountId) -> Option<Settings> {
        let mut settings = self.settings(id);
        if self.account(id).is_none() || settings.auto_recharge.state == Switch::Off {
            return None;
        }
        settings.auto_recharge.state = Switch::Off;
        self.settings.insert(id, settings);
        self.batch.put(key::settings(id), &settings);
        Some(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Option<Picodollars> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_auto_recharge_that_does_not_fit_together_changes_nothing() {
        let old = Settings::new(AccountId::new());
        let refused = |recharge: RechargeChange| {
            let change = AccountChange {
                auto_recharge: recharge,
                default_tier: Some(Some(Tier::Economy)),
                ..AccountChange::default()
            };
            old.changed(&change).unwrap_err()
        };
        let change = RechargeChange::default();
        for (change, field) in [
            (
                RechargeChange {
                    amount: usd("4.99"),
                    ..change
                },
                "amount_usd",
            ),
            (
                RechargeChange {
                    amount: usd("500.01"),
                    ..change
                },
                "amount_usd",
            ),
            (
                RechargeChange {
                    amount: usd("10.001"),
                    ..change
                },
                "amount_usd",
            ),
            (
                RechargeChange {
                    monthly_cap: usd("19.99"),
                    ..change
                },
                "monthly_cap_usd",
            ),
            (
                RechargeChange {
                    threshold: usd("-1"),
                    ..change
                },
                "threshold_usd",
            ),
        ] {
            assert_eq!(refused(change), AccountError::Recharge(field));
        }
    }
}
