//! Errors of any provider: every known envelope is read, and the reason sorted into a class.

use super::super::clean;
use super::super::fault::{Fault, FaultClass};
use super::super::json::{self, Kind};
use super::super::object::{Object, array};
use super::super::retry;

/// How deep envelopes are nested at most (gateways wrap the errors of gateways).
const MOST_NESTING: usize = 3;
const MOST_CODE_CHARS: usize = 64;
/// As much of an error body as is read.
const MOST_BODY: usize = 256 * 1024;

/// What an error body says.
#[derive(Debug, Default)]
struct Said {
    message: Option<String>,
    code: Option<String>,
    /// `type`, or Google's `status`.
    kind: Option<String>,
    param: Option<String>,
    status: Option<u16>,
}

/// Reads an error. `status` is the HTTP status, or `None` for an error inside a stream.
pub(in crate::wire) fn decode_error(status: Option<u16>, body: &[u8]) -> Fault {
    let text = String::from_utf8_lossy(body.get(..MOST_BODY).unwrap_or(body));
    let said = envelope(&text).unwrap_or_else(|| Said {
        message: Some(text.clone().into_owned()),
        ..Said::default()
    });
    fault(status, said, &text)
}

/// The error that a body holds in spite of its good status, if it holds one.
pub(in crate::wire) fn in_band(text: &str) -> Option<Fault> {
    let text = text.trim();
    let object = Object::parse(text).ok();
    let is_error = match &object {
        Some(object) => {
            let flat = object
                .get("message")
                .is_some_and(|raw| Kind::of(raw) == Kind::String)
                && (object.get("code").is_some() || object.get("type").is_some());
            object.get("error").is_some() || flat
        }
        None => text.starts_with('['),
    };
    if !is_error {
        return None;
    }
    envelope(text).map(|said| fault(None, said, text))
}

fn fault(http_status: Option<u16>, said: Said, body: &str) -> Fault {
    let status = http_status.or(said.status);
    let class = classify(status, &said, body);
    let message = said
        .message
        .as_deref()
        .map(clean::message)
        .unwrap_or_default();
    let message = match (message.is_empty(), status) {
        (false, _) => message,
        (true, Some(status)) => format!("the provider answered with status {status} and no reason"),
        (true, None) => "the provider broke off without a reason".to_owned(),
    };
    Fault {
        class,
        status,
        code: said.code.or(said.kind).map(|code| {
            let code = clean::message(&code);
            code.chars().take(MOST_CODE_CHARS).collect()
        }),
        param: said.param.map(|param| clean::message(&param)),
        message,
        retry_after: retry::from_text(body.get(..body.floor_char_boundary(8_192)).unwrap_or(body)),
        billed: None,
    }
}

/// Reads `{"error":{…}}`, xAI's `{"code","error":"…"}`, Cerebras' flat form, Google's array,
/// FastAPI's `detail`, and one inside the other. `None` when the text is no JSON object.
fn envelope(text: &str) -> Option<Said> {
    let mut text = text.trim();
    if Kind::of(text) == Kind::Array {
        text = array(text, 64).ok()?.first()?;
    }
    let mut object = Object::parse(text).ok()?;
    for _ in 0..MOST_NESTING {
        let inner = ["error", "detail"]
            .into_iter()
            .find_map(|name| object.borrowed(name))
            .and_then(|raw| match Kind::of(raw) {
                Kind::Object => Object::parse(raw).ok(),
                Kind::Array => Object::parse(array(raw, 64).ok()?.first()?).ok(),
                Kind::String | Kind::Null | Kind::Bool | Kind::Number => None,
            });
        match inner {
            Some(inner) => object = inner,
            None => break,
        }
    }
    let word = |name: &str| object.get(name).and_then(json::string).map(String::from);
    let number = |name: &str| object.get(name)?.parse::<u16>().ok();
    let named = |names: &[&str]| names.iter().find_map(|name| word(name));
    let number_code = || {
        let raw = object.get("code")?;
        (Kind::of(raw) == Kind::Number).then(|| raw.to_owned())
    };
    let kind = named(&["status", "type", "__type"]).filter(|kind| kind != "error");
    Some(Said {
        message: named(&["message", "error", "detail", "msg", "Message"]),
        // Google's code is its status again; the word beside it says more.
        code: word("code").or_else(|| kind.is_none().then(number_code).flatten()),
        kind,
        param: word("param"),
        status: number("status_code")
            .or_else(|| number("code"))
            .filter(|code| (400..600).contains(code)),
    })
}

fn classify(status: Option<u16>, said: &Said, body: &str) -> FaultClass {
    let lower = |text: &Option<String>| text.as_deref().unwrap_or_default().to_ascii_lowercase();
    let (code, kind) = (lower(&said.code), lower(&said.kind));
    if let Some(class) = by_code(&code).or_else(|| by_code(&kind)) {
        return class;
    }
    let shown = body.get(..body.floor_char_boundary(16_384)).unwrap_or(body);
    let text = shown.to_ascii_lowercase();
    let phrase = PHRASES
        .iter()
        .find(|(phrase, _)| text.contains(phrase))
        .map(|(_, class)| *class);
    match (status, phrase) {
        (Some(429), Some(FaultClass::Quota)) => FaultClass::Quota,
        (Some(429), _) => FaultClass::RateLimited,
        (Some(500..), _) => FaultClass::Server,
        (_, Some(class)) => class,
        (Some(402), None) => FaultClass::Quota,
        (Some(401 | 403), None) => FaultClass::Credential,
        (Some(404 | 410), None) => FaultClass::ModelMissing,
        (Some(408), None) => FaultClass::Timeout,
        (Some(400..=499), None) => FaultClass::Caller,
        (None, None) => by_kind_of_caller(&kind),
        (Some(_), None) => FaultClass::Malformed,
    }
}

/// An error inside a stream has no status: only OpenAI's own word blames the request.
fn by_kind_of_caller(kind: &str) -> FaultClass {
    match kind {
        "invalid_request_error" => FaultClass::Caller,
        _ => FaultClass::Server,
    }
}

fn by_code(code: &str) -> Option<FaultClass> {
    Some(match code {
        "tool_use_failed" | "json_validate_failed" => FaultClass::ModelOutput,
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "insufficient_credits" => FaultClass::Quota,
        "context_length_exceeded" | "context_window_exceeded" => FaultClass::ContextLength,
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "request_quota_exceeded"
        | "token_quota_exceeded"
        | "queue_exceeded"
        | "too_many_requests"
        | "too_many_requests_error"
        | "resource_exhausted"
        | "throttlingexception" => FaultClass::RateLimited,
        "content_policy_violation"
        | "image_content_policy_violation"
        | "content_filter"
        | "invalid_prompt"
        | "moderation_blocked" => FaultClass::Policy,
        "model_not_found" | "model_decommissioned" | "deploymentnotfound" => {
            FaultClass::ModelMissing
        }
        "invalid_api_key"
        | "authentication_error"
        | "unrecognizedclientexception"
        | "expiredtokenexception"
        | "invalidsignatureexception" => FaultClass::Credential,
        "overloaded_error"
        | "server_error"
        | "api_error"
        | "internal_server_error"
        | "service_unavailable" => FaultClass::Server,
        _ => return None,
    })
}

/// Phrases of messages, the first that occurs decides. Throttling stands before context: "too many
/// tokens, please wait" and "request too large … tokens per minute" are no overflow.
const PHRASES: [(&str, FaultClass); 41] = [
    ("please wait before trying again", FaultClass::RateLimited),
    ("tokens per minute", FaultClass::RateLimited),
    ("tokens per day", FaultClass::RateLimited),
    ("credit balance is too low", FaultClass::Quota),
    ("exceeded your current quota", FaultClass::Quota),
    ("used all available credits", FaultClass::Quota),
    ("monthly spending limit", FaultClass::Quota),
    ("have any credits", FaultClass::Quota),
    ("insufficient balance", FaultClass::Quota),
    ("insufficient credits", FaultClass::Quota),
    ("payment required", FaultClass::Quota),
    ("incorrect api key", FaultClass::Credential),
    ("invalid api key", FaultClass::Credential),
    ("invalid x-api-key", FaultClass::Credential),
    ("api key not valid", FaultClass::Credential),
    ("api_key_invalid", FaultClass::Credential),
    ("maximum context length", FaultClass::ContextLength),
    ("context window", FaultClass::ContextLength),
    ("maximum prompt length", FaultClass::ContextLength),
    ("prompt is too long", FaultClass::ContextLength),
    ("exceed context limit", FaultClass::ContextLength),
    ("input tokens exceeded", FaultClass::ContextLength),
    ("input is too long", FaultClass::ContextLength),
    ("too many input tokens", FaultClass::ContextLength),
    ("maximum input length", FaultClass::ContextLength),
    (
        "exceeds the maximum number of tokens",
        FaultClass::ContextLength,
    ),
    (
        "reduce the length of the messages",
        FaultClass::ContextLength,
    ),
    ("model not found", FaultClass::ModelMissing),
    ("model does not exist", FaultClass::ModelMissing),
    (
        "does not exist or you do not have access",
        FaultClass::ModelMissing,
    ),
    ("does not have access to model", FaultClass::ModelMissing),
    ("has been decommissioned", FaultClass::ModelMissing),
    ("not a chat model", FaultClass::ModelMissing),
    ("model identifier is invalid", FaultClass::ModelMissing),
    ("violates usage guidelines", FaultClass::Policy),
    ("content policy", FaultClass::Policy),
    ("content filtering policy", FaultClass::Policy),
    ("content management policy", FaultClass::Policy),
    ("usage policies", FaultClass::Policy),
    ("usage policy", FaultClass::Policy),
    ("safety system", FaultClass::Policy),
];
