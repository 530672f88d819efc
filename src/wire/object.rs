//! JSON objects and arrays over raw values: order kept, values byte for byte, nothing interpreted.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{json, split};

/// More members than any object of these formats has; keeps look-ups and memory bounded.
const MOST_MEMBERS: usize = 256;

/// Why a text is not an object or array that we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The text is not JSON.
    #[error("{0}")]
    NotJson(String),
    /// JSON, but another kind of value.
    #[error("expected {expected}, got {got}")]
    WrongKind {
        /// What was asked for.
        expected: &'static str,
        /// What stands there.
        got: &'static str,
    },
    /// A name stands twice; readers would disagree on which one holds.
    #[error("the field '{0}' is given twice")]
    Duplicate(String),
    /// More than is accepted.
    #[error("more than {0} entries")]
    TooMany(usize),
}

/// An ordered JSON object whose values are raw JSON texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Object<'a> {
    /// Reads an object of at most 256 members. Fails on other kinds and on a name given twice.
    pub fn parse(text: &'a str) -> Result<Self, Flaw> {
        read(text, json::Kind::Object, ObjectReader)
    }

    /// Like [`Object::parse`], several times as fast, for a text that is known to be JSON: a member or an
    /// element of what was read.
    pub fn nested(text: &'a str) -> Result<Self, Flaw> {
        debug_assert!(is_json(text), "not checked before");
        match split::members(text, MOST_MEMBERS) {
            Some(members) => Ok(Self { members }),
            None => Self::parse(text),
        }
    }

    /// The raw value of a member that is there and not `null`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(key, raw)| *key == name && *raw != "null")
            .map(|(_, raw)| raw)
    }

    /// Like [`Object::get`], as long-lived as the text that was read. `None` for values set later.
    pub(crate) fn borrowed(&self, name: &str) -> Option<&'a str> {
        let found = self.members.iter().find(|(key, _)| key == name)?;
        match &found.1 {
            Cow::Borrowed(raw) if *raw != "null" => Some(raw),
            Cow::Borrowed(_) | Cow::Owned(_) => None,
        }
    }

    /// Whether a member is there, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| key == name)
    }

    /// Replaces a member's raw value where it stands, or appends it.
    pub fn set(&mut self, name: &'a str, raw: impl Into<Cow<'a, str>>) {
        match self.members.iter_mut().find(|(key, _)| key == name) {
            Some((_, value)) => *value = raw.into(),
            None => self.members.push((Cow::Borrowed(name), raw.into())),
        }
    }

    /// Takes a member out. The others keep their order.
    pub fn remove(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let at = self.members.iter().position(|(key, _)| key == name)?;
        Some(self.members.remove(at).1)
    }

    /// Names and raw values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members
            .iter()
            .map(|(name, raw)| (name.as_ref(), raw.as_ref()))
    }

    /// Names and raw values in order, as long-lived as the text that was read.
    pub(crate) fn into_members(self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        self.members.into_iter()
    }

    /// Appends the object as JSON, values byte for byte.
    pub fn write(&self, out: &mut String) {
        out.push('{');
        for (name, raw) in self.iter() {
            json::push_member(out, name, raw);
        }
        out.push('}');
    }
}

/// The raw elements of an array of at most `most`.
pub fn array(text: &str, most: usize) -> Result<Vec<&str>, Flaw> {
    read(text, json::Kind::Array, ArrayReader { most })
}

/// Like [`array()`], several times as fast, for a text that is known to be JSON: a member or an element of
/// what was read.
pub fn nested_array(text: &str, most: usize) -> Result<Vec<&str>, Flaw> {
    debug_assert!(is_json(text), "not checked before");
    split::elements(text, most).map_or_else(|| array(text, most), Ok)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

fn read<'a, V, T>(text: &'a str, expected: json::Kind, reader: V) -> Result<T, Flaw>
where
    V: DeserializeSeed<'a, Value = Result<T, Flaw>>,
{
    let text = text.trim_ascii_start();
    let got = json::Kind::of(text);
    if got != expected && is_json(text) {
        return Err(Flaw::WrongKind {
            expected: expected.as_str(),
            got: got.as_str(),
        });
    }
    let not_json = |error: serde_json::Error| Flaw::NotJson(error.to_string());
    let mut source = serde_json::Deserializer::from_str(text);
    let found = reader.deserialize(&mut source).map_err(not_json)?;
    source.end().map_err(not_json)?;
    found
}

struct ObjectReader;

impl<'a> DeserializeSeed<'a> for ObjectReader {
    type Value = Result<Object<'a>, Flaw>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_map(self)
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Visitor<'a> for ObjectReader {
    type Value = Result<Object<'a>, Flaw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(8);
        while let Some((Name(name), raw)) = map.next_entry::<Name<'a>, &'a RawValue>()? {
            let flaw = if members.iter().any(|(known, _)| *known == name) {
                Flaw::Duplicate(name.chars().take(64).collect())
            } else if members.len() == MOST_MEMBERS {
                Flaw::TooMany(MOST_MEMBERS)
            } else {
                members.push((name, Cow::Borrowed(raw.get())));
                continue;
            };
            // Only a text that is JSON to its end is worth a finer complaint.
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Err(flaw));
        }
        Ok(Ok(Object { members }))
    }
}

struct ArrayReader {
    most: usize,
}

impl<'a> DeserializeSeed<'a> for ArrayReader {
    type Value = Result<Vec<&'a str>, Flaw>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for ArrayReader {
    type Value = Result<Vec<&'a str>, Flaw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(raw) = seq.next_element::<&'a RawValue>()? {
            if elements.len() == self.most {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Err(Flaw::TooMany(self.most)));
            }
            elements.push(raw.get());
        }
        Ok(Ok(elements))
    }
}

/// A part of a longer text, by position. Texts are shorter than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part`, a slice of `whole`, stands in it.
    pub(crate) fn of(whole: &str, part: &str) -> Self {
        let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(start + part.len()),
        }
    }

    /// The part of `whole` it names.
    pub(crate) fn get(self, whole: &str) -> &str {
        whole.get(self.start()..self.end()).unwrap_or_default()
    }

    /// First byte.
    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    /// One past the last byte.
    pub(crate) const fn end(self) -> usize {
        self.end as usize
    }
}

#[cfg(test)]
mod tests;
