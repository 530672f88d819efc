//! Tool calls of answers and streams: an index, an id and whole arguments for every one.

use sha2::{Digest, Sha256};

use super::super::answer::Delivered;
use super::super::json::{self, Kind};
use super::super::object::{Flaw, Object, nested_array};

/// More parallel calls than any model makes.
const MOST_CALLS: usize = 1_024;

/// An id for a call that came without one. The same answer gives the same ids; the answer's own
/// id keeps those of two answers apart.
fn invented_id(answer_id: &str, choice: u64, call: usize, name: &str, arguments: &str) -> String {
    let seed = format!("{answer_id}\n{choice}\n{call}\n{name}\n{arguments}");
    let digest = Sha256::digest(seed);
    format!(
        "\"call_{}\"",
        hex::encode(digest.get(..12).unwrap_or_default())
    )
}

/// Where a call belongs.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The answer's id, raw; invented ids are derived from it.
    pub answer_id: &'a str,
    pub choice: u64,
    pub ending: Ending,
}

/// Whether the choice ends with what is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Now,
    Later,
}

/// The arguments as a raw JSON string; servers also send objects, or nothing.
fn arguments(function: &Object<'_>) -> Option<String> {
    let raw = function.get("arguments")?;
    match Kind::of(raw) {
        Kind::String if raw == "\"\"" => None,
        Kind::String => Some(raw.to_owned()),
        Kind::Null => None,
        Kind::Bool | Kind::Number | Kind::Array | Kind::Object => {
            let mut text = String::with_capacity(raw.len() + 16);
            json::push_string(&mut text, raw);
            Some(text)
        }
    }
}

/// Appends `"tool_calls":[…]` of a whole message. Says whether there are any.
pub(super) fn write_whole(
    raw: &str,
    place: Place<'_>,
    delivered: &mut Delivered,
    out: &mut String,
) -> Result<Called, Flaw> {
    if raw == "null" || raw == "[]" {
        return Ok(Called::No);
    }
    json::push_member(out, "tool_calls", "[");
    for (index, raw) in nested_array(raw, MOST_CALLS)?.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_call(raw, index, place, delivered, out)?;
    }
    out.push(']');
    Ok(Called::Yes)
}

fn write_call(
    raw: &str,
    index: usize,
    place: Place<'_>,
    delivered: &mut Delivered,
    out: &mut String,
) -> Result<(), Flaw> {
    let mut call = Object::nested(raw)?;
    let Some(function) = call.get("function").map(str::to_owned) else {
        // A custom tool's call has no function and passes as it is.
        delivered.add(raw.len());
        out.push_str(raw);
        return Ok(());
    };
    let mut function = Object::nested(&function)?;
    let name = function.get("name").unwrap_or("\"\"").to_owned();
    let arguments = arguments(&function).unwrap_or_else(|| "\"{}\"".to_owned());
    delivered.add(json::string_len(&name) + json::string_len(&arguments));
    if !has_id(&call) {
        call.set(
            "id",
            invented_id(place.answer_id, place.choice, index, &name, &arguments),
        );
    }
    if call.get("type").is_none() {
        call.set("type", "\"function\"");
    }
    function.set("arguments", arguments);
    let mut text = String::new();
    function.write(&mut text);
    call.set("function", text);
    call.write(out);
    Ok(())
}

fn has_id(call: &Object<'_>) -> bool {
    call.get("id").is_some_and(|raw| json::string_len(raw) > 0)
}

/// Whether a message calls tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    Yes,
    No,
}

/// The calls of one streamed choice. A call's number here is its `index` for the caller.
#[derive(Debug, Default)]
pub(super) struct StreamedCalls(Vec<StreamedCall>);

#[derive(Debug)]
struct StreamedCall {
    /// The upstream's index, where it gives one.
    index: Option<u64>,
    /// The upstream's id, raw.
    id: String,
    has_arguments: bool,
}

impl StreamedCalls {
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Appends `"tool_calls":[…]` of one delta, if there is anything to say. In the delta that
    /// ends the choice, calls that never had arguments get `{}`.
    pub(super) fn write_delta(
        &mut self,
        raw: Option<&str>,
        place: Place<'_>,
        delivered: &mut Delivered,
        out: &mut String,
    ) -> Result<Called, Flaw> {
        let mut called = Called::No;
        if let Some(raw) = raw {
            for raw in nested_array(raw, MOST_CALLS)? {
                next_element(&mut called, out);
                self.write_one(raw, place, delivered, out)?;
            }
        }
        if place.ending == Ending::Now {
            self.write_missing_arguments(&mut called, out);
        }
        if called == Called::Yes {
            out.push(']');
        }
        Ok(called)
    }

    fn write_one(
        &mut self,
        raw: &str,
        place: Place<'_>,
        delivered: &mut Delivered,
        out: &mut String,
    ) -> Result<(), Flaw> {
        let call = Object::nested(raw)?;
        let function = call.get("function").unwrap_or("{}");
        let function = Object::nested(function)?;
        let arguments = arguments(&function);
        let name = function.get("name").filter(|raw| json::string_len(raw) > 0);
        let known = self.find(&call, name);
        let number = known.unwrap_or(self.0.len());
        delivered.add(
            name.map_or(0, json::string_len) + arguments.as_deref().map_or(0, json::string_len),
        );
        out.push_str(r#"{"index":"#);
        json::push_number(out, number as u64);
        if known.is_none() {
            if self.0.len() == MOST_CALLS {
                return Err(Flaw::TooMany(MOST_CALLS));
            }
            self.open(&call, name, arguments.as_deref(), place, out);
        }
        for (key, raw) in call.iter() {
            if !matches!(key, "index" | "id" | "type" | "function") {
                json::push_member(out, key, raw);
            }
        }
        if call.has("function") || (known.is_none() && !call.has("custom")) {
            json::push_member(out, "function", "{");
            if let (None, Some(name)) = (known, name) {
                json::push_member(out, "name", name);
            }
            json::push_member(out, "arguments", arguments.as_deref().unwrap_or("\"\""));
            out.push('}');
        }
        out.push('}');
        if let Some(state) = self.0.get_mut(number) {
            state.has_arguments |= arguments.is_some() || call.has("custom");
        }
        Ok(())
    }

    /// The call that a delta continues; `None` for a new one. An index alone does not decide:
    /// some servers number all parallel calls 0 and tell them apart by id.
    fn find(&self, call: &Object<'_>, name: Option<&str>) -> Option<usize> {
        let id = call.get("id").filter(|raw| json::string_len(raw) > 0);
        let index = call.get("index").and_then(json::count);
        let last = |matches: &dyn Fn(&StreamedCall) -> bool| self.0.iter().rposition(matches);
        let candidate = match (index, id) {
            (Some(index), _) => last(&|known| known.index == Some(index))?,
            (None, Some(id)) => last(&|known| known.id == id)?,
            (None, None) if name.is_some() => return None,
            (None, None) => self.0.len().checked_sub(1)?,
        };
        let other_id =
            id.is_some_and(|id| self.0.get(candidate).is_some_and(|known| known.id != id));
        if other_id && name.is_some() {
            return id.and_then(|id| last(&|known| known.id == id));
        }
        Some(candidate)
    }

    /// Remembers a new call and appends what only its first delta has.
    fn open(
        &mut self,
        call: &Object<'_>,
        name: Option<&str>,
        arguments: Option<&str>,
        place: Place<'_>,
        out: &mut String,
    ) {
        let number = self.0.len();
        let id = match call.get("id").filter(|raw| json::string_len(raw) > 0) {
            Some(id) => id.to_owned(),
            None => invented_id(
                place.answer_id,
                place.choice,
                number,
                name.unwrap_or_default(),
                arguments.unwrap_or_default(),
            ),
        };
        json::push_member(out, "id", &id);
        json::push_member(out, "type", call.get("type").unwrap_or("\"function\""));
        self.0.push(StreamedCall {
            index: call.get("index").and_then(json::count),
            id,
            has_arguments: false,
        });
    }

    fn write_missing_arguments(&mut self, called: &mut Called, out: &mut String) {
        for (number, call) in self.0.iter_mut().enumerate() {
            if !call.has_arguments {
                call.has_arguments = true;
                next_element(called, out);
                out.push_str(&format!(
                    r#"{{"index":{number},"function":{{"arguments":"{{}}"}}}}"#
                ));
            }
        }
    }
}

/// Opens the array before its first element, and separates the others.
fn next_element(called: &mut Called, out: &mut String) {
    match called {
        Called::No => json::push_member(out, "tool_calls", "["),
        Called::Yes => out.push(','),
    }
    *called = Called::Yes;
}
