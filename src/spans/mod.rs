//! What a request was, in OpenTelemetry's words: a span for it and one for each attempt. Pure.

mod attributes;
mod content;
mod context;
mod encode;
mod figures;
mod names;
mod probe;
mod record;
mod sampling;
mod tracestate;

pub use content::{Said, input};
pub use context::{Context, Parent, Recorded, SpanId, TraceId};
pub use encode::{Reader, Source, export, spans};
pub use figures::metrics;
pub use probe::test;
pub use record::{Asked, AttemptSpan, Auto, Content, Operation, Outcome, RequestSpan, Server};
pub use sampling::{Ratio, Sampler};
pub use tracestate::TraceState;
