//! `tools` and `tool_choice` as `toolConfig`.

use std::borrow::Cow;

use super::super::super::chat::ChatRequest;
use super::super::super::json::{self, Kind};
use super::super::super::object::{Object, array};
use super::super::super::{CannotEncode, Reason, Warning};
use super::super::ANSWER_TOOL;
use super::super::family::{Family, Forcing};
use super::format::{Form, object_schema};
use super::marks::Marks;
use super::thinking::Thinking;

/// As many tools as the request may have had.
const MOST_TOOLS: usize = 128;

/// A tool that the caller offers.
#[derive(Debug)]
pub(super) struct Tool<'a> {
    name: Cow<'a, str>,
    /// The raw `toolSpec` block.
    spec: String,
    cache_control: Option<&'a str>,
    is_strict: bool,
}

/// Reads `tools`, or `functions`, the form before them.
pub(super) fn declared(request: &ChatRequest) -> Result<Vec<Tool<'_>>, CannotEncode> {
    let raw = request.tools_raw().unwrap_or("[]");
    let tools = array(raw, MOST_TOOLS).unwrap_or_default();
    tools
        .into_iter()
        .enumerate()
        .map(|(index, raw)| tool(index, raw))
        .collect()
}

fn tool(index: usize, raw: &str) -> Result<Tool<'_>, CannotEncode> {
    let outer = Object::parse(raw).unwrap_or_default();
    if outer.has("custom") {
        return Err(CannotEncode::Unsupported {
            param: format!("tools[{index}].custom"),
            message: "Models on Bedrock call only functions; custom tools are OpenAI's own."
                .to_owned(),
        });
    }
    let (function, path) = match outer.borrowed("function") {
        Some(raw) => (
            Object::parse(raw).unwrap_or_default(),
            format!("tools[{index}].function"),
        ),
        None => (outer.clone(), format!("functions[{index}]")),
    };
    let raw_name = function.borrowed("name").unwrap_or("\"\"");
    let name = json::string(raw_name).unwrap_or_default();
    if name == ANSWER_TOOL {
        return Err(CannotEncode::Invalid {
            message: format!("Invalid '{path}.name': '{ANSWER_TOOL}' is the router's own name."),
            param: format!("{path}.name"),
        });
    }
    let schema = function
        .borrowed("parameters")
        .unwrap_or(r#"{"type":"object","properties":{}}"#);
    let Some(schema) = object_schema(schema) else {
        let param = format!("{path}.parameters");
        return Err(CannotEncode::Invalid {
            message: format!("Invalid '{param}': expected a schema of type object."),
            param,
        });
    };
    let mut spec = format!(r#"{{"toolSpec":{{"name":{raw_name}"#);
    if let Some(description) = function.get("description").filter(|raw| *raw != "\"\"") {
        json::push_member(&mut spec, "description", description);
    }
    json::push_member(&mut spec, "inputSchema", &format!(r#"{{"json":{schema}}}"#));
    spec.push_str("}}");
    Ok(Tool {
        name,
        spec,
        cache_control: outer.borrowed("cache_control"),
        is_strict: function.get("strict") == Some("true"),
    })
}

/// The caller's wish.
enum Choice {
    Auto,
    None,
    Required,
    Named(String),
    /// One of these, or with `Required` at least one of them.
    Allowed(Vec<String>, Need),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Auto,
    Required,
}

/// `toolConfig` in the making.
#[derive(Debug)]
pub(super) struct Config<'a> {
    tools: Vec<Tool<'a>>,
    /// Raw `toolChoice`.
    choice: Option<String>,
    family: Family,
    can_force: bool,
    has_history: bool,
    is_coerced: bool,
}

impl<'a> Config<'a> {
    /// The tools to offer: the caller's, or the one that stands for the answer, or at least those
    /// of the history, which Converse wants described.
    pub(super) fn new(
        declared: Vec<Tool<'a>>,
        form: &Form<'_>,
        called: &[String],
        family: Family,
        thinking: &Thinking,
    ) -> Self {
        let mut config = Self {
            tools: declared,
            choice: None,
            family,
            can_force: !thinking.is_told || family.forces_while_thinking(),
            has_history: !called.is_empty(),
            is_coerced: false,
        };
        let spare = |name: &str, spec: String| Tool {
            name: Cow::Owned(name.to_owned()),
            spec,
            cache_control: None,
            is_strict: false,
        };
        if let Some(spec) = form.tool() {
            config.tools = vec![spare(ANSWER_TOOL, spec)];
            config.force(Some(ANSWER_TOOL));
        } else if config.tools.is_empty() {
            config.tools = called
                .iter()
                .map(|name| spare(name, bare_spec(name)))
                .collect();
        }
        config
    }

    /// Applies the caller's `tool_choice`, or `function_call`.
    pub(super) fn choose(&mut self, request: &ChatRequest) -> Result<(), CannotEncode> {
        if self.choice.is_some() || request.tools_raw().is_none() {
            return Ok(());
        }
        match choice(request)? {
            Choice::Auto => {}
            Choice::None if self.has_history => self.is_coerced = true,
            Choice::None => self.tools.clear(),
            Choice::Required => self.force(None),
            Choice::Named(name) => {
                self.check(&name)?;
                self.force(Some(&name));
            }
            Choice::Allowed(names, need) => {
                for name in &names {
                    self.check(name)?;
                }
                self.tools
                    .retain(|tool| names.iter().any(|name| *name == tool.name));
                if need == Need::Required {
                    self.force(None);
                }
            }
        }
        Ok(())
    }

    fn check(&self, name: &str) -> Result<(), CannotEncode> {
        if self.tools.iter().any(|tool| tool.name == name) {
            return Ok(());
        }
        Err(CannotEncode::Invalid {
            param: "tool_choice".to_owned(),
            message: format!("Invalid 'tool_choice': there is no tool '{name}' in 'tools'."),
        })
    }

    fn force(&mut self, name: Option<&str>) {
        let any = || Some(r#"{"any":{}}"#.to_owned());
        match (self.family.forcing(), name) {
            _ if !self.can_force => self.is_coerced = true,
            (Forcing::Never, _) => self.is_coerced = true,
            (Forcing::Named | Forcing::Any, None) => self.choice = any(),
            (Forcing::Named, Some(name)) => {
                self.choice = Some(format!(r#"{{"tool":{{"name":"{name}"}}}}"#));
            }
            (Forcing::Any, Some(name)) => {
                self.tools.retain(|tool| tool.name == name);
                self.choice = any();
            }
        }
    }

    /// What of the caller's wishes is left to the model. Strict tools take a narrower kind of schema
    /// than callers may send.
    pub(super) fn warnings(&self) -> impl Iterator<Item = Warning> {
        let strict = self.tools.iter().any(|tool| tool.is_strict);
        [
            self.is_coerced.then_some("tool_choice"),
            strict.then_some("tools.function.strict"),
        ]
        .into_iter()
        .flatten()
        .map(|field| Warning::advisory(Reason::Unsupported, field))
    }

    /// The raw `toolConfig`; `None` without tools.
    pub(super) fn write(&self, marks: &mut Marks) -> Option<String> {
        if self.tools.is_empty() {
            return None;
        }
        let mut specs = Vec::with_capacity(self.tools.len());
        for tool in &self.tools {
            specs.push(tool.spec.clone());
            specs.extend(marks.point(tool.cache_control));
        }
        let mut out = format!(r#"{{"tools":[{}]"#, specs.join(","));
        if let Some(choice) = &self.choice {
            json::push_member(&mut out, "toolChoice", choice);
        }
        out.push('}');
        Some(out)
    }
}

/// A tool of which only the name is known.
fn bare_spec(name: &str) -> String {
    let mut spec = String::from(r#"{"toolSpec":{"name":"#);
    json::push_string(&mut spec, name);
    spec.push_str(r#","inputSchema":{"json":{"type":"object"}}}}"#);
    spec
}

fn choice(request: &ChatRequest) -> Result<Choice, CannotEncode> {
    let raw = request
        .field("tool_choice")
        .or_else(|| request.field("function_call"));
    let Some(raw) = raw else {
        return Ok(Choice::Auto);
    };
    if Kind::of(raw) == Kind::String {
        return Ok(match raw {
            "\"none\"" => Choice::None,
            "\"required\"" => Choice::Required,
            _ => Choice::Auto,
        });
    }
    let choice = Object::parse(raw).unwrap_or_default();
    let name_of = |raw: &str| {
        let named = Object::parse(raw).ok()?;
        named.get("name").and_then(json::string).map(String::from)
    };
    match choice.get("type") {
        Some("\"custom\"") => Err(CannotEncode::Unsupported {
            param: "tool_choice.custom".to_owned(),
            message: "Models on Bedrock call only functions; custom tools are OpenAI's own."
                .to_owned(),
        }),
        Some("\"allowed_tools\"") => Ok(allowed(choice.get("allowed_tools").unwrap_or("{}"))),
        Some(_) => {
            let name = choice.get("function").and_then(name_of);
            Ok(Choice::Named(name.unwrap_or_default()))
        }
        None => Ok(Choice::Named(name_of(raw).unwrap_or_default())),
    }
}

fn allowed(raw: &str) -> Choice {
    let allowed = Object::parse(raw).unwrap_or_default();
    let name = |raw: &str| {
        let tool = Object::parse(raw).ok()?;
        let function = Object::parse(tool.get("function")?).ok()?;
        function
            .get("name")
            .and_then(json::string)
            .map(String::from)
    };
    let tools = array(allowed.get("tools").unwrap_or("[]"), MOST_TOOLS).unwrap_or_default();
    let need = match allowed.get("mode") {
        Some("\"required\"") => Need::Required,
        Some(_) | None => Need::Auto,
    };
    Choice::Allowed(tools.into_iter().filter_map(name).collect(), need)
}
