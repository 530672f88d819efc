//! Figures keep their names, labels and values.

use proptest::prelude::*;

use super::*;

const TEXT: &str = "\
# HELP requests_total Requests answered.
# TYPE requests_total counter
requests_total{route=\"/v1/a\",code=\"\"} 3
requests_total{route=\"a\\\"}, b\\\\\",code=\"x\"} 4

# TYPE in_flight gauge
in_flight 2
# HELP wait_seconds How long.
# TYPE wait_seconds histogram
wait_seconds_bucket{model=\"m\",le=\"0.1\"} 1
wait_seconds_bucket{model=\"m\",le=\"1\"} 4
wait_seconds_bucket{model=\"m\",le=\"+Inf\"} 5
wait_seconds_sum{model=\"m\"} 9.5
wait_seconds_count{model=\"m\"} 5
nonsense
";

fn read(text: &str) -> Vec<Metric> {
    let export = metrics(&Source::default(), text, 1, 2);
    let [resource] = export.resource_metrics.try_into().unwrap();
    let [scope] = resource.scope_metrics.try_into().unwrap();
    scope.metrics
}

#[test]
fn counters_gauges_and_histograms_keep_names_labels_and_values() {
    let [requests, in_flight, wait] = read(TEXT).try_into().unwrap();
    assert_eq!(
        (requests.name.as_str(), requests.description.as_str()),
        ("requests_total", "Requests answered.")
    );
    let Some(Data::Sum(sum)) = requests.data else {
        panic!("not a sum");
    };
    assert!(sum.is_monotonic);
    assert_eq!(sum.data_points[0].value, Some(Value::AsDouble(3.0)));
    assert_eq!(
        sum.data_points[1].attributes,
        [attribute("route", "a\"}, b\\"), attribute("code", "x")]
    );
    assert!(matches!(in_flight.data, Some(Data::Gauge(_))));
    assert_eq!(wait.unit, "s");
    let Some(Data::Histogram(histogram)) = wait.data else {
        panic!("not a histogram");
    };
    let [point] = histogram.data_points.try_into().unwrap();
    assert_eq!(point.bucket_counts, [1, 3, 1]);
    assert_eq!(point.explicit_bounds, [0.1, 1.0]);
    assert_eq!((point.count, point.sum), (5, Some(9.5)));
    assert_eq!(point.attributes, [attribute("model", "m")]);
}

proptest! {
    #[test]
    fn no_text_panics(text in "(# TYPE a (counter|histogram)\n)?(a[_a-z]*(\\{.{0,12}\\})? .{0,6}\n){0,4}.{0,20}") {
        read(&text);
    }
}
