//! What is wrong with a request: a code, the field, and what to do about it.

use std::fmt;

use super::super::object::Flaw;

/// The `code` of the error body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidCode {
    /// The body is not a JSON object that we read.
    InvalidJson,
    /// A field without which the request means nothing is absent.
    MissingRequiredParameter,
    /// A field has a value of the wrong kind or outside its range.
    InvalidValue,
    /// A field or form that is not offered.
    UnsupportedParameter,
}

impl InvalidCode {
    /// The code as callers see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::MissingRequiredParameter => "missing_required_parameter",
            Self::InvalidValue => "invalid_value",
            Self::UnsupportedParameter => "unsupported_parameter",
        }
    }
}

/// The caller's request is wrong. Nothing was sent upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// Machine-readable kind.
    pub code: InvalidCode,
    /// The path of the field, such as `messages[3].content[1].image_url.url`.
    pub param: Option<String>,
    /// What is wrong and what is expected instead.
    pub message: String,
}

impl Invalid {
    /// The body as a whole cannot be read.
    pub(in crate::wire) fn json(what: impl fmt::Display) -> Self {
        Self {
            code: InvalidCode::InvalidJson,
            param: None,
            message: format!("The request body could not be read: {what}."),
        }
    }

    /// A required field is absent.
    pub(in crate::wire) fn missing(path: impl fmt::Display) -> Self {
        Self {
            code: InvalidCode::MissingRequiredParameter,
            message: format!("Missing required parameter: '{path}'."),
            param: Some(path.to_string()),
        }
    }

    /// A field has the wrong value; `what` says what is expected.
    pub(in crate::wire) fn value(path: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self {
            code: InvalidCode::InvalidValue,
            message: format!("Invalid '{path}': {what}."),
            param: Some(path.to_string()),
        }
    }

    /// A field is not offered.
    pub(in crate::wire) fn unsupported(path: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self {
            code: InvalidCode::UnsupportedParameter,
            message: format!("Unsupported parameter '{path}': {what}."),
            param: Some(path.to_string()),
        }
    }

    /// A field holds an object or array that we do not read.
    pub(in crate::wire) fn flaw(path: impl fmt::Display, flaw: &Flaw) -> Self {
        match flaw {
            Flaw::NotJson(what) => Self::json(what),
            Flaw::WrongKind { .. } | Flaw::Duplicate(_) | Flaw::TooMany(_) => {
                Self::value(path, flaw)
            }
        }
    }
}
