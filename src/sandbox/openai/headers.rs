//! Response headers of each provider: rate limits and ids.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::flavour::Flavour;

/// A response that begins as the provider's begin.
pub(super) fn respond(flavour: Flavour, status: StatusCode) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    let request_id = flavour.request_id();
    for (name, value) in fixed(flavour) {
        builder.insert_header((*name, *value));
    }
    if flavour == Flavour::Cerebras {
        builder.insert_header(("inference-id", flavour.completion_id()));
    }
    builder.insert_header(("x-request-id", request_id));
    builder
}

/// The content type of a stream.
pub(super) fn stream_type(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::OpenAi | Flavour::Cerebras => "text/event-stream; charset=utf-8",
        Flavour::Xai | Flavour::Groq => "text/event-stream",
    }
}

fn fixed(flavour: Flavour) -> &'static [(&'static str, &'static str)] {
    match flavour {
        Flavour::OpenAi => &[
            ("openai-version", "2020-10-01"),
            ("openai-organization", "org-sandbox"),
            ("openai-processing-ms", "12"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-requests", "9999"),
            ("x-ratelimit-remaining-tokens", "1999000"),
            ("x-ratelimit-reset-requests", "6ms"),
            ("x-ratelimit-reset-tokens", "30ms"),
        ],
        Flavour::Xai => &[
            ("x-metrics-ttft-ms", "12"),
            ("x-ratelimit-limit-requests", "8000"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-requests", "7999"),
            ("x-ratelimit-remaining-tokens", "1999000"),
        ],
        Flavour::Groq => &[
            ("x-groq-region", "sandbox"),
            ("x-ratelimit-limit-requests", "14400"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-requests", "14399"),
            ("x-ratelimit-remaining-tokens", "29000"),
            ("x-ratelimit-reset-requests", "6s"),
            ("x-ratelimit-reset-tokens", "2s"),
        ],
        Flavour::Cerebras => &[
            ("x-ratelimit-limit-requests-minute", "30"),
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-limit-tokens-day", "1000000"),
            ("x-ratelimit-remaining-requests-day", "14399"),
        ],
    }
}
