//! An upstream's answer in OpenAI's shape, ready for our envelope.

use super::replay::Replay;
use super::usage::ReportedUsage;

/// Whether the caller sees reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasoningView {
    /// As `reasoning_content` and `reasoning_details`.
    #[default]
    Include,
    /// Not at all.
    Exclude,
}

/// Why an answer ended, in OpenAI's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// The model was done, or met a stop sequence.
    Stop,
    /// The limit on output tokens.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The model calls a function in the form before tools.
    FunctionCall,
    /// The provider's content filter.
    ContentFilter,
    /// The provider failed.
    Error,
}

impl Finish {
    /// OpenAI's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::FunctionCall => "function_call",
            Self::ContentFilter => "content_filter",
            Self::Error => "error",
        }
    }

    /// Reads the words that servers of the OpenAI family use. Unknown ones mean a plain end.
    pub(super) fn of_chat(native: &str) -> Self {
        match native {
            "length" | "max_tokens" | "max_output_tokens" | "model_length" | "MAX_TOKENS" => {
                Self::Length
            }
            "tool_calls" | "tool_use" | "tool_call" => Self::ToolCalls,
            "function_call" => Self::FunctionCall,
            "content_filter" | "content_filtered" | "safety" | "SAFETY" | "refusal"
            | "RECITATION" | "PROHIBITED_CONTENT" => Self::ContentFilter,
            "error" => Self::Error,
            _ => Self::Stop,
        }
    }
}

/// How much of an answer came, for billing without a reported usage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// UTF-8 bytes of text, refusals, tool names and arguments, and reasoning, hidden or not.
    pub text_bytes: u64,
    /// Whether anything came that is an answer to somebody: text, a tool call, a refusal, audio
    /// or reasoning.
    pub has_content: bool,
}

impl Delivered {
    /// Counts a piece of content.
    pub(super) fn add(&mut self, text_bytes: usize) {
        self.text_bytes = self.text_bytes.saturating_add(text_bytes as u64);
        self.has_content = true;
    }

    /// Counts what another part of the answer delivered.
    pub(super) fn merge(&mut self, other: Self) {
        self.text_bytes = self.text_bytes.saturating_add(other.text_bytes);
        self.has_content |= other.has_content;
    }
}

/// A whole answer: the members of OpenAI's `chat.completion`, without those that are ours to say
/// (id, object, created, model, provider, usage).
#[derive(Clone, Debug)]
pub struct Answer {
    /// `"choices":[…]`.
    pub(super) choices: String,
    /// Unknown members in their order, without braces; may be empty.
    pub(super) rest: String,
    pub(super) usage: Option<ReportedUsage>,
    pub(super) finish: Finish,
    pub(super) native_finish: Option<String>,
    pub(super) delivered: Delivered,
    pub(super) replay: Option<Replay>,
}

impl Answer {
    /// `"choices":[…]`.
    pub fn members(&self) -> &str {
        &self.choices
    }

    /// The usage as the upstream reported it; `None` when it did not.
    pub fn usage(&self) -> Option<&ReportedUsage> {
        self.usage.as_ref()
    }

    /// Why the first choice ended.
    pub fn finish(&self) -> Finish {
        self.finish
    }

    /// The upstream's own word for the first choice's end.
    pub fn native_finish(&self) -> Option<&str> {
        self.native_finish.as_deref()
    }

    /// Reasoning that the model wants back with the results of its tool calls.
    pub fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// How much came.
    pub fn delivered(&self) -> Delivered {
        self.delivered
    }
}
