//! Notices: what an account's owner is told without having asked. No subject holds a value.

use std::time::Duration;

use super::{Mail, escape, fill};
use crate::ids::EmailAddress;
use crate::money::Picodollars;

/// How long a notice is worth sending.
const GOOD_FOR: Duration = Duration::from_secs(24 * 3600);

/// What an account's owner is told.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Someone has signed in.
    SignedIn {
        /// What the client calls itself.
        agent: String,
        /// When, as text.
        at: String,
    },
    /// A key was made.
    KeyCreated(NamedKey),
    /// A key was switched off.
    KeyDisabled(NamedKey),
    /// A key was deleted.
    KeyDeleted(NamedKey),
    /// The account was deleted.
    AccountDeleted,
    /// Less credit is left than the account's threshold.
    LowBalance {
        /// What is left.
        left: Picodollars,
        /// The threshold.
        threshold: Picodollars,
    },
    /// Auto-recharge was switched off after declines in a row.
    RechargeStopped {
        /// How many.
        declines: u8,
    },
    /// The card wants its owner to confirm a charge.
    RechargeUnconfirmed {
        /// What was to be charged.
        amount: String,
    },
    /// Nobody knows what became of a charge.
    RechargeUnclear {
        /// What was to be charged.
        amount: String,
    },
}

/// A key by what may be shown of it.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// The owner's name for it.
    pub name: String,
    /// Its last characters.
    pub hint: String,
}

impl Mail {
    /// Tells an account's owner something.
    pub fn notice(to: EmailAddress, notice: &Notice, site: &str) -> Self {
        let (subject, text) = notice.words();
        let values = [("subject", subject), ("site", site), ("text", &text)];
        let html = |value: &str| escape(value).replace("\n\n", "</p>\n<p>");
        Self {
            purpose: notice.purpose(),
            to,
            subject: subject.to_owned(),
            text: fill(include_str!("notice.txt"), &values, str::to_owned),
            html: fill(include_str!("notice.html"), &values, html),
            good_for: GOOD_FOR,
        }
    }
}

impl Notice {
    fn purpose(&self) -> &'static str {
        match self {
            Self::SignedIn { .. } => "sign-in notice",
            Self::KeyCreated(_) | Self::KeyDisabled(_) | Self::KeyDeleted(_) => "key notice",
            Self::AccountDeleted => "deletion notice",
            Self::LowBalance { .. } => "low balance notice",
            Self::RechargeStopped { .. }
            | Self::RechargeUnconfirmed { .. }
            | Self::RechargeUnclear { .. } => "auto-recharge notice",
        }
    }

    /// Subject and text; an empty line ends a paragraph.
    fn words(&self) -> (&'static str, String) {
        const NOT_YOU: &str = "If this was not you, end all sessions in your account and delete keys that you do not know.";
        match self {
            Self::SignedIn { agent, at } => (
                "New sign-in to your account",
                format!("Someone signed in to your account at {at} with {}.\n\n{NOT_YOU}", client(agent)),
            ),
            Self::KeyCreated(key) => (
                "An API key was created",
                format!("The API key {key} was created in your account.\n\n{NOT_YOU}"),
            ),
            Self::KeyDisabled(key) => (
                "An API key was switched off",
                format!("The API key {key} of your account was switched off; requests with it are refused.\n\n{NOT_YOU}"),
            ),
            Self::KeyDeleted(key) => (
                "An API key was deleted",
                format!("The API key {key} of your account was deleted; requests with it are refused.\n\n{NOT_YOU}"),
            ),
            Self::AccountDeleted => (
                "Your account was deleted",
                "Your account was deleted, with its keys and sessions. There is no way back; you can sign in again with the same address to open a new one.".to_owned(),
            ),
            Self::LowBalance { left, threshold } => (
                "Your credit is running low",
                format!("Your account has ${left} left, less than your threshold of ${threshold}.\n\nMake a deposit, or have a saved card recharged automatically, so that requests to paid models go on. Free models need no credit."),
            ),
            Self::RechargeStopped { declines } => (
                "Automatic recharge was switched off",
                format!("Your card was declined {declines} times in a row, so automatic recharge was switched off.\n\nMake a deposit with a card that works, then switch automatic recharge on again."),
            ),
            Self::RechargeUnconfirmed { amount } => (
                "Your bank wants you to confirm a payment",
                format!("Automatic recharge of ${amount} did not go through: your bank wants you to confirm it. Nothing was charged, and it is not tried again by itself.\n\nMake a deposit and confirm it there; automatic recharge goes on after that."),
            ),
            Self::RechargeUnclear { amount } => (
                "An automatic recharge is not decided",
                format!("The card processor has not said what became of an automatic recharge of ${amount}. Automatic recharge pauses until it does; if the card was charged, the credit follows.\n\nMake a deposit if you need credit before that."),
            ),
        }
    }
}

fn client(agent: &str) -> String {
    if agent.is_empty() {
        "an unnamed client".to_owned()
    } else {
        format!("\"{agent}\"")
    }
}

impl std::fmt::Display for NamedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\" ({})", self.name, self.hint)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn mailed(notice: &Notice) -> String {
        let to = "ada@example.com".parse().unwrap();
        let mail = Mail::notice(to, notice, "https://router.example");
        let from = "model-router <no-reply@router.example>".parse().unwrap();
        let message = mail.compose(&from, "mail_1", SystemTime::UNIX_EPOCH);
        String::from_utf8(message.unwrap().formatted()).unwrap()
    }

    #[test]
    fn what_customers_typed_is_no_markup_and_in_no_subject() {
        let name = "<img src=x>".to_owned();
        let hint = "mr_sk_…abcd".to_owned();
        let notice = Notice::KeyCreated(NamedKey { name, hint });
        let (subject, text) = notice.words();
        assert!(!subject.contains("img") && text.contains("<img src=x>"));
        let to = "ada@example.com".parse().unwrap();
        let mail = Mail::notice(to, &notice, "https://router.example");
        assert!(mail.html.contains("&lt;img src=x&gt;") && !mail.html.contains("<img"));
        assert!(mail.html.contains("</p>\n<p>"));
    }

    #[test]
    fn every_notice_is_a_mail_with_both_parts() {
        let usd = |text: &str| text.parse().unwrap();
        let amount = "20.00".to_owned();
        for notice in [
            Notice::SignedIn {
                agent: String::new(),
                at: "2026-01-31T12:00:00Z".to_owned(),
            },
            Notice::AccountDeleted,
            Notice::LowBalance {
                left: usd("1.5"),
                threshold: usd("5"),
            },
            Notice::RechargeStopped { declines: 3 },
            Notice::RechargeUnconfirmed {
                amount: amount.clone(),
            },
            Notice::RechargeUnclear { amount },
        ] {
            let mail = mailed(&notice);
            assert!(mail.contains("text/plain") && mail.contains("text/html"));
            assert!(!mail.contains("{{"), "{mail}");
        }
    }
}
