//! What accounts' backends are told of requests: every way out of one ends its span once.

use std::time::Duration;

use futures_util::StreamExt;
use model_router::sandbox::{Fault, Vendor};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::collector::{Collector, Manner, find, float, int, string};
use super::router::{Account, Router, ask, header, text};

/// A router whose accounts may send their spans to this machine, and soon.
pub async fn router() -> Router {
    router_with("").await
}

pub async fn router_with(overlay: &str) -> Router {
    Router::with(overlay, |settings| {
        settings.telemetry.allow_private = true;
        settings.telemetry.flush_ms = 10;
        settings.telemetry.pause_ms = 10;
        settings.telemetry.rest_ms = 50;
        settings.breaker.consecutive_failures = 1_000;
        settings.breaker.min_samples = 1_000;
    })
    .await
}

/// An account whose spans go somewhere, with a key that may manage.
pub async fn exporting(router: &Router, email: &str, telemetry: Value) -> Account {
    let owner = router.owner(email, "5").await;
    let all = json!({ "name": "the-key", "scopes": ["inference", "read", "manage"] });
    let (_, account) = router.make_key(&owner, all).await;
    let change = json!({ "telemetry": telemetry });
    let changed = router
        .send(Method::PATCH, "/v1/account", &account.key, &change)
        .await;
    let (status, body) = (changed.status(), changed.text().await.unwrap());
    assert_eq!(status, 200, "{body}");
    account
}

fn flat(span: &Span, name: &str) -> Vec<String> {
    let Some(Any::ArrayValue(list)) = find(span, name) else {
        panic!("no list {name}");
    };
    let texts = list.values.iter().map(|value| match &value.value {
        Some(Any::StringValue(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    });
    texts.collect()
}

#[actix_web::test]
async fn a_request_and_its_attempts_arrive_over_every_protocol() {
    let router = router().await;
    let script = router.sandbox.script(Vendor::OpenAi);
    for protocol in ["http/protobuf", "http/json", "grpc"] {
        let collector = Collector::start(Manner::Takes).await;
        let email = format!("{}@example.com", protocol.replace('/', "."));
        let telemetry = json!({
            "endpoint": collector.url(), "protocol": protocol,
            "headers": { "X-Api-Key": "hunter2" },
        });
        let account = exporting(&router, &email, telemetry).await;
        script.set(Fault::Status(503));
        let mut body = ask("gpt-4.1", "Hello");
        body["models"] = json!(["claude-sonnet-4-6"]);
        body["temperature"] = json!(0.5);
        body["max_tokens"] = json!(50);
        body["stop"] = json!(["x"]);
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let response = router
            .post(&account, "/v1/chat/completions")
            .header("traceparent", parent)
            .header("tracestate", "congo=t61")
            .json(&body)
            .send()
            .await
            .unwrap();
        let headers = response.headers().clone();
        let answer: Value = response.json().await.unwrap();
        script.clear();
        assert_eq!(
            header(&headers, "x-model-router-provider"),
            "anthropic",
            "{answer}"
        );
        let id = header(&headers, "x-model-router-generation-id");
        let (span, attempts) = collector.generation(id).await;
        assert_eq!(span.name, "chat gpt-4.1");
        assert_eq!(span.kind, 3, "a client");
        assert_eq!(hex::encode(&span.trace_id), &parent[3..35]);
        assert_eq!(hex::encode(&span.parent_span_id), &parent[36..52]);
        assert_eq!(span.trace_state, "congo=t61");
        for (name, value) in [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "anthropic"),
            ("gen_ai.request.model", "gpt-4.1"),
            (
                "gen_ai.response.model",
                header(&headers, "x-model-router-model"),
            ),
            ("gen_ai.response.id", id),
            ("model_router.key.name", "the-key"),
            ("model_router.tier", header(&headers, "x-model-router-tier")),
            ("model_router.prefer", "balanced"),
            ("server.address", "127.0.0.1"),
        ] {
            assert_eq!(string(&span, name), value, "{name}");
        }
        let usage = &answer["usage"];
        assert_eq!(
            int(&span, "gen_ai.usage.input_tokens"),
            usage["prompt_tokens"]
        );
        assert_eq!(
            int(&span, "gen_ai.usage.output_tokens"),
            usage["completion_tokens"]
        );
        assert_eq!(int(&span, "gen_ai.request.max_tokens"), 50);
        assert!((float(&span, "gen_ai.request.temperature") - 0.5).abs() < 1e-9);
        let cost: f64 = header(&headers, "x-model-router-cost").parse().unwrap();
        assert!((float(&span, "model_router.cost") - cost).abs() < 1e-12);
        assert_eq!(flat(&span, "gen_ai.response.finish_reasons"), ["stop"]);
        let tried = header(&headers, "x-model-router-attempts").split(',');
        assert_eq!(
            flat(&span, "model_router.attempts"),
            tried.collect::<Vec<_>>()
        );
        assert_eq!(find(&span, "gen_ai.input.messages"), None);
        assert_eq!(span.status.as_ref().unwrap().code, 0);

        // Whoever was named is asked twice.
        let [failed, again, served] = <[Span; 3]>::try_from(attempts).unwrap();
        for (number, attempt) in [(1, &failed), (2, &again)] {
            assert_eq!(attempt.name, "chat gpt-4.1");
            assert_eq!(int(attempt, "model_router.attempt.number"), number);
            assert_eq!(int(attempt, "http.response.status_code"), 503);
            assert_eq!(string(attempt, "error.type"), "503");
            assert_eq!(attempt.status.as_ref().unwrap().code, 2);
        }
        assert_eq!(served.name, "chat claude-sonnet-4-6");
        assert_eq!(served.status.as_ref().unwrap().code, 0);
        for attempt in [&failed, &again, &served] {
            assert_eq!(attempt.kind, 3, "a client");
            assert!(span.start_time_unix_nano <= attempt.start_time_unix_nano);
            assert!(attempt.start_time_unix_nano <= attempt.end_time_unix_nano);
            assert!(attempt.end_time_unix_nano <= span.end_time_unix_nano);
        }
        assert!(failed.end_time_unix_nano <= again.start_time_unix_nano);

        let (path, sent) = collector.received.borrow().requests[0].clone();
        let expected = match protocol {
            "grpc" => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            _ => "/v1/traces",
        };
        assert_eq!(path, expected);
        assert_eq!(sent["x-api-key"], "hunter2");
        assert!(
            sent.get("authorization").is_none(),
            "no key of ours goes along"
        );
    }
}

#[actix_web::test]
async fn every_way_out_ends_the_span_once() {
    let router = router().await;
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({ "endpoint": collector.url() });
    let account = exporting(&router, "ada@example.com", target).await;
    let script = router.sandbox.script(Vendor::OpenAi);
    let mut expected = 0;
    let mut next = async |what: &str| {
        expected += 1;
        let received = collector
            .wait(|received| roots(&received.spans).len() >= expected)
            .await;
        let roots = roots(&received.spans);
        assert_eq!(roots.len(), expected, "{what}");
        (roots[expected - 1].clone(), received)
    };

    // Refused before anybody was asked.
    for (body, code) in [
        (json!({ "model": "gpt-4.1" }), "missing_required_parameter"),
        (ask("no-such-model", "x"), "model_not_found"),
    ] {
        router.refused(&account, &body).await;
        let (span, _) = next(code).await;
        assert_eq!(string(&span, "error.type"), code);
        assert_eq!(string(&span, "gen_ai.provider.name"), "model_router");
        assert_eq!(span.status.unwrap().code, 2);
    }

    // Whoever was asked failed.
    script.set(Fault::Status(400));
    router.refused(&account, &ask("gpt-4.1", "x")).await;
    let (span, _) = next("refused upstream").await;
    assert_eq!(string(&span, "error.type"), "invalid_value");
    script.set(Fault::Reset);
    let (_, error) = router.refused(&account, &ask("gpt-4.1", "x")).await;
    let (span, received) = next("reset").await;
    assert_eq!(string(&span, "error.type"), error["code"]);
    let attempts: Vec<_> = children(&received.spans, &span);
    assert!(
        !attempts.is_empty()
            && attempts
                .iter()
                .all(|a| a.status.as_ref().unwrap().code == 2)
    );

    // Served as a stream, and a stream that is cut.
    script.clear();
    let stream = |prompt: &str| {
        let mut body = ask("gpt-4.1", prompt);
        body["stream"] = json!(true);
        body
    };
    router
        .chat(&account, &stream("[[tokens:5]] go"))
        .await
        .text()
        .await
        .unwrap();
    let (span, _) = next("stream").await;
    assert_eq!(span.status.as_ref().unwrap().code, 0);
    assert!(float(&span, "gen_ai.response.time_to_first_chunk") > 0.0);
    assert_eq!(
        find(&span, "gen_ai.request.stream"),
        Some(&Any::BoolValue(true))
    );
    assert_eq!(int(&span, "gen_ai.usage.output_tokens"), 5);
    script.set(Fault::CutTokens(3));
    router
        .chat(&account, &stream("[[tokens:9]] go"))
        .await
        .text()
        .await
        .unwrap();
    let (span, received) = next("cut").await;
    assert_eq!(string(&span, "error.type"), "malformed");
    assert_eq!(string(&span, "gen_ai.response.model"), "gpt-4.1");
    let [attempt] = &children(&received.spans, &span)[..] else {
        panic!("one attempt");
    };
    assert_eq!(string(attempt, "error.type"), "malformed");

    // The caller leaves: before there is an answer, and in the middle of one.
    script.set(Fault::Hang);
    let waiting = router
        .post(&account, "/v1/chat/completions")
        .json(&ask("gpt-4.1", "x"));
    let before = script.calls().len();
    let waiting = actix_web::rt::spawn(waiting.send());
    assert!(script.wait(|calls| calls.len() > before).await);
    waiting.abort();
    let (span, received) = next("hang-up before the answer").await;
    assert_eq!(
        find(&span, "model_router.cancelled"),
        Some(&Any::BoolValue(true))
    );
    let [attempt] = &children(&received.spans, &span)[..] else {
        panic!("one attempt");
    };
    assert_eq!(string(attempt, "model_router.attempt.outcome"), "cancelled");
    script.set(Fault::Stall(3));
    let answer = router.chat(&account, &stream("[[tokens:9]] go")).await;
    let mut bytes = answer.bytes_stream();
    bytes.next().await.unwrap().unwrap();
    drop(bytes);
    let (span, _) = next("hang-up in the middle").await;
    assert_eq!(
        find(&span, "model_router.cancelled"),
        Some(&Any::BoolValue(true))
    );
    assert_eq!(string(&span, "gen_ai.response.model"), "gpt-4.1");
    script.clear();

    // The router is told to end.
    script.set(Fault::Stall(3));
    let answer = router.chat(&account, &stream("[[tokens:9]] go")).await;
    let mut bytes = answer.bytes_stream();
    bytes.next().await.unwrap().unwrap();
    router.desk.stop.end_all();
    while bytes.next().await.is_some() {}
    let (span, _) = next("stop").await;
    assert_eq!(string(&span, "error.type"), "stopped");
}

fn roots(spans: &[Span]) -> Vec<&Span> {
    let is_root = |span: &&Span| find(span, "model_router.request.id").is_some();
    spans.iter().filter(is_root).collect()
}

fn children(spans: &[Span], root: &Span) -> Vec<Span> {
    let spans = spans.iter();
    let children = spans.filter(|span| span.parent_span_id == root.span_id);
    children.cloned().collect()
}

#[actix_web::test]
async fn a_timeout_and_an_embedding_and_auto_are_told_too() {
    let overlay = "[[model]]\nid = \"gpt-4.1\"\ntimeouts = { first_token_ms = 50 }\n";
    let router = router_with(overlay).await;
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({ "endpoint": format!("{}/v1/traces", collector.url()) });
    let account = exporting(&router, "ada@example.com", target).await;
    let script = router.sandbox.script(Vendor::OpenAi);
    script.set(Fault::Hang);
    let mut body = ask("gpt-4.1", "x");
    body["stream"] = json!(true);
    router.refused(&account, &body).await;
    let timed_out = |span: &Span| string(span, "error.type") == "upstream_timeout";
    let (span, attempts) = collector.request(timed_out).await;
    assert_eq!(string(&attempts[0], "error.type"), "timeout");
    let took = span.end_time_unix_nano - span.start_time_unix_nano;
    assert!(Duration::from_nanos(took) >= Duration::from_millis(50));
    script.clear();

    let embed = json!({ "model": "embed-small", "input": ["a", "b"], "encoding_format": "base64" });
    let response = router
        .post(&account, "/v1/embeddings")
        .json(&embed)
        .send()
        .await
        .unwrap();
    let id = header(response.headers(), "x-model-router-generation-id").to_owned();
    let (span, attempts) = collector.generation(&id).await;
    assert_eq!(span.name, "embeddings embed-small");
    assert_eq!(string(&span, "gen_ai.operation.name"), "embeddings");
    assert_eq!(
        string(&span, "gen_ai.response.model"),
        "text-embedding-3-small"
    );
    assert_eq!(attempts.len(), 1);
    assert!(int(&span, "gen_ai.usage.input_tokens") > 0);

    let (headers, _) = router
        .served(&account, &ask("auto", "What is 2 + 2?"))
        .await;
    let id = header(&headers, "x-model-router-generation-id");
    let (span, _) = collector.generation(id).await;
    let score = int(&span, "model_router.auto.score").to_string();
    assert_eq!(score, header(&headers, "x-model-router-auto-score"));
    let tier = string(&span, "model_router.auto.tier");
    assert_eq!(tier, header(&headers, "x-model-router-auto-tier"));
}

#[actix_web::test]
async fn what_is_said_goes_along_only_on_request() {
    const PROMPT: &str = "canaryprompt7f3a";
    const ANSWER: &str = "canaryanswer9c1d";
    let router = router().await;
    for (content, is_told) in [("off", false), ("on", true)] {
        let collector = Collector::start(Manner::Takes).await;
        let target = json!({ "endpoint": collector.url(), "content": content });
        let email = format!("{content}@example.com");
        let account = exporting(&router, &email, target).await;
        for stream in [false, true] {
            let mut body = ask("gpt-4.1", &format!("[[say:{ANSWER}]] {PROMPT}"));
            body["stream"] = json!(stream);
            body["user"] = json!(PROMPT);
            router.chat(&account, &body).await.text().await.unwrap();
        }
        let mut wrong = ask("gpt-4.1", PROMPT);
        wrong["prefer"] = json!(PROMPT);
        router.refused(&account, &wrong).await;
        let received = collector.wait(|r| roots(&r.spans).len() == 3).await;
        let all: Vec<u8> = received.bodies.concat();
        let has = |word: &str| all.windows(word.len()).any(|w| w == word.as_bytes());
        assert_eq!((has(PROMPT), has(ANSWER)), (is_told, is_told));
        assert!(!has(&account.key), "a key never goes along");
        for span in roots(&received.spans)
            .into_iter()
            .take(2)
            .filter(|_| is_told)
        {
            let read = |name: &str| -> Value { serde_json::from_str(&string(span, name)).unwrap() };
            let input = read("gen_ai.input.messages");
            assert!(text(&input[0]["parts"][0]["content"]).contains(PROMPT));
            let output = read("gen_ai.output.messages");
            assert!(text(&output[0]["parts"][0]["content"]).contains(ANSWER));
            assert_eq!(output[0]["finish_reason"], "stop");
        }
    }
}

#[actix_web::test]
async fn samples_and_callers_who_do_not_record_are_left_out() {
    let router = router().await;
    let collector = Collector::start(Manner::Takes).await;
    let target = json!({ "endpoint": collector.url(), "sampling": 0.5 });
    let account = exporting(&router, "ada@example.com", target).await;
    // The share is told by the last half of the trace's id.
    for (trace, flags) in [
        ("0af7651916cd43dd0000000000000001", "00"),
        ("0af7651916cd43ddf000000000000001", "01"),
        ("0af7651916cd43dd1000000000000001", "01"),
    ] {
        let response = router
            .post(&account, "/v1/chat/completions")
            .header(
                "traceparent",
                format!("00-{trace}-b7ad6b7169203331-{flags}"),
            )
            .json(&ask("gpt-4.1", "x"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
    }
    let received = collector.wait(|r| !r.spans.is_empty()).await;
    let traces: Vec<_> = roots(&received.spans)
        .iter()
        .map(|span| hex::encode(&span.trace_id))
        .collect();
    assert_eq!(traces, ["0af7651916cd43dd1000000000000001"]);
}
