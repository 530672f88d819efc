//! What a caller has to get when the provider refuses or fails: whose fault it is, by the status,
//! code and message that were recorded.

use serde_json::Value;

use super::case::Case;

/// Whose fault a recorded error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The request does not fit the window.
    Context,
    /// A content policy.
    Policy,
    /// Too many requests for now.
    Rate,
    /// A request too large for the rate, whenever it is sent.
    TooLarge,
    /// The operator's purse at the provider is empty.
    Purse,
    /// The operator's key.
    Key,
    /// The provider refuses the operator the model or the API.
    Permission,
    /// The provider does not know the model.
    Model,
    /// The provider failed.
    Provider,
    /// The model's own output broke a rule of the provider.
    Output,
    /// The request.
    Caller,
}

/// The answers that are right for a blame: statuses and, where the contract fixes it, codes.
pub struct Right {
    pub statuses: &'static [u16],
    pub codes: &'static [&'static str],
}

impl Blame {
    /// The blame for a case's error: its status unless it came inside a stream, and its words.
    pub fn of(case: &Case) -> Self {
        let error = &case.derived["error"];
        // OpenAI nests the error of a `response.failed` stream once more.
        let error = if error["error"].is_object() {
            &error["error"]
        } else {
            error
        };
        let mut words = String::from_utf8_lossy(&case.body).to_lowercase();
        if case.status == 200 {
            words = error.to_string().to_lowercase();
        }
        for (_, value) in &case.headers {
            words.push(' ');
            words.push_str(&value.to_lowercase());
        }
        let has = |needle: &str| words.contains(needle);
        let status = match case.status {
            200 => status_inside(error),
            status => status,
        };
        if let Some((blame, _)) = SIGNS.iter().find(|(_, signs)| signs.iter().any(|s| has(s))) {
            return *blame;
        }
        match status {
            401 => Self::Key,
            403 => Self::Permission,
            404 | 410 => Self::Model,
            413 => Self::TooLarge,
            429 => Self::Rate,
            500.. => Self::Provider,
            _ => Self::Caller,
        }
    }

    pub fn right(self) -> Right {
        let (statuses, codes): (&[u16], &[&str]) = match self {
            Self::Context => (&[400], &["context_length_exceeded"]),
            Self::Policy => (&[400], &["content_policy_violation"]),
            Self::Rate => (&[429], &["upstream_rate_limited"]),
            Self::TooLarge => (&[400, 413, 429, 502, 503], &[]),
            Self::Purse => (&[502, 503], &[]),
            Self::Key => (&[502], &["provider_auth"]),
            Self::Permission => (&[502, 503], &[]),
            Self::Model => (&[404, 502, 503], &[]),
            Self::Provider => (&[502, 503, 504], &[]),
            Self::Output => (&[400, 502, 503], &[]),
            Self::Caller => (
                &[400, 413, 415, 422],
                &["invalid_value", "unsupported_parameter"],
            ),
        };
        Right { statuses, codes }
    }
}

/// An error inside a stream has no status of its own: its kind has to do.
fn status_inside(error: &Value) -> u16 {
    let own = error["status_code"].as_u64().or(error["code"].as_u64());
    let own = own.and_then(|status| u16::try_from(status).ok());
    own.unwrap_or_else(|| match error["type"].as_str() {
        Some("invalid_request_error") => 400,
        _ => 500,
    })
}

/// Words that decide, the first that occur. Throttling is spoken of in words of overflow ("too
/// many tokens, please wait"), so it stands first.
const SIGNS: [(Blame, &[&str]); 9] = [
    (
        Blame::Purse,
        &[
            "insufficient_quota",
            "credit balance is too low",
            "used all available credits",
            "have any credits",
        ],
    ),
    (Blame::TooLarge, &["request too large for"]),
    (
        Blame::Rate,
        &["please wait before trying again", "resource_exhausted"],
    ),
    (Blame::Output, &["tool_use_failed", "json_validate_failed"]),
    (
        Blame::Key,
        &[
            "api_key_invalid",
            "api key not valid",
            "incorrect api key",
            "unrecognizedclientexception",
            "security token included in the request",
            "signature expired",
        ],
    ),
    (
        Blame::Context,
        &[
            "context_length_exceeded",
            "exceed context limit",
            "prompt is too long",
            "exceeds the maximum number of tokens",
            "input tokens exceeded",
            "maximum prompt length",
            "maximum context length",
            "reduce the length of the messages",
        ],
    ),
    (
        Blame::Policy,
        &[
            "content_policy_violation",
            "violates usage guidelines",
            "usage policies",
        ],
    ),
    (
        Blame::Model,
        &[
            "model_not_found",
            "model not found",
            "model identifier is invalid",
            "end of its life",
        ],
    ),
    (
        Blame::Provider,
        &[
            "overloaded_error",
            "modelstreamerrorexception",
            "serviceunavailableexception",
        ],
    ),
];
