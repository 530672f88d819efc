//! A request that has ended as OTLP spans, and spans as an export.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::names as n;
use super::record::{AttemptSpan, Outcome, RequestSpan};
use crate::money::Picodollars;
use crate::store::Delivery;
use crate::usage::Usage;

/// Longest text of a caller's that becomes a name or an attribute, in bytes.
const MOST_TEXT: usize = 256;
/// The flag of a trace that is recorded.
const RECORDED: u32 = 0x01;
/// It is known whether the parent is in another process.
const HAS_REMOTE: u32 = 0x100;
/// It is.
const IS_REMOTE: u32 = 0x200;

/// Who reads an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The account itself.
    Owner,
    /// The operator: told whose a request was, and never what was said.
    Operator,
}

/// Who sends an export: the attributes of its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(Vec<(String, String)>);

impl Source {
    /// A service's name, and further attributes. The name wins over one among them.
    pub fn new(service: &str, further: &[(String, String)]) -> Self {
        let mut all = vec![
            ("service.name".to_owned(), service.to_owned()),
            (
                "service.version".to_owned(),
                env!("CARGO_PKG_VERSION").to_owned(),
            ),
        ];
        for (name, value) in further {
            if all.iter().all(|(known, _)| known != name) {
                all.push((name.clone(), value.clone()));
            }
        }
        Self(all)
    }

    pub(super) fn resource(&self) -> Resource {
        let attributes = self.0.iter().map(|(name, value)| text(name, value));
        Resource {
            attributes: attributes.collect(),
            ..Resource::default()
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::new("model-router", &[])
    }
}

/// The spans of a request: its own, and one for each attempt under it.
pub fn spans(record: &RequestSpan, reader: Reader) -> Vec<Span> {
    let attempts = record.attempts.iter().enumerate();
    let children = attempts.map(|(i, attempt)| child(record, attempt, i as u64 + 1));
    std::iter::once(parent(record, reader))
        .chain(children)
        .collect()
}

/// An export of spans.
pub fn export(source: &Source, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope = ScopeSpans {
        scope: Some(scope()),
        spans,
        schema_url: String::new(),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(source.resource()),
            scope_spans: vec![scope],
            schema_url: String::new(),
        }],
    }
}

/// Who made spans and metrics.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "model-router".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

fn parent(record: &RequestSpan, reader: Reader) -> Span {
    let context = &record.context;
    let remote = context.parent.map_or(0, |_| IS_REMOTE);
    let operation = record.operation.as_str();
    let name = format!("{operation} {}", cut(&record.asked.model));
    let parent = context.parent.map(|parent| parent.span.to_bytes().to_vec());
    Span {
        trace_id: context.trace.to_bytes().to_vec(),
        span_id: context.span.to_bytes().to_vec(),
        trace_state: record.trace_state.as_str().to_owned(),
        parent_span_id: parent.unwrap_or_default(),
        flags: RECORDED | HAS_REMOTE | remote,
        name: name.trim_end().to_owned(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: record.started_ns,
        end_time_unix_nano: record.ended_ns.max(record.started_ns),
        attributes: attributes(record, reader),
        status: Some(status(&record.outcome)),
        ..Span::default()
    }
}

fn child(record: &RequestSpan, attempt: &AttemptSpan, number: u64) -> Span {
    let context = &record.context;
    let outcome = attempt.outcome.as_deref().unwrap_or("cancelled");
    let ended_ns = attempt.ended_ns.unwrap_or(record.ended_ns);
    let has_failed = outcome != "ok";
    let mut attributes = vec![
        text(n::OPERATION, record.operation.as_str()),
        text(n::PROVIDER, n::provider(&attempt.provider)),
        text(n::MODEL_PROVIDER, &attempt.provider),
        text(n::REQUEST_MODEL, &attempt.model),
        count(n::ATTEMPT_NUMBER, number),
        text(n::ATTEMPT_OUTCOME, outcome),
    ];
    if !attempt.server.address.is_empty() {
        attributes.push(text(n::SERVER_ADDRESS, &attempt.server.address));
        let port = attempt.server.port.map(u64::from);
        attributes.extend(port.map(|port| count(n::SERVER_PORT, port)));
    }
    let code = attempt.status.map(u64::from);
    attributes.extend(code.map(|code| count(n::STATUS_CODE, code)));
    if has_failed {
        attributes.push(text(n::ERROR_TYPE, outcome));
    }
    Span {
        trace_id: context.trace.to_bytes().to_vec(),
        span_id: attempt.span.to_bytes().to_vec(),
        parent_span_id: context.span.to_bytes().to_vec(),
        flags: RECORDED | HAS_REMOTE,
        name: format!("{} {}", record.operation.as_str(), attempt.model),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: attempt.started_ns,
        end_time_unix_nano: ended_ns.max(attempt.started_ns),
        attributes,
        status: Some(if has_failed {
            error(outcome)
        } else {
            Status::default()
        }),
        ..Span::default()
    }
}

fn attributes(record: &RequestSpan, reader: Reader) -> Vec<KeyValue> {
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

fn status(outcome: &Outcome) -> Status {
    match outcome {
        Outcome::Ok => Status::default(),
        Outcome::Failed(word) => error(word),
        Outcome::Cancelled => error("the caller left"),
    }
}

fn error(message: &str) -> Status {
    Status {
        code: StatusCode::Error.into(),
        message: message.to_owned(),
    }
}

/// An amount for charts. What is exact is in the ledger.
fn usd(amount: Picodollars) -> f64 {
    amount.to_string().parse().unwrap_or_default()
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_TEXT)]
}

pub(super) fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, Value::StringValue(value.to_owned()))
}

fn count(name: &str, value: u64) -> KeyValue {
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

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
