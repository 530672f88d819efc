//! Prompt-cache marks: `cache_control` of the caller, `cachePoint` of Converse.

use super::super::super::chat::{Care, Message};
use super::super::super::json::{self, Kind};
use super::super::super::object::{Object, array};
use super::super::family::Family;

/// Cache points of one request that Bedrock takes.
const MOST_POINTS: usize = 4;

/// How many cache points may still be set.
#[derive(Debug)]
pub(super) struct Marks {
    left: usize,
}

impl Marks {
    /// None at all where the model would refuse them.
    pub(super) fn new(family: Family) -> Self {
        let left = if family.takes_cache_points() {
            MOST_POINTS
        } else {
            0
        };
        Self { left }
    }

    /// The block to put behind something that carries this `cache_control`.
    pub(super) fn point(&mut self, control: Option<&str>) -> Option<String> {
        let control = Object::parse(control?).ok()?;
        self.left = self.left.checked_sub(1)?;
        let ttl = match control.get("ttl") {
            Some("\"1h\"") => r#","ttl":"1h""#,
            Some(_) | None => "",
        };
        Some(format!(r#"{{"cachePoint":{{"type":"default"{ttl}}}}}"#))
    }

    /// The raw `cache_control` of each part of a message, in order.
    pub(super) fn of_parts<'a>(&self, message: Message<'a>) -> Vec<Option<&'a str>> {
        if self.left == 0 || message.care() == Care::None {
            return Vec::new();
        }
        let controls = || {
            let object = Object::parse(message.raw()).ok()?;
            let content = object.borrowed("content")?;
            (json::Kind::of(content) == Kind::Array).then_some(())?;
            let parts = array(content, usize::MAX).ok()?;
            let control = |raw: &'a str| Object::parse(raw).ok()?.borrowed("cache_control");
            Some(parts.into_iter().map(control).collect())
        };
        controls().unwrap_or_default()
    }
}
