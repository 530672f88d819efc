//! The form of the answer: `response_format`.

use super::super::CannotEncode;
use super::super::chat::ChatRequest;
use super::super::object::Object;
use super::super::schema::{self, Root, SchemaFlaw};

/// What the answer's text has to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AnswerForm {
    /// Whatever the model likes.
    Free,
    /// JSON; with a schema where there is one.
    Json(Option<String>),
    /// The arguments of our own tool, which have this schema.
    ByTool(String),
    /// JSON, asked for in words.
    ByInstruction,
}

impl AnswerForm {
    /// The sentence that asks for it.
    pub(super) fn instruction(&self) -> Option<&'static str> {
        match self {
            Self::ByInstruction => Some(
                "When you answer without calling a tool, answer with one JSON object and nothing else.",
            ),
            Self::Free | Self::Json(_) | Self::ByTool(_) => None,
        }
    }
}

/// Reads `response_format`.
pub(super) fn answer_form(request: &ChatRequest) -> Result<AnswerForm, CannotEncode> {
    let format = request.field("response_format");
    let Some(format) = format.and_then(|raw| Object::parse(raw).ok()) else {
        return Ok(AnswerForm::Free);
    };
    match format.get("type") {
        Some("\"json_object\"") => Ok(AnswerForm::Json(None)),
        Some("\"json_schema\"") => {
            let wrapper = format
                .get("json_schema")
                .and_then(|raw| Object::parse(raw).ok());
            let schema = wrapper.as_ref().and_then(|wrapper| wrapper.get("schema"));
            let reduced = schema.map(|schema| schema::reduced(schema, Root::Any));
            let schema = reduced
                .transpose()
                .map_err(|flaw| broken("response_format.json_schema.schema", &flaw))?;
            // A schema that asks for nothing is any JSON.
            Ok(AnswerForm::Json(schema.filter(|schema| schema != "{}")))
        }
        Some(_) | None => Ok(AnswerForm::Free),
    }
}

/// A schema that is none.
pub(super) fn broken(at: &str, flaw: &SchemaFlaw) -> CannotEncode {
    CannotEncode::Invalid {
        param: at.to_owned(),
        message: format!("Invalid value for '{at}': {flaw}."),
    }
}
