//! Refusals in each provider's own words and shape.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use super::flavour::Flavour;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    NoKey,
    WrongKey,
    NoRoute(String),
    NotJson,
    TooLarge,
    UnknownModel(String),
    /// A parameter is wrong: its name, the provider's code for it, the message.
    Invalid {
        param: Option<String>,
        code: Option<&'static str>,
        message: String,
    },
    ContextLength {
        limit: u64,
        tokens: usize,
    },
    Policy,
    Quota,
    /// A status set by a fault, with the model it was asked of.
    Status {
        code: u16,
        model: String,
    },
}

impl Trouble {
    /// A parameter that is wrong.
    pub(super) fn invalid(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            param: Some(param.to_owned()),
            code: Some(code),
            message: message.into(),
        }
    }

    /// A request that is wrong, without a parameter's name or a code.
    pub(super) fn plain(message: impl Into<String>) -> Self {
        Self::Invalid {
            param: None,
            code: None,
            message: message.into(),
        }
    }

    /// What has happened when the provider fails in the middle of an answer.
    pub(super) fn breakdown(model: &str) -> Self {
        Self::Status {
            code: 500,
            model: model.to_owned(),
        }
    }

    /// Status and body as the provider sends them.
    pub(super) fn answer(&self, flavour: Flavour) -> (StatusCode, Value) {
        let words = self.words(flavour);
        let body = match flavour {
            Flavour::OpenAi => json!({"error": {"message": words.message, "type": words.kind,
                "param": words.param, "code": words.code}}),
            Flavour::Groq => json!({"error": without_nulls(json!({"message": words.message,
                "type": words.kind, "param": words.param, "code": words.code}))}),
            Flavour::Xai => json!({"code": words.kind, "error": words.message}),
            Flavour::Cerebras => without_nulls(json!({"message": words.message,
                "type": words.kind, "param": words.param, "code": words.code})),
        };
        let status = StatusCode::from_u16(words.status);
        (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), body)
    }

    fn words(&self, flavour: Flavour) -> Words {
        match flavour {
            Flavour::OpenAi => self.openai(),
            Flavour::Xai => self.xai(),
            Flavour::Groq => self.groq(),
            Flavour::Cerebras => self.cerebras(),
        }
    }

    fn openai(&self) -> Words {
        let invalid = "invalid_request_error";
        match self {
            Self::NoKey => Words::new(401, invalid, "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."),
            Self::WrongKey => Words::new(401, invalid, "Incorrect API key provided: invalid. You can find your API key at https://platform.openai.com/account/api-keys.").code("invalid_api_key"),
            Self::NoRoute(path) => Words::new(404, invalid, format!("Invalid URL (POST {path})")),
            Self::NotJson => Words::new(400, invalid, "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"),
            Self::TooLarge => Words::new(413, invalid, "Request too large."),
            Self::UnknownModel(model) => Words::new(404, invalid, format!("The model `{model}` does not exist or you do not have access to it.")).code("model_not_found"),
            Self::Invalid { .. } => self.invalid_words(invalid),
            Self::ContextLength { limit, tokens } => Words::new(400, invalid, format!("This model's maximum context length is {limit} tokens. However, your messages resulted in {tokens} tokens. Please reduce the length of the messages.")).param("messages").code("context_length_exceeded"),
            Self::Policy => Words::new(400, invalid, "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.").code("invalid_prompt"),
            Self::Quota => Words::new(429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.").code("insufficient_quota"),
            Self::Status { code, model } => match code {
                401 => Self::WrongKey.openai(),
                404 => Self::UnknownModel(model.clone()).openai(),
                429 => Words::new(429, "tokens", format!("Rate limit reached for {model} in organization org-sandbox on tokens per min (TPM): Limit 30000, Used 29300, Requested 2645. Please try again in 3.89s.")).code("rate_limit_exceeded"),
                400..=499 => Words::new(*code, invalid, "The request was refused by the simulation."),
                503 => Words::new(503, "server_error", "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if the error persists."),
                _ => Words::new(*code, "server_error", "The server had an error processing your request. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if you keep seeing this error."),
            },
        }
    }

    /// xAI's `code` is a sentence or a kebab word; it stands in `kind` here.
    fn xai(&self) -> Words {
        let argument = "Client specified an invalid argument";
        let denied = "The caller does not have permission to execute the specified operation";
        let exhausted = "Some resource has been exhausted";
        match self {
            Self::NoKey | Self::WrongKey => Words::new(
                400,
                "invalid-argument",
                "Incorrect API key provided. You can obtain an API key from https://console.x.ai.",
            ),
            Self::NoRoute(_) => Words::new(
                404,
                "Some requested entity was not found",
                "No handler found on route. Please double check your URL and consult https://api.x.ai/docs for more information.",
            ),
            Self::NotJson => Words::new(400, argument, "Failed to parse the request body as JSON."),
            Self::TooLarge => Words::new(413, argument, "Request body is too large."),
            Self::UnknownModel(model) => {
                Words::new(400, "invalid-argument", format!("Model not found: {model}"))
            }
            Self::Invalid { .. } => self.invalid_words(argument),
            Self::ContextLength { limit, tokens } => Words::new(
                400,
                argument,
                format!(
                    "This model's maximum prompt length is {limit} but the request contains {tokens} tokens."
                ),
            ),
            Self::Policy => Words::new(403, denied, "Content violates usage guidelines."),
            Self::Quota => Words::new(
                429,
                exhausted,
                "Your team 00000000-0000-0000-0000-000000000000 has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.",
            ),
            Self::Status { code, model } => match code {
                401 => Words::new(401, "Unauthenticated", "No valid credentials were given."),
                403 => Words::new(403, denied, "The simulation denies this request."),
                404 => Words::new(
                    404,
                    "Some requested entity was not found",
                    format!(
                        "The model {model} does not exist or your team does not have access to it."
                    ),
                ),
                429 => Words::new(
                    429,
                    exhausted,
                    format!("Too many requests for {model}. Please slow down and try again later."),
                ),
                400..=499 => Words::new(
                    *code,
                    argument,
                    "The request was refused by the simulation.",
                ),
                503 => Words::new(
                    503,
                    "The service is currently unavailable",
                    "Service temporarily unavailable. The model is at capacity and currently cannot serve this request. Please try again later.",
                ),
                _ => Words::new(*code, "Internal error", "An internal error has occurred."),
            },
        }
    }

    fn groq(&self) -> Words {
        let invalid = "invalid_request_error";
        match self {
            Self::NoKey | Self::WrongKey => Words::new(401, invalid, "Invalid API Key").code("invalid_api_key"),
            Self::NoRoute(path) => Words::new(404, invalid, format!("Unknown request URL: POST {path}. Please check the URL for typos, or see the docs at https://console.groq.com/docs/")).code("unknown_url"),
            Self::NotJson => Words::new(400, invalid, "could not parse the request body as JSON"),
            Self::TooLarge => Words::new(413, invalid, "Request Entity Too Large").code("request_too_large"),
            Self::UnknownModel(model) => Words::new(404, invalid, format!("The model `{model}` does not exist or you do not have access to it.")).code("model_not_found"),
            Self::Invalid { .. } => self.invalid_words(invalid),
            Self::ContextLength { .. } => Words::new(400, invalid, "Please reduce the length of the messages or completion.").param("messages").code("context_length_exceeded"),
            Self::Policy => Words::new(400, invalid, "The request was refused by the content policy.").code("content_policy_violation"),
            Self::Quota => Words::new(429, "tokens", "Rate limit reached in organization `org_sandbox` service tier `on_demand` on tokens per day (TPD): Limit 100000, Used 97050, Requested 3619. Please try again in 9m38.016s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing").code("rate_limit_exceeded"),
            Self::Status { code, model } => match code {
                401 => Self::WrongKey.groq(),
                404 => Self::UnknownModel(model.clone()).groq(),
                413 => Words::new(413, "tokens", format!("Request too large for model `{model}` in organization `org_sandbox` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 10338, please reduce your message size and try again.")).code("rate_limit_exceeded"),
                429 => Words::new(429, "tokens", format!("Rate limit reached for model `{model}` in organization `org_sandbox` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 5800, Requested 5260. Please try again in 50.597142857s.")).code("rate_limit_exceeded"),
                400..=499 => Words::new(*code, invalid, "The request was refused by the simulation."),
                503 => Words::new(503, "internal_server_error", "Service Unavailable"),
                _ => Words::new(*code, "internal_server_error", "Internal Server Error"),
            },
        }
    }

    fn cerebras(&self) -> Words {
        let invalid = "invalid_request_error";
        match self {
            Self::NoKey | Self::WrongKey => Words::new(401, invalid, "Wrong API Key").param("api_key").code("wrong_api_key"),
            Self::NoRoute(_) => Words::new(404, "not_found_error", "Not Found"),
            Self::NotJson => Words::new(400, invalid, "The request body is not valid JSON.").code("wrong_api_format"),
            Self::TooLarge => Words::new(413, invalid, "Request entity too large"),
            Self::UnknownModel(_) => Words::new(404, "not_found_error", "Model does not exist or you do not have access to it.").param("model").code("model_not_found"),
            Self::Invalid { .. } => self.invalid_words(invalid),
            Self::ContextLength { limit, tokens } => Words::new(400, invalid, format!("Please reduce the length of the messages or completion. Current length is {tokens} while limit is {limit}")).param("messages").code("context_length_exceeded"),
            Self::Policy => Words::new(400, invalid, "The request was refused by the content policy.").code("content_policy_violation"),
            Self::Quota => Words::new(429, "too_many_tokens_error", "Tokens per day limit exceeded - too many tokens processed.").param("quota").code("token_quota_exceeded"),
            Self::Status { code, .. } => match code {
                401 => Self::WrongKey.cerebras(),
                404 => Self::UnknownModel(String::new()).cerebras(),
                429 => Words::new(429, "too_many_requests_error", "Requests per minute limit exceeded - too many requests sent.").param("quota").code("request_quota_exceeded"),
                400..=499 => Words::new(*code, invalid, "The request was refused by the simulation."),
                503 => Words::new(503, "server_error", "We're experiencing high traffic right now! Please try again soon.").param("queue").code("queue_exceeded"),
                _ => Words::new(*code, "server_error", "Encountered a server error, please try again."),
            },
        }
    }

    fn invalid_words(&self, kind: &'static str) -> Words {
        let Self::Invalid {
            param,
            code,
            message,
        } = self
        else {
            return Words::new(400, kind, "Invalid request.");
        };
        Words {
            status: 400,
            kind,
            message: message.clone(),
            param: param.clone(),
            code: *code,
        }
    }
}

struct Words {
    status: u16,
    kind: &'static str,
    message: String,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Words {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    fn param(self, param: &str) -> Self {
        Self {
            param: Some(param.to_owned()),
            ..self
        }
    }

    fn code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, field| !field.is_null());
    }
    value
}
