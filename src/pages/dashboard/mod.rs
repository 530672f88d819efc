//! The dashboard: what a customer has, did and may change.

mod credit;
mod keys;
mod overview;
mod profile;
mod requests;
mod settings;
mod usage;

use super::frame::Link;
use super::panel::Panel;

pub use credit::{Credit, Going, OrderRow, Receipt, TransactionRow};
pub use keys::{KeyPage, KeyRow, Keys, NewKey};
pub use overview::Overview;
pub use profile::{Profile, SessionRow};
pub use requests::{AttemptRow, CandidateRow, RequestPage, RequestRow, Requests};
pub use settings::{Settings, TargetState};
pub use usage::{SumRow, Usage};

/// A part of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// Balance and what happened last.
    Overview,
    /// API keys.
    Keys,
    /// The log of requests.
    Requests,
    /// Charts.
    Usage,
    /// Deposits and transactions.
    Credit,
    /// Providers, limits, mails, telemetry.
    Settings,
    /// Sessions, export, the end.
    Profile,
}

impl Tab {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Overview,
        Self::Keys,
        Self::Requests,
        Self::Usage,
        Self::Credit,
        Self::Settings,
        Self::Profile,
    ];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/dashboard",
            Self::Keys => "/dashboard/keys",
            Self::Requests => "/dashboard/requests",
            Self::Usage => "/dashboard/usage",
            Self::Credit => "/dashboard/credit",
            Self::Settings => "/dashboard/settings",
            Self::Profile => "/dashboard/profile",
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Keys => "Keys",
            Self::Requests => "Requests",
            Self::Usage => "Usage",
            Self::Credit => "Credit",
            Self::Settings => "Settings",
            Self::Profile => "Profile",
        }
    }

    /// What stands beside it.
    pub fn panel(self) -> Panel {
        let link = |tab: Self| Link {
            href: tab.path(),
            name: tab.name(),
            is_here: tab == self,
        };
        Panel::new("Dashboard", Self::ALL.map(link).into())
    }
}
