//! The playground.

use askama::Template;

use super::frame::Frame;
use super::models::Choice;

/// Where models are tried out.
#[derive(Template)]
#[template(path = "playground.html")]
pub struct Playground {
    /// What stands around it.
    pub frame: Frame,
    /// The account of a visitor who has signed in, for which the page can make a key; else empty.
    pub account: String,
    /// What the visitor can spend, in USD.
    pub balance: String,
    /// The base URL that clients are given.
    pub base_url: String,
    /// The settings that are asked with, and those that they can be compared with.
    pub sides: [Side; 2],
    /// The chat models that are configured.
    pub models: Vec<String>,
}

/// Settings, and the answer to them.
pub struct Side {
    /// `a` or `b`.
    pub letter: &'static str,
    /// What the settings are called.
    pub title: &'static str,
    /// What the answer is called.
    pub answer: &'static str,
    /// Whether it is shown only when one compares.
    pub is_hidden: bool,
    /// The tiers, `auto` among them.
    pub tiers: Vec<Choice>,
    /// The directions.
    pub prefers: Vec<Choice>,
}
