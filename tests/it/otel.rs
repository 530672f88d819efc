//! The operator's own traces and metrics, by OpenTelemetry's standard variables.

use std::time::{Duration, Instant};

use model_router::config::{Environment, Otel};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::collector::{Collector, Manner, find, string};
use super::process::{Process, command};
use super::router::{Router, ask, crypto, header};

fn otel(pairs: &[(&str, &str)]) -> Otel {
    let table = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Otel::read(&Environment::Fixed(table.collect())).unwrap()
}

async fn router(pairs: &[(&str, &str)]) -> Router {
    Router::with("", |settings| {
        settings.telemetry.flush_ms = 10;
        settings.otel = otel(pairs);
    })
    .await
}

#[actix_web::test]
async fn spans_of_all_accounts_and_the_figures_go_to_the_operator() {
    let collector = Collector::start(Manner::Takes).await;
    for protocol in ["http/protobuf", "grpc"] {
        let router = router(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b"),
            ("OTEL_SERVICE_NAME", "the-gateway"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=test",
            ),
            ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
        ])
        .await;
        let account = router.account("5").await;
        let (headers, answer) = router
            .served(&account, &ask("gpt-4.1", "secret words"))
            .await;
        let id = header(&headers, "x-model-router-generation-id");
        let (span, attempts) = collector.generation(id).await;
        assert_eq!(string(&span, "model_router.account.id"), account.id);
        assert_eq!(attempts.len(), 1);
        assert_eq!(find(&span, "gen_ai.input.messages"), None);

        let tokens = answer["usage"]["completion_tokens"].as_f64().unwrap();
        let received = collector
            .wait(|received| {
                counted(received, "model_router_tokens_total", "output") == Some(tokens)
            })
            .await;
        let names: Vec<_> = received.metrics.iter().map(|m| m.name.as_str()).collect();
        for name in [
            "model_router_requests_total",
            "model_router_requests_in_flight",
            "model_router_attempts_total",
            "model_router_cost_picodollars_total",
            "model_router_time_to_first_token_seconds",
            "model_router_overhead_seconds",
            "model_router_model_state",
            "model_router_ledger_commit_decisions",
            "model_router_ledger_commit_seconds",
            "model_router_telemetry_targets",
        ] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        let resource = format!("{:?}", received.resources.last());
        for part in [
            "the-gateway",
            "deployment.environment.name",
            "service.version",
        ] {
            assert!(resource.contains(part), "{part} in {resource}");
        }
        let (_, sent) = received.requests.last().unwrap();
        assert_eq!(sent["x-key"], "a b");
        let all = received.bodies.concat();
        assert!(!all.windows(12).any(|w| w == b"secret words"));
        router.desk.stop.end_all();
    }
}

/// The last value of a counter with a label's value.
fn counted(received: &super::collector::Received, name: &str, kind: &str) -> Option<f64> {
    let metric = received.metrics.iter().rev().find(|m| m.name == name)?;
    let Some(Data::Sum(sum)) = &metric.data else {
        return None;
    };
    let mut points = sum.data_points.iter();
    let point = points.find(|point| format!("{:?}", point.attributes).contains(kind))?;
    match point.value {
        Some(Number::AsDouble(value)) => Some(value),
        Some(Number::AsInt(_)) | None => None,
    }
}

#[actix_web::test]
async fn a_sampler_and_the_switch_are_kept_to() {
    let collector = Collector::start(Manner::Takes).await;
    let url = collector.url();
    let off = router(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_SDK_DISABLED", "true"),
    ])
    .await;
    let account = off.account("5").await;
    off.served(&account, &ask("gpt-4.1", "x")).await;
    let sampled = router(&[
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            &format!("{url}/v1/traces"),
        ),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
    ])
    .await;
    let account = sampled.account("5").await;
    sampled.served(&account, &ask("gpt-4.1", "x")).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = sampled.post(&account, "/v1/chat/completions");
    let request = request
        .header("traceparent", parent)
        .json(&ask("gpt-4.1", "x"));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let received = collector.wait(|received| !received.spans.is_empty()).await;
    assert!(
        received
            .spans
            .iter()
            .all(|span| hex::encode(&span.trace_id) == parent[3..35])
    );
    assert!(received.metrics.is_empty(), "only traces have an endpoint");
}

#[actix_web::test]
async fn the_dashboard_asks_for_metrics_that_there_are() {
    let collector = Collector::start(Manner::Takes).await;
    let refusing = Collector::start(Manner::Answers(400, "", String::new())).await;
    let router = super::spans::router().await;
    let mut body = ask("gpt-4.1", "x");
    body["stream"] = json!(true);
    let mut accounts = Vec::new();
    for (email, backend) in [
        ("ada@example.com", &collector),
        ("bob@example.com", &refusing),
    ] {
        let target = json!({ "endpoint": backend.url() });
        let account = super::spans::exporting(&router, email, target).await;
        router.chat(&account, &body).await.text().await.unwrap();
        accounts.push(account);
    }
    // Once something was exported and something dropped, all metrics are there.
    for (account, what) in accounts.iter().zip(["exported_spans", "dropped_spans"]) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while router.get(account, "/v1/account").await["telemetry"]["status"][what] == 0 {
            assert!(Instant::now() < deadline, "no {what}");
        }
    }
    let text = router.client.get(format!("{}/metrics", router.url));
    let text = text.send().await.unwrap().text().await.unwrap();
    let described: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana-dashboard.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let mut asked = 0;
    for target in targets {
        let query = target["expr"].as_str().unwrap();
        for name in query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if !name.starts_with("model_router_") {
                continue;
            }
            asked += 1;
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|base| described.contains(base));
            let is_known = described.contains(&name) || base.is_some();
            assert!(is_known, "{name} in {query}");
        }
    }
    assert!(asked >= 15, "{asked}");
}

#[actix_web::test]
async fn a_router_that_ends_sends_what_waits_and_waits_for_nobody_for_long() {
    crypto();
    let collector = Collector::start(Manner::Takes).await;
    for (manner, arrives) in [
        (Manner::Takes, true),
        (Manner::Slow(Duration::from_secs(60)), false),
    ] {
        collector.behave(manner);
        let dir = TempDir::new().unwrap();
        let mut process = Process::run(
            command(dir.path())
                .args(["serve", "--sandbox"])
                .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url()),
        );
        let chat = format!("{}/v1/chat/completions", process.url);
        let request = reqwest::Client::new().post(chat).bearer_auth(&process.key);
        let answer = request.json(&ask("gpt-4.1", "x")).send().await.unwrap();
        let id = header(answer.headers(), "x-model-router-generation-id").to_owned();
        let began = Instant::now();
        process.signal("-TERM");
        let ended = spawn_blocking(move || process.wait(Duration::from_secs(20)));
        assert_eq!(ended.await.unwrap(), 0);
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "{:?}",
            began.elapsed()
        );
        let received = collector.received.borrow();
        let mut spans = received.spans.iter();
        let came = spans.any(|span| string(span, "model_router.generation.id") == id);
        assert_eq!(came, arrives);
    }
}

#[actix_web::test]
async fn log_lines_of_a_request_carry_its_trace() {
    crypto();
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let (mut child, url) = super::signin_process::serve(dir.path(), &log);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = reqwest::Client::new().get(format!("{url}/v1/models"));
    let answer = request.header("traceparent", parent).send().await.unwrap();
    let id = header(answer.headers(), "x-request-id").to_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines
        .into_iter()
        .find(|line| line["request_id"] == id)
        .unwrap();
    assert_eq!(line["message"], "request");
    assert_eq!(line["trace_id"], parent[3..35]);
    let span = line["span_id"].as_str().unwrap();
    assert!(span.len() == 16 && span != &parent[36..52], "{line}");
}
