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
mod tests;
