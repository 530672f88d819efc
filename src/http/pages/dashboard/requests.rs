//! `/dashboard/requests`: the log of requests, found by day, key and model, and each of them.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use url::form_urlencoded::Serializer;

use super::{around, status};
use crate::actors::accounts::ListKeys;
use crate::actors::ledger::Find;
use crate::http::history::wanted;
use crate::http::pages::form::{Form, refuse};
use crate::http::pages::member::Member;
use crate::http::pages::{answer, when};
use crate::http::usage::{PAGE, cursor, days, read};
use crate::http::{ApiError, Code, Switchboard, generations};
use crate::ids::GenerationId;
use crate::pages::Typed;
use crate::pages::dashboard::{AttemptRow, CandidateRow, RequestPage, RequestRow, Requests, Tab};
use crate::pages::sample::sample;
use crate::pages::words::{count, duration};
use crate::store::{CandidateRecord, Delivery, Generation, Page};

/// What can be looked for.
const FIELDS: [&str; 4] = ["from", "to", "key", "model"];

/// `GET /dashboard/requests?from=…&to=…&key=…&model=…&before=…`
pub async fn list(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let form = Form::of_query(&http);
    let (frame, mut panel) = around(&http, Tab::Requests);
    let mut typed = form.over(Typed::default(), &FIELDS);
    let (found, status) = match find(&desk, &member, &form).await {
        Ok(page) => (page, StatusCode::OK),
        Err(error) => {
            typed = refuse(typed, &mut panel, &error, &FIELDS);
            let nothing = Page {
                records: Vec::new(),
                before: None,
            };
            (nothing, status(&error))
        }
    };
    let keys = desk.accounts.send(ListKeys(member.account())).await;
    let keys = keys.map_err(ApiError::internal)?;
    let older = found.before.map(|before| ("before", before.to_string()));
    let page = Requests {
        frame,
        panel,
        keys: keys
            .iter()
            .map(|view| [view.key.id.to_string(), view.key.name.clone()])
            .collect(),
        models: models(&desk),
        rows: found.records.iter().map(row).collect(),
        is_narrowed: FIELDS.iter().any(|name| form.has(name)),
        csv: path(
            "/dashboard/requests.csv",
            &form,
            Some(("limit", "1000".to_owned())),
        ),
        older: older.map_or_else(String::new, |older| {
            path(Tab::Requests.path(), &form, Some(older))
        }),
        curl: sample("hello.sh", &desk.settings.public_url()),
        form: typed,
    };
    answer::personal(status, &desk.settings, &page)
}

async fn find(desk: &Switchboard, member: &Member, form: &Form) -> Result<Page, ApiError> {
    let given = |name| form.has(name).then(|| form.text(name));
    let days = days(given("from"), given("to"))?;
    let before = given("before").map(cursor).transpose()?;
    let wanted = wanted(given("key"), given("model").map(str::to_owned))?;
    let (archive, account) = (desk.archive.clone(), member.account());
    read(desk, move || {
        archive.find(account, &days, &wanted, before, PAGE)
    })
    .await
}

/// A path with what is looked for, and one thing more.
fn path(path: &str, form: &Form, more: Option<(&str, String)>) -> String {
    let mut query = Serializer::new(String::new());
    for name in FIELDS.iter().filter(|name| form.has(name)) {
        query.append_pair(name, form.text(name));
    }
    if let Some((name, value)) = more {
        query.append_pair(name, &value);
    }
    format!("{path}?{}", query.finish())
}

fn models(desk: &Switchboard) -> Vec<String> {
    let world = desk.world.load();
    let models = world.catalog.models().iter();
    models.map(|model| model.id.to_string()).collect()
}

/// A request in the log.
pub fn row(record: &Generation) -> RequestRow {
    let tokens = |of: fn(crate::usage::Usage) -> u64| {
        record
            .usage
            .map_or_else(String::new, |usage| count(of(usage)))
    };
    RequestRow {
        id: record.id.to_string(),
        at: when::minute(record.created_ms),
        model: record.model.clone(),
        provider: record.provider.clone(),
        input: tokens(|usage| usage.prompt_tokens),
        output: tokens(|usage| usage.completion_tokens),
        cost: record.cost.to_string(),
        first_token: record.ttft_ms.map_or_else(String::new, ms),
        status: generations::word(record.status),
    }
}

/// `GET /dashboard/requests/{id}`
pub async fn one(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    // "Not yours" and "not there" are the same answer.
    let missing = || ApiError::new(Code::NotFound, "There is no such request.");
    let id: GenerationId = id.parse().map_err(|_| missing())?;
    let found = ApiError::unless_down(desk.ledger.send(Find(member.account(), id)).await)?;
    let record = found.ok_or_else(missing)?;
    let (frame, panel) = around(&http, Tab::Requests);
    let page = RequestPage {
        frame,
        panel,
        ids: [
            fact("Generation", record.id.to_string()),
            fact("Request", record.request_id.to_string()),
            fact("Key", record.key.to_string()),
        ],
        status: generations::word(record.status),
        model: record.model.clone(),
        cost: record.cost.to_string(),
        routing: routing(&record),
        tokens: tokens(&record),
        times: times(&record),
        attempts: record.attempts.iter().map(attempt).collect(),
        candidates: candidates(&record),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

fn attempt(attempt: &crate::store::AttemptRecord) -> AttemptRow {
    AttemptRow {
        model: attempt.model.clone(),
        provider: attempt.provider.clone(),
        outcome: attempt.outcome.clone(),
    }
}

/// Why that model was asked first: everybody who could have answered, and what was expected of them.
fn candidates(record: &Generation) -> Option<Vec<CandidateRow>> {
    let outcome = |model: &str| {
        let tried = record.attempts.iter().filter(|tried| tried.model == model);
        let outcomes: Vec<&str> = tried.map(|tried| tried.outcome.as_str()).collect();
        outcomes.join(", ")
    };
    let candidates = record.candidates.as_ref()?.iter();
    let row = |candidate: &CandidateRecord| CandidateRow {
        model: candidate.model.clone(),
        cost: candidate.cost.to_string(),
        first_token: ms(candidate.ttft_ms),
        state: candidate.state.as_str(),
        outcome: outcome(&candidate.model),
    };
    Some(candidates.map(row).collect())
}

fn fact(name: &str, value: impl Into<String>) -> [String; 2] {
    [name.to_owned(), value.into()]
}

fn routing(record: &Generation) -> Vec<[String; 2]> {
    let mut facts = vec![
        fact("Provider", &record.provider),
        fact("Tier", record.tier.as_deref().unwrap_or("pinned")),
    ];
    if !record.prefer.is_empty() {
        facts.push(fact("Prefer", &record.prefer));
    }
    if let Some(score) = record.auto_score {
        facts.push(fact("Auto score", format!("{score} of 100")));
    }
    facts.push(fact(
        "Delivered",
        match record.streamed {
            Delivery::Whole => "whole",
            Delivery::Stream => "streamed",
        },
    ));
    if let Some(reason) = &record.finish_reason {
        facts.push(fact("Finish reason", reason));
    }
    if let Some(reason) = &record.native_finish_reason {
        facts.push(fact("In the provider's word", reason));
    }
    facts
}

fn tokens(record: &Generation) -> Vec<[String; 2]> {
    let cost = fact("USD", record.cost.to_string());
    let Some(usage) = record.usage else {
        return vec![cost];
    };
    vec![
        fact("Prompt", count(usage.prompt_tokens)),
        fact("of it cached", count(usage.cached_tokens)),
        fact("Answer", count(usage.completion_tokens)),
        fact("of it reasoning", count(usage.reasoning_tokens)),
        fact(
            "Counted",
            if usage.estimated {
                "by us, estimated"
            } else {
                "by the provider"
            },
        ),
        cost,
        fact("Price list", &record.price_version),
    ]
}

fn times(record: &Generation) -> Vec<[String; 2]> {
    let mut facts = vec![fact("Came (UTC)", generations::rfc3339(record.created_ms))];
    facts.extend(record.ttft_ms.map(|first| fact("First token", ms(first))));
    facts.push(fact("Whole answer", ms(record.latency_ms)));
    facts
}

#[allow(
    clippy::cast_precision_loss,
    reason = "milliseconds of a request are far below 2^52"
)]
fn ms(ms: u64) -> String {
    duration(ms as f64)
}
