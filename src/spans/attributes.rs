//! The attributes of a request's span.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};

use super::encode::Reader;
use super::names as n;
use super::record::{Outcome, RequestSpan};
use crate::money::Picodollars;
use crate::store::Delivery;
use crate::usage::Usage;

/// Longest text of a caller's that becomes a name or an attribute, in bytes.
const MOST_TEXT: usize = 256;

/// The attributes of a request's own span.
pub(super) fn attributes(record: &RequestSpan, reader: Reader) -> Vec<KeyValue> {
    let mut all = Vec::with_capacity(40);
    all.push(text(n::OPERATION, record.operation.as_str()));
    asked(record, &mut all);
    answered(record, &mut all);
    ours(record, &mut all);
    if let Some(usage) = &record.usage {
        tokens(usage, &mut all);
    }
    match reader {
        Reader::Operator => all.push(text(n::ACCOUNT_ID, &record.account.to_string())),
        Reader::Owner => {
            if let Some(content) = &record.content {
                all.push(text(n::INPUT_MESSAGES, &content.input));
                if !content.output.is_empty() {
                    all.push(text(n::OUTPUT_MESSAGES, &content.output));
                }
                if content.cut {
                    all.push(flag(n::CUT));
                }
            }
        }
    }
    all
}

fn asked(record: &RequestSpan, all: &mut Vec<KeyValue>) {
    let asked = &record.asked;
    if !asked.model.is_empty() {
        all.push(text(n::REQUEST_MODEL, cut(&asked.model)));
    }
    match asked.stream {
        Some(Delivery::Stream) => all.push(flag(n::REQUEST_STREAM)),
        Some(Delivery::Whole) | None => {}
    }
    let counts = [
        (n::REQUEST_MAX_TOKENS, asked.max_tokens),
        (n::REQUEST_CHOICES, asked.choices),
        (n::DIMENSIONS, asked.dimensions),
    ];
    for (name, value) in counts {
        all.extend(value.map(|value| count(name, value)));
    }
    for (name, value) in &asked.settings {
        all.push(number(name, *value));
    }
    if !asked.stop.is_empty() {
        all.push(texts(
            n::REQUEST_STOP,
            asked.stop.iter().map(|stop| cut(stop)),
        ));
    }
    all.extend(
        asked
            .format
            .map(|format| texts(n::REQUEST_FORMATS, [format])),
    );
}

fn answered(record: &RequestSpan, all: &mut Vec<KeyValue>) {
    let last = record.attempts.last();
    let provider = record.served.as_ref().map(|(provider, _)| provider);
    let provider = provider.or(last.map(|attempt| &attempt.provider));
    let name = provider.map_or(n::NOBODY, |provider| n::provider(provider));
    all.push(text(n::PROVIDER, name));
    all.extend(provider.map(|provider| text(n::MODEL_PROVIDER, provider)));
    if let Some((_, model)) = &record.served {
        all.push(text(n::RESPONSE_MODEL, model));
    }
    if let Some(server) = last.map(|attempt| &attempt.server) {
        all.push(text(n::SERVER_ADDRESS, &server.address));
        let port = server.port.map(u64::from);
        all.extend(port.map(|port| count(n::SERVER_PORT, port)));
    }
    if let Some(generation) = record.generation {
        all.push(text(n::RESPONSE_ID, &generation.to_string()));
        all.push(text(n::GENERATION_ID, &generation.to_string()));
    }
    let finish = record.finish_reason.as_deref();
    all.extend(finish.map(|reason| texts(n::FINISH_REASONS, [reason])));
    let first = record.first_chunk;
    all.extend(first.map(|first| number(n::FIRST_CHUNK, first.as_secs_f64())));
    match &record.outcome {
        Outcome::Ok => {}
        Outcome::Failed(word) => all.push(text(n::ERROR_TYPE, word)),
        Outcome::Cancelled => {
            all.push(text(n::ERROR_TYPE, "cancelled"));
            all.push(flag(n::CANCELLED));
        }
    }
}

fn ours(record: &RequestSpan, all: &mut Vec<KeyValue>) {
    all.push(text(n::REQUEST_ID, &record.request.to_string()));
    all.push(text(n::KEY_NAME, cut(&record.key_name)));
    all.extend(record.tier.map(|tier| text(n::TIER, tier)));
    if !record.prefer.is_empty() {
        all.push(text(n::PREFER, record.prefer));
    }
    if let Some(auto) = record.auto {
        all.push(count(n::AUTO_SCORE, auto.score.into()));
        all.push(text(n::AUTO_TIER, auto.tier));
    }
    all.extend(record.cost.map(|cost| number(n::COST, usd(cost))));
    all.push(count(n::ATTEMPT_COUNT, record.attempts.len() as u64));
    if !record.attempts.is_empty() {
        let tried = record.attempts.iter().map(|attempt| {
            let outcome = attempt.outcome.as_deref().unwrap_or("cancelled");
            format!("{}/{}:{outcome}", attempt.provider, attempt.model)
        });
        all.push(texts(n::ATTEMPTS, tried));
    }
    if !record.warnings.is_empty() {
        all.push(texts(n::WARNINGS, record.warnings.iter().map(|w| cut(w))));
    }
    let overhead = record.overhead;
    all.extend(overhead.map(|overhead| number(n::OVERHEAD, overhead.as_secs_f64() * 1_000.0)));
}

fn tokens(usage: &Usage, all: &mut Vec<KeyValue>) {
    all.push(count(n::INPUT_TOKENS, usage.prompt_tokens));
    all.push(count(n::OUTPUT_TOKENS, usage.completion_tokens));
    let written = usage
        .cache_write_tokens
        .saturating_add(usage.cache_write_1h_tokens);
    for (name, tokens) in [
        (n::CACHE_READ, usage.cached_tokens),
        (n::CACHE_WRITE, written),
        (n::REASONING, usage.reasoning_tokens),
    ] {
        if tokens > 0 {
            all.push(count(name, tokens));
        }
    }
    if usage.estimated {
        all.push(flag(n::ESTIMATED));
    }
}

/// An amount for charts. What is exact is in the ledger.
fn usd(amount: Picodollars) -> f64 {
    amount.to_string().parse().unwrap_or_default()
}

/// A caller's text, cut to what is shown.
pub(super) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_TEXT)]
}

/// A text.
pub(super) fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, Value::StringValue(value.to_owned()))
}

/// A number of things.
pub(super) fn count(name: &str, value: u64) -> KeyValue {
    attribute(
        name,
        Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)),
    )
}

fn number(name: &str, value: f64) -> KeyValue {
    attribute(name, Value::DoubleValue(value))
}

fn flag(name: &str) -> KeyValue {
    attribute(name, Value::BoolValue(true))
}

fn texts(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> KeyValue {
    let value = |value: String| AnyValue {
        value: Some(Value::StringValue(value)),
    };
    let values = values.into_iter().map(|text| value(text.into())).collect();
    attribute(name, Value::ArrayValue(ArrayValue { values }))
}

fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
