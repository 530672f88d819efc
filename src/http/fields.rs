//! A small JSON body, read member by member: each is asked for by name, and what nobody asked for is
//! refused by name.

use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use serde_json::{Map, Value};

use super::{ApiError, Code, Switchboard, body};
use crate::money::Picodollars;

/// The members that have not been asked for yet.
pub struct Fields {
    members: Map<String, Value>,
    /// What stands before their names in messages: the path of an object inside the body.
    path: String,
}

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

    /// The members of a body that a page made of its form.
    pub fn of(members: Map<String, Value>) -> Self {
        Self {
            members,
            path: String::new(),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(bytes) {
            Ok(members) => Ok(Self::of(members)),
            Err(error) => {
                let message = format!("The body must be a JSON object: {error}.");
                Err(ApiError::new(Code::InvalidJson, message))
            }
        }
    }

    /// The body as it was read, for the audit log. Only for bodies that hold no secret.
    pub fn said(&self) -> String {
        serde_json::to_string(&self.members).unwrap_or_default()
    }

    /// A text that has to be there.
    pub fn text(&mut self, name: &'static str) -> Result<String, ApiError> {
        self.required(name, "a text", text)
    }

    /// A member that has to be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<T, ApiError> {
        let found = self.optional(name, expected, read)?;
        found.ok_or_else(|| missing(&self.full(name)))
    }

    /// The idempotency key of a money route: the header `Idempotency-Key`, or the member
    /// `idempotency_key`. Both may be there when they say the same.
    pub fn idempotency_key(&mut self, http: &HttpRequest) -> Result<Option<String>, ApiError> {
        let said = self.optional("idempotency_key", "a text", text)?;
        let Some(header) = http.headers().get("idempotency-key") else {
            return Ok(said);
        };
        let key = header.to_str().map(str::to_owned);
        let key = key.map_err(|_| wrong("idempotency_key", "printable ASCII in the header"))?;
        if said.is_some_and(|said| said != key) {
            let expected = "the same in the body as in the header Idempotency-Key";
            return Err(wrong("idempotency_key", expected));
        }
        Ok(Some(key))
    }

    /// The same of a route that cannot do without one.
    pub fn required_idempotency_key(&mut self, http: &HttpRequest) -> Result<String, ApiError> {
        let key = self.idempotency_key(http)?;
        key.ok_or_else(|| missing("idempotency_key"))
    }

    /// A member that may be missing; `null` is not one. `read` refuses with `None` what is not
    /// `expected`.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(wrong(&self.full(name), expected)),
            },
        }
    }

    /// A member that may be missing, in which `null` takes back what was set.
    pub fn nullable<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Result<Option<Option<T>>, ApiError> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Null) => {
                self.members.remove(name);
                Ok(Some(None))
            }
            Some(_) => Ok(self.optional(name, expected, read)?.map(Some)),
        }
    }

    /// An object that may be missing, to be read and finished like the body.
    pub fn object(&mut self, name: &'static str) -> Result<Option<Self>, ApiError> {
        let object = |value| match value {
            Value::Object(members) => Some(members),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => None,
        };
        let members = self.optional(name, "an object", object)?;
        Ok(members.map(|members| Self {
            members,
            path: format!("{}.", self.full(name)),
        }))
    }

    /// The same, where `null` takes back what was set.
    pub fn nullable_object(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Option<Self>>, ApiError> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Null) => {
                self.members.remove(name);
                Ok(Some(None))
            }
            Some(_) => Ok(self.object(name)?.map(Some)),
        }
    }

    /// Refuses the members that nobody has asked for.
    pub fn finish(self) -> Result<(), ApiError> {
        let Some(name) = self.members.keys().next() else {
            return Ok(());
        };
        let shown: String = self.full(name).chars().take(64).collect();
        let message = format!("Unknown parameter: '{shown}'.");
        Err(ApiError::new(Code::UnsupportedParameter, message).param(shown))
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }
}

/// A text.
pub fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// A text that is something.
pub fn parsed<T: FromStr>(value: Value) -> Option<T> {
    text(value)?.parse().ok()
}

/// An amount of USD as a text, not below zero.
pub fn usd(value: Value) -> Option<Picodollars> {
    parsed(value).filter(|amount: &Picodollars| *amount >= Picodollars::ZERO)
}

/// An amount of USD as a text, above zero.
pub fn positive_usd(value: Value) -> Option<Picodollars> {
    usd(value).filter(|amount| amount.is_positive())
}

/// A list of texts, each of which `read` takes.
pub fn list<T>(value: Value, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    value
        .as_array()?
        .iter()
        .map(|item| read(item.as_str()?))
        .collect()
}

/// A member that has to be there and is not.
pub fn missing(name: &str) -> ApiError {
    let message = format!("Missing required parameter: '{name}'.");
    ApiError::new(Code::MissingRequiredParameter, message).param(name)
}

/// A member whose value cannot be used, and what it should be.
pub fn wrong(name: &str, expected: &str) -> ApiError {
    ApiError::unexpected(name, expected)
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
