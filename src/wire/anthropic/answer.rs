//! A whole answer of the Messages API.

use super::super::answer::{Answer, ReasoningView};
use super::super::compose::{Collector, Piece};
use super::super::fault::{Fault, FaultClass};
use super::super::json;
use super::super::object::{Flaw, Object, array};
use super::super::openai;
use super::ANSWER_TOOL;
use super::blocks::{self, CallIds};
use super::usage::Counts;

/// Blocks of one answer at the most.
const MOST_BLOCKS: usize = 4_096;

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
    if top.get("error").is_some() {
        return Err(openai::decode_error(None, body));
    }
    let content = top
        .get("content")
        .ok_or_else(|| malformed(&"it has no content"))?;
    let word = |name: &str| top.get(name).and_then(json::string).unwrap_or_default();
    let mut reader = Reader {
        said: Collector::new(view),
        ids: CallIds::new(&word("id")),
    };
    let raw_blocks = array(content, MOST_BLOCKS).map_err(|flaw| malformed(&flaw))?;
    for (index, raw) in raw_blocks.into_iter().enumerate() {
        reader
            .block(index as u64, raw)
            .map_err(|flaw| malformed(&flaw))?;
    }
    if let Some(explanation) = blocks::refusal(top.get("stop_details")) {
        reader.said.say(Piece::Refusal(&explanation));
    }
    let mut counts = Counts::default();
    if let Some(raw) = top.get("usage") {
        counts.overlay(raw);
    }
    let native = word("stop_reason");
    let finish = blocks::finish(&native, reader.said.calls());
    reader.said.answer(finish, &native, counts.report())
}

struct Reader {
    said: Collector,
    ids: CallIds,
}

impl Reader {
    fn block(&mut self, index: u64, raw: &str) -> Result<(), Flaw> {
        let block = Object::parse(raw)?;
        let text = |name: &str| block.get(name).and_then(json::string).unwrap_or_default();
        match &*text("type") {
            "text" => self.said.say(Piece::Text(&text("text"))),
            "thinking" => {
                self.said.say(Piece::Reasoning(&text("thinking")));
                if !text("signature").is_empty() {
                    let thinking = block.get("thinking").unwrap_or("\"\"");
                    let signature = block.get("signature").unwrap_or("\"\"");
                    let detail = blocks::signed_detail(thinking, signature, index);
                    self.said.say(Piece::Detail(&detail));
                }
            }
            "redacted_thinking" => {
                let data = block.get("data").unwrap_or("\"\"");
                let detail = blocks::redacted_detail(data, index);
                self.said.say(Piece::Detail(&detail));
            }
            "tool_use" => self.call(&text("id"), &text("name"), block.get("input")),
            // The provider's own tools, and blocks to come.
            _ => {}
        }
        Ok(())
    }

    fn call(&mut self, id: &str, name: &str, input: Option<&str>) {
        let input = input.unwrap_or("{}");
        if name == ANSWER_TOOL {
            return self.said.say(Piece::Text(input));
        }
        let id = self.ids.next(id, name);
        self.said.say(Piece::Call { id: &id, name });
        let number = self.said.calls().saturating_sub(1);
        self.said.say(Piece::Arguments(number, input));
    }
}
