//! `tool_choice` in all its forms, and the older `function_call`.

use std::borrow::Cow;

use super::super::CannotEncode;
use super::super::chat::ChatRequest;
use super::super::json::{self, Kind};
use super::super::object::{Object, array};

const MOST_NAMES: usize = 1_024;

/// Which tools the model may or must call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice<'a> {
    /// The caller did not say.
    Unsaid,
    Auto,
    Never,
    /// Some tool.
    Required,
    /// This tool.
    Named(Cow<'a, str>),
    /// One of these, or none of them if it need not call any.
    Among {
        names: Vec<Cow<'a, str>>,
        need: Need,
    },
}

/// Whether a call is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Free,
    Required,
}

impl<'a> Choice<'a> {
    /// Reads the caller's choice.
    pub(super) fn of(request: &'a ChatRequest) -> Result<Self, CannotEncode> {
        if let Some(raw) = request.field("tool_choice") {
            return Self::read(raw);
        }
        let Some(raw) = request.field("function_call") else {
            return Ok(Self::Unsaid);
        };
        if Kind::of(raw) == Kind::Object {
            return Ok(Self::Named(named(raw)?));
        }
        Ok(Self::word(raw))
    }

    fn read(raw: &'a str) -> Result<Self, CannotEncode> {
        if Kind::of(raw) == Kind::String {
            return Ok(Self::word(raw));
        }
        let choice = Object::parse(raw).map_err(|flaw| broken(&flaw))?;
        let inner = |name| choice.borrowed(name).unwrap_or("{}");
        match choice.borrowed("type") {
            Some(r#""function""#) => Ok(Self::Named(named(inner("function"))?)),
            Some(r#""allowed_tools""#) => Self::among(inner("allowed_tools")),
            _ => Err(CannotEncode::Unsupported {
                param: "tool_choice.type".to_owned(),
                message: "Custom tools are for models of OpenAI; others take functions.".to_owned(),
            }),
        }
    }

    fn word(raw: &str) -> Self {
        match raw {
            r#""none""# => Self::Never,
            r#""required""# => Self::Required,
            _ => Self::Auto,
        }
    }

    fn among(raw: &'a str) -> Result<Self, CannotEncode> {
        let allowed = Object::parse(raw).map_err(|flaw| broken(&flaw))?;
        let tools = array(allowed.borrowed("tools").unwrap_or("[]"), MOST_NAMES)
            .map_err(|flaw| broken(&flaw))?;
        let names = tools
            .into_iter()
            .map(|raw| {
                let tool = Object::parse(raw).map_err(|flaw| broken(&flaw))?;
                named(tool.borrowed("function").unwrap_or(raw))
            })
            .collect::<Result<_, _>>()?;
        let need = match allowed.get("mode") {
            Some(r#""required""#) => Need::Required,
            _ => Need::Free,
        };
        Ok(Self::Among { names, need })
    }

    /// Whether the model may call the tool.
    pub(super) fn allows(&self, name: &str) -> bool {
        match self {
            Self::Among { names, .. } => names.iter().any(|allowed| allowed == name),
            Self::Unsaid | Self::Auto | Self::Never | Self::Required | Self::Named(_) => true,
        }
    }

    /// Whether the model has to call a tool.
    pub(super) fn is_forced(&self) -> bool {
        match self {
            Self::Required | Self::Named(_) => true,
            Self::Among { need, .. } => *need == Need::Required,
            Self::Unsaid | Self::Auto | Self::Never => false,
        }
    }
}

fn named(raw: &str) -> Result<Cow<'_, str>, CannotEncode> {
    let function = Object::parse(raw).map_err(|flaw| broken(&flaw))?;
    function
        .borrowed("name")
        .and_then(json::string)
        .ok_or_else(|| broken(&"it names no function"))
}

fn broken(what: &dyn std::fmt::Display) -> CannotEncode {
    CannotEncode::Invalid {
        param: "tool_choice".to_owned(),
        message: format!("'tool_choice' cannot be read: {what}."),
    }
}
