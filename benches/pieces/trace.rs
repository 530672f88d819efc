//! An ended request as the export that is sent. It is made beside the requests, not on their way.

use std::hint::black_box;
use std::time::Duration;

use model_router::ids::{AccountId, GenerationId, RequestId};
use model_router::money::Picodollars;
use model_router::spans::{
    Asked, AttemptSpan, Context, Operation, Outcome, Reader, RequestSpan, Server, Source, SpanId,
    TraceState, export, spans,
};
use model_router::store::Delivery;
use prost::Message;

use crate::stock::{DOLLAR, WALL_MS, usage};

/// Makes an export of one request.
pub fn trace(span: &RequestSpan, source: &Source) {
    let spans = spans(span, Reader::Operator);
    black_box(export(source, spans).encode_to_vec());
}

/// A streamed request that went well at once.
pub fn span() -> RequestSpan {
    RequestSpan {
        context: Context::read(None, 1, 2),
        trace_state: TraceState::default(),
        operation: Operation::Chat,
        started_ns: WALL_MS * 1_000_000,
        ended_ns: WALL_MS * 1_000_000 + 2_900_000_000,
        account: AccountId::from_bytes([1; 16]),
        key_name: "default".to_owned(),
        request: RequestId::from_bytes([2; 16]),
        generation: Some(GenerationId::from_bytes([2; 16])),
        asked: Asked {
            model: "standard".to_owned(),
            stream: Some(Delivery::Stream),
            ..Asked::default()
        },
        tier: Some("standard"),
        prefer: "balanced",
        auto: None,
        served: Some(("openai".to_owned(), "gpt-4.1".to_owned())),
        attempts: vec![AttemptSpan {
            span: SpanId::of(3),
            provider: "openai".to_owned(),
            model: "gpt-4.1".to_owned(),
            server: Server {
                address: "api.example".to_owned(),
                port: Some(443),
            },
            started_ns: WALL_MS * 1_000_000 + 1_000_000,
            ended_ns: Some(WALL_MS * 1_000_000 + 2_900_000_000),
            outcome: None,
            status: Some(200),
        }],
        usage: Some(usage()),
        cost: Some(Picodollars::new(DOLLAR / 2000)),
        finish_reason: Some("stop".to_owned()),
        first_chunk: Some(Duration::from_millis(320)),
        overhead: Some(Duration::from_millis(1)),
        warnings: Vec::new(),
        outcome: Outcome::Ok,
        content: None,
    }
}
