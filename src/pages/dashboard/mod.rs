//! The dashboard: what a customer has, did and may change.

mod credit;
mod keys;
mod overview;
mod profile;
mod requests;
mod settings;
mod usage;

pub use credit::{Credit, Going, OrderRow, Receipt, TransactionRow};
pub use keys::{KeyPage, KeyRow, Keys, NewKey};
pub use overview::Overview;
pub use profile::{Profile, SessionRow};
pub use requests::{AttemptRow, RequestPage, RequestRow, Requests};
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

/// What stands beside every part.
pub struct Panel {
    /// Which part it is.
    pub tab: Tab,
    /// What was just done; empty for nothing.
    pub done: &'static str,
    /// What went wrong and belongs to no field; empty for nothing.
    pub trouble: String,
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
}

impl Panel {
    /// A part, with nothing to say.
    pub const fn of(tab: Tab) -> Self {
        Self {
            tab,
            done: "",
            trouble: String::new(),
        }
    }

    /// Whether a part is this one.
    pub fn is_here(&self, tab: &Tab) -> bool {
        self.tab == *tab
    }

    /// All parts.
    pub fn tabs(&self) -> [Tab; 7] {
        Tab::ALL
    }
}
