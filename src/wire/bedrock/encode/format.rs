//! `response_format`: as one forced tool, natively, or as an instruction.
//!
//! A forced tool takes any schema, but leaves no room for the caller's own tools. The native form
//! takes only schemas that close every object, which strict ones do.

use std::borrow::Cow;

use crate::catalog::{Ability, Model};

use super::super::super::chat::ChatRequest;
use super::super::super::json;
use super::super::super::object::Object;
use super::super::ANSWER_TOOL;
use super::super::family::{Family, Forcing};
use super::thinking::Thinking;

/// How the answer's format is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// Not at all.
    Free,
    /// One tool that has to be called; its input is the answer.
    Tool {
        schema: Cow<'a, str>,
        description: Option<&'a str>,
    },
    /// `outputConfig`. The name is a raw JSON string.
    Native { name: &'a str, schema: &'a str },
    /// In words, with the schema if there is one.
    Words(Option<&'a str>),
}

/// Chooses the form. `has_no_tools` is whether the caller declares none.
pub(super) fn of<'a>(
    request: &'a ChatRequest,
    model: &Model,
    family: Family,
    thinking: &Thinking,
    has_no_tools: bool,
) -> Form<'a> {
    let format = request.field("response_format").and_then(parse);
    let Some(format) = format else {
        return Form::Free;
    };
    match format.get("type") {
        Some("\"json_object\"") => return Form::Words(None),
        Some("\"json_schema\"") => {}
        Some(_) | None => return Form::Free,
    }
    let wrapper = format.borrowed("json_schema").and_then(parse);
    let member = |name: &str| wrapper.as_ref()?.borrowed(name);
    let Some(schema) = member("schema") else {
        return Form::Words(None);
    };
    let can_force =
        family.forcing() != Forcing::Never && (!thinking.is_told || family.forces_while_thinking());
    if let Some(schema) = object_schema(schema).filter(|_| has_no_tools && can_force) {
        let description = member("description");
        return Form::Tool {
            schema,
            description,
        };
    }
    let is_strict = member("strict") == Some("true");
    match member("name") {
        Some(name) if is_strict && model.abilities.has(Ability::JsonSchema) => {
            Form::Native { name, schema }
        }
        Some(_) | None => Form::Words(Some(schema)),
    }
}

fn parse(raw: &str) -> Option<Object<'_>> {
    Object::parse(raw).ok()
}

/// The schema with `"type":"object"` at its root; `None` when its root is something else.
pub(super) fn object_schema(schema: &str) -> Option<Cow<'_, str>> {
    let mut root = Object::parse(schema).ok()?;
    match root.get("type") {
        Some("\"object\"") => return Some(Cow::Borrowed(schema)),
        Some(_) => return None,
        None => {}
    }
    root.set("type", "\"object\"");
    let mut out = String::with_capacity(schema.len() + 18);
    root.write(&mut out);
    Some(Cow::Owned(out))
}

impl Form<'_> {
    /// The tool that stands for the answer.
    pub(super) fn tool(&self) -> Option<String> {
        let Self::Tool {
            schema,
            description,
        } = self
        else {
            return None;
        };
        let description = description.unwrap_or("\"Give your answer with this tool.\"");
        Some(format!(
            r#"{{"toolSpec":{{"name":"{ANSWER_TOOL}","description":{description},"inputSchema":{{"json":{schema}}}}}}}"#
        ))
    }

    /// What is added to the instructions.
    pub(super) fn instruction(&self) -> Option<String> {
        let Self::Words(schema) = self else {
            return None;
        };
        let mut text = String::from(
            "Answer with one JSON object and nothing else: no words around it, no code fence.",
        );
        if let Some(schema) = schema {
            text.push_str(" It must be valid against this JSON Schema:\n");
            text.push_str(schema);
        }
        Some(text)
    }

    /// `outputConfig`.
    pub(super) fn output_config(&self) -> Option<String> {
        let Self::Native { name, schema } = self else {
            return None;
        };
        let mut text = String::new();
        json::push_string(&mut text, schema);
        Some(format!(
            r#"{{"textFormat":{{"type":"json_schema","structure":{{"jsonSchema":{{"name":{name},"schema":{text}}}}}}}}}"#
        ))
    }
}
