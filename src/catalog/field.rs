//! Single values of a catalog row: each function reads one kind of value or says why it cannot.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as VariantError;

use super::alias::provider_alias;
use super::problem::quote;
use super::value::Value;
use crate::money::Rate;

/// Characters of an id or an upstream name.
const MOST_ID: usize = 200;
/// Characters of a provider's name.
const MOST_NAME: usize = 64;
/// Characters of any other text.
const MOST_TEXT: usize = 500;
/// Entries of a list.
const MOST_ENTRIES: usize = 64;

/// A line of text for people.
pub(super) fn text(value: &Value) -> Result<String, String> {
    let text = raw(value)?;
    if text.trim().is_empty() || text.chars().count() > MOST_TEXT {
        return Err(format!("must have 1 to {MOST_TEXT} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("has control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// A model's id or upstream name: it goes into headers, URLs and JSON.
pub(super) fn id(value: &Value) -> Result<String, String> {
    let id = raw(value)?;
    check_id(id)?;
    Ok(id.to_owned())
}

/// Whether a text can be an id.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    if id.is_empty() || id.len() > MOST_ID {
        return Err(format!("must have 1 to {MOST_ID} characters"));
    }
    let is_odd = |c: char| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '%' | '"' | '\\');
    if id.chars().any(is_odd) {
        return Err("must be visible ASCII without spaces, quotes, `\\`, `?`, `#` and `%`".into());
    }
    if id.starts_with('/') || id.ends_with('/') || id.contains("//") || id.contains("..") {
        return Err("must not have `..`, an empty part, or `/` at an end".into());
    }
    Ok(())
}

/// A provider's name: one part of `provider/model`, matched in lower case.
pub(super) fn provider_name(value: &Value) -> Result<String, String> {
    let name = raw(value)?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    if name.is_empty() || name.len() > MOST_NAME || !name.bytes().all(is_plain) {
        return Err(format!(
            "must have 1 to {MOST_NAME} of a-z, 0-9, `-`, `_`, `.`"
        ));
    }
    let meant = provider_alias(name);
    if meant.as_str() != name {
        return Err(format!("callers who write {name} mean {meant}"));
    }
    Ok(name.to_owned())
}

/// The name of an environment variable.
pub(super) fn variable(value: &Value) -> Result<String, String> {
    let name = raw(value)?;
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || name.len() > MOST_NAME || !name.bytes().all(is_word) {
        return Err("not the name of an environment variable".to_owned());
    }
    Ok(name.to_owned())
}

/// The name of a field of a request.
pub(super) fn request_field(value: &Value) -> Result<String, String> {
    let name = raw(value)?;
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if name.is_empty() || name.len() > MOST_NAME || !name.bytes().all(is_word) {
        return Err(format!("{} is not the name of a field", quote(name)));
    }
    Ok(name.to_owned())
}

/// A base URL, without its trailing slashes.
pub(super) fn base_url(value: &Value) -> Result<String, String> {
    let text = raw(value)?;
    if text.len() > MOST_TEXT || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("not a URL".to_owned());
    }
    let url = url::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must start with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not carry credentials; name a variable in api_key_env".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have neither a query nor a fragment".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// One of an enum's names.
pub(super) fn one_of<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, String> {
    let name = raw(value)?;
    if name.len() > MOST_NAME {
        return Err("unknown name".to_owned());
    }
    T::deserialize(name.into_deserializer()).map_err(|error: VariantError| error.to_string())
}

/// One value, or a list of them.
pub(super) fn list<T>(
    read: impl Fn(&Value) -> Result<T, String>,
) -> impl Fn(&Value) -> Result<Vec<T>, String> {
    move |value| {
        let Value::List(cells) = value else {
            return Ok(vec![read(value)?]);
        };
        if cells.len() > MOST_ENTRIES {
            return Err(format!("more than {MOST_ENTRIES} entries"));
        }
        cells.iter().map(|cell| read(&cell.value)).collect()
    }
}

/// A whole number.
pub(super) fn count(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Result<u32, String> {
    move |value| {
        let Value::Integer(number) = value else {
            return Err("not a whole number".to_owned());
        };
        u32::try_from(*number)
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be {} to {}", range.start(), range.end()))
    }
}

/// A clock: a millisecond to an hour.
pub(super) fn timeout(value: &Value) -> Result<Duration, String> {
    count(1..=3_600_000)(value).map(|ms| Duration::from_millis(ms.into()))
}

/// A score from 0 to 1.
pub(super) fn score(value: &Value) -> Result<f64, String> {
    match number(value)? {
        score if (0.0..=1.0).contains(&score) => Ok(score),
        _ => Err("must be 0 to 1".to_owned()),
    }
}

/// A weight: any number that is not negative.
pub(super) fn weight(value: &Value) -> Result<f64, String> {
    match number(value)? {
        weight if weight >= 0.0 => Ok(weight),
        _ => Err("must not be negative".to_owned()),
    }
}

fn number(value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::Float(number) => Some(*number),
        Value::Integer(number) => i32::try_from(*number).ok().map(f64::from),
        Value::Text(_)
        | Value::Flag(_)
        | Value::Date(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Unusable => None,
    };
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| "not a finite number".to_owned())
}

/// A price in USD per million tokens, exact. A float stands for the decimal it was written as: the
/// shortest one that reads back as the same float.
pub(super) fn rate(value: &Value) -> Result<Rate, String> {
    let decimal = match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Flag(_) | Value::Date(_) | Value::List(_) | Value::Table(_) | Value::Unusable => {
            return Err("not a decimal amount".to_owned());
        }
    };
    Rate::from_usd_per_mtok(&decimal).map_err(|error| error.to_string())
}

/// `true` or `false`.
pub(super) fn flag(value: &Value) -> Result<bool, String> {
    let Value::Flag(flag) = value else {
        return Err("must be true or false".to_owned());
    };
    Ok(*flag)
}

/// A day.
pub(super) fn date(value: &Value) -> Result<time::Date, String> {
    let Value::Date(date) = value else {
        return Err("not a date such as 2026-01-31, without quotes".to_owned());
    };
    Ok(*date)
}

fn raw(value: &Value) -> Result<&str, String> {
    let Value::Text(text) = value else {
        return Err("not a text".to_owned());
    };
    Ok(text)
}
