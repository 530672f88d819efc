//! What can be done: the closed list of the audit log's actions.

use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What was done. New ones go at the end: their order is their stored form.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

actions! {
    /// An account was made, by the operator or by a first sign-in.
    AccountCreated = "account_created",
    /// Settings or limits of an account were changed.
    AccountChanged = "account_changed",
    /// An account was switched off.
    AccountDisabled = "account_disabled",
    /// An account was switched on again.
    AccountEnabled = "account_enabled",
    /// An account was deleted.
    AccountDeleted = "account_deleted",
    /// Someone signed in.
    SignedIn = "signed_in",
    /// One or all sessions of an account were ended.
    SessionsEnded = "sessions_ended",
    /// A key was made.
    KeyCreated = "key_created",
    /// A key was changed.
    KeyChanged = "key_changed",
    /// A key was switched off.
    KeyDisabled = "key_disabled",
    /// A key was switched on again.
    KeyEnabled = "key_enabled",
    /// A key was deleted.
    KeyDeleted = "key_deleted",
    /// Credit was given.
    CreditGranted = "credit_granted",
    /// A balance was corrected.
    BalanceAdjusted = "balance_adjusted",
    /// What a deleted account had left was taken.
    BalanceForfeited = "balance_forfeited",
    /// The catalog was loaded anew.
    CatalogReloaded = "catalog_reloaded",
    /// The ledger was exported.
    LedgerExported = "ledger_exported",
    /// Wrong admin tokens were refused.
    AdminRefused = "admin_refused",
    /// Card money became credit.
    Deposited = "deposited",
    /// Card money was given back.
    Refunded = "refunded",
    /// A cardholder disputes a payment.
    Disputed = "disputed",
    /// A dispute was won, and its money came back.
    DisputeWon = "dispute_won",
    /// A card was saved for later payments.
    CardSaved = "card_saved",
    /// A saved card was removed.
    CardRemoved = "card_removed",
    /// Auto-recharge was switched on or off, or its amounts changed.
    RechargeChanged = "auto_recharge_changed",
    /// A saved card is about to be charged.
    RechargeStarted = "auto_recharge_started",
    /// A saved card was charged.
    RechargeCharged = "auto_recharge_charged",
    /// A saved card was declined.
    RechargeDeclined = "auto_recharge_declined",
    /// A saved card wants its owner to confirm the charge.
    RechargeUnconfirmed = "auto_recharge_authentication_required",
    /// Auto-recharge was switched off after declines in a row.
    RechargeStopped = "auto_recharge_stopped",
    /// Nobody knows what became of a charge.
    RechargeUnclear = "auto_recharge_unclear",
    /// A provider was told to be left alone for a while.
    ProviderRested = "provider_rested",
    /// A provider was told to be asked again.
    ProviderResumed = "provider_resumed",
    /// The operator signed in to the pages.
    AdminSignedIn = "admin_signed_in",
    /// A catalog was put into the operator's file and loaded.
    CatalogApplied = "catalog_applied",
}
