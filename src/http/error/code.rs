//! Every error code, with its HTTP status and OpenAI's `type`.

/// Every error code of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The body is not JSON.
    InvalidJson,
    /// A field that must be there is not.
    MissingRequiredParameter,
    /// A field has a wrong type or value.
    InvalidValue,
    /// Input and output do not fit any window that was asked for.
    ContextLengthExceeded,
    /// No candidate can do what the request uses.
    UnsupportedParameter,
    /// A provider's content policy refused the request.
    ContentPolicyViolation,
    /// An upstream refused the request for another reason of its own, with this status.
    UpstreamRejected(u16),
    /// No key was sent.
    MissingApiKey,
    /// The key is not one of ours.
    InvalidApiKey,
    /// The operator has set up no card payments.
    DepositsOff,
    /// The card processor's signature is not right.
    InvalidSignature,
    /// The card processor did not do what it was asked.
    PaymentProcessor,
    /// The sign-in code is not right, or not any more.
    InvalidCode,
    /// Nobody is signed in.
    MissingSession,
    /// The session is not one of ours, or not any more.
    InvalidSession,
    /// The balance does not cover the request.
    InsufficientCredits,
    /// The account blocks the provider.
    ProviderBlocked,
    /// The request's own rules leave the model out.
    ModelNotAllowed,
    /// The key is switched off.
    KeyDisabled,
    /// The key is past its end.
    KeyExpired,
    /// The key may not be used for this.
    InsufficientScope,
    /// The key has spent what it may.
    KeyLimitExceeded,
    /// The account is switched off.
    AccountDisabled,
    /// A page of someone else sent a signed-in browser.
    ForeignOrigin,
    /// No model of that name.
    ModelNotFound,
    /// Nothing is here.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The same idempotency key was used for something else.
    IdempotencyConflict,
    /// The first request with the same idempotency key is still running.
    IdempotencyRunning,
    /// The address has an account already.
    AccountExists,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is compressed or not JSON.
    UnsupportedMediaType,
    /// Too many running requests.
    RateLimitExceeded,
    /// The account has spent what it may on one day.
    DailyLimitExceeded,
    /// Every candidate's provider limits our rate.
    UpstreamRateLimited,
    /// A bug of ours.
    InternalError,
    /// Every candidate failed.
    AllCandidatesFailed,
    /// A provider refused the operator's key.
    ProviderAuth,
    /// No candidate can be asked now.
    NoAvailableModels,
    /// More requests than this router takes at one time.
    Overloaded,
    /// The ledger cannot be written.
    StorageUnavailable,
    /// No candidate answered in time.
    UpstreamTimeout,
}

impl Code {
    /// HTTP status, `type` and `code`, as `docs/api.md` lists them.
    pub(super) fn row(self) -> (u16, &'static str, &'static str) {
        const REQUEST: &str = "invalid_request_error";
        match self {
            Self::InvalidJson => (400, REQUEST, "invalid_json"),
            Self::MissingRequiredParameter => (400, REQUEST, "missing_required_parameter"),
            Self::InvalidValue => (400, REQUEST, "invalid_value"),
            Self::ContextLengthExceeded => (400, REQUEST, "context_length_exceeded"),
            Self::UnsupportedParameter => (400, REQUEST, "unsupported_parameter"),
            Self::ContentPolicyViolation => (400, REQUEST, "content_policy_violation"),
            Self::UpstreamRejected(413) => (413, REQUEST, "payload_too_large"),
            Self::UpstreamRejected(415) => (415, REQUEST, "unsupported_media_type"),
            Self::UpstreamRejected(422) => (422, REQUEST, "invalid_value"),
            Self::UpstreamRejected(_) => (400, REQUEST, "invalid_value"),
            Self::MissingApiKey => (401, "authentication_error", "missing_api_key"),
            Self::InvalidApiKey => (401, "authentication_error", "invalid_api_key"),
            Self::DepositsOff => (404, REQUEST, "deposits_off"),
            Self::InvalidSignature => (400, REQUEST, "invalid_signature"),
            Self::PaymentProcessor => (502, "upstream_error", "payment_processor_failed"),
            Self::InvalidCode => (401, "authentication_error", "invalid_code"),
            Self::MissingSession => (401, "authentication_error", "missing_session"),
            Self::InvalidSession => (401, "authentication_error", "invalid_session"),
            Self::InsufficientCredits => (402, "insufficient_quota", "insufficient_credits"),
            Self::ProviderBlocked => (403, "permission_error", "provider_blocked"),
            Self::ModelNotAllowed => (403, "permission_error", "model_not_allowed"),
            Self::KeyDisabled => (403, "permission_error", "key_disabled"),
            Self::KeyExpired => (401, "authentication_error", "key_expired"),
            Self::InsufficientScope => (403, "permission_error", "insufficient_scope"),
            Self::KeyLimitExceeded => (402, "insufficient_quota", "key_limit_exceeded"),
            Self::AccountDisabled => (403, "permission_error", "account_disabled"),
            Self::ForeignOrigin => (403, "permission_error", "foreign_origin"),
            Self::ModelNotFound => (404, REQUEST, "model_not_found"),
            Self::NotFound => (404, REQUEST, "not_found"),
            Self::MethodNotAllowed => (405, REQUEST, "method_not_allowed"),
            Self::RequestTimeout => (408, REQUEST, "request_timeout"),
            Self::IdempotencyConflict => (422, REQUEST, "idempotency_conflict"),
            Self::IdempotencyRunning => (409, REQUEST, "idempotency_running"),
            Self::AccountExists => (409, REQUEST, "account_exists"),
            Self::PayloadTooLarge => (413, REQUEST, "payload_too_large"),
            Self::UnsupportedMediaType => (415, REQUEST, "unsupported_media_type"),
            Self::RateLimitExceeded => (429, "rate_limit_error", "rate_limit_exceeded"),
            Self::DailyLimitExceeded => (429, "rate_limit_error", "daily_limit_exceeded"),
            Self::UpstreamRateLimited => (429, "rate_limit_error", "upstream_rate_limited"),
            Self::InternalError => (500, "server_error", "internal_error"),
            Self::AllCandidatesFailed => (502, "upstream_error", "all_candidates_failed"),
            Self::ProviderAuth => (502, "upstream_error", "provider_auth"),
            Self::NoAvailableModels => (503, "service_unavailable", "no_available_models"),
            Self::Overloaded => (503, "service_unavailable", "overloaded"),
            Self::StorageUnavailable => (503, "service_unavailable", "storage_unavailable"),
            Self::UpstreamTimeout => (504, "upstream_error", "upstream_timeout"),
        }
    }

    /// The `code` word.
    pub fn word(self) -> &'static str {
        self.row().2
    }

    /// Whether the same request may succeed later.
    pub(super) fn is_retryable(self) -> bool {
        self != Self::AccountExists && matches!(self.row().0, 408 | 409 | 429 | 500..=599)
    }
}
