//! Names and values of our response headers.

use std::time::Duration;

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::error::AttemptNote;
use crate::catalog::Tier;
use crate::ids::GenerationId;
use crate::routing::classify::Verdict;

/// Every header of ours that a browser may read (`docs/api.md`, response headers).
pub const EXPOSED: &str = "X-Request-Id, X-Client-Request-Id, X-Model-Router-Model, X-Model-Router-Provider, \
    X-Model-Router-Tier, X-Model-Router-Generation-Id, X-Model-Router-Cost, X-Model-Router-Latency-Ms, \
    X-Model-Router-Overhead-Ms, X-Model-Router-Attempts, X-Model-Router-Auto-Tier, X-Model-Router-Auto-Score, \
    X-Model-Router-Warnings, X-Model-Router-Sandbox, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, \
    x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, Retry-After";

/// Our id of the request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The caller's own id of the request, echoed.
pub const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");
/// On every response while the providers are simulated.
pub const SANDBOX: HeaderName = HeaderName::from_static("x-model-router-sandbox");
const MODEL: HeaderName = HeaderName::from_static("x-model-router-model");
const PROVIDER: HeaderName = HeaderName::from_static("x-model-router-provider");
const TIER: HeaderName = HeaderName::from_static("x-model-router-tier");
const GENERATION_ID: HeaderName = HeaderName::from_static("x-model-router-generation-id");
const COST: HeaderName = HeaderName::from_static("x-model-router-cost");
const LATENCY_MS: HeaderName = HeaderName::from_static("x-model-router-latency-ms");
const OVERHEAD_MS: HeaderName = HeaderName::from_static("x-model-router-overhead-ms");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-model-router-attempts");
const AUTO_TIER: HeaderName = HeaderName::from_static("x-model-router-auto-tier");
const AUTO_SCORE: HeaderName = HeaderName::from_static("x-model-router-auto-score");
const WARNINGS: HeaderName = HeaderName::from_static("x-model-router-warnings");

/// What `auto` decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoVerdict {
    /// The tier it picked.
    pub tier: Tier,
    /// 0 to 100.
    pub score: u8,
}

impl AutoVerdict {
    /// What is told of a verdict.
    pub fn of(verdict: &Verdict) -> Self {
        Self {
            tier: verdict.tier,
            score: verdict.score,
        }
    }

    /// Writes the two headers.
    pub fn write(&self, response: &mut HttpResponseBuilder) {
        response.insert_header((AUTO_TIER, self.tier.as_str()));
        response.insert_header((AUTO_SCORE, self.score.to_string()));
    }
}

/// What a served inference tells in its headers.
pub struct Served<'a> {
    /// Catalog id that ran.
    pub model: &'a str,
    /// Who ran it.
    pub provider: &'a str,
    /// The tier that was served, if one was.
    pub tier: Option<Tier>,
    /// Key of its record.
    pub generation: GenerationId,
    /// What was charged, where it is known before the body.
    pub cost: Option<String>,
    /// To the first token, or to the full answer when it is not streamed.
    pub latency: Duration,
    /// Our own share, up to dispatch.
    pub overhead: Duration,
    /// What was tried, in order.
    pub attempts: &'a [AttemptNote],
    /// What `auto` decided, when it was asked.
    pub auto: Option<AutoVerdict>,
    /// `severity;reason;field`, one each.
    pub warnings: &'a [String],
}

impl Served<'_> {
    /// Writes them.
    pub fn write(&self, response: &mut HttpResponseBuilder) {
        response
            .insert_header((MODEL, self.model))
            .insert_header((PROVIDER, self.provider))
            .insert_header((GENERATION_ID, self.generation.to_string()))
            .insert_header((LATENCY_MS, whole_millis(self.latency)))
            .insert_header((OVERHEAD_MS, thousandths(nearest_micros(self.overhead))))
            .insert_header((ATTEMPTS, attempts(self.attempts)));
        if let Some(tier) = self.tier {
            response.insert_header((TIER, HeaderValue::from_static(tier.as_str())));
        }
        if let Some(cost) = &self.cost {
            response.insert_header((COST, cost.as_str()));
        }
        if let Some(verdict) = &self.auto {
            verdict.write(response);
        }
        if !self.warnings.is_empty() {
            response.insert_header((WARNINGS, self.warnings.join(",")));
        }
    }
}

/// `openai/gpt-4.1:503,anthropic/claude-sonnet-4-6:ok`
fn attempts(attempts: &[AttemptNote]) -> String {
    let mut list = String::with_capacity(64 * attempts.len());
    for attempt in attempts {
        if !list.is_empty() {
            list.push(',');
        }
        for part in [&attempt.provider, "/", &attempt.model, ":", &attempt.code] {
            list.push_str(part);
        }
    }
    list
}

fn whole_millis(length: Duration) -> HeaderValue {
    HeaderValue::from(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}

fn nearest_micros(length: Duration) -> u64 {
    u64::try_from((length.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)
}

/// A number of thousandths as a decimal: `3.050`.
pub fn thousandths(number: u64) -> String {
    let mut text = String::with_capacity(24);
    text.push_str(itoa::Buffer::new().format(number / 1000));
    let part = number % 1000;
    text.push_str(match part {
        0..=9 => ".00",
        10..=99 => ".0",
        _ => ".",
    });
    text.push_str(itoa::Buffer::new().format(part));
    text
}

/// A wait in whole seconds, never 0: `Retry-After: 0` would invite a storm.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_three_decimals() {
        for (nanos, text) in [
            (0, "0.000"),
            (499, "0.000"),
            (61_234, "0.061"),
            (61_900, "0.062"),
            (999_999, "1.000"),
            (12_345_678_900, "12345.679"),
        ] {
            let length = Duration::from_nanos(nanos);
            assert_eq!(thousandths(nearest_micros(length)), text);
            let float = format!("{:.3}", length.as_secs_f64() * 1000.0);
            assert_eq!(float, text);
        }
    }
}
