//! The operator's pages.

use askama::Template;

use super::chart::Chart;
use super::columns::Columns;
use super::dashboard::KeyRow;
use super::frame::Link;
use super::panel::Panel;
use super::{Frame, Typed};

/// A part of the operator's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The books and the attempts at a glance.
    Overview,
    /// Accounts.
    Customers,
    /// Providers and their breakers.
    Providers,
    /// The catalog.
    Catalog,
    /// Losses and the trial balance.
    Books,
    /// The audit log.
    Log,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Overview,
        Self::Customers,
        Self::Providers,
        Self::Catalog,
        Self::Books,
        Self::Log,
    ];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/admin",
            Self::Customers => "/admin/customers",
            Self::Providers => "/admin/providers",
            Self::Catalog => "/admin/catalog",
            Self::Books => "/admin/books",
            Self::Log => "/admin/log",
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Customers => "Accounts",
            Self::Providers => "Providers",
            Self::Catalog => "Catalog",
            Self::Books => "Books",
            Self::Log => "Audit log",
        }
    }

    /// What stands beside it.
    pub fn panel(self) -> Panel {
        let link = |part: Self| Link {
            href: part.path(),
            name: part.name(),
            is_here: part == self,
        };
        Panel::new("Operator", Self::ALL.map(link).into())
    }
}

/// Asks for the admin token.
#[derive(Template)]
#[template(path = "admin/sign_in.html")]
pub struct SignIn {
    /// What stands around it.
    pub frame: Frame,
    /// Where to go afterwards.
    pub next: String,
    /// What is wrong with the token; empty when nothing is.
    pub wrong: String,
}

/// The books and the attempts at a glance.
#[derive(Template)]
#[template(path = "admin/overview.html")]
pub struct Overview {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// Figures: name and value.
    pub figures: Vec<[String; 2]>,
    /// How many days can be shown, and whether it is these.
    pub ranges: Vec<(u64, bool)>,
    /// How many days are shown.
    pub days: u64,
    /// What customers were charged, by day.
    pub revenue: Columns,
    /// What providers are owed, by day.
    pub cost: Columns,
    /// Days on which money moved, newest first: day, charged, provider cost, deposits, fees, losses, given.
    pub rows: Vec<[String; 7]>,
    /// All of them together.
    pub sum: [String; 7],
    /// Attempts by day.
    pub attempts: Columns,
    /// What came of them, by provider: name, share that went well, chart.
    pub providers: Vec<(String, String, Chart)>,
}

/// Accounts that were found.
#[derive(Template)]
#[template(path = "admin/customers.html")]
pub struct Customers {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// What is looked for.
    pub query: String,
    /// How many there are like that.
    pub found: usize,
    /// Those that are shown.
    pub rows: Vec<CustomerRow>,
}

/// One account in the list.
pub struct CustomerRow {
    /// Its id.
    pub id: String,
    /// Its address.
    pub email: String,
    /// When it was made.
    pub created: String,
    /// What it can spend, in USD.
    pub balance: String,
    /// What it may spend on one UTC day, in USD; empty without a limit.
    pub limit: String,
    /// `active` or `disabled`.
    pub state: &'static str,
}

/// One account.
#[derive(Template)]
#[template(path = "admin/customer.html")]
pub struct Customer {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The account.
    pub row: CustomerRow,
    /// What is to be done to it.
    pub form: Typed,
    /// Tells one filled-in form from another.
    pub once: String,
    /// Its keys.
    pub keys: Vec<KeyRow>,
    /// What was done to it, newest first.
    pub deeds: Vec<DeedRow>,
}

/// One row of the audit log.
pub struct DeedRow {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// What.
    pub action: &'static str,
    /// To which account; empty for none.
    pub account: String,
    /// The details, in a line.
    pub details: String,
}

/// Providers and their breakers.
#[derive(Template)]
#[template(path = "admin/providers.html")]
pub struct Providers {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The providers.
    pub rows: Vec<ProviderRow>,
}

/// One provider.
pub struct ProviderRow {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: &'static str,
    /// Since when; empty when it flows.
    pub since: String,
    /// Why; empty when it flows.
    pub reason: &'static str,
    /// Whether it takes part.
    pub is_configured: bool,
    /// Its models that do not flow: id, state, reason.
    pub sick: Vec<[String; 3]>,
    /// For how many minutes it is to rest, as they were typed.
    pub minutes: String,
    /// What is wrong with them; empty when nothing is.
    pub wrong: String,
}

/// The catalog.
#[derive(Template)]
#[template(path = "admin/catalog.html")]
pub struct Catalog {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// Facts: name and value.
    pub facts: Vec<[String; 2]>,
    /// Whether there is a file that a catalog can be put into.
    pub has_file: bool,
    /// A catalog to be checked.
    pub form: Typed,
    /// What the check found wrong, a line each.
    pub problems: Vec<String>,
    /// What the catalog would be, and what it would change; empty without a check.
    pub verdict: Vec<String>,
    /// Digests of what was checked and of the file then, for a catalog that can be applied.
    pub sums: Option<[String; 2]>,
}

/// Losses and the trial balance.
#[derive(Template)]
#[template(path = "admin/books.html")]
pub struct Books {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// Losses: what they are, and USD.
    pub losses: Vec<[String; 2]>,
    /// All of them together, in USD.
    pub lost: String,
    /// Every account of the ledger that is no customer: name and USD.
    pub accounts: Vec<[String; 2]>,
    /// The trial balance of what is booked, and of what is held; `0` each when the books are right.
    pub trial: [String; 2],
    /// What a check of the whole ledger said: name and value; empty without one.
    pub report: Vec<[String; 2]>,
}

/// The audit log.
#[derive(Template)]
#[template(path = "admin/log.html")]
pub struct Log {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// What is looked for.
    pub form: Typed,
    /// What can have been done.
    pub actions: Vec<&'static str>,
    /// The rows, newest first.
    pub rows: Vec<DeedRow>,
    /// Where the next page is; empty on the last one.
    pub older: String,
}
