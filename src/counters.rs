//! What the router counts for its operator, and the text that Prometheus reads. Labels are of few
//! values: routes, statuses, names of the catalog.

mod handles;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{
    Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
    with_local_recorder,
};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use self::handles::{Models, Requests};
use crate::money::Picodollars;
use crate::usage::Usage;

const REQUESTS: &str = "model_router_requests_total";
const ATTEMPTS: &str = "model_router_attempts_total";
const BROKEN: &str = "model_router_streams_broken_total";
const STREAMS: &str = "model_router_streams_total";
const SKIPPED: &str = "model_router_malformed_events_total";
const IN_FLIGHT: &str = "model_router_requests_in_flight";
const BODY_BYTES: &str = "model_router_body_bytes_in_flight";
const MODEL_STATE: &str = "model_router_model_state";
const TOKENS: &str = "model_router_tokens_total";
const COST: &str = "model_router_cost_picodollars_total";
const FIRST_TOKEN: &str = "model_router_time_to_first_token_seconds";
const OVERHEAD: &str = "model_router_overhead_seconds";
const EXPORTED: &str = "model_router_telemetry_spans_exported_total";
const DROPPED: &str = "model_router_telemetry_spans_dropped_total";
const TARGETS: &str = "model_router_telemetry_targets";

/// Upper ends of the classes of times to first tokens, in seconds.
const FIRST_TOKEN_CLASSES: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
/// Upper ends of the classes of our own share, in seconds.
const OVERHEAD_CLASSES: [f64; 9] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0,
];

/// Samples that wait to be sorted into classes, at the most.
const MOST_SAMPLES: usize = 4096;

/// What tokens are counted as.
const TOKEN_TYPES: [&str; 5] = ["input", "output", "cache_read", "cache_write", "reasoning"];

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
    requests: Requests,
    models: Models,
    overhead: OnceLock<Histogram>,
    samples: AtomicUsize,
}

impl Default for Counters {
    fn default() -> Self {
        let classed = |builder: PrometheusBuilder, name: &str, classes: &[f64]| {
            let builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), classes);
            // Only an empty list of classes is refused.
            builder.unwrap_or_default()
        };
        let builder = PrometheusBuilder::new();
        let builder = classed(builder, FIRST_TOKEN, &FIRST_TOKEN_CLASSES);
        let builder = classed(builder, OVERHEAD, &OVERHEAD_CLASSES);
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        let counters = Self {
            recorder,
            handle,
            requests: Requests::default(),
            models: Models::default(),
            overhead: OnceLock::new(),
            samples: AtomicUsize::new(0),
        };
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
    describe_counter!(
        TOKENS,
        "Tokens of answers, by model and type; cache_read and cache_write are parts of input, reasoning is a part of output."
    );
    describe_counter!(
        COST,
        "What answers cost at list price, in pico-dollars, by model."
    );
    describe_histogram!(
        FIRST_TOKEN,
        "From the call upstream to the first content of an answer, in seconds."
    );
    describe_histogram!(
        OVERHEAD,
        "From a request's arrival to its first call upstream, in seconds."
    );
    describe_counter!(EXPORTED, "Spans that telemetry targets took.");
    describe_counter!(
        DROPPED,
        "Spans that were dropped: queue_full, failed, or rejected by their target."
    );
    describe_gauge!(TARGETS, "Telemetry targets, by state.");
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
        let counter = self.requests.of(route, (status, code), || {
            let (route, status) = (route.to_owned(), status.to_string());
            self.with(|| counter!(REQUESTS, "route" => route, "status" => status, "code" => code))
        });
        counter.increment(1);
    }

    /// A call upstream that came to content, or failed before. `outcome` is `ok`, a status or a word.
    pub fn attempt(&self, provider: &str, model: &str, outcome: &str) {
        let count = || {
            let labels = [
                ("provider", provider.to_owned()),
                ("model", model.to_owned()),
                ("outcome", outcome.to_owned()),
            ];
            self.with(|| counter!(ATTEMPTS, &labels))
        };
        if outcome == "ok" {
            let handles = self.models.of(provider, model);
            handles.attempts_ok.get_or_init(count).increment(1);
        } else {
            count().increment(1);
        }
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

    /// An answer's tokens and its cost.
    pub fn answer(&self, provider: &str, model: &str, usage: &Usage, cost: Picodollars) {
        let written = usage
            .cache_write_tokens
            .saturating_add(usage.cache_write_1h_tokens);
        let tokens = [
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.cached_tokens,
            written,
            usage.reasoning_tokens,
        ];
        let of = |kind: Option<&'static str>| {
            let mut labels = vec![
                metrics::Label::new("provider", provider.to_owned()),
                metrics::Label::new("model", model.to_owned()),
            ];
            labels.extend(kind.map(|kind| metrics::Label::from_static_parts("type", kind)));
            labels
        };
        let handles = self.models.of(provider, model);
        let typed = TOKEN_TYPES.into_iter().zip(&handles.tokens).zip(tokens);
        for ((kind, counter), tokens) in typed.filter(|(_, tokens)| *tokens > 0) {
            let make = || self.with(|| counter!(TOKENS, of(Some(kind))));
            counter.get_or_init(make).increment(tokens);
        }
        let cost = u64::try_from(cost.get()).unwrap_or(0);
        let make = || self.with(|| counter!(COST, of(None)));
        handles.cost.get_or_init(make).increment(cost);
    }

    /// The first content of an answer came.
    pub fn first_token(&self, provider: &str, model: &str, after: Duration) {
        let handles = self.models.of(provider, model);
        let make = || {
            let labels = [
                ("provider", provider.to_owned()),
                ("model", model.to_owned()),
            ];
            self.with(|| histogram!(FIRST_TOKEN, &labels))
        };
        self.sample(handles.first_token.get_or_init(make), after);
    }

    /// A request's first call goes upstream.
    pub fn overhead(&self, after: Duration) {
        let make = || self.with(|| histogram!(OVERHEAD));
        self.sample(self.overhead.get_or_init(make), after);
    }

    /// The exporter keeps every sample until it is told to sort them; a router whose figures nobody asks for
    /// would keep them all.
    fn sample(&self, histogram: &Histogram, after: Duration) {
        histogram.record(after.as_secs_f64());
        let before = self.samples.fetch_add(1, Ordering::Relaxed);
        if before % MOST_SAMPLES == MOST_SAMPLES - 1 {
            self.handle.run_upkeep();
        }
    }

    /// A telemetry target took spans.
    pub fn spans_exported(&self, spans: u64) {
        self.with(|| counter!(EXPORTED).increment(spans));
    }

    /// Spans were dropped.
    pub fn spans_dropped(&self, reason: &'static str, spans: u64) {
        if spans > 0 {
            self.with(|| counter!(DROPPED, "reason" => reason).increment(spans));
        }
    }

    /// Telemetry targets in a state.
    pub fn telemetry_targets(&self, state: &'static str, targets: usize) {
        let targets = targets as f64;
        self.with(|| gauge!(TARGETS, "state" => state).set(targets));
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
        self.handle.render()
    }

    fn with<T>(&self, count: impl FnOnce() -> T) -> T {
        with_local_recorder(&self.recorder, count)
    }
}

#[cfg(test)]
mod tests;
