//! The dashboard's first page: the balance and what happened last.

use askama::Template;

use super::super::{Frame, Panel};
use super::RequestRow;

/// What a customer has.
#[derive(Template)]
#[template(path = "dashboard/overview.html")]
pub struct Overview {
    /// What stands around it.
    pub frame: Frame,
    /// What stands beside it.
    pub panel: Panel,
    /// The account's address.
    pub email: String,
    /// What it can spend, in USD.
    pub balance: String,
    /// What it has spent on this UTC day, in USD.
    pub today: String,
    /// What it may spend on one UTC day, in USD; empty without a limit.
    pub limit: String,
    /// Whether money can be deposited.
    pub has_deposits: bool,
    /// How many keys it has.
    pub keys: usize,
    /// What it asked last, newest first.
    pub requests: Vec<RequestRow>,
    /// A first request, as it is typed.
    pub curl: String,
    /// The base URL that clients are given.
    pub base_url: String,
}
