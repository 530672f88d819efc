//! A checked message as positions in the body: what [`super::Message`] looks at.

use super::super::object::Span;
use super::view::Role;

/// Fields that answers carry and clients send back, which some upstreams refuse.
pub(super) const REPLAYED: [&str; 7] = [
    "annotations",
    "audio",
    "function_call",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "refusal",
];

/// One message: positions in the body.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub role: Role,
    pub span: Span,
    pub content: Content,
    pub name: Option<Span>,
    pub tool_call_id: Option<Span>,
    pub calls: Vec<CallRecord>,
    pub care: Care,
}

/// Whether some upstream may want the message in another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire) enum Care {
    /// Every upstream of this format takes it as it is.
    None,
    /// It has a developer role, cache marks or fields of an earlier answer.
    MayNeedRewriting,
}

/// A message's content. The spans are JSON strings, except for audio and files.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Absent,
    Text(Span),
    Parts(Vec<PartRecord>),
}

/// One part of a content array.
#[derive(Clone, Copy, Debug)]
pub(super) enum PartRecord {
    Text(Span),
    Refusal(Span),
    Image { url: Span, detail: Option<Span> },
    Audio(Span),
    File(Span),
}

impl PartRecord {
    /// Whether it is plain text.
    pub(super) const fn is_text(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Refusal(_) | Self::Image { .. } | Self::Audio(_) | Self::File(_) => false,
        }
    }
}

/// One tool call of an assistant message.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallRecord {
    pub id: Option<Span>,
    pub name: Span,
    pub arguments: Span,
}
