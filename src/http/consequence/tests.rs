//! The table of consequences, row by row.

use super::*;
use crate::actors::breaker::Outcome as O;
use FaultClass as C;
use actix_web::ResponseError;

fn fault(class: FaultClass, status: Option<u16>) -> Fault {
    Fault {
        status,
        ..Fault::ours(class, "so it said")
    }
}

/// One line for each line of the specification: what the upstream said, who is asked next, what
/// the breakers learn, and the status and code when nobody is left.
type Line = (C, Option<u16>, Next, O, u16, &'static str);

const LINES: [Line; 20] = [
    (
        C::Connect,
        None,
        Next::OtherProvider,
        O::Unreachable,
        503,
        "no_available_models",
    ),
    (
        C::Server,
        Some(500),
        Next::SameModelOnce,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Server,
        Some(502),
        Next::SameModelOnce,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Server,
        Some(503),
        Next::SameModelOnce,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Server,
        Some(504),
        Next::SameModelOnce,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Server,
        Some(529),
        Next::SameModelOnce,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Server,
        None,
        Next::SameModelOnce,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Timeout,
        None,
        Next::Candidate,
        O::Silence,
        504,
        "upstream_timeout",
    ),
    (
        C::Timeout,
        Some(408),
        Next::Candidate,
        O::Silence,
        504,
        "upstream_timeout",
    ),
    (
        C::RateLimited,
        Some(429),
        Next::WaitOnce,
        O::RateLimited(None),
        429,
        "upstream_rate_limited",
    ),
    (
        C::Quota,
        Some(429),
        Next::OtherProvider,
        O::QuotaSpent,
        503,
        "no_available_models",
    ),
    (
        C::Quota,
        Some(402),
        Next::OtherProvider,
        O::QuotaSpent,
        503,
        "no_available_models",
    ),
    (
        C::Credential,
        Some(401),
        Next::OtherProvider,
        O::CredentialRefused,
        502,
        "provider_auth",
    ),
    (
        C::ModelMissing,
        Some(404),
        Next::Candidate,
        O::ModelMissing,
        502,
        "all_candidates_failed",
    ),
    (
        C::Caller,
        Some(413),
        Next::Nobody,
        O::Neutral,
        413,
        "payload_too_large",
    ),
    (
        C::Caller,
        Some(422),
        Next::Nobody,
        O::Neutral,
        422,
        "invalid_value",
    ),
    (
        C::ContextLength,
        Some(400),
        Next::LargerWindow,
        O::Neutral,
        400,
        "context_length_exceeded",
    ),
    (
        C::Policy,
        Some(400),
        Next::Nobody,
        O::Neutral,
        400,
        "content_policy_violation",
    ),
    (
        C::Malformed,
        None,
        Next::Candidate,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
    (
        C::Empty,
        None,
        Next::Candidate,
        O::Failure,
        502,
        "all_candidates_failed",
    ),
];

#[test]
fn every_class_has_the_consequences_of_the_table() {
    for (class, status, then, learned, code, word) in LINES {
        let fault = fault(class, status);
        assert_eq!(next(class), then, "{class:?}");
        assert_eq!(outcome(&fault), learned, "{class:?} {status:?}");
        let error = from_fault(&fault, std::slice::from_ref(&fault));
        let told = (error.status_code().as_u16(), error.code().word());
        assert_eq!(told, (code, word), "{class:?} {status:?}");
    }
}

#[test]
fn a_named_wait_reaches_the_breaker_and_the_smallest_one_the_caller() {
    let limited = |seconds| Fault {
        retry_after: Some(Duration::from_secs(seconds)),
        ..fault(C::RateLimited, Some(429))
    };
    let faults = [limited(40), limited(7), limited(9)];
    let named = Outcome::RateLimited(Some(Duration::from_secs(40)));
    assert_eq!(outcome(&faults[0]), named);
    assert_eq!(smallest_wait(&faults), Some(Duration::from_secs(7)));
}

#[test]
fn different_reasons_together_are_no_reason_but_the_requests_own_is() {
    let of = |classes: &[FaultClass]| {
        let faults: Vec<Fault> = classes.iter().map(|class| fault(*class, None)).collect();
        from_fault(faults.last().unwrap(), &faults).code()
    };
    assert_eq!(of(&[C::Server, C::RateLimited]), Code::AllCandidatesFailed);
    assert_eq!(of(&[C::Connect, C::Quota]), Code::NoAvailableModels);
    assert_eq!(of(&[C::Server, C::Policy]), Code::ContentPolicyViolation);
    assert_eq!(
        of(&[C::Timeout, C::ContextLength]),
        Code::ContextLengthExceeded
    );
}
