//! Reading a request's body: bounded in size, in time, and in what all requests hold together.

use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::{ApiError, Code, Switchboard};
use crate::actors::BODY_BUDGET_UNIT;
use crate::config;

/// So many times the limit is read and forgotten of a body that is too large.
const DRAIN_FACTOR: usize = 4;
/// And for no longer than this.
const DRAIN_TIME: Duration = Duration::from_secs(10);

/// A whole body, and its share of the budget for as long as it is held.
pub struct Body {
    /// The bytes as they came.
    pub bytes: Bytes,
    /// Its share, given back when dropped.
    pub share: Option<Share>,
}

/// A share of the budget for bodies in memory.
pub type Share = OwnedSemaphorePermit;

/// Reads the whole body.
///
/// 413 above `limit` bytes, 415 for a compressed or a form body, 408 when it does not arrive, 503
/// when all requests together hold too much.
pub async fn read(
    desk: &Switchboard,
    request: &HttpRequest,
    mut payload: web::Payload,
    limit: usize,
) -> Result<Body, ApiError> {
    check_headers(request)?;
    let limits = &desk.settings.limits;
    let started = Instant::now();
    if announced(request).is_some_and(|length| length > limit) {
        drain(payload, limit, started + DRAIN_TIME).await;
        return Err(too_large(limit));
    }
    let mut deadline = started + config::ms(limits.body_first_byte_ms);
    let mut bytes = BytesMut::new();
    let mut share: Option<Share> = None;
    loop {
        let chunk = match timeout_at(deadline, payload.next()).await {
            Err(_) => {
                return Err(ApiError::new(
                    Code::RequestTimeout,
                    "The body did not arrive in time; send it again.",
                ));
            }
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                return Err(ApiError::new(
                    Code::InvalidJson,
                    "The body broke off; send it whole.",
                ));
            }
            Ok(Some(Ok(chunk))) => chunk,
        };
        if bytes.len() + chunk.len() > limit {
            drop(bytes);
            drop(share);
            drain(payload, limit, Instant::now() + DRAIN_TIME).await;
            return Err(too_large(limit));
        }
        grow(desk, &mut share, bytes.len() + chunk.len())?;
        bytes.extend_from_slice(&chunk);
        // From the first byte on, the clock allows for the slowest body that is waited for.
        let allowed = Duration::from_secs((bytes.len() / limits.body_min_bytes_per_s) as u64);
        deadline = started + config::ms(limits.body_first_byte_ms) * 2 + allowed;
    }
    Ok(Body {
        bytes: bytes.freeze(),
        share,
    })
}

fn check_headers(request: &HttpRequest) -> Result<(), ApiError> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if header(CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let message = "Compressed request bodies are not accepted; send the JSON as it is, without Content-Encoding.";
        return Err(ApiError::new(Code::UnsupportedMediaType, message));
    }
    if header(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/"))
    {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "Send the body as application/json.",
        ));
    }
    Ok(())
}

/// The length that the request announces.
fn announced(request: &HttpRequest) -> Option<usize> {
    request
        .headers()
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Reads on and forgets, within bounds: a client that is still sending when the connection closes
/// sees a broken pipe and not the answer.
async fn drain(mut payload: web::Payload, limit: usize, deadline: Instant) {
    let mut left = limit.saturating_mul(DRAIN_FACTOR);
    while let Ok(Some(Ok(chunk))) = timeout_at(deadline, payload.next()).await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn too_large(limit: usize) -> ApiError {
    let mib = limit >> 20;
    let most = if mib > 0 {
        format!("{mib} MiB")
    } else {
        format!("{} KiB", limit >> 10)
    };
    ApiError::new(
        Code::PayloadTooLarge,
        format!("The body is larger than {most}; shorten the request."),
    )
}

/// Makes the share cover so many bytes, a KiB at a time. 503 when all requests together hold too
/// much.
pub fn grow(desk: &Switchboard, share: &mut Option<Share>, bytes: usize) -> Result<(), ApiError> {
    let wanted = bytes.div_ceil(BODY_BUDGET_UNIT);
    let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let Ok(more) = u32::try_from(wanted.saturating_sub(held)) else {
        return Err(too_large(bytes));
    };
    if more == 0 {
        return Ok(());
    }
    let taken = desk
        .body_budget
        .clone()
        .try_acquire_many_owned(more)
        .map_err(|_| {
            ApiError::new(
                Code::Overloaded,
                "The router holds too many large requests right now; try again shortly.",
            )
        })?;
    match share {
        Some(share) => share.merge(taken),
        None => *share = Some(taken),
    }
    Ok(())
}
