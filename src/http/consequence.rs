//! What follows a fault: for this request, for the breaker, for the caller.

use std::time::Duration;

use super::{ApiError, Code};
use crate::actors::breaker::Outcome;
use crate::wire::{CannotEncode, Fault, FaultClass};

/// A provider without credit or with a refused key is left alone for this long.
const CREDENTIAL_REST: Duration = Duration::from_secs(60);
/// A model that its provider does not know is left alone for this long.
const MISSING_MODEL_REST: Duration = Duration::from_secs(600);
/// A rate limit without a time of its own.
const RATE_LIMIT_REST: Duration = Duration::from_secs(5);

/// What follows a fault, for the request at hand.
pub enum Next {
    /// The next candidate.
    Candidate,
    /// The next candidate of another provider, if there is one.
    OtherProvider,
    /// The next candidate with a larger window; no second time.
    LargerWindow,
    /// Nobody: the fault is the caller's.
    Nobody,
}

/// What follows a fault for the request.
pub fn next(class: FaultClass) -> Next {
    match class {
        FaultClass::Connect | FaultClass::Quota | FaultClass::Credential => Next::OtherProvider,
        FaultClass::Server
        | FaultClass::Timeout
        | FaultClass::RateLimited
        | FaultClass::ModelMissing
        | FaultClass::Malformed
        | FaultClass::Empty
        | FaultClass::ModelOutput => Next::Candidate,
        FaultClass::ContextLength => Next::LargerWindow,
        FaultClass::Caller | FaultClass::Policy => Next::Nobody,
    }
}

/// What the breaker learns from a fault.
pub fn outcome(fault: &Fault) -> Outcome {
    match fault.class {
        FaultClass::Connect
        | FaultClass::Server
        | FaultClass::Timeout
        | FaultClass::Malformed
        | FaultClass::Empty => Outcome::Failure,
        FaultClass::RateLimited => Outcome::StayAway(fault.retry_after.unwrap_or(RATE_LIMIT_REST)),
        FaultClass::Quota | FaultClass::Credential => Outcome::StayAway(CREDENTIAL_REST),
        FaultClass::ModelMissing => Outcome::StayAway(MISSING_MODEL_REST),
        FaultClass::Caller
        | FaultClass::ContextLength
        | FaultClass::Policy
        | FaultClass::ModelOutput => Outcome::Neutral,
    }
}

/// What an attempt's failure is called in `X-Model-Router-Attempts`: its status, or a word.
pub fn word(fault: &Fault) -> String {
    let word = match fault.class {
        FaultClass::Connect => "connect",
        FaultClass::Server => "server",
        FaultClass::Timeout => "timeout",
        FaultClass::RateLimited => "rate_limited",
        FaultClass::Quota => "quota",
        FaultClass::Credential => "credential",
        FaultClass::ModelMissing => "model_missing",
        FaultClass::Caller => "caller",
        FaultClass::ContextLength => "context_length",
        FaultClass::Policy => "policy",
        FaultClass::Malformed => "malformed",
        FaultClass::Empty => "empty",
        FaultClass::ModelOutput => "model_output",
    };
    fault
        .status
        .map_or_else(|| word.to_owned(), |status| status.to_string())
}

/// The error that the last fault asks for. When different things went wrong, none of them is *the*
/// reason.
pub fn from_fault(last: &Fault, all: &[Fault]) -> ApiError {
    let alone = all.iter().all(|fault| fault.class == last.class);
    let said = &last.message;
    let failed = |code| {
        ApiError::new(
            code,
            format!("Every model that could be asked failed; the last one said: {said}"),
        )
    };
    let error = match last.class {
        // Found in an answer, not refused: nobody could have asked better.
        FaultClass::ModelOutput if last.status.is_none() => failed(Code::AllCandidatesFailed),
        FaultClass::Caller | FaultClass::ModelOutput => ApiError::new(
            Code::UpstreamRejected(last.status.unwrap_or(400)),
            format!("The provider refused the request: {said}"),
        ),
        FaultClass::ContextLength => {
            ApiError::new(Code::ContextLengthExceeded, said.clone()).param("messages")
        }
        FaultClass::Policy => ApiError::new(Code::ContentPolicyViolation, said.clone()),
        FaultClass::RateLimited if alone => ApiError::new(
            Code::UpstreamRateLimited,
            format!("Every provider that could be asked limits our rate: {said}"),
        ),
        FaultClass::Timeout if alone => ApiError::new(
            Code::UpstreamTimeout,
            "No model that could be asked answered in time; try again, or ask another.",
        ),
        FaultClass::Credential if alone => ApiError::new(
            Code::ProviderAuth,
            "The provider refused the router's own key; the operator has to mend it.",
        ),
        FaultClass::Connect | FaultClass::Quota if alone => ApiError::new(
            Code::NoAvailableModels,
            format!("No provider that could be asked can be reached: {said}"),
        ),
        FaultClass::RateLimited
        | FaultClass::Timeout
        | FaultClass::Credential
        | FaultClass::Connect
        | FaultClass::Quota
        | FaultClass::Server
        | FaultClass::ModelMissing
        | FaultClass::Malformed
        | FaultClass::Empty => failed(Code::AllCandidatesFailed),
    };
    match &last.param {
        Some(param) => error.param(param.clone()),
        None => error,
    }
}

/// The error for a request that no candidate's format can carry.
pub fn from_encoding(cannot: &CannotEncode) -> ApiError {
    match cannot {
        CannotEncode::Unspoken(_) => ApiError::new(Code::NoAvailableModels, cannot.to_string()),
        CannotEncode::Unsupported { param, message } => {
            ApiError::new(Code::UnsupportedParameter, message.clone()).param(param.clone())
        }
        CannotEncode::Invalid { param, message } => {
            ApiError::new(Code::InvalidValue, message.clone()).param(param.clone())
        }
    }
}
