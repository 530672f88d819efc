//! The router's figures as OTLP metrics: read from the text that `/metrics` shows, so that both have
//! the same names and values.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point::Value,
};

use super::attributes::text as attribute;
use super::encode::{Source, scope};

/// What `# TYPE` says of the metrics that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One metric and what was read of it.
struct Family {
    name: String,
    help: String,
    kind: Kind,
    samples: Vec<Sample>,
}

/// One line.
struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// When counting began and when it was read, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Span {
    from: u64,
    to: u64,
}

/// An export of everything in a text in Prometheus' format. Lines that are not in it are left out.
pub fn metrics(
    source: &Source,
    text: &str,
    from_ns: u64,
    now_ns: u64,
) -> ExportMetricsServiceRequest {
    let span = Span {
        from: from_ns,
        to: now_ns,
    };
    let metrics = families(text)
        .into_iter()
        .filter(|family| !family.samples.is_empty())
        .map(|family| metric(family, span))
        .collect();
    let scope = ScopeMetrics {
        scope: Some(scope()),
        metrics,
        schema_url: String::new(),
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(source.resource()),
            scope_metrics: vec![scope],
            schema_url: String::new(),
        }],
    }
}

fn families(text: &str) -> Vec<Family> {
    let mut all: Vec<Family> = Vec::new();
    let mut help = ("", "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').unwrap_or((rest, ""));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else {
                continue;
            };
            let kind = match kind {
                "counter" => Kind::Counter,
                "gauge" => Kind::Gauge,
                "histogram" => Kind::Histogram,
                _ => continue,
            };
            all.push(Family {
                name: name.to_owned(),
                help: if help.0 == name { help.1 } else { "" }.to_owned(),
                kind,
                samples: Vec::new(),
            });
        } else if let Some(sample) = sample(line)
            && let Some(family) = all.last_mut()
            && sample.name.starts_with(&family.name)
        {
            family.samples.push(sample);
        }
    }
    all
}

/// `name{label="value",…} number`
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while let Some((label, after)) = label(rest) {
            labels.push(label);
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = rest.strip_prefix('}')?;
    }
    let number = rest.split_whitespace().next()?;
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: number.parse().ok()?,
    })
}

/// A label with its value, and what follows.
fn label(text: &str) -> Option<((String, String), &str)> {
    let (name, mut rest) = text.split_once("=\"")?;
    if name.contains('}') {
        return None;
    }
    let mut value = String::new();
    loop {
        let at = rest.find(['"', '\\'])?;
        value.push_str(&rest[..at]);
        let mut tail = rest[at..].chars();
        if tail.next()? == '"' {
            return Some(((name.to_owned(), value), tail.as_str()));
        }
        match tail.next()? {
            'n' => value.push('\n'),
            other => value.push(other),
        }
        rest = tail.as_str();
    }
}

fn metric(family: Family, span: Span) -> Metric {
    let points = |samples: &[Sample]| samples.iter().map(|s| point(s, span)).collect();
    let data = match family.kind {
        Kind::Counter => Data::Sum(Sum {
            data_points: points(&family.samples),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        }),
        Kind::Gauge => Data::Gauge(Gauge {
            data_points: points(&family.samples),
        }),
        Kind::Histogram => Data::Histogram(Histogram {
            data_points: histograms(&family, span),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        }),
    };
    Metric {
        unit: unit(&family.name).to_owned(),
        name: family.name,
        description: family.help,
        data: Some(data),
        ..Metric::default()
    }
}

/// The unit that a name ends with, as UCUM writes it.
fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    if name.ends_with("_seconds") {
        "s"
    } else if name.contains("_bytes") {
        "By"
    } else {
        ""
    }
}

fn attributes(labels: &[(String, String)]) -> Vec<KeyValue> {
    let labels = labels.iter().filter(|(name, _)| name != "le");
    labels.map(|(name, value)| attribute(name, value)).collect()
}

fn point(sample: &Sample, span: Span) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: span.from,
        time_unix_nano: span.to,
        value: Some(Value::AsDouble(sample.value)),
        ..NumberDataPoint::default()
    }
}

/// One histogram a set of labels. Prometheus counts what lies below each bound, OTLP what lies
/// between two.
fn histograms(family: &Family, span: Span) -> Vec<HistogramDataPoint> {
    let mut all: BTreeMap<Vec<(String, String)>, HistogramDataPoint> = BTreeMap::new();
    for sample in &family.samples {
        let labels = sample.labels.iter().filter(|(name, _)| name != "le");
        let labels: Vec<_> = labels.cloned().collect();
        let point = all
            .entry(labels)
            .or_insert_with_key(|labels| HistogramDataPoint {
                attributes: attributes(labels),
                start_time_unix_nano: span.from,
                time_unix_nano: span.to,
                ..HistogramDataPoint::default()
            });
        match sample.name.strip_prefix(&family.name) {
            Some("_bucket") => {
                let le = sample.labels.iter().find(|(name, _)| name == "le");
                let bound = le.and_then(|(_, bound)| bound.parse::<f64>().ok());
                let below: u64 = point.bucket_counts.iter().sum();
                point
                    .bucket_counts
                    .push(whole(sample.value).saturating_sub(below));
                point
                    .explicit_bounds
                    .extend(bound.filter(|bound| bound.is_finite()));
            }
            Some("_sum") => point.sum = Some(sample.value),
            Some("_count") => point.count = whole(sample.value),
            Some(_) | None => {}
        }
    }
    all.into_values().collect()
}

/// A count, which the text writes as a number.
fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float to integer saturates"
    )]
    let count = value as u64;
    count
}

#[cfg(test)]
mod tests {
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
}
