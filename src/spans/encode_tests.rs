use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::*;
use crate::ids::{AccountId, GenerationId, RequestId};
use crate::money::Picodollars;
use crate::spans::{Asked, Auto, Content, Context, Operation, Server, SpanId, TraceState};
use crate::store::Delivery;
use crate::usage::Usage;

fn record() -> RequestSpan {
    let context = Context::read(
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        1,
        2,
    );
    let attempt = |provider: &str, model: &str, outcome: Option<&str>| AttemptSpan {
        span: SpanId::of(3),
        provider: provider.to_owned(),
        model: model.to_owned(),
        server: Server {
            address: "api.example".to_owned(),
            port: Some(443),
        },
        started_ns: 20,
        ended_ns: outcome.map(|_| 30),
        outcome: outcome.map(str::to_owned),
        status: Some(503),
    };
    RequestSpan {
        context,
        trace_state: TraceState::read(["a=1"]),
        operation: Operation::Chat,
        started_ns: 10,
        ended_ns: 50,
        account: AccountId::new(),
        key_name: "default".to_owned(),
        request: RequestId::new(),
        generation: Some(GenerationId::new()),
        asked: Asked {
            model: "auto".to_owned(),
            stream: Some(Delivery::Stream),
            max_tokens: Some(7),
            settings: vec![("gen_ai.request.temperature", 0.5)],
            ..Asked::default()
        },
        tier: Some("premium"),
        prefer: "fast",
        auto: Some(Auto {
            score: 61,
            tier: "premium",
        }),
        served: Some(("google".to_owned(), "gemini-2.5-pro".to_owned())),
        attempts: vec![
            attempt("xai", "grok-4", Some("503")),
            attempt("google", "gemini-2.5-pro", None),
        ],
        usage: Some(Usage {
            prompt_tokens: 10,
            cached_tokens: 4,
            completion_tokens: 5,
            reasoning_tokens: 2,
            ..Usage::default()
        }),
        cost: Some(Picodollars::new(2_500_000)),
        finish_reason: Some("stop".to_owned()),
        first_chunk: Some(std::time::Duration::from_millis(250)),
        overhead: None,
        warnings: vec!["warning;seed".to_owned()],
        outcome: Outcome::Ok,
        content: Some(Content {
            input: "[\"in\"]".to_owned(),
            output: "[\"out\"]".to_owned(),
            cut: false,
        }),
    }
}

fn find<'a>(span: &'a Span, name: &str) -> Option<&'a Value> {
    let found = span.attributes.iter().find(|pair| pair.key == name)?;
    found.value.as_ref()?.value.as_ref()
}

fn string(span: &Span, name: &str) -> String {
    match find(span, name) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_request_is_a_span_with_a_child_for_each_attempt() {
    let record = record();
    let [parent, first, last] = spans(&record, Reader::Owner).try_into().unwrap();
    assert_eq!(parent.name, "chat auto");
    assert_eq!(parent.kind, i32::from(SpanKind::Client));
    assert_eq!(hex::encode(&parent.parent_span_id), "b7ad6b7169203331");
    assert_eq!((parent.flags, parent.trace_state.as_str()), (0x301, "a=1"));
    assert_eq!(string(&parent, "gen_ai.provider.name"), "gcp.gemini");
    assert_eq!(string(&parent, "gen_ai.response.model"), "gemini-2.5-pro");
    for (name, tokens) in [
        ("gen_ai.usage.input_tokens", 10),
        ("gen_ai.usage.cache_read.input_tokens", 4),
        ("gen_ai.usage.reasoning.output_tokens", 2),
        ("model_router.auto.score", 61),
    ] {
        assert_eq!(
            find(&parent, name),
            Some(&Value::IntValue(tokens)),
            "{name}"
        );
    }
    let cost = find(&parent, "model_router.cost");
    assert_eq!(cost, Some(&Value::DoubleValue(0.000_002_5)));
    assert_eq!(find(&parent, "gen_ai.usage.cache_write.input_tokens"), None);
    assert_eq!(parent.status, Some(Status::default()));

    assert_eq!(first.name, "chat grok-4");
    assert_eq!(first.parent_span_id, parent.span_id);
    assert_eq!(first.trace_id, parent.trace_id);
    assert_eq!(string(&first, "gen_ai.provider.name"), "x_ai");
    assert_eq!(string(&first, "error.type"), "503");
    assert_eq!(first.status.unwrap().code, i32::from(StatusCode::Error));
    assert_eq!(
        (first.start_time_unix_nano, first.end_time_unix_nano),
        (20, 30)
    );
    assert_eq!(last.end_time_unix_nano, 50, "it ran to the end");
    assert_eq!(string(&last, "error.type"), "cancelled");
}

#[test]
fn the_operator_is_told_whose_it_was_and_never_what_was_said() {
    let record = record();
    let own = &spans(&record, Reader::Owner)[0];
    let operators = &spans(&record, Reader::Operator)[0];
    assert_eq!(string(own, "gen_ai.input.messages"), "[\"in\"]");
    assert_eq!(string(own, "gen_ai.output.messages"), "[\"out\"]");
    assert_eq!(find(own, "model_router.account.id"), None);
    assert!(format!("{operators:?}").contains(&record.account.to_string()));
    assert!(!format!("{operators:?}").contains("messages"));
}

#[test]
fn what_failed_before_anybody_was_asked_has_a_provider_all_the_same() {
    let failed = RequestSpan {
        attempts: Vec::new(),
        served: None,
        generation: None,
        outcome: Outcome::Failed("model_not_found".to_owned()),
        asked: Asked {
            model: "ü".repeat(400),
            ..Asked::default()
        },
        ..record()
    };
    let [span] = spans(&failed, Reader::Owner).try_into().unwrap();
    assert_eq!(string(&span, "gen_ai.provider.name"), "model_router");
    assert_eq!(string(&span, "error.type"), "model_not_found");
    assert_eq!(span.name, format!("chat {}", "ü".repeat(128)));
    assert_eq!(span.status.unwrap().code, i32::from(StatusCode::Error));
}

#[test]
fn a_resource_has_the_name_that_was_given_and_no_attribute_twice() {
    let further = [
        ("service.name".to_owned(), "other".to_owned()),
        ("deployment.environment.name".to_owned(), "test".to_owned()),
    ];
    let source = Source::new("mine", &further);
    let names: Vec<_> = source.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let version = format!("service.version={}", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        names,
        [
            "service.name=mine",
            version.as_str(),
            "deployment.environment.name=test"
        ]
    );
}
