//! One choice of a streamed answer: its role, its calls, its end.

use super::super::answer::{Delivered, Finish, ReasoningView};
use super::super::json;
use super::super::object::{Flaw, Object};
use super::super::stream::Weight;
use super::calls::{Called, Ending, Place, StreamedCalls};
use super::content::{self, Member, Reasoning};

/// What has come of one choice.
#[derive(Debug)]
pub(super) struct ChoiceState {
    index: u64,
    role_sent: bool,
    calls: StreamedCalls,
    finish: Option<(Finish, String)>,
}

/// What one chunk brings, over all its choices.
#[derive(Debug)]
pub(super) struct Tally {
    pub weight: Weight,
    pub delivered: Delivered,
    pub finish: Option<Finish>,
    /// Whether the caller has to see the chunk.
    pub visible: bool,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            weight: Weight::Nothing,
            delivered: Delivered::default(),
            finish: None,
            visible: false,
        }
    }
}

impl Tally {
    fn show(&mut self, weight: Weight) {
        self.visible = true;
        self.weight = self.weight.max(weight);
    }
}

impl ChoiceState {
    pub(super) fn new(index: u64) -> Self {
        Self {
            index,
            role_sent: false,
            calls: StreamedCalls::default(),
            finish: None,
        }
    }

    pub(super) fn index(&self) -> u64 {
        self.index
    }

    pub(super) fn finish(&self) -> Option<(Finish, &str)> {
        let (finish, native) = self.finish.as_ref()?;
        Some((*finish, native))
    }

    /// Appends the choice in our form.
    pub(super) fn write(
        &mut self,
        choice: &Object<'_>,
        view: ReasoningView,
        answer_id: &str,
        tally: &mut Tally,
        out: &mut String,
    ) -> Result<(), Flaw> {
        let native = choice.get("finish_reason");
        out.push_str(r#"{"index":"#);
        json::push_number(out, self.index);
        out.push_str(r#","delta":{"#);
        // Some servers say `message` in the last chunk.
        let delta = choice.get("delta").or(choice.get("message"));
        let delta = Object::nested(delta.unwrap_or("{}"))?;
        let place = Place {
            answer_id,
            choice: self.index,
            ending: native.map_or(Ending::Later, |_| Ending::Now),
        };
        self.write_delta(&delta, view, place, tally, out)?;
        out.push('}');
        for (name, raw) in choice.iter() {
            if !matches!(
                name,
                "index" | "delta" | "message" | "finish_reason" | "native_finish_reason"
            ) {
                json::push_member(out, name, raw);
            }
        }
        match native.and_then(json::string) {
            None => out.push_str(",\"finish_reason\":null}"),
            Some(word) => self.end(&word, native.unwrap_or("null"), tally, out),
        }
        Ok(())
    }

    fn end(&mut self, word: &str, raw: &str, tally: &mut Tally, out: &mut String) {
        let finish = match Finish::of_chat(word) {
            Finish::Stop if self.calls.any() => Finish::ToolCalls,
            finish @ (Finish::Stop
            | Finish::Length
            | Finish::ToolCalls
            | Finish::FunctionCall
            | Finish::ContentFilter
            | Finish::Error) => finish,
        };
        json::push_member(out, "finish_reason", "\"");
        out.push_str(finish.as_str());
        out.push_str("\",\"native_finish_reason\":");
        out.push_str(raw);
        out.push('}');
        self.finish = Some((finish, word.to_owned()));
        tally.finish = Some(finish);
        tally.show(Weight::Nothing);
    }

    fn write_delta(
        &mut self,
        delta: &Object<'_>,
        view: ReasoningView,
        place: Place<'_>,
        tally: &mut Tally,
        out: &mut String,
    ) -> Result<(), Flaw> {
        if !self.role_sent {
            self.role_sent = true;
            json::push_member(out, "role", delta.get("role").unwrap_or("\"assistant\""));
            tally.show(Weight::Role);
        }
        let reasoning = content::write_reasoning(delta, view, &mut tally.delivered, out);
        match reasoning {
            Reasoning::Shown => tally.show(Weight::Content),
            Reasoning::Sealed => tally.show(Weight::Role),
            Reasoning::None | Reasoning::Hidden => {}
        }
        for (name, raw) in delta.iter() {
            match Member::of(name, raw) {
                Member::Content(bytes) => {
                    tally.delivered.add(bytes);
                    tally.show(Weight::Content);
                    json::push_member(out, name, raw);
                }
                // Beside hidden reasoning an empty content would only make noise.
                Member::Side if reasoning != Reasoning::Hidden => {
                    tally.show(Weight::Nothing);
                    json::push_member(out, name, raw);
                }
                Member::WithReasoning if reasoning.is_shown() => {
                    json::push_member(out, name, raw);
                }
                Member::Apart | Member::Side | Member::WithReasoning | Member::Noise => {}
            }
        }
        let raw = delta.get("tool_calls");
        match self
            .calls
            .write_delta(raw, place, &mut tally.delivered, out)?
        {
            Called::Yes => tally.show(Weight::Content),
            Called::No => {}
        }
        Ok(())
    }
}
