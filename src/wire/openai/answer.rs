//! A whole answer of the OpenAI family.

use super::super::answer::{Answer, Delivered, Finish, ReasoningView};
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::object::{Flaw, Object, nested_array};
use super::calls::{self, Called, Ending, Place};
use super::content::{self, Member};
use super::{errors, usage};

/// More choices than can be asked for.
pub(super) const MOST_CHOICES: usize = 128;

/// Reads the body of a successful answer.
pub(in crate::wire) fn decode_answer(body: &[u8], view: ReasoningView) -> Result<Answer, Fault> {
    let malformed = |what: &dyn std::fmt::Display| {
        Fault::ours(
            FaultClass::Malformed,
            format!("the provider's answer could not be read: {what}"),
        )
    };
    let text = std::str::from_utf8(body).map_err(|error| malformed(&error))?;
    let top = Object::parse(text).map_err(|flaw| malformed(&flaw))?;
    let Some(raw_choices) = top.get("choices") else {
        return Err(errors::in_band(text).unwrap_or_else(|| malformed(&"it has no choices")));
    };
    let raw_choices = nested_array(raw_choices, MOST_CHOICES).map_err(|flaw| malformed(&flaw))?;
    let mut whole = Whole {
        view,
        answer_id: top.get("id").unwrap_or_default(),
        out: String::with_capacity(text.len() + 64),
        delivered: Delivered::default(),
        ends: Vec::with_capacity(raw_choices.len()),
    };
    whole.out.push_str("\"choices\":[");
    for (position, raw) in raw_choices.into_iter().enumerate() {
        if position > 0 {
            whole.out.push(',');
        }
        whole
            .choice(position, raw)
            .map_err(|flaw| malformed(&flaw))?;
    }
    whole.out.push(']');
    let usage = top.get("usage").and_then(usage::read);
    let Whole {
        out,
        delivered,
        ends,
        ..
    } = whole;
    let mut ends = ends.into_iter();
    let (finish, native_finish) = ends.next().ok_or_else(|| malformed(&"it has no choices"))?;
    let answer = Answer {
        choices: out,
        rest: rest(&top),
        usage,
        finish,
        native_finish,
        delivered,
        replay: None,
    };
    check(answer, text)
}

/// Refuses an answer that failed, or that has nothing in it for no good reason.
fn check(answer: Answer, text: &str) -> Result<Answer, Fault> {
    let billed = answer.usage.as_ref().map(|reported| reported.usage);
    let has_output = billed.is_some_and(|usage| usage.completion_tokens > 0);
    let fault = match answer.finish {
        Finish::Error => errors::in_band(text).unwrap_or_else(|| {
            let what = "the provider ended its answer with an error";
            Fault::ours(FaultClass::Server, what)
        }),
        Finish::Stop | Finish::ToolCalls | Finish::FunctionCall
            if !answer.delivered.has_content && !has_output =>
        {
            let what = "the provider answered without any content";
            Fault::ours(FaultClass::Empty, what)
        }
        Finish::Stop
        | Finish::ToolCalls
        | Finish::FunctionCall
        | Finish::Length
        | Finish::ContentFilter => return Ok(answer),
    };
    Err(Fault {
        billed: billed.map(Box::new),
        ..fault
    })
}

/// The members that are passed on as they came.
fn rest(top: &Object<'_>) -> String {
    let mut rest = String::new();
    for (name, raw) in top
        .iter()
        .filter(|(name, raw)| !content::is_dropped(name, raw))
    {
        json::push_member(&mut rest, name, raw);
    }
    rest
}

/// An answer being rewritten.
struct Whole<'a> {
    view: ReasoningView,
    answer_id: &'a str,
    out: String,
    delivered: Delivered,
    ends: Vec<(Finish, Option<String>)>,
}

impl Whole<'_> {
    fn choice(&mut self, position: usize, raw: &str) -> Result<(), Flaw> {
        let choice = Object::nested(raw)?;
        let index = choice.get("index").and_then(json::count);
        let index = index.unwrap_or(position as u64);
        let message = choice.get("message").unwrap_or("null");
        let message = Object::nested(message)?;
        self.out.push_str(r#"{"index":"#);
        json::push_number(&mut self.out, index);
        self.out.push_str(r#","message":"#);
        let called = self.message(&message, index)?;
        for (name, raw) in choice.iter() {
            if !matches!(
                name,
                "index" | "message" | "finish_reason" | "native_finish_reason"
            ) {
                json::push_member(&mut self.out, name, raw);
            }
        }
        let native = choice
            .get("finish_reason")
            .and_then(json::string)
            .map(|native| native.into_owned());
        let finish = match (
            native.as_deref().map_or(Finish::Stop, Finish::of_chat),
            called,
        ) {
            (Finish::Stop, Called::Yes) => Finish::ToolCalls,
            (finish, Called::Yes | Called::No) => finish,
        };
        for part in [
            r#","finish_reason":""#,
            finish.as_str(),
            r#"","native_finish_reason":"#,
            choice.get("finish_reason").unwrap_or("null"),
            "}",
        ] {
            self.out.push_str(part);
        }
        self.ends.push((finish, native));
        Ok(())
    }

    fn message(&mut self, message: &Object<'_>, choice: u64) -> Result<Called, Flaw> {
        let out = &mut self.out;
        out.push('{');
        json::push_member(out, "role", message.get("role").unwrap_or("\"assistant\""));
        let calls_tools = message.get("tool_calls").is_some_and(|raw| raw != "[]");
        let content = match message.get("content") {
            Some("\"\"") if calls_tools || message.get("function_call").is_some() => "null",
            Some(content) => content,
            None => "null",
        };
        json::push_member(out, "content", content);
        let reasoning = content::write_reasoning(message, self.view, &mut self.delivered, out);
        for (name, raw) in message.iter() {
            match Member::of(name, raw) {
                Member::Content(bytes) => {
                    self.delivered.add(bytes);
                    if name != "content" {
                        json::push_member(out, name, raw);
                    }
                }
                Member::Side if name != "content" => json::push_member(out, name, raw),
                Member::WithReasoning if reasoning.is_shown() => {
                    json::push_member(out, name, raw);
                }
                Member::Apart | Member::WithReasoning | Member::Side | Member::Noise => {}
            }
        }
        let called = match message.get("tool_calls") {
            Some(raw) => {
                let place = Place {
                    answer_id: self.answer_id,
                    choice,
                    ending: Ending::Now,
                };
                calls::write_whole(raw, place, &mut self.delivered, out)?
            }
            None => Called::No,
        };
        out.push('}');
        Ok(called)
    }
}
