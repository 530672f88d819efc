//! A small JSON body, read member by member: each is asked for by name, and what nobody asked for is
//! refused by name.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use serde_json::{Map, Value};

use super::{ApiError, Code, Switchboard, body};

/// The members that have not been asked for yet.
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the body of a request that is no inference.
    pub async fn read(
        desk: &Switchboard,
        http: &HttpRequest,
        payload: Payload,
    ) -> Result<Self, ApiError> {
        let limit = desk.settings.limits.other_body_bytes;
        let body = body::read(desk, http, payload, limit).await?;
        Self::parse(&body.bytes)
    }

    fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(bytes).map(Self).map_err(|error| {
            let message = format!("The body must be a JSON object: {error}.");
            ApiError::new(Code::InvalidJson, message)
        })
    }

    /// A text that has to be there.
    pub fn text(&mut self, name: &'static str) -> Result<String, ApiError> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Ok(text),
            Some(Value::Null) | None => {
                let message = format!("Missing required parameter: '{name}'.");
                Err(ApiError::new(Code::MissingRequiredParameter, message).param(name))
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(wrong(name, "a text"))
            }
        }
    }

    /// Refuses the members that nobody has asked for.
    pub fn finish(self) -> Result<(), ApiError> {
        let Some(name) = self.0.keys().next() else {
            return Ok(());
        };
        let shown: String = name.chars().take(64).collect();
        let message = format!("Unknown parameter: '{shown}'.");
        Err(ApiError::new(Code::UnsupportedParameter, message).param(shown))
    }
}

/// A member whose value cannot be used, and what it should be.
pub fn wrong(name: &'static str, expected: &str) -> ApiError {
    let message = format!("Invalid '{name}': expected {expected}.");
    ApiError::new(Code::InvalidValue, message).param(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Fields {
        Fields::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn members_are_asked_for_by_name() {
        let mut fields = of(r#"{"a":"x"}"#);
        assert_eq!(fields.text("a").unwrap(), "x");
        fields.finish().unwrap();
    }

    #[test]
    fn what_is_missing_wrong_or_unknown_is_named() {
        let missing = of(r#"{"a":null}"#).text("a").unwrap_err();
        assert_eq!(missing.code(), Code::MissingRequiredParameter);
        let wrong = of(r#"{"a":5}"#).text("a").unwrap_err();
        assert_eq!(wrong.code(), Code::InvalidValue);
        let unknown = of(r#"{"admin":true}"#).finish().unwrap_err();
        assert_eq!(unknown.code(), Code::UnsupportedParameter);
        assert!(unknown.message().contains("admin"));
        for text in ["", "[]", "5", "{", "{\"a\":\"\\ud800\"}"] {
            let error = Fields::parse(text.as_bytes()).err().unwrap();
            assert_eq!(error.code(), Code::InvalidJson, "{text}");
        }
    }
}
