//! `response_format`: asked for directly, by a tool that has to be called, or in words.

use super::super::chat::ChatRequest;
use super::super::object::Object;
use super::super::{CannotEncode, Reason, Warning};
use super::choice::Choice;
use super::schema;
use super::strict::{Budget, Told};

/// How the form of the answer is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Any text.
    Text,
    /// JSON, asked for in the instructions.
    Words,
    /// A schema that the provider enforces.
    Schema(String),
    /// A schema that only a tool's arguments can follow.
    Tool(String),
}

/// The instruction for JSON without a schema.
pub(super) const WORDS: &str =
    "Answer with one valid JSON object and nothing else: no code fence, no text around it.";

/// Decides the form. A warning says that it is not exactly what was asked for.
pub(super) fn of(
    request: &ChatRequest,
    choice: &Choice<'_>,
    budget: &mut Budget,
) -> Result<(Format, Option<Warning>), CannotEncode> {
    let coerced = || Some(Warning::advisory(Reason::Untranslatable, "response_format"));
    let Some(raw) = request.field("response_format") else {
        return Ok((Format::Text, None));
    };
    let format = Object::parse(raw).map_err(|flaw| broken("response_format", &flaw))?;
    let wrapper = match format.get("type") {
        Some(r#""json_schema""#) => format.get("json_schema").unwrap_or("{}"),
        Some(r#""json_object""#) => return Ok((Format::Words, coerced())),
        _ => return Ok((Format::Text, None)),
    };
    let path = "response_format.json_schema";
    let wrapper = Object::parse(wrapper).map_err(|flaw| broken(path, &flaw))?;
    let Some(raw) = wrapper.get("schema") else {
        return Ok((Format::Words, coerced()));
    };
    let path = format!("{path}.schema");
    let raw = schema::checked(raw, &path)?;
    if let Some(reduced) = budget.format(&raw) {
        let warning = match reduced.told {
            Told::Nothing => None,
            Told::Bounds => coerced(),
        };
        return Ok((Format::Schema(reduced.text), warning));
    }
    let mut warnings = Vec::new();
    let tool = schema::input(&raw, &path, &mut warnings)?;
    if choice.is_forced() {
        // The answer is a call of the caller's own tool: its form is not the format's.
        return Ok((Format::Text, coerced()));
    }
    Ok((Format::Tool(tool), warnings.pop().and_then(|_| coerced())))
}

fn broken(param: &str, what: &dyn std::fmt::Display) -> CannotEncode {
    CannotEncode::Invalid {
        param: param.to_owned(),
        message: format!("'{param}' cannot be read: {what}."),
    }
}
