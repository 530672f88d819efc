//! The page of an error.

use askama::Template;

use super::frame::Frame;

/// What went wrong, and where to go from here.
#[derive(Template)]
#[template(path = "error.html")]
pub struct Trouble {
    /// What stands around it.
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// What it is, in a few words.
    pub headline: &'static str,
    /// The error's own message.
    pub message: String,
}
