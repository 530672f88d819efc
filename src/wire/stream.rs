//! A streamed answer: upstream bytes in, events in OpenAI's shape out.

use crate::catalog::Dialect;

use super::answer::{Delivered, Finish, ReasoningView};
use super::fault::Fault;
use super::usage::ReportedUsage;
use super::{Unspoken, openai};

/// What a piece of an upstream's stream means.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something for the caller.
    Chunk(Chunk),
    /// The upstream is alive, but what came is not for the caller (reasoning that is excluded).
    Alive,
    /// The usage so far. A later one replaces it: they are cumulative.
    Usage(ReportedUsage),
    /// One unreadable event, which was left out.
    Skipped,
    /// The stream failed. Nothing follows.
    Fault(Fault),
    /// The answer is complete. Nothing follows.
    Done,
}

/// One chunk in OpenAI's shape, without the members that are ours to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// `"choices":[…]` and unknown members, without braces.
    pub(super) members: String,
    /// How much it means.
    pub weight: Weight,
    /// UTF-8 bytes of content in it, hidden reasoning included.
    pub text_bytes: u64,
    /// Why a choice ended, if one ends here.
    pub finish: Option<Finish>,
}

/// How much a chunk means: real content is the point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// No content: a finish, or side information.
    Nothing,
    /// Only the role that opens an answer.
    Role,
    /// Text, a tool call, a refusal, audio or visible reasoning.
    Content,
}

/// Decodes one upstream stream.
#[derive(Debug)]
pub struct StreamDecoder(Decoder);

#[derive(Debug)]
enum Decoder {
    OpenAi(Box<openai::Stream>),
}

impl StreamDecoder {
    /// A decoder for a stream in `dialect`.
    pub fn new(dialect: Dialect, view: ReasoningView) -> Result<Self, Unspoken> {
        match dialect {
            Dialect::OpenAi => Ok(Self(Decoder::OpenAi(Box::new(openai::Stream::new(view))))),
            Dialect::Responses | Dialect::Anthropic | Dialect::Gemini | Dialect::Bedrock => {
                Err(Unspoken(dialect))
            }
        }
    }

    /// Takes the next bytes, cut anywhere.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        match &mut self.0 {
            Decoder::OpenAi(stream) => stream.push(bytes, out),
        }
    }

    /// Takes the end of the body. Unless it came already, `Done` or a `Fault` follows.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        match &mut self.0 {
            Decoder::OpenAi(stream) => stream.finish(out),
        }
    }

    /// Whether `Done` or a `Fault` came: further bytes mean nothing.
    pub fn finished(&self) -> bool {
        match &self.0 {
            Decoder::OpenAi(stream) => stream.ended(),
        }
    }

    /// How much has come.
    pub fn delivered(&self) -> Delivered {
        match &self.0 {
            Decoder::OpenAi(stream) => stream.delivered(),
        }
    }

    /// Why the first choice ended and the upstream's own word for it, once it has ended.
    pub fn finish_reason(&self) -> Option<(Finish, &str)> {
        match &self.0 {
            Decoder::OpenAi(stream) => stream.finish_reason(),
        }
    }
}
