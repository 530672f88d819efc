//! Checks of single values, each saying in which field what was expected.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use super::super::json::{self, Kind};
use super::super::object::{self, Object};
use super::invalid::Invalid;

/// Where a value stands. Built on the stack, written out only for an error.
#[derive(Clone, Copy)]
pub(in crate::wire) enum Path<'p> {
    Field(&'p str),
    Member(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

fn wrong_kind(path: Path<'_>, expected: &str, raw: &str) -> Invalid {
    let got = Kind::of(raw).as_str();
    Invalid::value(path, format_args!("expected {expected}, got {got}"))
}

/// A string.
pub(in crate::wire) fn text<'a>(path: Path<'_>, raw: &'a str) -> Result<Cow<'a, str>, Invalid> {
    json::string(raw).ok_or_else(|| wrong_kind(path, "a string", raw))
}

/// Any string; its value is not looked at.
pub(in crate::wire) fn is_text(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    is_kind(path, raw, Kind::String)
}

/// A value of one kind; what is inside is the upstream's affair.
pub(in crate::wire) fn is_kind(path: Path<'_>, raw: &str, kind: Kind) -> Result<(), Invalid> {
    if Kind::of(raw) == kind {
        Ok(())
    } else {
        Err(wrong_kind(path, kind.as_str(), raw))
    }
}

/// `true` or `false`.
pub(in crate::wire) fn boolean(path: Path<'_>, raw: &str) -> Result<bool, Invalid> {
    match raw {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(wrong_kind(path, "a boolean", raw)),
    }
}

/// A whole number in a range.
pub(in crate::wire) fn integer(
    path: Path<'_>,
    raw: &str,
    range: RangeInclusive<i64>,
) -> Result<i64, Invalid> {
    match raw.parse::<i64>() {
        Ok(value) if range.contains(&value) => Ok(value),
        Ok(_) | Err(_) if Kind::of(raw) != Kind::Number => Err(wrong_kind(path, "an integer", raw)),
        Ok(_) | Err(_) => Err(Invalid::value(
            path,
            format_args!("expected an integer {}, got {}", bounds(&range), short(raw)),
        )),
    }
}

fn bounds(range: &RangeInclusive<i64>) -> String {
    match (*range.start(), *range.end()) {
        (i64::MIN, i64::MAX) => "of at most 64 bits".to_owned(),
        (least, i64::MAX) => format!("of at least {least}"),
        (least, most) => format!("from {least} to {most}"),
    }
}

fn short(raw: &str) -> &str {
    raw.get(..40).unwrap_or(raw)
}

/// A number in a range.
pub(in crate::wire) fn number(
    path: Path<'_>,
    raw: &str,
    range: RangeInclusive<f64>,
) -> Result<(), Invalid> {
    if Kind::of(raw) != Kind::Number {
        return Err(wrong_kind(path, "a number", raw));
    }
    if raw.parse::<f64>().is_ok_and(|value| range.contains(&value)) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(Invalid::value(
        path,
        format_args!(
            "expected a number from {least} to {most}, got {}",
            short(raw)
        ),
    ))
}

/// One of a list of words.
pub(in crate::wire) fn one_of(
    path: Path<'_>,
    raw: &str,
    words: &[&'static str],
) -> Result<&'static str, Invalid> {
    let word = text(path, raw)?;
    match words.iter().find(|known| **known == word) {
        Some(known) => Ok(known),
        None => Err(Invalid::value(
            path,
            format_args!("expected one of {}", words.join(", ")),
        )),
    }
}

/// An object.
pub(in crate::wire) fn object<'a>(path: Path<'_>, raw: &'a str) -> Result<Object<'a>, Invalid> {
    Object::nested(raw).map_err(|flaw| Invalid::flaw(path, &flaw))
}

/// An array of at most `most` elements.
pub(in crate::wire) fn array<'a>(
    path: Path<'_>,
    raw: &'a str,
    most: usize,
) -> Result<Vec<&'a str>, Invalid> {
    object::nested_array(raw, most).map_err(|flaw| Invalid::flaw(path, &flaw))
}

/// An array of strings.
pub(in crate::wire) fn texts(
    path: Path<'_>,
    raw: &str,
    most: usize,
) -> Result<Vec<String>, Invalid> {
    array(path, raw, most)?
        .into_iter()
        .enumerate()
        .map(|(index, raw)| text(Path::Item(&path, index), raw).map(Cow::into_owned))
        .collect()
}

/// A member that has to be there.
pub(in crate::wire) fn required<'a>(
    path: Path<'_>,
    object: &Object<'a>,
    name: &str,
) -> Result<&'a str, Invalid> {
    object
        .borrowed(name)
        .ok_or_else(|| Invalid::missing(Path::Member(&path, name)))
}

/// A function's name: letters, digits, `_` and `-`, at most 64.
pub(in crate::wire) fn function_name(path: Path<'_>, raw: &str) -> Result<(), Invalid> {
    let name = text(path, raw)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(Invalid::value(
        path,
        "expected 1 to 64 letters, digits, underscores or hyphens",
    ))
}
