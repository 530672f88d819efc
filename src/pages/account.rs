//! Signing in, and a new customer's first key.

use askama::Template;

use super::frame::Frame;

/// Asks for the address.
#[derive(Template)]
#[template(path = "login.html")]
pub struct Login {
    /// What stands around it.
    pub frame: Frame,
    /// What was just done; empty when nothing was.
    pub done: &'static str,
    /// The address as it was typed.
    pub email: String,
    /// Where to go afterwards.
    pub next: String,
    /// What is wrong with the address; empty when nothing is.
    pub wrong: String,
}

/// Asks for the code.
#[derive(Template)]
#[template(path = "code.html")]
pub struct Code {
    /// What stands around it.
    pub frame: Frame,
    /// The address that the code went to.
    pub email: String,
    /// What ties the code to this browser.
    pub flow: String,
    /// The code as it was typed.
    pub code: String,
    /// Where to go afterwards.
    pub next: String,
    /// What is wrong with the code; empty when nothing is.
    pub wrong: String,
    /// Minutes for which a code can be used.
    pub minutes: u64,
    /// The directory of unsent mails, on a desk without a mail server; empty elsewhere.
    pub spool: String,
}

/// Shows a new customer's first key, once.
#[derive(Template)]
#[template(path = "welcome.html")]
pub struct Welcome {
    /// What stands around it.
    pub frame: Frame,
    /// The key.
    pub key: String,
    /// A first request with it, as it is typed.
    pub curl: String,
    /// Credit that the operator gives, in USD; empty for none.
    pub credit: String,
    /// Where to go from here.
    pub next: String,
}
