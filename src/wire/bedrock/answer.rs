//! A whole answer of Converse.

use super::super::answer::{Answer, ReasoningView};
use super::super::compose::{Collector, Piece};
use super::super::fault::{Fault, FaultClass};
use super::super::json::{self, Kind};
use super::super::object::{Flaw, Object, array};
use super::calls::CallIds;
use super::{ANSWER_TOOL, finish, reasoning, usage};

/// Content blocks of an answer at the most. Answers with citations have many.
const MOST_BLOCKS: usize = 16_384;

/// Reads the body of a good answer.
pub(in crate::wire) fn decode_answer(body: &[u8], view: ReasoningView) -> Result<Answer, Fault> {
    read(body, view).unwrap_or_else(|_| {
        Err(Fault::ours(
            FaultClass::Malformed,
            "the provider's answer could not be read",
        ))
    })
}

/// The outer error is for a body that is no answer of this format.
fn read(body: &[u8], view: ReasoningView) -> Result<Result<Answer, Fault>, Flaw> {
    let text = std::str::from_utf8(body).map_err(|error| Flaw::NotJson(error.to_string()))?;
    let top = Object::parse(text)?;
    let missing = |name: &str| Flaw::NotJson(format!("no {name}"));
    let stop_reason = top
        .get("stopReason")
        .and_then(json::string)
        .ok_or_else(|| missing("stopReason"))?;
    let output = Object::parse(top.get("output").ok_or_else(|| missing("output"))?)?;
    let message = Object::parse(output.get("message").ok_or_else(|| missing("message"))?)?;
    let mut collector = Collector::new(view);
    let mut ids = CallIds::default();
    for raw in array(message.get("content").unwrap_or("[]"), MOST_BLOCKS)? {
        say_block(&Object::parse(raw)?, &mut ids, &mut collector)?;
    }
    let usage = top.get("usage").and_then(usage::read);
    Ok(finish::of(&stop_reason).and_then(|finish| {
        let finish = finish::with_calls(finish, collector.calls());
        collector.answer(finish, &stop_reason, usage)
    }))
}

fn say_block(block: &Object<'_>, ids: &mut CallIds, collector: &mut Collector) -> Result<(), Flaw> {
    for (name, raw) in block.iter().filter(|(_, raw)| *raw != "null") {
        match name {
            "text" => collector.say(Piece::Text(&json::string(raw).unwrap_or_default())),
            "toolUse" => say_call(&Object::parse(raw)?, ids, collector),
            "reasoningContent" => say_reasoning(&Object::parse(raw)?, collector)?,
            "citationsContent" => {
                let cited = Object::parse(raw)?;
                for part in array(cited.get("content").unwrap_or("[]"), MOST_BLOCKS)? {
                    say_block(&Object::parse(part)?, ids, collector)?;
                }
            }
            // Results of the provider's own tools, images, and what may come.
            _ => {}
        }
    }
    Ok(())
}

fn say_call(call: &Object<'_>, ids: &mut CallIds, collector: &mut Collector) {
    // The provider runs its own tools; the caller cannot answer them.
    if call.get("type") == Some("\"server_tool_use\"") {
        return;
    }
    let word = |name: &str| call.get(name).and_then(json::string).unwrap_or_default();
    let raw = call.get("input").unwrap_or("{}");
    // Some models send the arguments as a text.
    let arguments = match Kind::of(raw) {
        Kind::String => json::string(raw).unwrap_or_default(),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Array | Kind::Object => raw.into(),
    };
    if word("name") == ANSWER_TOOL {
        return collector.say(Piece::Text(&arguments));
    }
    let id = ids.unique(&word("toolUseId"));
    collector.say(Piece::Call {
        id: &id,
        name: &word("name"),
    });
    let number = collector.calls().saturating_sub(1);
    collector.say(Piece::Arguments(number, &arguments));
}

fn say_reasoning(content: &Object<'_>, collector: &mut Collector) -> Result<(), Flaw> {
    if let Some(raw) = content.get("reasoningText") {
        let block = Object::parse(raw)?;
        let word = |name: &str| block.get(name).and_then(json::string);
        let text = word("text").unwrap_or_default();
        let signature = word("signature").filter(|signature| !signature.is_empty());
        collector.say(Piece::Reasoning(&text));
        if !text.is_empty() || signature.is_some() {
            let detail = reasoning::text_detail(&text, signature.as_deref());
            collector.say(Piece::Detail(&detail));
        }
    }
    if let Some(data) = content.get("redactedContent") {
        collector.say(Piece::Detail(&reasoning::encrypted_detail(data)));
    }
    Ok(())
}
