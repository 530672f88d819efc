//! Embeddings: the caller's request, calls in each provider's format, vectors back.

mod calls;
mod gemini;
mod list;
mod openai;
mod parse;
mod sizes;
mod titan;
mod vectors;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::chat::ProviderRules;
use super::json;
use super::object::Span;

pub use calls::{Call, calls, decode};
pub use list::List;
pub use vectors::Vectors;

/// Most inputs of one request.
pub const MOST_INPUTS: usize = 10_000;

/// A checked embeddings request. Inputs and further fields are positions in the body as it came.
#[derive(Clone, Debug)]
pub struct EmbedRequest {
    body: String,
    model: String,
    shape: Shape,
    inputs: Vec<Place>,
    dimensions: Option<u32>,
    format: Format,
    rules: ProviderRules,
    carried: Vec<(Box<str>, Span)>,
}

/// How `input` was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One text, or the tokens of one.
    Single,
    /// An array of them.
    List,
}

/// One input: where it stands, and what it is.
#[derive(Clone, Copy, Debug)]
struct Place {
    raw: Span,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Tokens(u32),
}

/// How vectors are written for the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Arrays of numbers.
    #[default]
    Float,
    /// Little-endian 32-bit floats in base64.
    Base64,
}

/// One thing to be embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// So many tokens of the model's own.
    Tokens(u32),
}

impl Input<'_> {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Tokens(_) => None,
        }
    }
}

impl EmbedRequest {
    /// The model or alias as the caller wrote it, trimmed.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What is to be embedded, in order. There is at least one.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = Input<'_>> {
        self.inputs.iter().map(|place| match place.kind {
            Kind::Text => Input::Text(json::string(self.raw(place)).unwrap_or_default()),
            Kind::Tokens(count) => Input::Tokens(count),
        })
    }

    /// The path of an input in the request, for messages.
    pub fn path(&self, index: usize) -> String {
        match self.shape {
            Shape::Single => "input".to_owned(),
            Shape::List => format!("input[{index}]"),
        }
    }

    /// The length of vectors that the caller wants.
    pub fn dimensions(&self) -> Option<u32> {
        self.dimensions
    }

    /// How the caller wants vectors written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The caller's rules about providers.
    pub fn provider_rules(&self) -> &ProviderRules {
        &self.rules
    }

    /// Bytes of the body as it came.
    pub fn body_len(&self) -> usize {
        self.body.len()
    }

    /// An input as the caller wrote it.
    fn raw(&self, place: &Place) -> &str {
        place.raw.get(&self.body)
    }

    /// The caller's further fields, with their raw values.
    fn carried(&self) -> impl Iterator<Item = (&str, &str)> {
        self.carried
            .iter()
            .map(|(name, span)| (&**name, span.get(&self.body)))
    }
}
