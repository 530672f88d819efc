//! Says in OpenAI's words what a translated dialect said: chunks for a stream, one message otherwise.
//!
//! A dialect's decoder turns what it reads into [`Piece`]s. [`Speaker`] makes chunks of them,
//! [`Collector`] a whole answer; both give the same text, calls, reasoning and finish.

mod collector;
mod speaker;

use std::sync::Arc;

pub(super) use collector::Collector;
pub(super) use speaker::Speaker;

use super::answer::{Delivered, Finish, ReasoningView};
use super::fault::{Fault, FaultClass};
use super::replay::Replay;
use super::usage::ReportedUsage;

/// Tool calls of one answer at the most.
const MOST_CALLS: usize = 256;

/// One thing that a model said. Texts may be empty: then nothing is said.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    /// Text of the answer.
    Text(&'a str),
    /// Text of a refusal.
    Refusal(&'a str),
    /// Reasoning that may be shown.
    Reasoning(&'a str),
    /// One complete raw JSON object for `reasoning_details`: a signed or encrypted block, byte for
    /// byte as the provider wants it back. The shown text of a signed block was said before.
    Detail(&'a str),
    /// One complete raw JSON object for `annotations`, in OpenAI's chat form.
    Annotation(&'a str),
    /// A tool call begins. Calls are numbered in the order in which they begin.
    Call {
        /// Its id, unique in the answer.
        id: &'a str,
        /// The tool.
        name: &'a str,
    },
    /// A fragment of the JSON arguments of the call with this number.
    Arguments(usize, &'a str),
}

/// What both forms keep account of.
#[derive(Debug)]
struct Tally {
    view: ReasoningView,
    delivered: Delivered,
    calls: Vec<Call>,
    /// Raw `reasoning_details`, comma separated.
    details: String,
}

#[derive(Debug)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

impl Tally {
    fn new(view: ReasoningView) -> Self {
        Self {
            view,
            delivered: Delivered::default(),
            calls: Vec::new(),
            details: String::new(),
        }
    }

    /// Whether a piece is to be said at all.
    fn takes(&mut self, piece: Piece<'_>) -> bool {
        match piece {
            Piece::Text(text) | Piece::Refusal(text) => self.add(text),
            Piece::Reasoning(text) => self.add(text) && self.view == ReasoningView::Include,
            Piece::Detail(raw) => {
                if !self.details.is_empty() {
                    self.details.push(',');
                }
                self.details.push_str(raw);
                self.view == ReasoningView::Include
            }
            Piece::Annotation(_) => true,
            Piece::Call { id, name } => {
                if self.calls.len() == MOST_CALLS {
                    return false;
                }
                self.delivered.add(name.len());
                self.calls.push(Call {
                    id: id.to_owned(),
                    name: name.to_owned(),
                    arguments: String::new(),
                });
                true
            }
            Piece::Arguments(call, fragment) => match self.calls.get_mut(call) {
                Some(call) => {
                    call.arguments.push_str(fragment);
                    self.add(fragment)
                }
                None => false,
            },
        }
    }

    fn add(&mut self, text: &str) -> bool {
        if text.is_empty() {
            return false;
        }
        self.delivered.add(text.len());
        true
    }

    /// Tools were called, so the answer ended for them, whatever the provider calls that.
    fn finish(&self, finish: Finish) -> Finish {
        match finish {
            Finish::Stop if !self.calls.is_empty() => Finish::ToolCalls,
            Finish::Stop
            | Finish::Length
            | Finish::ToolCalls
            | Finish::FunctionCall
            | Finish::ContentFilter
            | Finish::Error => finish,
        }
    }

    fn replay(&self) -> Option<Replay> {
        if self.details.is_empty() || self.calls.is_empty() {
            return None;
        }
        let call_ids = self.calls.iter().map(|call| call.id.clone()).collect();
        Some(Replay {
            call_ids,
            details: Arc::from(format!("[{}]", self.details)),
        })
    }

    /// An answer without content is an answer only when its finish or its usage explains why.
    fn fault(&self, finish: Finish, usage: Option<&ReportedUsage>) -> Option<Fault> {
        let usage = usage.map(|reported| reported.usage);
        let has_output = usage.is_some_and(|usage| usage.completion_tokens > 0);
        let (class, what) = match finish {
            Finish::Error => (FaultClass::Server, "the provider broke its answer off"),
            Finish::Stop | Finish::ToolCalls | Finish::FunctionCall
                if !self.delivered.has_content && !has_output =>
            {
                let what = "the provider answered without any content";
                (FaultClass::Empty, what)
            }
            Finish::Length
            | Finish::ContentFilter
            | Finish::Stop
            | Finish::ToolCalls
            | Finish::FunctionCall => return None,
        };
        Some(Fault {
            billed: usage.map(Box::new),
            ..Fault::ours(class, what)
        })
    }
}
