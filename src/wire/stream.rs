//! A streamed answer: upstream bytes in, events in OpenAI's shape out.

use crate::catalog::Dialect;

use super::answer::{Delivered, Finish, ReasoningView};
use super::fault::Fault;
use super::replay::Replay;
use super::usage::ReportedUsage;
use super::{anthropic, bedrock, gemini, openai, responses};

/// What a piece of an upstream's stream means.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something for the caller.
    Chunk(Chunk),
    /// The upstream is alive, but what came is not for the caller (reasoning that is excluded).
    Alive,
    /// The usage so far. A later one replaces it: they are cumulative.
    Usage(ReportedUsage),
    /// Reasoning that the model wants back with the results of its tool calls.
    Replay(Replay),
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

impl Chunk {
    /// `"choices":[…]` and unknown members, without braces.
    pub fn members(&self) -> &str {
        &self.members
    }
}

/// How much a chunk means: real content is the point of no return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// No content: a finish, or side information.
    Nothing,
    /// Only the role that opens an answer, or reasoning that nobody but the provider can read.
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
    Responses(Box<responses::Stream>),
    Anthropic(Box<anthropic::Stream>),
    Gemini(Box<gemini::Stream>),
    Bedrock(Box<bedrock::Stream>),
}

/// Calls one method on whichever decoder it is.
macro_rules! each {
    ($decoder:expr, $stream:ident => $call:expr) => {
        match $decoder {
            Decoder::OpenAi($stream) => $call,
            Decoder::Responses($stream) => $call,
            Decoder::Anthropic($stream) => $call,
            Decoder::Gemini($stream) => $call,
            Decoder::Bedrock($stream) => $call,
        }
    };
}

impl StreamDecoder {
    /// A decoder for a stream in `dialect`.
    pub fn new(dialect: Dialect, view: ReasoningView) -> Self {
        Self(match dialect {
            Dialect::OpenAi => Decoder::OpenAi(Box::new(openai::Stream::new(view))),
            Dialect::Responses => Decoder::Responses(Box::new(responses::Stream::new(view))),
            Dialect::Anthropic => Decoder::Anthropic(Box::new(anthropic::Stream::new(view))),
            Dialect::Gemini => Decoder::Gemini(Box::new(gemini::Stream::new(view))),
            Dialect::Bedrock => Decoder::Bedrock(Box::new(bedrock::Stream::new(view))),
        })
    }

    /// Takes the next bytes, cut anywhere.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        each!(&mut self.0, stream => stream.push(bytes, out));
    }

    /// Takes the end of the body. Unless it came already, `Done` or a `Fault` follows.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        each!(&mut self.0, stream => stream.finish(out));
    }

    /// Whether `Done` or a `Fault` came: further bytes mean nothing.
    pub fn finished(&self) -> bool {
        each!(&self.0, stream => stream.ended())
    }

    /// How much has come.
    pub fn delivered(&self) -> Delivered {
        each!(&self.0, stream => stream.delivered())
    }

    /// Why the first choice ended and the upstream's own word for it, once it has ended.
    pub fn finish_reason(&self) -> Option<(Finish, &str)> {
        each!(&self.0, stream => stream.finish_reason())
    }
}
