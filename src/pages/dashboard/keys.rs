//! API keys: the list, one key, and a key that is shown once.

use askama::Template;

use super::super::{Frame, Panel, Typed};

/// All keys of an account.
#[derive(Template)]
#[template(path = "dashboard/keys.html")]
pub struct Keys {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The keys, oldest first.
    pub keys: Vec<KeyRow>,
    /// A key that is to be made.
    pub form: Typed,
    /// The providers that a key can be bound to.
    pub providers: Vec<String>,
}

/// One key in the list.
pub struct KeyRow {
    /// Its id.
    pub id: String,
    /// The owner's name for it.
    pub name: String,
    /// Its last characters.
    pub hint: String,
    /// `active`, `disabled` or `expired`.
    pub state: &'static str,
    /// What it may be used for.
    pub scopes: String,
    /// What bounds it, in words; empty for nothing.
    pub bounds: String,
    /// What it has cost on this UTC day, in USD.
    pub today: String,
    /// The same in this month.
    pub month: String,
    /// The same since it was made.
    pub total: String,
    /// When it was last used.
    pub used: String,
}

/// One key, to be changed.
#[derive(Template)]
#[template(path = "dashboard/key.html")]
pub struct KeyPage {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The key.
    pub key: KeyRow,
    /// When it was made.
    pub created: String,
    /// What it may do.
    pub form: Typed,
    /// The providers that it can be bound to.
    pub providers: Vec<String>,
}

/// A key that was just made.
#[derive(Template)]
#[template(path = "dashboard/new_key.html")]
pub struct NewKey {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The owner's name for it.
    pub name: String,
    /// The key.
    pub key: String,
    /// A request with it, as it is typed.
    pub curl: String,
}
