//! OpenTelemetry's standard variables: where the operator's own traces and metrics go.

use crate::otlp::{Endpoint, Headers, Protocol, Reach, Target, unescape};
use crate::spans::{Ratio, Sampler, Source};

use super::environment::Environment;

/// What a variable is, and why its value cannot be used.
type Wrong = (&'static str, String);

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// The variables of one signal.
struct Own {
    exporter: &'static str,
    endpoint: &'static str,
    headers: &'static str,
    protocol: &'static str,
}

const TRACES: Own = Own {
    exporter: "OTEL_TRACES_EXPORTER",
    endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    headers: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    protocol: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
};
const METRICS: Own = Own {
    exporter: "OTEL_METRICS_EXPORTER",
    endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    headers: "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
    protocol: "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
};

/// The operator's own export. Without an endpoint there is none.
#[derive(Clone, Debug)]
pub struct Otel {
    /// Where spans of all accounts go.
    pub traces: Option<Target>,
    /// Where the figures of `/metrics` go.
    pub metrics: Option<Target>,
    /// Who sends them.
    pub source: Source,
    /// Which requests.
    pub sampler: Sampler,
    /// Between two exports of figures, in milliseconds.
    pub interval_ms: u64,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for Otel {
    fn default() -> Self {
        Self {
            traces: None,
            metrics: None,
            source: Source::default(),
            sampler: Sampler::ParentOrRatio(Ratio::ALL),
            interval_ms: 60_000,
            timeout_ms: 10_000,
        }
    }
}

impl Otel {
    /// Reads the variables. The error names the one that cannot be used, and quotes no secret.
    pub fn read(env: &Environment) -> Result<Self, Wrong> {
        let off = env.get("OTEL_SDK_DISABLED");
        if off.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return Ok(Self::default());
        }
        let defaults = Self::default();
        Ok(Self {
            traces: target(env, &TRACES)?,
            metrics: target(env, &METRICS)?,
            source: source(env)?,
            sampler: sampler(env)?,
            interval_ms: milliseconds(env, INTERVAL)?.unwrap_or(defaults.interval_ms),
            timeout_ms: milliseconds(env, TIMEOUT)?.unwrap_or(defaults.timeout_ms),
        })
    }
}

fn target(env: &Environment, own: &Own) -> Result<Option<Target>, Wrong> {
    let parse = |name, text: &str| {
        Endpoint::parse(text, Reach::Anywhere).map_err(|error| (name, error.to_string()))
    };
    let endpoint = match (env.get(own.endpoint), env.get(ENDPOINT)) {
        (Some(text), _) => parse(own.endpoint, &text)?.as_written(),
        (None, Some(text)) => parse(ENDPOINT, &text)?,
        (None, None) => return Ok(None),
    };
    match env.get(own.exporter).as_deref() {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(_) => return Err((own.exporter, "must be otlp or none".to_owned())),
    }
    let (name, word) = first(env, [own.protocol, PROTOCOL]).unwrap_or((PROTOCOL, String::new()));
    let protocol = match word.as_str() {
        "" => Protocol::HttpProtobuf,
        word => word.parse().map_err(|()| {
            let known = "must be http/protobuf, http/json or grpc";
            (name, known.to_owned())
        })?,
    };
    let (name, text) = first(env, [own.headers, HEADERS]).unwrap_or((HEADERS, String::new()));
    let pairs = pairs(&text).map_err(|why| (name, why.to_owned()))?;
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let headers =
        Headers::new(pairs).map_err(|error| (name, format!("cannot be used: {error}")))?;
    Ok(Some(Target {
        endpoint,
        protocol,
        headers,
    }))
}

fn first(env: &Environment, names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names
        .into_iter()
        .find_map(|name| Some((name, env.get(name)?)))
}

/// `name=value,name=value`, values with `%20` and the like.
fn pairs(text: &str) -> Result<Vec<(String, String)>, &'static str> {
    let members = text.split(',').map(str::trim).filter(|m| !m.is_empty());
    members
        .map(|member| {
            let (name, value) = member
                .split_once('=')
                .ok_or("must be a list such as name=value,name=value")?;
            Ok((unescape(name.trim()), unescape(value.trim())))
        })
        .collect()
}

fn source(env: &Environment) -> Result<Source, Wrong> {
    let text = env.get(ATTRIBUTES).unwrap_or_default();
    let further = pairs(&text).map_err(|why| (ATTRIBUTES, why.to_owned()))?;
    let named = further.iter().find(|(name, _)| name == "service.name");
    let service = env
        .get("OTEL_SERVICE_NAME")
        .or_else(|| named.map(|(_, value)| value.clone()))
        .unwrap_or_else(|| "model-router".to_owned());
    Ok(Source::new(&service, &further))
}

fn sampler(env: &Environment) -> Result<Sampler, Wrong> {
    let word = env.get(SAMPLER).unwrap_or_default();
    let ratio = || match env.get(SAMPLER_ARG) {
        None => Ok(Ratio::ALL),
        Some(text) => text
            .parse()
            .ok()
            .and_then(Ratio::new)
            .ok_or((SAMPLER_ARG, "must be a number from 0 to 1".to_owned())),
    };
    Ok(match word.as_str() {
        "" | "parentbased_always_on" => Sampler::ParentOrRatio(Ratio::ALL),
        "parentbased_always_off" => Sampler::ParentOrRatio(Ratio::NONE),
        "parentbased_traceidratio" => Sampler::ParentOrRatio(ratio()?),
        "always_on" => Sampler::Ratio(Ratio::ALL),
        "always_off" => Sampler::Ratio(Ratio::NONE),
        "traceidratio" => Sampler::Ratio(ratio()?),
        _ => {
            let known =
                "must be always_on, always_off or traceidratio, with parentbased_ before it or not";
            return Err((SAMPLER, known.to_owned()));
        }
    })
}

fn milliseconds(env: &Environment, name: &'static str) -> Result<Option<u64>, Wrong> {
    let Some(text) = env.get(name) else {
        return Ok(None);
    };
    let value = text.parse().ok();
    let value = value.filter(|value| (1..=3_600_000).contains(value));
    match value {
        Some(value) => Ok(Some(value)),
        None => Err((
            name,
            "must be between 1 and 3600000 milliseconds".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::Signal;

    fn read(pairs: &[(&str, &str)]) -> Result<Otel, Wrong> {
        let table = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Otel::read(&Environment::Fixed(table.collect()))
    }

    #[test]
    fn without_an_endpoint_nothing_is_exported() {
        let otel = read(&[(PROTOCOL, "grpc"), (HEADERS, "a=b")]).unwrap();
        assert!(otel.traces.is_none() && otel.metrics.is_none());
        let both = read(&[(ENDPOINT, "http://127.0.0.1:4318")]).unwrap();
        assert!(both.traces.is_some() && both.metrics.is_some());
        let off = read(&[(ENDPOINT, "http://a:4318"), ("OTEL_SDK_DISABLED", "TRUE")]).unwrap();
        assert!(off.traces.is_none());
        let none = read(&[
            (ENDPOINT, "http://a:4318"),
            ("OTEL_METRICS_EXPORTER", "none"),
        ]);
        assert!(none.unwrap().metrics.is_none());
    }

    #[test]
    fn a_signals_own_variables_win_and_its_url_is_used_as_it_is() {
        let otel = read(&[
            (ENDPOINT, "http://all.example/otlp"),
            (HEADERS, "x-key=a%20b"),
            (TRACES.endpoint, "http://traces.example/"),
            (TRACES.protocol, "http/json"),
        ])
        .unwrap();
        let (traces, metrics) = (otel.traces.unwrap(), otel.metrics.unwrap());
        let url = traces.endpoint.of(Signal::Traces);
        assert_eq!(url.as_str(), "http://traces.example/");
        let url = metrics.endpoint.of(Signal::Metrics);
        assert_eq!(url.as_str(), "http://all.example/otlp/v1/metrics");
        assert_eq!(traces.protocol, Protocol::HttpJson);
        assert_eq!(metrics.protocol, Protocol::HttpProtobuf);
        assert!(format!("{:?}", metrics.headers).contains("x-key"));
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_secret() {
        let endpoint = (ENDPOINT, "http://a.example");
        for (name, value) in [
            (ENDPOINT, "nonsense"),
            (PROTOCOL, "smoke"),
            (HEADERS, "hunter2"),
            (HEADERS, "host=hunter2"),
            (SAMPLER, "sometimes"),
            (ATTRIBUTES, "x"),
            (INTERVAL, "0"),
            (TRACES.exporter, "zipkin"),
        ] {
            let (named, why) = read(&[endpoint, (name, value)]).unwrap_err();
            assert_eq!(named, name, "{value}");
            assert!(!why.contains("hunter2"), "{why}");
        }
        let half = [(SAMPLER, "traceidratio"), (SAMPLER_ARG, "1.5")];
        assert_eq!(read(&half).unwrap_err().0, SAMPLER_ARG);
    }

    #[test]
    fn samplers_have_their_standard_meaning() {
        let of = |word: &str| {
            read(&[(SAMPLER, word), (SAMPLER_ARG, "0.5")])
                .unwrap()
                .sampler
        };
        let half = Ratio::new(0.5).unwrap();
        assert_eq!(of("traceidratio"), Sampler::Ratio(half));
        assert_eq!(of("parentbased_traceidratio"), Sampler::ParentOrRatio(half));
        assert_eq!(of("always_off"), Sampler::Ratio(Ratio::NONE));
        assert_eq!(Otel::default().sampler, Sampler::ParentOrRatio(Ratio::ALL));
    }
}
