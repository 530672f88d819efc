//! Rate limits at the edge: each request with a key counts once, and its answer says what is left.

use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};

use super::headers::thousandths;
use super::{ApiError, Code};
use crate::actors::accounts::Principal;
use crate::actors::clock::now_ms;
use crate::actors::rate::{Exhausted, Window};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const LIMIT_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
const REMAINING_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
const RESET_REQUESTS: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");

/// Counts a request of a key. 429 when the key or its account has sent too many.
pub fn admit(request: &HttpRequest, caller: &Principal, now_ms: u64) -> Result<(), ApiError> {
    let (window, refusal) = match caller.admit(now_ms) {
        Ok(window) => (window, None),
        Err(Exhausted { window, wait }) => {
            let message = format!(
                "Rate limit of {} requests a minute reached; try again when Retry-After is over.",
                window.limit
            );
            let error = ApiError::new(Code::RateLimitExceeded, message).retry_after(wait);
            (window, Some(error))
        }
    };
    request.extensions_mut().insert(window);
    refusal.map_or(Ok(()), Err)
}

/// Writes what is left of the rate on the answer to a request with a key: as OpenRouter does (the
/// reset in milliseconds since 1970) and as OpenAI does (the reset as a length of time).
pub fn write(response: &mut ServiceResponse<impl MessageBody>) {
    let window = response.request().extensions().get::<Window>().copied();
    if let Some(window) = window {
        insert(response.headers_mut(), &window, now_ms());
    }
}

fn insert(headers: &mut HeaderMap, window: &Window, now_ms: u64) {
    let reset_ms = u64::try_from(window.reset.as_millis()).unwrap_or(u64::MAX);
    let length = thousandths(reset_ms) + "s";
    let limit = HeaderValue::from(window.limit);
    let remaining = HeaderValue::from(window.remaining);
    headers.insert(LIMIT, limit.clone());
    headers.insert(REMAINING, remaining.clone());
    headers.insert(RESET, HeaderValue::from(now_ms.saturating_add(reset_ms)));
    headers.insert(LIMIT_REQUESTS, limit);
    headers.insert(REMAINING_REQUESTS, remaining);
    if let Ok(length) = HeaderValue::try_from(length) {
        headers.insert(RESET_REQUESTS, length);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn both_families_of_headers_say_the_same() {
        let mut headers = HeaderMap::new();
        let window = Window {
            limit: 60,
            remaining: 57,
            reset: Duration::from_millis(3050),
        };
        insert(&mut headers, &window, 1_000_000);
        let text = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            text("x-ratelimit-limit"),
            text("x-ratelimit-limit-requests")
        );
        assert_eq!(text("x-ratelimit-remaining"), "57");
        assert_eq!(text("x-ratelimit-remaining-requests"), "57");
        assert_eq!(text("x-ratelimit-reset"), "1003050");
        assert_eq!(text("x-ratelimit-reset-requests"), "3.050s");
    }
}
