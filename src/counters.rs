//! What the router counts for its operator, and the text that Prometheus reads. Labels are of few
//! values: routes, statuses, names of the catalog.

use metrics::{counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

const REQUESTS: &str = "model_router_requests_total";
const ATTEMPTS: &str = "model_router_attempts_total";
const BROKEN: &str = "model_router_streams_broken_total";
const STREAMS: &str = "model_router_streams_total";
const SKIPPED: &str = "model_router_malformed_events_total";
const IN_FLIGHT: &str = "model_router_requests_in_flight";
const BODY_BYTES: &str = "model_router_body_bytes_in_flight";
const MODEL_STATE: &str = "model_router_model_state";

/// How a stream that had begun ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// With its finish, from one model.
    Whole,
    /// With its finish, after another model had gone on with it.
    Continued,
    /// With an error that says so.
    Broken,
    /// Cut off, because balance or limit ended.
    Unpaid,
    /// Its caller left.
    Left,
}

impl StreamEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Continued => "continued",
            Self::Broken => "broken",
            Self::Unpaid => "unpaid",
            Self::Left => "left",
        }
    }
}

/// The counters of one router.
pub struct Counters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Default for Counters {
    fn default() -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let counters = Self { recorder, handle };
        counters.with(describe);
        counters
    }
}

fn describe() {
    describe_counter!(
        REQUESTS,
        "Requests answered, by route, status and error code."
    );
    describe_counter!(
        ATTEMPTS,
        "Calls upstream, by how they came to content or failed."
    );
    describe_counter!(
        BROKEN,
        "Streams that a provider broke off after content, by class of fault."
    );
    describe_counter!(STREAMS, "Streams that had begun, by how they ended.");
    describe_counter!(SKIPPED, "Unreadable events inside good streams, left out.");
    describe_gauge!(IN_FLIGHT, "Inference requests that run now.");
    describe_gauge!(BODY_BYTES, "Memory for request bodies that is taken now.");
    describe_gauge!(
        MODEL_STATE,
        "1 for the state that a model's breaker is in, 0 for the others."
    );
}

impl Counters {
    /// An answered request. `code` is the error's word, or empty.
    pub fn request(&self, route: &str, status: u16, code: &'static str) {
        let route = route.to_owned();
        let status = status.to_string();
        self.with(|| {
            counter!(REQUESTS, "route" => route, "status" => status, "code" => code).increment(1);
        });
    }

    /// A call upstream that came to content, or failed before. `outcome` is `ok`, a status or a word.
    pub fn attempt(&self, provider: &str, model: &str, outcome: &str) {
        let labels = [
            ("provider", provider.to_owned()),
            ("model", model.to_owned()),
            ("outcome", outcome.to_owned()),
        ];
        self.with(|| counter!(ATTEMPTS, &labels).increment(1));
    }

    /// A provider broke a stream off after content.
    pub fn broken_stream(&self, provider: &str, model: &str, fault: &str) {
        let labels = [
            ("provider", provider.to_owned()),
            ("model", model.to_owned()),
            ("fault", fault.to_owned()),
        ];
        self.with(|| counter!(BROKEN, &labels).increment(1));
    }

    /// A stream that had begun has ended.
    pub fn stream(&self, end: StreamEnd) {
        self.with(|| counter!(STREAMS, "end" => end.as_str()).increment(1));
    }

    /// An unreadable event was left out.
    pub fn skipped_event(&self) {
        self.with(|| counter!(SKIPPED).increment(1));
    }

    /// What is in flight now: requests, and bytes of their bodies.
    pub fn in_flight(&self, requests: usize, body_bytes: usize) {
        // Both are far below what a float holds exactly.
        let (requests, bytes) = (requests as f64, body_bytes as f64);
        self.with(|| {
            gauge!(IN_FLIGHT).set(requests);
            gauge!(BODY_BYTES).set(bytes);
        });
    }

    /// The state of a model, among all the states there are.
    pub fn model_state(&self, provider: &str, model: &str, state: &str, all: &[&'static str]) {
        self.with(|| {
            for one in all {
                let labels = [
                    ("provider", provider.to_owned()),
                    ("model", model.to_owned()),
                    ("state", (*one).to_owned()),
                ];
                gauge!(MODEL_STATE, &labels).set(if *one == state { 1.0 } else { 0.0 });
            }
        });
    }

    /// All of it in Prometheus' text format.
    pub fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }

    fn with(&self, count: impl FnOnce()) {
        with_local_recorder(&self.recorder, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_rendered() {
        let counters = Counters::default();
        counters.request("/v1/models", 200, "");
        counters.request("/v1/models", 200, "");
        counters.model_state("p", "m", "flowing", &["flowing", "tripped"]);
        let text = counters.render();
        let line = "model_router_requests_total{route=\"/v1/models\",status=\"200\",code=\"\"} 2";
        assert!(text.lines().any(|l| l == line), "{text}");
        let line = "model_router_model_state{provider=\"p\",model=\"m\",state=\"tripped\"} 0";
        assert!(text.lines().any(|l| l == line), "{text}");
        assert!(text.contains("# TYPE model_router_model_state gauge"));
    }

    #[test]
    fn two_routers_count_apart() {
        let (one, other) = (Counters::default(), Counters::default());
        one.stream(StreamEnd::Whole);
        assert!(one.render().contains("end=\"whole\""));
        assert!(!other.render().contains("end=\"whole\""));
    }
}
