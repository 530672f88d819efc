//! Raw JSON text: its kind, strings in and out, numbers, nesting depth.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::scan::find_unescaped;

/// What a JSON text is, judged by its first byte. The text has been checked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// The kind of a valid JSON value without leading white space.
    pub(crate) fn of(raw: &str) -> Self {
        match raw.as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    /// The name used in messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}

/// The text between the quotes of a JSON string, escapes and all.
fn inner(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// The value of a JSON string, or `None` for other kinds. Lone surrogates, which JSON allows and
/// Unicode does not, leave the text as it was written.
pub(crate) fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = inner(raw)?;
    if backslash(inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    Some(serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(inner), Cow::Owned))
}

/// UTF-8 bytes of a JSON string's value, without building it. Zero for other kinds.
pub(crate) fn string_len(raw: &str) -> usize {
    let Some(inner) = inner(raw) else { return 0 };
    let (mut len, mut rest) = (0, inner.as_bytes());
    while let Some(at) = backslash(rest) {
        let (bytes, taken) = match rest.get(at + 1) {
            Some(b'u') => (escaped_len(rest.get(at + 2..at + 6)), at + 6),
            Some(_) | None => (1, at + 2),
        };
        len += at + bytes;
        rest = rest.get(taken..).unwrap_or_default();
    }
    len + rest.len()
}

fn backslash(bytes: &[u8]) -> Option<usize> {
    memchr(b'\\', bytes)
}

/// UTF-8 bytes of one `\uXXXX`; each half of a surrogate pair counts for two.
fn escaped_len(hex: Option<&[u8]>) -> usize {
    let code = hex
        .and_then(|hex| std::str::from_utf8(hex).ok())
        .and_then(|hex| u32::from_str_radix(hex, 16).ok());
    match code {
        Some(0..=0x7F) => 1,
        Some(0x80..=0x7FF | 0xD800..=0xDFFF) => 2,
        Some(_) | None => 3,
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = find_unescaped(rest.as_bytes()) {
        let byte = rest.as_bytes().get(at).copied().unwrap_or_default();
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ => "\\u00",
        };
        out.push_str(rest.get(..at).unwrap_or_default());
        out.push_str(escape);
        if escape.len() > 2 {
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends `,"name":raw`, without the comma right after an opening brace.
pub(crate) fn push_member(out: &mut String, name: &str, raw: &str) {
    if !out.is_empty() && !out.ends_with('{') {
        out.push(',');
    }
    push_string(out, name);
    out.push(':');
    out.push_str(raw);
}

/// Appends a whole number.
pub(crate) fn push_number(out: &mut String, number: u64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// A whole number that is not negative; `12.0` passes, too large ones stay at the end of the range.
pub(crate) fn count(raw: &str) -> Option<u64> {
    let (whole, part) = raw.split_once('.').unwrap_or((raw, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    Some(whole.parse().unwrap_or(u64::MAX))
}

/// Whether arrays and objects are nested deeper than `most`. Iterative: safe on any input.
pub(crate) fn is_deeper(text: &str, most: usize) -> bool {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1),
            b'[' | b'{' if depth == most => return true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the string whose text starts at `at` has its closing quote (or the text its end).
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(rest) = bytes.get(at..) {
        let Some(found) = memchr2(b'"', b'\\', rest) else {
            break;
        };
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn depth_is_counted_outside_strings_only() {
        assert!(!is_deeper(r#"{"a":"[[[[\"[[["}"#, 1));
        assert!(is_deeper("[[]]", 1));
        assert!(!is_deeper("[[],[],[]]", 2));
        let long = format!(r#"["{}",[[]]]"#, "x\\\"".repeat(99));
        assert!(is_deeper(&long, 2) && !is_deeper(&long, 3));
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        assert_eq!(count("12"), Some(12));
        assert_eq!(count("12.0"), Some(12));
        assert_eq!(count("99999999999999999999999"), Some(u64::MAX));
        for bad in ["-1", "null", "\"3\"", "1e3", "", "{}"] {
            assert_eq!(count(bad), None, "{bad}");
        }
    }

    #[test]
    fn lone_surrogates_do_not_lose_the_text() {
        assert_eq!(string(r#""a\ud800b""#).unwrap(), r"a\ud800b");
    }

    proptest! {
        #[test]
        fn strings_round_trip(text in any::<String>()) {
            let mut raw = String::new();
            push_string(&mut raw, &text);
            prop_assert_eq!(string(&raw).unwrap(), text.as_str());
            prop_assert_eq!(string_len(&raw), text.len());
            prop_assert_eq!(serde_json::from_str::<String>(&raw).unwrap(), text);
        }
    }
}
