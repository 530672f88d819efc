//! Parts of an entry in `/v1/models`: prices, modalities, parameters, speed.

use serde::Serialize;

use crate::catalog::{Abilities, Ability, Endpoint, Price};
use crate::money::Rate;
use crate::routing::Live;

/// USD per token.
#[derive(Serialize)]
pub struct Pricing {
    prompt: String,
    completion: String,
    input_cache_read: String,
    input_cache_write: String,
}

/// What goes in and what comes out.
#[derive(Serialize)]
pub struct Architecture {
    input_modalities: Vec<&'static str>,
    output_modalities: Vec<&'static str>,
}

/// How fast it answers, how long, how reliably.
#[derive(Serialize)]
pub struct Latency {
    ttft_ms_p50: f64,
    ttft_ms_p90: f64,
    ttft_ms_p95: f64,
    tokens_per_s: f64,
    output_tokens_mean: u64,
    success_rate: Option<f64>,
    observed: bool,
}

impl Latency {
    /// From what is known now, to a tenth.
    pub fn of(live: &Live) -> Self {
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        Self {
            ttft_ms_p50: tenths(live.ttft_p50_ms),
            ttft_ms_p90: tenths(live.ttft_p90_ms),
            ttft_ms_p95: tenths(live.ttft_p95_ms),
            tokens_per_s: tenths(live.tokens_per_s),
            output_tokens_mean: live.output_mean,
            success_rate: live.success_rate,
            observed: live.observed,
        }
    }
}

/// What the caller pays; a free model's list price is not.
pub fn pricing(free: bool, price: &Price) -> Pricing {
    let usd = |rate: Rate| {
        if free {
            "0".to_owned()
        } else {
            rate.per_token().to_string()
        }
    };
    Pricing {
        prompt: usd(price.base.input),
        completion: usd(price.base.output),
        input_cache_read: usd(price.base.cache_read),
        input_cache_write: usd(price.base.cache_write),
    }
}

/// What goes in and what comes out.
pub fn architecture(endpoint: Endpoint, abilities: Abilities) -> Architecture {
    let inputs = [
        (Ability::Vision, "image"),
        (Ability::Files, "file"),
        (Ability::Audio, "audio"),
    ];
    let mut input_modalities = vec!["text"];
    input_modalities.extend(
        inputs
            .into_iter()
            .filter(|(ability, _)| abilities.has(*ability))
            .map(|(_, name)| name),
    );
    let output = match endpoint {
        Endpoint::Chat | Endpoint::Responses => "text",
        Endpoint::Embeddings => "embeddings",
    };
    Architecture {
        input_modalities,
        output_modalities: vec![output],
    }
}

/// The request fields that it can honour.
pub fn parameters(endpoint: Endpoint, abilities: Abilities) -> Vec<&'static str> {
    if endpoint == Endpoint::Embeddings {
        return vec!["input", "dimensions", "encoding_format", "user"];
    }
    let mut names = vec![
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "stop",
        "stream",
        "seed",
    ];
    for ability in abilities.iter() {
        names.extend_from_slice(match ability {
            Ability::Tools => &["tools", "tool_choice", "parallel_tool_calls"],
            Ability::JsonSchema => &["response_format", "structured_outputs"],
            Ability::Reasoning => &["reasoning", "include_reasoning", "reasoning_effort"],
            Ability::Logprobs => &["logprobs", "top_logprobs"],
            Ability::N => &["n"],
            Ability::Vision | Ability::Files | Ability::Audio | Ability::Prefill => &[],
        });
    }
    names
}
