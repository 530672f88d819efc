//! A whole response.

use super::super::answer::{Answer, ReasoningView};
use super::super::compose::Collector;
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::object::{Object, array};
use super::tell::Teller;
use super::{ending, usage};

/// More items than any response has.
pub(super) const MOST_ITEMS: usize = 4_096;

/// Reads the body of a successful answer.
pub(in crate::wire) fn decode_answer(body: &[u8], view: ReasoningView) -> Result<Answer, Fault> {
    let malformed = |what: &dyn std::fmt::Display| {
        Fault::ours(
            FaultClass::Malformed,
            format!("the provider's answer could not be read: {what}"),
        )
    };
    let text = std::str::from_utf8(body).map_err(|error| malformed(&error))?;
    let response = Object::parse(text).map_err(|flaw| malformed(&flaw))?;
    let Some(output) = response.get("output") else {
        return Err(match response.get("error") {
            Some(_) => ending::failed(text),
            None => malformed(&"it has no output"),
        });
    };
    let items = array(output, MOST_ITEMS).map_err(|flaw| malformed(&flaw))?;
    let (finish, native) = ending::of(&response)?;
    let mut collector = Collector::new(view);
    let mut teller = Teller::default();
    teller.answer_id = word(&response, "id");
    for (index, raw) in items.into_iter().enumerate() {
        let item = Object::parse(raw).map_err(|flaw| malformed(&flaw))?;
        let calls = collector.calls();
        teller.whole(&item, index as u64, calls, &mut |piece| {
            collector.say(piece);
        });
    }
    let usage = response.get("usage").and_then(usage::read);
    collector.answer(finish, &native, usage)
}

/// A string member, or nothing.
pub(super) fn word(object: &Object<'_>, name: &str) -> String {
    object
        .get(name)
        .and_then(json::string)
        .unwrap_or_default()
        .into_owned()
}
