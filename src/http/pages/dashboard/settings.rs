//! `/dashboard/settings`: providers, daily limit, defaults and mails, each in a form of its own.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::keys::providers as known;
use super::overview::today;
use super::{around, done, status, telemetry};
use crate::actors::accounts::AccountView;
use crate::catalog::{Prefer, Tier};
use crate::http::fields::Fields;
use crate::http::pages::answer;
use crate::http::pages::form::{Form, object, refuse};
use crate::http::pages::member::Member;
use crate::http::{ApiError, Switchboard, account};
use crate::pages::Panel;
use crate::pages::Typed;
use crate::pages::dashboard::{Settings, Tab};
use crate::store::Switch;

/// The mails that can be switched.
const MAILS: [&str; 3] = ["low_balance", "receipts", "security"];

/// `GET /dashboard/settings`
pub async fn settings(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let (_, panel) = around(&http, Tab::Settings);
    let form = stored(&desk, &member).await?;
    show(&desk, &http, &member, (form, panel, ""), StatusCode::OK).await
}

/// `POST /dashboard/settings/providers`
pub async fn providers(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let ticked: Vec<&str> = form.all("providers").collect();
    let all = known(&desk);
    let blocked: Vec<&String> = all
        .iter()
        .filter(|name| !ticked.contains(&name.as_str()))
        .collect();
    let change = object([("blocked_providers", json!(blocked))]);
    let asked = (&form, "#providers", &["providers", "blocked_providers"][..]);
    let answer = save(&desk, &http, &member, change, asked).await?;
    if ticked.is_empty() && answer.status() == StatusCode::SEE_OTHER {
        return Ok(done(Tab::Settings, "all_off", "#providers"));
    }
    Ok(answer)
}

/// `POST /dashboard/settings/limit`
pub async fn limit(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let change = object([("daily_limit_usd", form.json("daily_limit_usd"))]);
    save(
        &desk,
        &http,
        &member,
        change,
        (&form, "#limit", &["daily_limit_usd"]),
    )
    .await
}

/// `POST /dashboard/settings/defaults`
pub async fn defaults(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let fields = ["default_tier", "default_prefer"];
    let change = object(fields.map(|name| (name, form.json(name))));
    save(&desk, &http, &member, change, (&form, "#defaults", &fields)).await
}

/// `POST /dashboard/settings/mails`
pub async fn mails(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let ticked: Vec<&str> = form.all("notifications").collect();
    let mails = object(MAILS.map(|mail| (mail, json!(ticked.contains(&mail)))));
    let change = object([("notifications", Value::Object(mails))]);
    save(
        &desk,
        &http,
        &member,
        change,
        (&form, "#mails", &["notifications"]),
    )
    .await
}

/// Changes the account, and shows the part again: with what was done, or with what was typed and is
/// wrong.
pub async fn save(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
    change: Map<String, Value>,
    (form, anchor, fields): (&Form, &str, &[&str]),
) -> Result<HttpResponse, ApiError> {
    let changed = account::alter(desk, &member.manager(), Fields::of(change)).await;
    let Err(error) = changed else {
        return Ok(done(Tab::Settings, "saved", anchor));
    };
    let (_, mut panel) = around(http, Tab::Settings);
    let typed = form.over(stored(desk, member).await?, fields);
    let typed = refuse(typed, &mut panel, &error, fields);
    show(desk, http, member, (typed, panel, ""), status(&error)).await
}

/// Everything that is set, as it stands in the forms.
pub async fn stored(desk: &Switchboard, member: &Member) -> Result<Typed, ApiError> {
    let view = account::find(desk, member.account()).await?;
    let used = known(desk).into_iter();
    let used = used.filter(|name| !view.account.blocked_providers.contains(name));
    let limit = view.daily_limit.map(|limit| limit.to_string());
    let typed = Typed::default()
        .with_all("providers", used)
        .with("daily_limit_usd", limit.unwrap_or_default())
        .with(
            "default_tier",
            view.settings.default_tier.map_or("", Tier::as_str),
        )
        .with(
            "default_prefer",
            view.settings.default_prefer.map_or("", Prefer::as_str),
        )
        .with_all("notifications", switched_on(&view));
    Ok(telemetry::stored(typed, view.telemetry.as_ref()))
}

fn switched_on(view: &AccountView) -> impl Iterator<Item = String> {
    let mails = view.settings.notifications;
    let states = [mails.low_balance, mails.receipts, mails.security];
    let all = MAILS.into_iter().zip(states);
    all.filter(|(_, state)| *state == Switch::On)
        .map(|(mail, _)| mail.to_owned())
}

/// The part with its forms.
pub async fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
    (form, panel, test): (Typed, Panel, &str),
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let page = Settings {
        frame: around(http, Tab::Settings).0,
        panel,
        form,
        providers: known(desk),
        today: today(desk, member).await?,
        target: telemetry::state(desk, member.account()).await?,
        test: test.to_owned(),
    };
    answer::personal(status, &desk.settings, &page)
}
