//! A chat request as a Responses request. Nothing is stored at the provider.

use bytes::Bytes;

use crate::catalog::{Model, Provider, Trait};

use super::super::chat::{ChatRequest, Role};
use super::super::json;
use super::super::{CannotEncode, Context, Encoded, Reason, Warning};
use super::fields::{self, Fate};
use super::input::{Input, Instructions};
use super::{format, reasoning, tools};

/// The least `max_output_tokens` that the API takes.
const LEAST_OUTPUT: u64 = 16;

/// Writes the request. The same input gives the same bytes.
pub(in crate::wire) fn encode(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    context: &Context<'_>,
) -> Result<Encoded, CannotEncode> {
    let fate = |name: &str, raw: &str| fields::fate(request, model, provider, name, raw);
    let mut warnings = fields::left_out(request, model, provider);
    let mut out = String::with_capacity(request.body_len() + 512);
    out.push('{');
    push_text(&mut out, "model", &model.upstream);
    let instructions = instructions(request, model);
    if let Some(text) = &instructions {
        push_text(&mut out, "instructions", text);
    }
    json::push_member(&mut out, "input", "[");
    let place = match instructions {
        Some(_) => Instructions::Apart,
        None => Instructions::InPlace,
    };
    Input::new(request, model, context, &mut out, &mut warnings).write(place)?;
    out.push(']');
    tools::write(request, &mut out)?;
    let verbosity = request
        .field("verbosity")
        .map_or(Fate::Consume, |raw| fate("verbosity", raw));
    format::write(request, verbosity, &mut out);
    reasoning::write(request, model, provider, &mut out);
    if let Some(most) = most_output(request, model, context, &mut warnings) {
        json::push_member(&mut out, "max_output_tokens", &most.to_string());
    }
    for (name, raw) in request.fields() {
        if fate(name, raw) == Fate::Keep {
            json::push_member(&mut out, name, raw);
        }
    }
    json::push_member(&mut out, "store", "false");
    if request.stream() {
        json::push_member(&mut out, "stream", "true");
    }
    out.push('}');
    Ok(Encoded {
        path: "/responses".to_owned(),
        headers: Vec::new(),
        body: Bytes::from(out),
        warnings,
    })
}

/// All instructions in their order, for a model that takes them apart. When there is nothing else
/// to say, they are the input.
fn instructions(request: &ChatRequest, model: &Model) -> Option<String> {
    let instructs = |role: Role| matches!(role, Role::System | Role::Developer);
    if !model.has_trait(Trait::NoSystemMessage)
        || request.messages().all(|message| instructs(message.role()))
    {
        return None;
    }
    let texts: Vec<String> = request
        .messages()
        .filter(|message| instructs(message.role()))
        .map(|message| message.texts().collect::<Vec<_>>().join("\n"))
        .filter(|text| !text.is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The limit on output tokens: the caller's, within what the model and the API take and what is
/// paid for.
fn most_output(
    request: &ChatRequest,
    model: &Model,
    context: &Context<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<u64> {
    let asked = request.max_output_tokens();
    let field = match request.field("max_completion_tokens") {
        Some(_) => "max_completion_tokens",
        None => "max_tokens",
    };
    let possible = asked.map(|most| {
        let most_of_model = u64::from(model.max_output).max(LEAST_OUTPUT);
        most.clamp(LEAST_OUTPUT, most_of_model)
    });
    if possible != asked {
        warnings.push(Warning::advisory(Reason::Unsupported, field));
    }
    match context.output_cap.map(|cap| cap.max(LEAST_OUTPUT)) {
        Some(cap) if possible.is_none_or(|most| cap < most) => {
            let reason = Reason::InsufficientCredits;
            warnings.push(Warning::advisory(reason, "max_output_tokens"));
            Some(cap)
        }
        Some(_) | None => possible,
    }
}

fn push_text(out: &mut String, name: &str, text: &str) {
    json::push_member(out, name, "");
    json::push_string(out, text);
}
