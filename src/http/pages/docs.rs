//! `GET /docs` and its topics.

use std::time::Instant;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::{answer, api, frame, grid};
use crate::config::Settings;
use crate::http::{ApiError, Switchboard, not_found};
use crate::pages::docs::{Doc, Topic, render};
use crate::pages::{Here, reference};

const DESCRIPTION: &str = "How to use this router, with samples that run.";

/// `GET /docs` and `GET /docs/{topic}`
pub async fn docs(desk: Data<Switchboard>, http: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = http.path();
    let topic = Topic::ALL.into_iter().find(|topic| topic.path() == path);
    let topic = topic.ok_or_else(|| not_found(path))?;
    let frame = frame(&http, Here::Docs, topic.name(), DESCRIPTION);
    let page = render(topic, &frame, &doc(&desk, topic));
    answer::html(&http, &desk.settings, page.map_err(ApiError::internal)?)
}

fn doc(desk: &Switchboard, topic: Topic) -> Doc {
    Doc {
        topics: Doc::contents(topic),
        base_url: desk.settings.public_url(),
        grid: (topic == Topic::Tiers).then(|| grid::of(&desk.world.load(), Instant::now())),
        reference: heading(topic).map_or_else(Vec::new, reference::table),
        operations: match topic {
            Topic::Api => api::reference(),
            Topic::Start
            | Topic::Tiers
            | Topic::AutoRouting
            | Topic::Errors
            | Topic::Limits
            | Topic::Headers
            | Topic::Failover
            | Topic::Billing
            | Topic::Telemetry
            | Topic::SelfHosting => &[],
        },
        limits: limits(&desk.settings),
        attempts: desk.settings.failover.attempts,
    }
}

/// Where the topic's table stands in the reference.
fn heading(topic: Topic) -> Option<&'static str> {
    match topic {
        Topic::Headers => Some("Response headers"),
        Topic::Errors => Some("Errors"),
        Topic::Start
        | Topic::Tiers
        | Topic::AutoRouting
        | Topic::Limits
        | Topic::Failover
        | Topic::Billing
        | Topic::Telemetry
        | Topic::SelfHosting
        | Topic::Api => None,
    }
}

fn limits(settings: &Settings) -> Vec<[String; 3]> {
    let (limits, rates) = (&settings.limits, &settings.rate_limits);
    let size = |bytes: usize| match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mib => format!("{mib} MiB"),
    };
    let line =
        |what: &str, limit: String, beyond: &str| [what.to_owned(), limit, beyond.to_owned()];
    vec![
        line(
            "Body of a chat",
            size(limits.chat_body_bytes),
            "413 payload_too_large",
        ),
        line(
            "Body of embeddings",
            size(limits.embeddings_body_bytes),
            "413 payload_too_large",
        ),
        line(
            "Other bodies",
            size(limits.other_body_bytes),
            "413 payload_too_large",
        ),
        line("Depth of JSON", "128".to_owned(), "400 invalid_json"),
        line(
            "Inputs of one embeddings request",
            "10,000".to_owned(),
            "400 invalid_value",
        ),
        line(
            "Running requests of an account",
            limits.running_per_account.to_string(),
            "429 rate_limit_exceeded",
        ),
        line(
            "Requests a minute, with credit",
            shown(rates.paying_per_min.get()),
            "429 rate_limit_exceeded",
        ),
        line(
            "Requests a minute, without",
            shown(rates.free_per_min.get()),
            "429 rate_limit_exceeded",
        ),
        line(
            "Attempts of one request",
            settings.failover.attempts.to_string(),
            "502 all_candidates_failed",
        ),
        line(
            "A whole answer",
            format!("{} s", settings.failover.total_ms / 1000),
            "504 upstream_timeout",
        ),
    ]
}

/// A rate; the largest number stands for none.
fn shown(per_min: u32) -> String {
    if per_min == u32::MAX {
        "none".to_owned()
    } else {
        per_min.to_string()
    }
}
