//! Tools and the choice among them: OpenAI's chat nests what this API keeps flat.

use super::super::CannotEncode;
use super::super::chat::ChatRequest;
use super::super::json::{self, Kind};
use super::super::object::{Object, array};
use super::schema;

/// As many as the request's check lets through.
const MOST_TOOLS: usize = 128;

/// Appends `tools` and `tool_choice`, or nothing when there are no tools.
pub(super) fn write(request: &ChatRequest, out: &mut String) -> Result<(), CannotEncode> {
    let Some(raw) = request.tools_raw() else {
        return Ok(());
    };
    let old = request.field("tools").is_none_or(|raw| raw == "[]");
    json::push_member(out, "tools", "[");
    let tools = array(raw, MOST_TOOLS).unwrap_or_default();
    for (index, raw) in tools.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let tool = Object::parse(raw).unwrap_or_default();
        if old {
            function(&tool, out);
            continue;
        }
        let Some(nested) = tool.borrowed("function") else {
            return Err(CannotEncode::Unsupported {
                param: format!("tools[{index}].type"),
                message: "Custom tools cannot be translated for this model; use a function, or a \
                    model that is asked through OpenAI's chat completions."
                    .to_owned(),
            });
        };
        function(&Object::parse(nested).unwrap_or_default(), out);
    }
    out.push(']');
    let choice = request.field("tool_choice").map(flat_choice);
    let choice = choice.or_else(|| request.field("function_call").map(flat_choice));
    if let Some(choice) = choice {
        json::push_member(out, "tool_choice", &choice);
    }
    Ok(())
}

/// Appends one function. Without `strict` this API would be strict, unlike chat completions.
fn function(function: &Object<'_>, out: &mut String) {
    out.push('{');
    json::push_member(out, "type", "\"function\"");
    for name in ["name", "description"] {
        if let Some(raw) = function.get(name) {
            json::push_member(out, name, raw);
        }
    }
    let strict = function.get("strict").unwrap_or("false");
    let parameters = function.get("parameters").unwrap_or(schema::NOTHING);
    if strict == "true" {
        json::push_member(out, "parameters", parameters);
    } else {
        json::push_member(out, "parameters", &schema::rooted(parameters));
    }
    json::push_member(out, "strict", strict);
    out.push('}');
}

/// A choice without its nesting; a word stays.
fn flat_choice(raw: &str) -> String {
    if Kind::of(raw) == Kind::String {
        return raw.to_owned();
    }
    let choice = Object::parse(raw).unwrap_or_default();
    // The form before tools is only `{"name":…}`.
    let kind = choice.get("type").unwrap_or("\"function\"");
    let word = json::string(kind).unwrap_or_default();
    let inner = choice.get(&word).unwrap_or(raw);
    let inner = Object::parse(inner).unwrap_or_default();
    let mut flat = String::from("{");
    json::push_member(&mut flat, "type", kind);
    for (name, raw) in inner.iter().filter(|(name, _)| *name != "type") {
        if name == "tools" {
            let tools = array(raw, MOST_TOOLS).unwrap_or_default();
            let tools: Vec<_> = tools.into_iter().map(flat_choice).collect();
            json::push_member(&mut flat, name, &format!("[{}]", tools.join(",")));
        } else {
            json::push_member(&mut flat, name, raw);
        }
    }
    flat.push('}');
    flat
}
