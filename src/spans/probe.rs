//! A span that says nothing but that a target works.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::attributes::text;
use super::context::{Context, TraceId};

/// The span of a test, and the trace to look for.
pub fn test(random_trace: u128, random_span: u64, now_ns: u64) -> (TraceId, Span) {
    let context = Context::read(None, random_trace, random_span);
    let span = Span {
        trace_id: context.trace.to_bytes().to_vec(),
        span_id: context.span.to_bytes().to_vec(),
        name: "model-router test".to_owned(),
        kind: SpanKind::Internal.into(),
        flags: 1,
        start_time_unix_nano: now_ns,
        end_time_unix_nano: now_ns,
        status: Some(Status::default()),
        attributes: vec![text("model_router.test", "true")],
        ..Span::default()
    };
    (context.trace, span)
}
