//! `tools` and `tool_choice` in the provider's form.

use std::borrow::Cow;

use super::super::chat::ChatRequest;
use super::super::json;
use super::super::object::{Object, array};
use super::super::{CannotEncode, Reason, Warning};
use super::caching::{self, Marks};
use super::choice::Choice;
use super::strict::Budget;
use super::{ANSWER_TOOL, ids, schema};

const MOST_TOOLS: usize = 128;

/// Whether the model has to call a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    Free,
    Forced,
}

/// What goes upstream of the caller's tools.
#[derive(Debug, Default)]
pub(super) struct Tools {
    /// The elements of `tools`, comma separated.
    list: String,
    names: Vec<String>,
    choice: Option<String>,
    pub(super) warnings: Vec<Warning>,
}

impl Tools {
    /// Translates the tools. `answer` is the schema of the tool that stands in for a response
    /// format, where there is one.
    pub(super) fn of(
        request: &ChatRequest,
        choice: &Choice<'_>,
        answer: Option<&str>,
        marks: &mut Marks,
        budget: &mut Budget,
    ) -> Result<Self, CannotEncode> {
        let mut tools = Self::default();
        if let Some(raw) = request.tools_raw() {
            let declared = array(raw, MOST_TOOLS).map_err(|flaw| invalid("tools", &flaw))?;
            for (index, raw) in declared.into_iter().enumerate() {
                tools.declare(index, raw, choice, marks, budget)?;
            }
        }
        match answer {
            Some(schema) => tools.add_answer(schema),
            None => tools.choose(request, choice)?,
        }
        if tools.list.is_empty() {
            tools.declare_past(request);
        }
        Ok(tools)
    }

    /// Appends the members `tools` and `tool_choice`, where there are any.
    pub(super) fn write(&self, out: &mut String) {
        if self.list.is_empty() {
            return;
        }
        json::push_member(out, "tools", "[");
        out.push_str(&self.list);
        out.push(']');
        if let Some(choice) = &self.choice {
            json::push_member(out, "tool_choice", choice);
        }
    }

    fn declare(
        &mut self,
        index: usize,
        raw: &str,
        choice: &Choice<'_>,
        marks: &mut Marks,
        budget: &mut Budget,
    ) -> Result<(), CannotEncode> {
        let path = format!("tools[{index}]");
        let tool = Object::parse(raw).map_err(|flaw| invalid(&path, &flaw))?;
        if tool.has("custom") {
            return Err(CannotEncode::Unsupported {
                param: path,
                message: "Custom tools are for models of OpenAI; others take functions.".to_owned(),
            });
        }
        // The form before tools has no wrapper.
        let raw_function = tool.borrowed("function").unwrap_or(raw);
        let function = Object::parse(raw_function).map_err(|flaw| invalid(&path, &flaw))?;
        let name = function
            .get("name")
            .and_then(json::string)
            .unwrap_or_default();
        if name == ANSWER_TOOL || self.names.iter().any(|known| *known == name) {
            return Err(invalid(
                &format!("{path}.function.name"),
                &format_args!("'{name}' is taken; give every tool a name of its own"),
            ));
        }
        let mark = marks.take(caching::of_tool(&tool, &function));
        if !choice.allows(&name) {
            return Ok(());
        }
        self.open(&name);
        if let Some(text) = function.get("description").filter(|raw| *raw != "\"\"") {
            json::push_member(&mut self.list, "description", text);
        }
        self.schema(&path, &function, budget)?;
        if let Some(mark) = mark {
            json::push_member(&mut self.list, "cache_control", mark);
        }
        self.list.push('}');
        Ok(())
    }

    fn open(&mut self, name: &str) {
        if !self.list.is_empty() {
            self.list.push(',');
        }
        self.list.push_str("{\"name\":");
        json::push_string(&mut self.list, name);
        self.names.push(name.to_owned());
    }

    /// Appends `input_schema`, and `strict` where the schema is one that the provider can enforce.
    fn schema(
        &mut self,
        path: &str,
        function: &Object<'_>,
        budget: &mut Budget,
    ) -> Result<(), CannotEncode> {
        let raw = function
            .get("parameters")
            .filter(|raw| *raw != "{}")
            .unwrap_or(r#"{"type":"object","properties":{}}"#);
        let at = format!("{path}.function.parameters");
        let plain = schema::input(raw, &at, &mut self.warnings)?;
        if function.get("strict") == Some("true") {
            if let Some(reduced) = budget.tool(&plain) {
                json::push_member(&mut self.list, "input_schema", &reduced);
                json::push_member(&mut self.list, "strict", "true");
                return Ok(());
            }
            let field = format!("{path}.function.strict");
            self.warnings
                .push(Warning::advisory(Reason::Untranslatable, field));
        }
        json::push_member(&mut self.list, "input_schema", &plain);
        Ok(())
    }

    /// The tool whose call is the answer. Beside it the caller's own tools stay callable.
    fn add_answer(&mut self, schema: &str) {
        let alone = self.names.is_empty();
        self.open(ANSWER_TOOL);
        let what = r#""Gives the final answer. Call it when the answer is ready.""#;
        json::push_member(&mut self.list, "description", what);
        json::push_member(&mut self.list, "input_schema", schema);
        self.list.push('}');
        let mut choice = String::from("{");
        if alone {
            json::push_member(&mut choice, "type", r#""tool""#);
            json::push_member(&mut choice, "name", "");
            json::push_string(&mut choice, ANSWER_TOOL);
        } else {
            json::push_member(&mut choice, "type", r#""any""#);
        }
        json::push_member(&mut choice, "disable_parallel_tool_use", "true");
        choice.push('}');
        self.choice = Some(choice);
    }

    fn choose(&mut self, request: &ChatRequest, choice: &Choice<'_>) -> Result<(), CannotEncode> {
        if self.names.is_empty() {
            return Ok(());
        }
        let single = request.field("parallel_tool_calls") == Some("false");
        let mut out = String::from("{");
        let kind = match choice {
            Choice::Unsaid if !single => return Ok(()),
            Choice::Never => {
                self.choice = Some(r#"{"type":"none"}"#.to_owned());
                return Ok(());
            }
            Choice::Named(name) if !self.names.iter().any(|known| known == name) => {
                return Err(invalid(
                    "tool_choice.function.name",
                    &format_args!("no tool is called '{name}'"),
                ));
            }
            Choice::Named(_) => r#""tool""#,
            Choice::Unsaid | Choice::Auto | Choice::Required | Choice::Among { .. } => {
                if choice.is_forced() {
                    r#""any""#
                } else {
                    r#""auto""#
                }
            }
        };
        json::push_member(&mut out, "type", kind);
        if let Choice::Named(name) = choice {
            json::push_member(&mut out, "name", "");
            json::push_string(&mut out, name);
        }
        if single {
            json::push_member(&mut out, "disable_parallel_tool_use", "true");
        }
        out.push('}');
        self.choice = Some(out);
        Ok(())
    }

    /// A conversation with calls needs their tools declared, even where none may be called any more.
    fn declare_past(&mut self, request: &ChatRequest) {
        let past = request.messages().flat_map(|message| message.tool_calls());
        for call in past {
            let name: Cow<'_, str> = ids::name(&call.name);
            if self.names.len() < MOST_TOOLS && !self.names.iter().any(|known| *known == name) {
                self.open(&name);
                json::push_member(&mut self.list, "input_schema", r#"{"type":"object"}"#);
                self.list.push('}');
            }
        }
        self.choice = (!self.list.is_empty()).then(|| r#"{"type":"none"}"#.to_owned());
    }
}

fn invalid(param: &str, what: &dyn std::fmt::Display) -> CannotEncode {
    CannotEncode::Invalid {
        param: param.to_owned(),
        message: format!("'{param}' cannot be used: {what}."),
    }
}
