//! Messages as `contents` and `systemInstruction`.

use std::borrow::Cow;

use crate::catalog::{Model, Trait};

use super::super::chat::{ChatRequest, Message, Part, Role};
use super::super::{CannotEncode, Context, Reason, Warning};
use super::answer::INVENTED_ID;
use super::calls::{push_call, refusal, sign};
use super::encode::push_text_part;
use super::generation::{Generation, Kind};
use super::media::Blob;
use super::results::{Call, Pending, push_joined};
use super::signatures::{Signatures, UNSIGNED};

/// Stands where Google wants words and the caller has none.
const WORDLESS: &str = " ";
/// Opens a conversation that begins with a call, which Google refuses.
const OPENING: &str = "Continue.";

/// The conversation in Google's form.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The parts of `systemInstruction`, without brackets.
    pub instruction: String,
    /// The raw array `contents`.
    pub turns: String,
    pub warnings: Vec<Warning>,
}

/// Whose turn it is. Results of tools are the user's too, but a content of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    User,
    Model,
    Results,
}

impl Turn {
    const fn role(self) -> &'static str {
        match self {
            Self::User | Self::Results => "user",
            Self::Model => "model",
        }
    }
}

impl Contents {
    /// Translates all messages.
    pub(super) fn of(
        request: &ChatRequest,
        model: &Model,
        kind: Kind,
        context: &Context<'_>,
    ) -> Result<Self, CannotEncode> {
        let mut writer = Writer {
            kind,
            context,
            turns: String::with_capacity(request.body_len()),
            parts: String::new(),
            turn: None,
            pending: Pending::default(),
            contents: Self::default(),
        };
        for (index, message) in request.messages().enumerate() {
            match message.role() {
                Role::System | Role::Developer => writer.instruct(message, index)?,
                Role::User => writer.user(message, index)?,
                Role::Assistant => writer.model(message, index)?,
                Role::Tool | Role::Function => writer.pending.take(message, index, kind)?,
            }
        }
        let last = writer.finish()?;
        if last == Some(Turn::Model) && model.has_trait(Trait::NoPrefill) {
            let param = format!("messages[{}]", request.messages().len().saturating_sub(1));
            return Err(CannotEncode::Unsupported {
                message: format!(
                    "'{param}' is the assistant's, which this model does not continue; end with a user's message, or ask another model"
                ),
                param,
            });
        }
        let mut contents = writer.contents;
        contents.turns = format!("[{}]", writer.turns);
        Ok(contents)
    }
}

struct Writer<'a> {
    kind: Kind,
    context: &'a Context<'a>,
    /// Finished contents.
    turns: String,
    /// The parts of the turn that is being written.
    parts: String,
    turn: Option<Turn>,
    pending: Pending,
    contents: Contents,
}

impl Writer<'_> {
    fn instruct(&mut self, message: Message<'_>, index: usize) -> Result<(), CannotEncode> {
        for (number, part) in message.parts().enumerate() {
            match part {
                Part::Text(text) | Part::Refusal(text) if !text.is_empty() => {
                    push_text_part(&mut self.contents.instruction, &text);
                }
                Part::Text(_) | Part::Refusal(_) => {}
                Part::Image { .. } | Part::Audio(_) | Part::File(_) => {
                    return Err(CannotEncode::Unsupported {
                        param: format!("messages[{index}].content[{number}]"),
                        message: "Gemini models take instructions as text only; put the part into a user's message"
                            .to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn user(&mut self, message: Message<'_>, index: usize) -> Result<(), CannotEncode> {
        self.settle()?;
        let mut parts = String::new();
        for (number, part) in message.parts().enumerate() {
            self.warn_of_detail(&part);
            match part {
                Part::Text(text) | Part::Refusal(text) if !text.is_empty() => {
                    push_text_part(&mut parts, &text);
                }
                Part::Text(_) | Part::Refusal(_) => {}
                Part::Image { .. } | Part::Audio(_) | Part::File(_) => {
                    let at = format!("messages[{index}].content[{number}]");
                    if let Some(blob) = Blob::of(part, &at)? {
                        blob.write(&mut parts);
                    }
                }
            }
        }
        self.add(Turn::User, &parts);
        Ok(())
    }

    /// How closely an image is looked at cannot be said for one image.
    fn warn_of_detail(&mut self, part: &Part<'_>) {
        let Part::Image {
            detail: Some(detail),
            ..
        } = part
        else {
            return;
        };
        let warning = Warning::advisory(Reason::Untranslatable, "messages.image_url.detail");
        if detail != "auto" && !self.contents.warnings.contains(&warning) {
            self.contents.warnings.push(warning);
        }
    }

    fn model(&mut self, message: Message<'_>, index: usize) -> Result<(), CannotEncode> {
        self.settle()?;
        let signatures = Signatures::of(message, self.context);
        let mut texts: Vec<Cow<'_, str>> =
            message.texts().filter(|text| !text.is_empty()).collect();
        texts.extend(refusal(message));
        let mut parts = String::new();
        let mut loose = signatures.loose.iter();
        for (number, text) in texts.iter().enumerate() {
            push_text_part(&mut parts, text);
            if number + 1 == texts.len()
                && let Some(signature) = loose.next()
            {
                sign(&mut parts, signature);
            }
        }
        if message.tool_calls().len() > 0 {
            self.calls(message, index, &signatures, &mut parts);
        }
        for signature in loose {
            push_text_part(&mut parts, "");
            sign(&mut parts, signature);
        }
        self.add(Turn::Model, &parts);
        Ok(())
    }

    fn calls(
        &mut self,
        message: Message<'_>,
        index: usize,
        signatures: &Signatures,
        parts: &mut String,
    ) {
        if self.turn.is_none() {
            let mut opening = String::new();
            push_text_part(&mut opening, OPENING);
            self.add(Turn::User, &opening);
        }
        // Ids of other providers mean nothing to Google: an id is its own only beside a signature.
        let from_google = message
            .tool_calls()
            .any(|call| signatures.of_call(call.id.as_deref()).is_some());
        for (number, call) in message.tool_calls().enumerate() {
            let id = call.id.as_deref();
            let google_id = id.filter(|id| from_google && !id.starts_with(INVENTED_ID));
            push_call(parts, &call, google_id);
            let needed =
                (number == 0 && self.kind.generation == Generation::Level).then_some(UNSIGNED);
            if let Some(signature) = signatures.of_call(id).or(needed) {
                sign(parts, signature);
            }
            self.pending.0.push(Call {
                id: id.map(str::to_owned),
                google_id: google_id.map(str::to_owned),
                at: format!("messages[{index}].tool_calls[{number}]"),
                result: None,
                name: call.name.into_owned(),
            });
        }
    }

    /// Writes the results that were waited for.
    fn settle(&mut self) -> Result<(), CannotEncode> {
        let parts = self.pending.settle()?;
        self.add(Turn::Results, &parts);
        Ok(())
    }

    /// Adds parts to a turn. Google refuses one without parts: that never was.
    fn add(&mut self, turn: Turn, parts: &str) {
        if parts.is_empty() {
            return;
        }
        if self.turn != Some(turn) {
            self.close();
            self.turn = Some(turn);
        }
        push_joined(&mut self.parts, parts);
    }

    fn close(&mut self) {
        let Some(turn) = self.turn.take() else { return };
        let parts = std::mem::take(&mut self.parts);
        let content = format!(r#"{{"role":"{}","parts":[{parts}]}}"#, turn.role());
        push_joined(&mut self.turns, &content);
    }

    /// Ends the conversation and says whose turn was the last. Instructions alone become the user's
    /// words: Google wants some.
    fn finish(&mut self) -> Result<Option<Turn>, CannotEncode> {
        self.settle()?;
        if self.turn.is_none() {
            let mut parts = std::mem::take(&mut self.contents.instruction);
            if parts.is_empty() {
                push_text_part(&mut parts, WORDLESS);
            }
            self.add(Turn::User, &parts);
        }
        let last = self.turn;
        self.close();
        Ok(last)
    }
}
