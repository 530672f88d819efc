//! The operator's own traces and metrics, by OpenTelemetry's standard variables.

use model_router::config::{Environment, Otel};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use serde_json::{Value, json};

use super::collector::{Collector, Manner, find, string};
use super::router::{Router, ask, header};

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
    let router = Router::start().await;
    let account = router.account("5").await;
    let mut body = ask("gpt-4.1", "x");
    body["stream"] = json!(true);
    router.chat(&account, &body).await.text().await.unwrap();
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
            // Spans are dropped only when something is wrong.
            let is_known = described.contains(&name)
                || base.is_some()
                || name == "model_router_telemetry_spans_dropped_total"
                || name == "model_router_telemetry_spans_exported_total"
                || name == "model_router_streams_broken_total";
            assert!(is_known, "{name} in {query}");
        }
    }
    assert!(asked >= 15, "{asked}");
}
