//! What stands beside a page that is one of several parts: the list of them, and what was just done.

use super::frame::Link;

/// The parts of a whole, of which a page is one.
pub struct Panel {
    /// What the whole is called.
    pub label: &'static str,
    /// All parts.
    pub tabs: Vec<Link>,
    /// What was just done; empty for nothing.
    pub done: &'static str,
    /// What went wrong and belongs to no field; empty for nothing.
    pub trouble: String,
}

impl Panel {
    /// A part, with nothing to say.
    pub fn new(label: &'static str, tabs: Vec<Link>) -> Self {
        Self {
            label,
            tabs,
            done: "",
            trouble: String::new(),
        }
    }
}
