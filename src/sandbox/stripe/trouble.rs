//! Refusals in Stripe's shape.

use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    pub(super) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    decline_code: Option<&'static str>,
    param: Option<String>,
    pub(super) message: String,
    /// Boxed, because every handler's `Result` carries it.
    intent: Option<Box<Value>>,
}

impl Trouble {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            decline_code: None,
            param: None,
            message: message.into(),
            intent: None,
        }
    }

    pub(super) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.to_owned()),
            ..Self::new(400, "invalid_request_error", message)
        }
    }

    pub(super) fn missing(param: &str) -> Self {
        Self {
            code: Some("parameter_missing"),
            ..Self::invalid(param, format!("Missing required param: {param}."))
        }
    }

    /// An object that a parameter names and nobody knows.
    pub(super) fn no_such(what: &str, id: &str, param: &str) -> Self {
        Self {
            code: Some("resource_missing"),
            ..Self::invalid(param, format!("No such {what}: '{id}'"))
        }
    }

    /// The object of the path itself.
    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self {
            status: 404,
            ..Self::no_such(what, id, "id")
        }
    }

    pub(super) fn no_route(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self::new(404, "invalid_request_error", message)
    }

    pub(super) fn no_key() -> Self {
        let message = "You did not provide a valid API key.";
        Self::new(401, "invalid_request_error", message)
    }

    pub(super) fn other_parameters(key: &str) -> Self {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request."
        );
        Self::new(400, "idempotency_error", message)
    }

    pub(super) fn key_in_use() -> Self {
        let message = "There is currently another in-progress request using this Idempotent Key.";
        Self {
            code: Some("idempotency_key_in_use"),
            ..Self::new(409, "invalid_request_error", message)
        }
    }

    pub(super) fn full() -> Self {
        let message = "The simulation holds no more objects; start it anew.";
        Self::new(429, "invalid_request_error", message)
    }

    pub(super) fn status(status: u16) -> Self {
        Self::new(status, "api_error", "The simulation was told to fail.")
    }

    pub(super) fn declined(decline_code: &'static str) -> Self {
        Self {
            code: Some("card_declined"),
            decline_code: Some(decline_code),
            ..Self::new(402, "card_error", "Your card was declined.")
        }
    }

    pub(super) fn authentication_required() -> Self {
        Self {
            code: Some("authentication_required"),
            decline_code: Some("authentication_required"),
            ..Self::new(
                402,
                "card_error",
                "Your card was declined. This transaction requires authentication.",
            )
        }
    }

    /// Names the payment that failed.
    pub(super) fn of_intent(self, intent: Value) -> Self {
        Self {
            intent: Some(Box::new(intent)),
            ..self
        }
    }

    /// What the `error` member says; also what a failed payment keeps as its last error.
    pub(super) fn error(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        for (name, value) in [
            ("code", self.code.map(str::to_owned)),
            ("decline_code", self.decline_code.map(str::to_owned)),
            ("param", self.param.clone()),
        ] {
            if let Some(value) = value {
                error[name] = Value::String(value);
            }
        }
        if let Some(intent) = &self.intent {
            error["payment_intent"] = Value::clone(intent);
        }
        error
    }

    pub(super) fn body(&self) -> Value {
        json!({ "error": self.error() })
    }
}
