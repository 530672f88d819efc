//! A request that has ended as OTLP spans, and spans as an export.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::attributes::{attributes, count, cut, text};
use super::names as n;
use super::record::{AttemptSpan, Outcome, RequestSpan};

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

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
