//! A chat request for Converse.

mod conversation;
mod files;
mod format;
mod history;
mod marks;
mod params;
mod parts;
mod thinking;
mod tools;

use bytes::Bytes;

use crate::catalog::{Model, Provider};

use super::super::chat::ChatRequest;
use super::super::json;
use super::super::{CannotEncode, Context, Encoded, Reason, Warning};
use super::family::Family;
use conversation::{Conversation, Loop};
use thinking::Thinking;

/// What the text of a turn is that the caller did not write: Converse wants the user to speak
/// first, and some models want the user to speak last.
const STAND_IN: &str = "Continue.";

/// Writes the request. The same input gives the same bytes.
pub(in crate::wire) fn encode(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
    context: &Context<'_>,
) -> Result<Encoded, CannotEncode> {
    let family = Family::of(&model.upstream);
    let mut conversation = Conversation::read(request, model, family, context)?;
    let limits = params::Limits::of(request, model, context.output_cap);
    let thinking = Thinking::of(request, model, family, &limits, conversation.open_loop);
    let declared = tools::declared(request)?;
    let form = format::of(request, model, family, &thinking, declared.is_empty());
    let mut config = tools::Config::new(declared, &form, &conversation.called, family, &thinking);
    config.choose(request)?;

    let mut warnings = params::left_out(request, model, provider, &thinking);
    warnings.append(&mut conversation.warnings);
    warnings.extend(limits.warnings.iter().cloned());
    warnings.extend(config.warnings());
    if let Some(instruction) = form.instruction() {
        conversation.system.push(parts::text(&instruction));
        let field = "response_format";
        warnings.push(Warning::advisory(Reason::Untranslatable, field));
    }

    let mut body = String::with_capacity(request.body_len() + 256);
    body.push('{');
    json::push_member(&mut body, "messages", &conversation.messages());
    if !conversation.system.is_empty() {
        let system = format!("[{}]", conversation.system.join(","));
        json::push_member(&mut body, "system", &system);
    }
    params::write(request, model, provider, &limits, &thinking, &mut body);
    if let Some(raw) = config.write(&mut conversation.marks) {
        json::push_member(&mut body, "toolConfig", &raw);
    }
    if let Some(raw) = form.output_config() {
        json::push_member(&mut body, "outputConfig", &raw);
    }
    body.push('}');
    Ok(Encoded {
        path: path(
            &model.upstream,
            if request.stream() {
                "converse-stream"
            } else {
                "converse"
            },
        )?,
        headers: Vec::new(),
        body: Bytes::from(body),
        warnings,
    })
}

/// The caller's top-level fields that the upstream does not get.
pub(in crate::wire) fn left_out(
    request: &ChatRequest,
    model: &Model,
    provider: &Provider,
) -> Vec<Warning> {
    let family = Family::of(&model.upstream);
    let limits = params::Limits::of(request, model, None);
    let thinking = Thinking::of(request, model, family, &limits, Loop::Closed);
    params::left_out(request, model, provider, &thinking)
}

/// The model's id stands in the path, all but letters, digits, `-`, `_`, `.` and `~` encoded.
pub(in crate::wire) fn path(id: &str, operation: &str) -> Result<String, CannotEncode> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // A path of dots alone would be resolved away, however it is encoded.
    if id.bytes().all(|byte| byte == b'.') {
        return Err(CannotEncode::Unsupported {
            param: "model".to_owned(),
            message: format!("'{id}' is no model id of Bedrock; mend the catalog"),
        });
    }
    let mut path = String::from("/model/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push(char::from(HEX[usize::from(byte >> 4)]));
            path.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    path.push('/');
    path.push_str(operation);
    Ok(path)
}
