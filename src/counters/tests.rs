//! What was counted is rendered, and of two routers apart.

use super::*;

/// As the exporter shows what it has sorted.
const OVERHEAD_COUNT: &str = "count: 4096";

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
fn samples_are_sorted_also_where_nobody_asks() {
    let counters = Counters::default();
    let sorted = || format!("{:?}", counters.handle);
    (1..MOST_SAMPLES).for_each(|_| counters.overhead(Duration::from_millis(1)));
    assert!(!sorted().contains(OVERHEAD_COUNT), "{}", sorted());
    counters.overhead(Duration::from_millis(1));
    counters.overhead(Duration::from_millis(1));
    assert!(sorted().contains(OVERHEAD_COUNT), "{}", sorted());
    let line = format!("{OVERHEAD}_count {}", MOST_SAMPLES + 1);
    assert!(counters.render().lines().any(|l| l == line));
}

#[test]
fn two_routers_count_apart() {
    let (one, other) = (Counters::default(), Counters::default());
    one.stream(StreamEnd::Whole);
    assert!(one.render().contains("end=\"whole\""));
    assert!(!other.render().contains("end=\"whole\""));
}
