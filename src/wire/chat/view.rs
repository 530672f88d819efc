//! A typed look at one message of a request, borrowing from its body.

use std::borrow::Cow;

use super::super::json;
use super::super::object::{Object, Span, nested_array};
use super::check::{self, Path};
use super::invalid::Invalid;
use super::record::{CallRecord, Care, Content, PartRecord, Record};

/// Entries of `reasoning_details` that are read at the most.
const MOST_DETAILS: usize = 4_096;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions.
    System,
    /// Instructions, in OpenAI's newer word.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool's result.
    Tool,
    /// A function's result, the form before tools.
    Function,
}

impl Role {
    const NAMES: [&str; 6] = [
        "system",
        "developer",
        "user",
        "assistant",
        "tool",
        "function",
    ];

    pub(super) fn read(path: Path<'_>, raw: &str) -> Result<Self, Invalid> {
        Ok(match check::one_of(path, raw, &Self::NAMES)? {
            "system" => Self::System,
            "developer" => Self::Developer,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            _ => Self::Function,
        })
    }
}

/// One message.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    body: &'a str,
    record: &'a Record,
}

/// One part of a message's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A refusal of an earlier turn.
    Refusal(Cow<'a, str>),
    /// An image by `data:` or web URL, with the detail that was asked for.
    Image {
        /// The URL.
        url: Cow<'a, str>,
        /// `auto`, `low`, `high` or `original`.
        detail: Option<Cow<'a, str>>,
    },
    /// The raw JSON object `input_audio`.
    Audio(&'a str),
    /// The raw JSON object `file`.
    File(&'a str),
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall<'a> {
    /// Its id; the form before tools had none.
    pub id: Option<Cow<'a, str>>,
    /// The function's name.
    pub name: Cow<'a, str>,
    /// The arguments, JSON as a text.
    pub arguments: Cow<'a, str>,
}

impl<'a> Message<'a> {
    pub(super) fn new(body: &'a str, record: &'a Record) -> Self {
        Self { body, record }
    }

    fn text(self, span: Span) -> Cow<'a, str> {
        json::string(span.get(self.body)).unwrap_or_default()
    }

    /// Who speaks.
    pub fn role(&self) -> Role {
        self.record.role
    }

    /// The speaker's or function's name.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        self.record.name.map(|span| self.text(span))
    }

    /// The call that a tool message answers.
    pub fn tool_call_id(&self) -> Option<Cow<'a, str>> {
        self.record.tool_call_id.map(|span| self.text(span))
    }

    /// The content's parts; a plain string is one text.
    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> + use<'a> {
        let message = *self;
        let (single, parts) = match &message.record.content {
            Content::Absent => (None, &[][..]),
            Content::Text(span) => (Some(PartRecord::Text(*span)), &[][..]),
            Content::Parts(parts) => (None, parts.as_slice()),
        };
        single
            .into_iter()
            .chain(parts.iter().copied())
            .map(move |part| message.part(part))
    }

    fn part(self, part: PartRecord) -> Part<'a> {
        match part {
            PartRecord::Text(span) => Part::Text(self.text(span)),
            PartRecord::Refusal(span) => Part::Refusal(self.text(span)),
            PartRecord::Image { url, detail } => Part::Image {
                url: self.text(url),
                detail: detail.map(|span| self.text(span)),
            },
            PartRecord::Audio(span) => Part::Audio(span.get(self.body)),
            PartRecord::File(span) => Part::File(span.get(self.body)),
        }
    }

    /// The texts of the content, refusals included.
    pub fn texts(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.parts().filter_map(|part| match part {
            Part::Text(text) | Part::Refusal(text) => Some(text),
            Part::Image { .. } | Part::Audio(_) | Part::File(_) => None,
        })
    }

    /// How many images it has.
    pub fn images(&self) -> usize {
        match &self.record.content {
            Content::Absent | Content::Text(_) => 0,
            Content::Parts(parts) => parts
                .iter()
                .filter(|part| matches!(part, PartRecord::Image { .. }))
                .count(),
        }
    }

    /// The tools it calls.
    pub fn tool_calls(&self) -> impl ExactSizeIterator<Item = ToolCall<'a>> + use<'a> {
        let message = *self;
        let show = move |call: &'a CallRecord| ToolCall {
            id: call.id.map(|span| message.text(span)),
            name: message.text(call.name),
            arguments: message.text(call.arguments),
        };
        message.record.calls.iter().map(show)
    }

    /// Readable reasoning of an earlier turn that the caller hands back.
    pub fn reasoning(&self) -> Vec<Cow<'a, str>> {
        let object = match self.record.care {
            Care::None => return Vec::new(),
            Care::MayNeedRewriting => Object::nested(self.raw()).unwrap_or_default(),
        };
        if let Some(details) = object.borrowed("reasoning_details") {
            let details = nested_array(details, MOST_DETAILS).unwrap_or_default();
            return details.into_iter().flat_map(readable).collect();
        }
        let plain = ["reasoning_content", "reasoning"];
        let plain = plain.iter().find_map(|name| object.borrowed(name));
        plain.and_then(json::string).into_iter().collect()
    }

    /// The message as raw JSON.
    pub fn raw(&self) -> &'a str {
        self.record.span.get(self.body)
    }

    /// Whether some upstream may want it in another form.
    pub(in crate::wire) fn care(&self) -> Care {
        self.record.care
    }
}

/// What can be read of one entry of `reasoning_details`.
fn readable(detail: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let detail = Object::nested(detail).unwrap_or_default();
    ["text", "summary"]
        .into_iter()
        .filter_map(move |name| json::string(detail.borrowed(name)?))
}
