//! Takes apart JSON that has been checked: no byte of a nested value is looked at more than once a level.

use std::borrow::Cow;

use super::json::string_end;

/// Names and raw values of an object's members, in order.
pub(super) type Members<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The members of an object. `None` for everything that a slower reader has to judge: another kind, a
/// name with escapes or given twice, more members than `most`.
pub(super) fn members(text: &str, most: usize) -> Option<Members<'_>> {
    let mut rest = Rest { text, at: 0 };
    rest.take(b'{')?;
    let mut members: Members<'_> = Vec::with_capacity(8);
    if rest.take(b'}').is_some() {
        return Some(members);
    }
    loop {
        let name = rest.string()?;
        rest.take(b':')?;
        let raw = rest.value()?;
        let is_plain = !name.contains('\\') && members.len() < most;
        if !is_plain || members.iter().any(|(known, _)| known == name) {
            return None;
        }
        members.push((Cow::Borrowed(name), Cow::Borrowed(raw)));
        if rest.take(b',').is_none() {
            return rest.take(b'}').map(|()| members);
        }
    }
}

/// The elements of an array. `None` for another kind and for more than `most`.
pub(super) fn elements(text: &str, most: usize) -> Option<Vec<&str>> {
    let mut rest = Rest { text, at: 0 };
    rest.take(b'[')?;
    let mut elements = Vec::new();
    if rest.take(b']').is_some() {
        return Some(elements);
    }
    loop {
        let raw = rest.value()?;
        if elements.len() == most {
            return None;
        }
        elements.push(raw);
        if rest.take(b',').is_none() {
            return rest.take(b']').map(|()| elements);
        }
    }
}

/// What of a text is left to be read.
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.as_bytes().get(self.at) {
            self.at += 1;
        }
    }

    /// Passes a byte, if it is what comes next.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        let is_next = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next.then_some(())
    }

    /// The text of a string, without its quotes and with its escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let from = self.at;
        let end = string_end(self.text.as_bytes(), from);
        self.at = end + 1;
        self.text.get(from..end)
    }

    fn value(&mut self) -> Option<&'a str> {
        self.skip_space();
        let from = self.at;
        self.at = value_end(self.text.as_bytes(), from)?;
        self.text.get(from..self.at)
    }
}

/// What may stand behind a number, `true`, `false` or `null`.
static ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let bytes = b",}] \t\n\r";
    let mut at = 0;
    while at < bytes.len() {
        ends[bytes[at] as usize] = true;
        at += 1;
    }
    ends
};

/// Where the value that begins at `at` has ended.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'"' => Some(string_end(bytes, at + 1) + 1),
        b'{' | b'[' => nest_end(bytes, at),
        _ => {
            let rest = bytes.get(at..)?;
            let length = rest
                .iter()
                .position(|byte| ENDS[usize::from(*byte)])
                .unwrap_or(rest.len());
            (length > 0).then_some(at + length)
        }
    }
}

/// Where the object or array that begins at `at` has ended.
fn nest_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match bytes.get(at)? {
            b'"' => at = string_end(bytes, at + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return Some(at + 1),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::object::{Object, array};
    use super::*;

    #[test]
    fn what_is_not_plain_is_left_to_others() {
        for text in [
            "[]",
            "7",
            "",
            r#"{"a":1,"a":2}"#,
            r#"{"\u0061":1}"#,
            "{\"a\"",
            "{\"a\":}",
        ] {
            assert!(members(text, 9).is_none(), "{text}");
        }
        assert!(members(r#"{"a":1,"b":2}"#, 1).is_none());
        assert!(elements("[1,2]", 1).is_none());
        assert!(elements("{}", 1).is_none());
        assert_eq!(
            elements(" [ \"],\\\"\" , [ [] ,{\"}\":1}]\n]", 2)
                .unwrap()
                .len(),
            2
        );
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f32>().prop_map(Value::from),
            "[ -~\n\t\"\\\\{}\\[\\],:\u{e9}\u{1f600}]{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[a-z\"\\\\{ ]{0,9}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn checked_text_is_read_as_the_full_reader_does(value in json(), pretty in any::<bool>()) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            prop_assert_eq!(Object::nested(&text), Object::parse(&text));
            prop_assert_eq!(super::super::object::nested_array(&text, 4), array(&text, 4));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "[\\[\\]{}:,\" \\\\a1\u{e9}]{0,40}") {
            let _ = members(&text, 4);
            let _ = elements(&text, 4);
        }
    }
}
