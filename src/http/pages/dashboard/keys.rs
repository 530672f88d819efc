//! `/dashboard/keys`: keys made, shown once, bounded, switched and deleted.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::{around, done, status};
use crate::actors::accounts::{KeyView, Tell};
use crate::actors::clock::now_ms;
use crate::http::fields::Fields;
use crate::http::pages::form::{Form, object, refuse};
use crate::http::pages::login::see;
use crate::http::pages::member::Member;
use crate::http::pages::{answer, when};
use crate::http::{ApiError, Code, Switchboard, keys};
use crate::pages::Panel;
use crate::pages::Typed;
use crate::pages::dashboard::{KeyPage, KeyRow, Keys, NewKey, Tab};
use crate::pages::sample::sample;
use crate::store::{KeyUsage, Period, Policy};

/// The fields of the form, by the names that the API gives them.
const FIELDS: [&str; 11] = [
    "name",
    "scopes",
    "expires_at",
    "spend_limit_usd.day",
    "spend_limit_usd.week",
    "spend_limit_usd.month",
    "spend_limit_usd.total",
    "allowed_tiers",
    "allowed_models",
    "allowed_providers",
    "requests_per_minute",
];

/// `GET /dashboard/keys`
pub async fn list(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let form = stored(&Policy::default());
    let (_, panel) = around(&http, Tab::Keys);
    show_list(&desk, &http, &member, (form, panel), StatusCode::OK).await
}

/// `POST /dashboard/keys`: the one page that shows the key.
pub async fn make(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let (frame, mut panel) = around(&http, Tab::Keys);
    let made = keys::make(
        &desk,
        &member.manager(),
        Fields::of(body(&form)),
        Tell::Owner,
    )
    .await;
    let (key, secret) = match made {
        Ok(made) => made,
        Err(error) => {
            let typed = form.over(Typed::default(), &FIELDS);
            let typed = refuse(typed, &mut panel, &error, &FIELDS);
            return show_list(&desk, &http, &member, (typed, panel), status(&error)).await;
        }
    };
    let hello = sample("hello.sh", &desk.settings.public_url());
    let page = NewKey {
        frame,
        panel,
        name: key.key.name,
        curl: hello.replace("$MODEL_ROUTER_API_KEY", secret.reveal()),
        key: secret.reveal().to_owned(),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

/// `GET /dashboard/keys/{id}`
pub async fn one(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = find(&desk, &member, &id).await?;
    let form = stored(&found.0.policy).with("name", &found.0.key.name);
    let (_, panel) = around(&http, Tab::Keys);
    show_one(&desk, &http, &found, (form, panel), StatusCode::OK)
}

/// `POST /dashboard/keys/{id}`
pub async fn change(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let found = find(&desk, &member, &id).await?;
    let changed = keys::alter(&desk, &member.manager(), &id, Fields::of(body(&form))).await;
    match changed {
        Ok(_) => Ok(see(&format!("/dashboard/keys/{id}?done=saved"))),
        Err(error) => {
            let (_, mut panel) = around(&http, Tab::Keys);
            let typed = form.over(Typed::default(), &FIELDS);
            let typed = refuse(typed, &mut panel, &error, &FIELDS);
            show_one(&desk, &http, &found, (typed, panel), status(&error))
        }
    }
}

/// `POST /dashboard/keys/{id}/access`
pub async fn switch(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let is_off = form.text("disabled") == "yes";
    let fields = Fields::of(object([("disabled", json!(is_off))]));
    keys::alter(&desk, &member.manager(), &id, fields).await?;
    Ok(see(&format!("/dashboard/keys/{id}?done=switched")))
}

/// `POST /dashboard/keys/{id}/delete`
pub async fn delete(
    desk: Data<Switchboard>,
    member: Member,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    keys::remove(&desk, &member.manager(), &id, Tell::Owner).await?;
    Ok(done(Tab::Keys, "deleted", ""))
}

async fn show_list(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
    (form, panel): (Typed, Panel),
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let all = keys::with_usage(desk, member.account()).await?;
    let page = Keys {
        frame: around(http, Tab::Keys).0,
        panel,
        keys: all.iter().map(row).collect(),
        form,
        providers: providers(desk),
    };
    answer::personal(status, &desk.settings, &page)
}

fn show_one(
    desk: &Switchboard,
    http: &HttpRequest,
    found: &(KeyView, KeyUsage),
    (form, panel): (Typed, Panel),
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let page = KeyPage {
        frame: around(http, Tab::Keys).0,
        panel,
        key: row(found),
        created: when::minute(found.0.key.created_ms),
        form,
        providers: providers(desk),
    };
    answer::personal(status, &desk.settings, &page)
}

async fn find(
    desk: &Switchboard,
    member: &Member,
    id: &str,
) -> Result<(KeyView, KeyUsage), ApiError> {
    let all = keys::with_usage(desk, member.account()).await?;
    let mut all = all.into_iter();
    let found = all.find(|(view, _)| view.key.id.to_string() == id);
    found.ok_or_else(|| ApiError::new(Code::NotFound, "There is no such key."))
}

/// The providers of the catalog.
pub fn providers(desk: &Switchboard) -> Vec<String> {
    let world = desk.world.load();
    let routes = world.routes();
    routes
        .map(|route| route.provider.name.to_string())
        .collect()
}

/// A form as the body of `POST /v1/keys`.
fn body(form: &Form) -> Map<String, Value> {
    let limits = ["day", "week", "month", "total"];
    let limits: Map<String, Value> = limits
        .iter()
        .map(|period| {
            (
                (*period).to_owned(),
                form.json(&format!("spend_limit_usd.{period}")),
            )
        })
        .collect();
    let models = form.text("allowed_models").split([',', ' ', '\n']);
    let models: Vec<&str> = models.map(str::trim).filter(|id| !id.is_empty()).collect();
    let per_min = match form.text("requests_per_minute") {
        "" => Value::Null,
        text => text
            .parse::<u64>()
            .map_or(json!(text), |number| json!(number)),
    };
    let expires = match form.text("expires_at") {
        "" => Value::Null,
        day => json!(format!("{day}T00:00:00Z")),
    };
    object([
        ("name", json!(form.text("name"))),
        ("scopes", form.list("scopes")),
        ("expires_at", expires),
        ("spend_limit_usd", Value::Object(limits)),
        ("allowed_tiers", form.list("allowed_tiers")),
        ("allowed_models", json!(models)),
        ("allowed_providers", form.list("allowed_providers")),
        ("requests_per_minute", per_min),
    ])
}

/// A policy as it stands in the form.
fn stored(policy: &Policy) -> Typed {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let scopes: Vec<&str> = policy.scopes.iter().map(|scope| scope.as_str()).collect();
    let tiers: Vec<&str> = policy.tiers.iter().map(|tier| tier.as_str()).collect();
    let mut typed = Typed::default()
        .with_all("scopes", words(&scopes))
        .with_all("allowed_tiers", words(&tiers))
        .with_all("allowed_providers", policy.providers.iter().cloned())
        .with("allowed_models", policy.models.join(", "));
    for (period, limit) in policy.spend.set() {
        let name = format!("spend_limit_usd.{}", period.as_str());
        typed = typed.with(&name, limit.to_string());
    }
    if let Some(end) = policy.expires_ms {
        typed = typed.with("expires_at", when::day(end / 86_400_000));
    }
    match policy.requests_per_min {
        Some(number) => typed.with("requests_per_minute", number.to_string()),
        None => typed,
    }
}

/// A key in the list.
pub fn row((view, usage): &(KeyView, KeyUsage)) -> KeyRow {
    let (key, policy) = (&view.key, &view.policy);
    let scopes: Vec<&str> = policy.scopes.iter().map(|scope| scope.as_str()).collect();
    KeyRow {
        id: key.id.to_string(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        state: match (key.disabled, policy.is_expired(now_ms())) {
            (true, _) => "disabled",
            (false, true) => "expired",
            (false, false) => "active",
        },
        scopes: scopes.join(", "),
        bounds: bounds(policy),
        today: usage.of(Period::Day).to_string(),
        month: usage.of(Period::Month).to_string(),
        total: usage.of(Period::Total).to_string(),
        used: view.used_ms.map_or("never".to_owned(), when::minute),
    }
}

/// What bounds a key, in words.
fn bounds(policy: &Policy) -> String {
    let spend = policy.spend.set();
    let mut bounds: Vec<String> = spend
        .map(|(period, limit)| match period {
            Period::Total => format!("${limit} in all"),
            Period::Day | Period::Week | Period::Month => format!("${limit} a {}", period.as_str()),
        })
        .collect();
    bounds.extend(
        policy
            .requests_per_min
            .map(|n| format!("{n} requests a minute")),
    );
    bounds.extend(
        policy
            .expires_ms
            .map(|end| format!("until {}", when::day(end / 86_400_000))),
    );
    for (names, what) in [
        (policy.tiers.len(), "tiers"),
        (policy.models.len(), "models"),
        (policy.providers.len(), "providers"),
    ] {
        if names > 0 {
            bounds.push(format!("{names} {what}"));
        }
    }
    bounds.join(", ")
}
