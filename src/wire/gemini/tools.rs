//! Tools and the choice among them. Gemini 2.5 answers in JSON only without tools: beside them, a
//! tool of our own carries the answer.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/function-calling>.

use super::super::CannotEncode;
use super::super::chat::ChatRequest;
use super::super::json::{self, Kind as Json};
use super::super::object::{Object, array};
use super::super::schema::{self, Root};
use super::answer::ANSWER_TOOL;
use super::form::{AnswerForm, answer_form, broken};
use super::generation::{Generation, Kind};

const MOST_TOOLS: usize = 128;

/// Which tools the model may or has to call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    /// Any or none, arguments unchecked.
    Auto,
    /// Any or none of some, arguments held to their schemas.
    Validated(Vec<String>),
    Never,
    /// At least one; of these, if any are named.
    Required(Vec<String>),
}

/// Everything about tools.
#[derive(Debug)]
pub(super) struct Tools {
    /// Raw declarations.
    declarations: Vec<String>,
    names: Vec<String>,
    choice: Choice,
    pub form: AnswerForm,
}

impl Tools {
    /// Reads `tools`, `tool_choice` and `response_format`, and their forms before tools.
    pub(super) fn of(request: &ChatRequest, kind: Kind) -> Result<Self, CannotEncode> {
        let mut tools = Self {
            declarations: Vec::new(),
            names: Vec::new(),
            choice: Choice::Auto,
            form: AnswerForm::Free,
        };
        let mut strict = false;
        if let Some(raw) = request.tools_raw() {
            let field = if request.field("tools").is_some_and(|tools| tools == raw) {
                "tools"
            } else {
                "functions"
            };
            for (index, raw) in array(raw, MOST_TOOLS)
                .unwrap_or_default()
                .iter()
                .enumerate()
            {
                strict |= tools.declare(raw, &format!("{field}[{index}]"))?;
            }
        }
        tools.choice = tools.read_choice(request)?;
        if strict && tools.choice == Choice::Auto {
            tools.choice = Choice::Validated(Vec::new());
        }
        tools.form = answer_form(request)?;
        if kind.generation == Generation::Budget && !tools.names.is_empty() {
            tools.form_beside_tools()?;
        }
        Ok(tools)
    }

    /// Declares one tool. Says whether its arguments have to follow the schema.
    fn declare(&mut self, raw: &str, at: &str) -> Result<bool, CannotEncode> {
        let unreadable = |at: &str, message: String| CannotEncode::Invalid {
            param: at.to_owned(),
            message: format!("Invalid value for '{at}': {message}."),
        };
        let tool = Object::parse(raw).map_err(|flaw| unreadable(at, flaw.to_string()))?;
        if tool.get("type") == Some("\"custom\"") {
            return Err(CannotEncode::Unsupported {
                param: at.to_owned(),
                message: "Gemini models call functions only; declare a function, or ask a model of OpenAI"
                    .to_owned(),
            });
        }
        let (function, at) = match tool.borrowed("function") {
            Some(raw) => {
                let at = format!("{at}.function");
                let function = Object::parse(raw);
                (
                    function.map_err(|flaw| unreadable(&at, flaw.to_string()))?,
                    at,
                )
            }
            None => (tool, at.to_owned()),
        };
        let name = function
            .get("name")
            .and_then(json::string)
            .unwrap_or_default();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(CannotEncode::Unsupported {
                param: format!("{at}.name"),
                message: format!(
                    "Gemini models call functions whose names begin with a letter or an underscore, not '{name}'; rename it, or ask another model with tools"
                ),
            });
        }
        let mut declaration = String::from("{");
        for member in ["name", "description"] {
            if let Some(raw) = function.get(member) {
                json::push_member(&mut declaration, member, raw);
            }
        }
        if let Some(parameters) = function.get("parameters") {
            let schema = schema::reduced(parameters, Root::Object)
                .map_err(|flaw| broken(&format!("{at}.parameters"), &flaw))?;
            json::push_member(&mut declaration, "parametersJsonSchema", &schema);
        }
        declaration.push('}');
        self.declarations.push(declaration);
        self.names.push(name.into_owned());
        Ok(function.get("strict") == Some("true"))
    }

    fn read_choice(&self, request: &ChatRequest) -> Result<Choice, CannotEncode> {
        let (field, raw) = match (request.field("tool_choice"), request.field("function_call")) {
            (Some(raw), _) => ("tool_choice", raw),
            (None, Some(raw)) => ("function_call", raw),
            (None, None) => return Ok(Choice::Auto),
        };
        if self.names.is_empty() {
            return Ok(Choice::Auto);
        }
        if Json::of(raw) == Json::String {
            return Ok(match raw {
                "\"none\"" => Choice::Never,
                "\"required\"" => Choice::Required(Vec::new()),
                _ => Choice::Auto,
            });
        }
        let choice = Object::parse(raw).unwrap_or_default();
        if let Some(allowed) = choice.get("allowed_tools") {
            return self.read_allowed(allowed);
        }
        let name = match choice.get("function") {
            Some(function) => named(function),
            None => named(raw),
        };
        self.check_declared(field, name.as_slice())?;
        Ok(Choice::Required(name.into_iter().collect()))
    }

    fn read_allowed(&self, raw: &str) -> Result<Choice, CannotEncode> {
        let allowed = Object::parse(raw).unwrap_or_default();
        let listed = allowed.get("tools").unwrap_or("[]");
        let names: Vec<String> = array(listed, MOST_TOOLS)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|tool| named(Object::parse(tool).ok()?.get("function")?))
            .collect();
        self.check_declared("tool_choice.allowed_tools.tools", &names)?;
        Ok(match (allowed.get("mode"), names.is_empty()) {
            (_, true) => Choice::Never,
            (Some("\"required\""), false) => Choice::Required(names),
            (Some(_) | None, false) => Choice::Validated(names),
        })
    }

    /// Google refuses a choice of what is not declared.
    fn check_declared(&self, field: &str, names: &[String]) -> Result<(), CannotEncode> {
        match names.iter().find(|name| !self.names.contains(name)) {
            None => Ok(()),
            Some(name) => Err(CannotEncode::Invalid {
                param: field.to_owned(),
                message: format!("Invalid value for '{field}': no tool '{name}' is declared."),
            }),
        }
    }

    /// The older generation answers in JSON or calls tools.
    fn form_beside_tools(&mut self) -> Result<(), CannotEncode> {
        let form = std::mem::replace(&mut self.form, AnswerForm::Free);
        self.form = match (form, &self.choice) {
            (AnswerForm::Json(schema), Choice::Never) => {
                self.declarations.clear();
                AnswerForm::Json(schema)
            }
            // A call is forced: there is no other answer than calls.
            (AnswerForm::Json(_), Choice::Required(_)) => AnswerForm::Free,
            (AnswerForm::Json(None), Choice::Auto | Choice::Validated(_)) => {
                AnswerForm::ByInstruction
            }
            (AnswerForm::Json(Some(schema)), Choice::Auto | Choice::Validated(_)) => {
                let schema = schema::reduced(&schema, Root::Object).map_err(|_| {
                    CannotEncode::Unsupported {
                        param: "response_format.json_schema.schema".to_owned(),
                        message: "beside tools, Gemini 2.5 answers by a schema of type object only; use one, or ask another model"
                            .to_owned(),
                    }
                })?;
                if let Choice::Validated(names) = &self.choice
                    && !names.is_empty()
                {
                    let mut names = names.clone();
                    names.push(ANSWER_TOOL.to_owned());
                    self.choice = Choice::Required(names);
                } else {
                    self.choice = Choice::Required(Vec::new());
                }
                AnswerForm::ByTool(schema)
            }
            (form @ (AnswerForm::Free | AnswerForm::ByTool(_) | AnswerForm::ByInstruction), _) => {
                form
            }
        };
        Ok(())
    }

    /// The raw values of `tools` and `toolConfig`.
    pub(super) fn written(&self) -> Option<(String, Option<String>)> {
        let mut declarations = self.declarations.clone();
        if let AnswerForm::ByTool(schema) = &self.form {
            declarations.push(format!(
                r#"{{"name":"{ANSWER_TOOL}","description":"Gives the final answer to the user. Call it, alone, when no other tool is needed any more.","parametersJsonSchema":{schema}}}"#
            ));
        }
        if declarations.is_empty() {
            return None;
        }
        let (mode, names) = match &self.choice {
            Choice::Auto => (None, &[][..]),
            Choice::Validated(names) => (Some("VALIDATED"), names.as_slice()),
            Choice::Never => (Some("NONE"), &[][..]),
            Choice::Required(names) => (Some("ANY"), names.as_slice()),
        };
        let config = mode.map(|mode| {
            let mut config = format!(r#"{{"functionCallingConfig":{{"mode":"{mode}""#);
            if !names.is_empty() {
                config.push_str(r#","allowedFunctionNames":["#);
                for (index, name) in names.iter().enumerate() {
                    if index > 0 {
                        config.push(',');
                    }
                    json::push_string(&mut config, name);
                }
                config.push(']');
            }
            config.push_str("}}");
            config
        });
        let tools = format!(
            r#"[{{"functionDeclarations":[{}]}}]"#,
            declarations.join(",")
        );
        Some((tools, config))
    }
}

fn named(raw: &str) -> Option<String> {
    let object = Object::parse(raw).ok()?;
    Some(object.get("name").and_then(json::string)?.into_owned())
}
