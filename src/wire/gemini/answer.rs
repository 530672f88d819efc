//! What Google's parts mean, in a whole answer and in a frame of a stream alike.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::super::answer::{Answer, Finish, ReasoningView};
use super::super::compose::{Collector, Piece};
use super::super::fault::{Fault, FaultClass};
use super::super::json::Kind;
use super::errors;
use super::frame::{Candidate, Frame, FunctionCall, Part, PromptFeedback, text};
use super::signatures;
use super::usage::{Counted, Output};

/// Ids of calls that Google gave none begin like this.
pub(super) const INVENTED_ID: &str = "call_gm_";

/// Our own tool that carries an answer in JSON. Its call is text.
pub(super) const ANSWER_TOOL: &str = "model_router_final_answer";

/// Reads a whole answer.
pub(in crate::wire) fn decode_answer(body: &[u8], view: ReasoningView) -> Result<Answer, Fault> {
    let unreadable = |error: &dyn std::fmt::Display| {
        let what = format!("the provider's answer could not be read: {error}");
        Fault::ours(FaultClass::Malformed, what)
    };
    let body = std::str::from_utf8(body).map_err(|error| unreadable(&error))?;
    let frame = Frame::parse(body)?;
    if frame.error.is_some() {
        return Err(errors::decode_error(None, body.as_bytes()));
    }
    let mut collector = Collector::new(view);
    let mut reader = Reader::default();
    reader.read(&frame, |piece| collector.say(piece));
    reader.details(|piece| collector.say(piece));
    let (finish, native) = reader
        .end()
        .ok_or_else(|| unreadable(&"it has no candidates"))??;
    let usage = reader.counted();
    collector.answer(finish, &native, usage.map(|counted| counted.reported))
}

/// How an answer ended, in Google's words.
#[derive(Clone, Debug)]
struct End {
    finish: Ended,
    native: String,
    message: String,
}

/// What a finish reason means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    As(Finish),
    /// The model produced nonsense. What came before it still stands.
    Botched,
}

/// Reads frames in their order.
#[derive(Debug, Default)]
pub(super) struct Reader {
    response_id: String,
    calls: usize,
    /// Tools or texts came, visible ones.
    has_answer: bool,
    details: usize,
    /// Signatures of texts, told when the answer is complete: alone they are no content.
    loose: Vec<String>,
    end: Option<End>,
    counted: Option<Counted>,
}

impl Reader {
    /// Says what a frame holds.
    pub(super) fn read(&mut self, frame: &Frame<'_>, mut say: impl FnMut(Piece<'_>)) {
        if let Some(id) = text(frame.response_id)
            && self.response_id.is_empty()
        {
            self.response_id = id.into_owned();
        }
        if let Some(counted) = frame.usage_metadata.as_ref().and_then(|usage| usage.read()) {
            self.counted = Some(counted);
        }
        let mut candidates = frame.candidates.iter().flatten();
        // More than one is never asked for.
        if let Some(candidate) = candidates.find(|candidate| candidate.index.unwrap_or(0) == 0) {
            self.candidate(candidate, &mut say);
        } else if let Some(feedback) = &frame.prompt_feedback {
            self.blocked(feedback);
        }
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, say: &mut impl FnMut(Piece<'_>)) {
        let parts = candidate
            .content
            .as_ref()
            .and_then(|content| content.parts.as_ref());
        for part in parts.into_iter().flatten() {
            self.part(part, say);
        }
        if let Some(native) = text(candidate.finish_reason) {
            let message = text(candidate.finish_message).unwrap_or_default();
            self.end = Some(End {
                finish: meaning(&native),
                native: native.into_owned(),
                message: message.into_owned(),
            });
        }
    }

    /// A refused prompt has no candidates.
    fn blocked(&mut self, feedback: &PromptFeedback<'_>) {
        let reason = text(feedback.block_reason);
        let message = text(feedback.block_reason_message);
        if reason.is_some() || message.is_some() {
            self.end = Some(End {
                finish: Ended::As(Finish::ContentFilter),
                native: reason.map_or_else(|| "BLOCKED".to_owned(), Cow::into_owned),
                message: String::new(),
            });
        }
    }

    fn part(&mut self, part: &Part<'_>, say: &mut impl FnMut(Piece<'_>)) {
        let signature = part.thought_signature.map(|raw| raw.get());
        let signature = signature.filter(|raw| Kind::of(raw) == Kind::String);
        if let Some(call) = &part.function_call {
            return self.call(call, signature, say);
        }
        if let Some(text) = text(part.text) {
            if part.thought == Some(true) {
                say(Piece::Reasoning(&text));
            } else {
                self.has_answer = true;
                say(Piece::Text(&text));
            }
        }
        if part.text.is_some() {
            self.loose.extend(signature.map(str::to_owned));
        }
    }

    fn call(
        &mut self,
        call: &FunctionCall<'_>,
        signature: Option<&str>,
        say: &mut impl FnMut(Piece<'_>),
    ) {
        // The end of a call in pieces, which are never asked for, has no name.
        let Some(name) = text(call.name) else { return };
        let arguments = call.args.map(|raw| raw.get()).filter(|raw| *raw != "null");
        let arguments = arguments.map_or(Cow::Borrowed("{}"), compact);
        self.has_answer = true;
        if name == ANSWER_TOOL {
            say(Piece::Text(&arguments));
            self.loose.extend(signature.map(str::to_owned));
            return;
        }
        let number = self.calls;
        self.calls += 1;
        let id =
            text(call.id).unwrap_or_else(|| Cow::Owned(self.invented(number, &name, &arguments)));
        say(Piece::Call {
            id: &id,
            name: &name,
        });
        say(Piece::Arguments(number, &arguments));
        if let Some(signature) = signature {
            say(Piece::Detail(&signatures::write_detail(
                signature,
                Some(&id),
                self.details,
            )));
            self.details += 1;
        }
    }

    /// The same for the same answer, and another for every other one.
    fn invented(&self, number: usize, name: &str, arguments: &str) -> String {
        let mut hash = Sha256::new();
        for part in [&self.response_id, &number.to_string(), name, arguments] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let mut id = hex::encode(hash.finalize());
        id.truncate(24);
        format!("{INVENTED_ID}{id}")
    }

    /// Says the signatures of texts, at the end.
    pub(super) fn details(&mut self, mut say: impl FnMut(Piece<'_>)) {
        if !self.has_answer {
            return;
        }
        for signature in std::mem::take(&mut self.loose) {
            say(Piece::Detail(&signatures::write_detail(
                &signature,
                None,
                self.details,
            )));
            self.details += 1;
        }
    }

    /// Why the answer ended, once that is known; the last word holds. Nonsense without an answer
    /// before it is the model's fault.
    pub(super) fn end(&self) -> Option<Result<(Finish, String), Fault>> {
        let end = self.end.as_ref()?;
        Some(match end.finish {
            Ended::As(finish) => Ok((finish, end.native.clone())),
            Ended::Botched if self.has_answer => Ok((Finish::Stop, end.native.clone())),
            Ended::Botched => {
                let said = super::super::clean::message(&end.message);
                let what = format!("the model ended with {} {said}", end.native);
                let mut fault = Fault::ours(FaultClass::ModelOutput, what.trim_end());
                fault.code = Some(end.native.clone());
                Err(fault)
            }
        })
    }

    /// The last counts. Those that know nothing of an output that came are worse than none.
    pub(super) fn counted(&self) -> Option<Counted> {
        self.counted.clone().filter(|counted| {
            counted.output == Output::Told
                || counted.reported.usage.completion_tokens > 0
                || !self.has_answer
        })
    }
}

/// Finish reasons, complete as of <https://ai.google.dev/api/generate-content#FinishReason>. An
/// unknown one is a plain end.
fn meaning(native: &str) -> Ended {
    match native {
        "MAX_TOKENS" => Ended::As(Finish::Length),
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Ended::As(Finish::ContentFilter),
        "MALFORMED_FUNCTION_CALL"
        | "MALFORMED_RESPONSE"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "NO_IMAGE"
        | "IMAGE_OTHER"
        | "OTHER" => Ended::Botched,
        _ => Ended::As(Finish::Stop),
    }
}

/// JSON without the line breaks and indentation of Google's printer.
fn compact(raw: &str) -> Cow<'_, str> {
    if !raw.contains(['\n', '\r']) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut in_string = false;
    let mut escaped = false;
    for c in raw.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    Cow::Owned(out)
}

/// Whether a raw value is JSON of some kind; for tests of [`compact`].
#[cfg(test)]
pub(super) fn compacted(raw: &str) -> String {
    compact(raw).into_owned()
}
