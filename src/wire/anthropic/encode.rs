//! A chat request as a call of the Messages API.

use bytes::Bytes;

use crate::catalog::{Model, Provider, Trait};

use super::super::chat::ChatRequest;
use super::super::json;
use super::super::{CannotEncode, Context, Encoded, Reason, Warning};
use super::caching::Marks;
use super::choice::Choice;
use super::conversation::{Conversation, End};
use super::fields::Judge;
use super::format::{self, Format};
use super::limit;
use super::strict::Budget;
use super::thinking::{self, Thinking};
use super::tools::{Calls, Tools};
use super::turns;

/// The version of the API that is spoken here.
const VERSION: &str = "2023-06-01";

/// Writes the request. The same input gives the same bytes.
pub(in crate::wire) fn encode(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    context: &Context<'_>,
) -> Result<Encoded, CannotEncode> {
    let mut marks = Marks::of(request);
    let mut shape = Shape::of(request, model, context.output_cap, &mut marks)?;
    let mut conversation = turns::of(request, context, &mut marks)?;
    shape.heed(conversation.end);
    if model.has_trait(Trait::NoPrefill) || shape.refuses_prefill() {
        conversation.end_with_user();
    }
    let mut warnings = shape.warnings.clone();
    let mut out = String::with_capacity(request.body_len() + 1_024);
    out.push('{');
    json::push_member(&mut out, "model", "");
    json::push_string(&mut out, &model.upstream);
    json::push_member(&mut out, "max_tokens", &shape.limit.to_string());
    shape.write_before(request, &conversation, &mut out);
    let judge = Judge {
        request,
        model,
        provider,
        thinking: shape.thinking,
    };
    warnings.extend(judge.write(&mut out));
    if request.stream() {
        json::push_member(&mut out, "stream", "true");
    }
    out.push('}');
    warnings.extend(conversation.warnings);
    if marks.dropped() {
        warnings.push(Warning::advisory(Reason::Unsupported, "cache_control"));
    }
    Ok(Encoded {
        path: "/v1/messages".to_owned(),
        headers: vec![("anthropic-version", VERSION.to_owned())],
        body: Bytes::from(out),
        warnings,
    })
}

/// The caller's top-level fields that the upstream does not get as they are.
pub(in crate::wire) fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Vec<Warning> {
    // A request that cannot be written is told so when it is written.
    let Ok(shape) = Shape::of(request, model, None, &mut Marks::of(request)) else {
        return Vec::new();
    };
    let judge = Judge {
        request,
        model,
        provider,
        thinking: shape.thinking,
    };
    let mut warnings = shape.warnings;
    warnings.extend(judge.write(&mut String::new()));
    warnings
}

/// What the parts of a request agree on: a forced call excludes thinking, and thinking excludes
/// sampling.
struct Shape {
    limit: u64,
    thinking: Thinking,
    format: Format,
    tools: Tools,
    warnings: Vec<Warning>,
}

impl Shape {
    fn of(
        request: &ChatRequest,
        model: &Model,
        output_cap: Option<u64>,
        marks: &mut Marks,
    ) -> Result<Self, CannotEncode> {
        let (limit, lowered) = limit::of(request, model, output_cap);
        let choice = Choice::of(request)?;
        let mut budget = Budget::full();
        let (format, coerced) = format::of(request, &choice, &mut budget)?;
        let answer = match &format {
            Format::Tool(schema) => Some(schema.as_str()),
            Format::Text | Format::Words | Format::Schema(_) => None,
        };
        let mut tools = Tools::of(request, &choice, answer, marks, &mut budget)?;
        let declares = request.tools_raw().is_some();
        let calls = if answer.is_some() || (declares && choice.is_forced()) {
            Calls::Forced
        } else {
            Calls::Free
        };
        let (thinking, unmet) = thinking::of(request, model, limit, calls);
        let mut warnings: Vec<Warning> = [lowered, coerced, unmet].into_iter().flatten().collect();
        warnings.append(&mut tools.warnings);
        Ok(Self {
            limit,
            thinking,
            format,
            tools,
            warnings,
        })
    }

    /// A budget for thinking cannot begin between a call and its result.
    fn heed(&mut self, end: End) {
        match (self.thinking, end) {
            (Thinking::Budget(_), End::ThinklessResults) => {
                self.thinking = Thinking::Off;
                self.warnings
                    .push(Warning::advisory(Reason::Unsupported, "reasoning_effort"));
            }
            (Thinking::Off | Thinking::Adaptive(_) | Thinking::Budget(_), _) => {}
        }
    }

    fn refuses_prefill(&self) -> bool {
        self.thinking.is_on()
            || match self.format {
                Format::Text | Format::Words => false,
                Format::Schema(_) | Format::Tool(_) => true,
            }
    }

    fn write_before(&self, request: &ChatRequest, conversation: &Conversation, out: &mut String) {
        self.tools.write(out);
        let words = match self.format {
            Format::Words => super::parts::text_block(format::WORDS),
            Format::Text | Format::Schema(_) | Format::Tool(_) => None,
        };
        let system: Vec<String> = [
            Some(conversation.system.clone()),
            words.map(|text| text + "}"),
        ]
        .into_iter()
        .flatten()
        .filter(|blocks| !blocks.is_empty())
        .collect();
        if !system.is_empty() {
            json::push_member(out, "system", &format!("[{}]", system.join(",")));
        }
        json::push_member(out, "messages", "[");
        out.push_str(&conversation.messages);
        out.push(']');
        self.thinking.write(request.reasoning_view(), out);
        let mut config = String::from("{");
        if let Thinking::Adaptive(effort) = self.thinking {
            json::push_member(&mut config, "effort", &format!("\"{effort}\""));
        }
        if let Format::Schema(schema) = &self.format {
            let format = format!(r#"{{"type":"json_schema","schema":{schema}}}"#);
            json::push_member(&mut config, "format", &format);
        }
        config.push('}');
        if config != "{}" {
            json::push_member(out, "output_config", &config);
        }
    }
}
