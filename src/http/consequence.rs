//! What follows a fault: for this request, for the breakers, for the caller. One table.

use std::time::Duration;

use super::{ApiError, Code};
use crate::actors::breaker::Outcome;
use crate::wire::{CannotEncode, Fault, FaultClass};

/// What follows a fault for the request at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next candidate, at once.
    Candidate,
    /// The next candidate of another provider, if there is one.
    OtherProvider,
    /// The same model once more after a moment, when the caller named it and others may follow; else
    /// the next candidate.
    SameModelOnce,
    /// The same model once more after the wait that it asked for, when that is short and the caller
    /// named it or has nobody else; else the next candidate.
    WaitOnce,
    /// The next candidate with a larger window; no second time.
    LargerWindow,
    /// Nobody: the fault is the caller's.
    Nobody,
}

/// What the breakers learn from a class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lesson {
    Failure,
    Silence,
    Unreachable,
    RateLimited,
    QuotaSpent,
    CredentialRefused,
    ModelMissing,
    Nothing,
}

/// What the caller is told when nobody is left and this is what went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// 503.
    Unavailable,
    /// 502.
    Failed,
    /// 504.
    Timeout,
    /// 429, with the smallest wait.
    RateLimited,
    /// 502 `provider_auth`.
    ProviderAuth,
    /// The status that the provider had for it.
    Rejected,
    /// 400 `context_length_exceeded`.
    TooLong,
    /// 400 with the provider's reason.
    Policy,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// The word in `X-Model-Router-Attempts` for a fault without a status.
    word: &'static str,
    next: Next,
    lesson: Lesson,
    told: Told,
}

/// The table.
const fn row(class: FaultClass) -> Row {
    use FaultClass as Class;
    let (word, next, lesson, told) = match class {
        Class::Connect => (
            "connect",
            Next::OtherProvider,
            Lesson::Unreachable,
            Told::Unavailable,
        ),
        Class::Server => ("server", Next::SameModelOnce, Lesson::Failure, Told::Failed),
        Class::Timeout => ("timeout", Next::Candidate, Lesson::Silence, Told::Timeout),
        Class::RateLimited => (
            "rate_limited",
            Next::WaitOnce,
            Lesson::RateLimited,
            Told::RateLimited,
        ),
        Class::Quota => (
            "quota",
            Next::OtherProvider,
            Lesson::QuotaSpent,
            Told::Unavailable,
        ),
        Class::Credential => (
            "credential",
            Next::OtherProvider,
            Lesson::CredentialRefused,
            Told::ProviderAuth,
        ),
        Class::ModelMissing => (
            "model_missing",
            Next::Candidate,
            Lesson::ModelMissing,
            Told::Failed,
        ),
        Class::Caller => ("caller", Next::Nobody, Lesson::Nothing, Told::Rejected),
        Class::ContextLength => (
            "context_length",
            Next::LargerWindow,
            Lesson::Nothing,
            Told::TooLong,
        ),
        Class::Policy => ("policy", Next::Nobody, Lesson::Nothing, Told::Policy),
        Class::Malformed => ("malformed", Next::Candidate, Lesson::Failure, Told::Failed),
        Class::Empty => ("empty", Next::Candidate, Lesson::Failure, Told::Failed),
        // The model is well; it only did badly this time.
        Class::ModelOutput => (
            "model_output",
            Next::Candidate,
            Lesson::Nothing,
            Told::Rejected,
        ),
    };
    Row {
        word,
        next,
        lesson,
        told,
    }
}

/// What follows a fault for the request.
pub const fn next(class: FaultClass) -> Next {
    row(class).next
}

/// What the breakers learn from a fault.
pub fn outcome(fault: &Fault) -> Outcome {
    match row(fault.class).lesson {
        Lesson::Failure => Outcome::Failure,
        Lesson::Silence => Outcome::Silence,
        Lesson::Unreachable => Outcome::Unreachable,
        Lesson::RateLimited => Outcome::RateLimited(fault.retry_after),
        Lesson::QuotaSpent => Outcome::QuotaSpent,
        Lesson::CredentialRefused => Outcome::CredentialRefused,
        Lesson::ModelMissing => Outcome::ModelMissing,
        Lesson::Nothing => Outcome::Neutral,
    }
}

/// What an attempt's failure is called in `X-Model-Router-Attempts`: its status, or a word.
pub fn word(fault: &Fault) -> String {
    let word = row(fault.class).word;
    fault
        .status
        .map_or_else(|| word.to_owned(), |status| status.to_string())
}

/// The error that the last fault asks for. When different things went wrong, none of them is *the*
/// reason, unless the last one was the request's own.
pub fn from_fault(last: &Fault, all: &[Fault]) -> ApiError {
    let told = row(last.class).told;
    let alone = all.iter().all(|fault| row(fault.class).told == told);
    let said = &last.message;
    let failed = |code| {
        ApiError::new(
            code,
            format!("Every model that could be asked failed; the last one said: {said}"),
        )
    };
    let error = match told {
        // Found in an answer, not refused: nobody could have asked better.
        Told::Rejected if last.class == FaultClass::ModelOutput && last.status.is_none() => {
            failed(Code::AllCandidatesFailed)
        }
        Told::Rejected => ApiError::new(
            Code::UpstreamRejected(last.status.unwrap_or(400)),
            format!("The provider refused the request: {said}"),
        ),
        Told::TooLong => ApiError::new(Code::ContextLengthExceeded, said.clone()).param("messages"),
        Told::Policy => ApiError::new(Code::ContentPolicyViolation, said.clone()),
        Told::RateLimited if alone => ApiError::new(
            Code::UpstreamRateLimited,
            format!("Every provider that could be asked limits our rate: {said}"),
        ),
        Told::Timeout if alone => ApiError::new(
            Code::UpstreamTimeout,
            "No model that could be asked answered in time; try again, or ask another.",
        ),
        Told::ProviderAuth if alone => ApiError::new(
            Code::ProviderAuth,
            "The provider refused the router's own key; the operator has to mend it.",
        ),
        Told::Unavailable if alone => ApiError::new(
            Code::NoAvailableModels,
            format!("No provider that could be asked can be reached: {said}"),
        ),
        Told::Failed
        | Told::RateLimited
        | Told::Timeout
        | Told::ProviderAuth
        | Told::Unavailable => failed(Code::AllCandidatesFailed),
    };
    match &last.param {
        Some(param) => error.param(param.clone()),
        None => error,
    }
}

/// The smallest wait that any of the faults asks for.
pub fn smallest_wait(faults: &[Fault]) -> Option<Duration> {
    faults.iter().filter_map(|fault| fault.retry_after).min()
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

#[cfg(test)]
mod tests;
