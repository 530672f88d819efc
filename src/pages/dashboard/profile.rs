//! Who a customer is: address, sessions, export, and the end.

use askama::Template;

use super::super::{Frame, Panel, Typed};

/// The profile.
#[derive(Template)]
#[template(path = "dashboard/profile.html")]
pub struct Profile {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The account's address.
    pub email: String,
    /// The account's id.
    pub account: String,
    /// When it was made.
    pub created: String,
    /// What would be lost with it, in USD; empty for nothing.
    pub left: String,
    /// Where it is signed in.
    pub sessions: Vec<SessionRow>,
    /// The form that ends it.
    pub form: Typed,
}

/// One session.
pub struct SessionRow {
    /// Its id.
    pub id: String,
    /// What the browser calls itself.
    pub agent: String,
    /// When it began.
    pub created: String,
    /// When it was last seen.
    pub seen: String,
    /// Whether it is the one that asks.
    pub is_this: bool,
}
