//! A JSON text as a tree that keeps the order of keys and the spelling of scalars.

use std::borrow::Cow;

use super::super::json;

/// A value of a JSON text that has been checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node<'a> {
    /// A string with its quotes, a number, a word.
    Scalar(&'a str),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Reads a text that is valid JSON, nested no deeper than requests are. What is not JSON gives
    /// some tree or other.
    pub(super) fn parse(text: &'a str) -> Self {
        Scanner { text, at: 0 }.value()
    }

    /// The value of a member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Node<'a>> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            Self::Scalar(_) | Self::Array(_) => None,
        }
    }

    /// The text of a string.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Scalar(raw) => json::string(raw),
            Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The elements of an array; none of other kinds.
    pub(super) fn elements(&self) -> &[Node<'a>] {
        match self {
            Self::Array(elements) => elements,
            Self::Scalar(_) | Self::Object(_) => &[],
        }
    }

    /// The members of an object; none of other kinds.
    pub(super) fn members(&self) -> &[(Cow<'a, str>, Node<'a>)] {
        match self {
            Self::Object(members) => members,
            Self::Scalar(_) | Self::Array(_) => &[],
        }
    }

    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(raw) => json::Kind::of(raw).as_str(),
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Appends it as JSON without white space.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Scalar(raw) => out.push_str(raw),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (name, value) in members {
                    json::push_member(out, name, "");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// Cuts a valid text into values.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += space.count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, wanted: u8) {
        if self.peek() == Some(wanted) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Node<'a> {
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let mut members = Vec::new();
                while self.peek().is_some_and(|byte| byte == b'"') {
                    let name = json::string(self.scalar()).unwrap_or_default();
                    self.skip(b':');
                    members.push((name, self.value()));
                    self.skip(b',');
                }
                self.skip(b'}');
                Node::Object(members)
            }
            Some(b'[') => {
                self.at += 1;
                let mut elements = Vec::new();
                while self.peek().is_some_and(|byte| byte != b']') {
                    let before = self.at;
                    elements.push(self.value());
                    self.skip(b',');
                    if self.at == before {
                        break;
                    }
                }
                self.skip(b']');
                Node::Array(elements)
            }
            Some(_) | None => Node::Scalar(self.scalar()),
        }
    }

    fn scalar(&mut self) -> &'a str {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if bytes.get(start) == Some(&b'"') {
            let mut end = start + 1;
            while let Some(&byte) = bytes.get(end) {
                match byte {
                    b'"' => break,
                    b'\\' => end += 2,
                    _ => end += 1,
                }
            }
            self.at = (end + 1).min(bytes.len());
        } else {
            let rest = bytes.get(start..).unwrap_or_default();
            let ends = |byte: &u8| {
                !matches!(byte, b',' | b'}' | b']' | b':') && !byte.is_ascii_whitespace()
            };
            self.at += rest.iter().take_while(|byte| ends(byte)).count();
        }
        self.text.get(start..self.at).unwrap_or_default()
    }
}
