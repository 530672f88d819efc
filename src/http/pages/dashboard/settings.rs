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
    let asked = Asked {
        form: &form,
        anchor: "#providers",
        fields: &["providers", "blocked_providers"],
        done: if ticked.is_empty() {
            "all_off"
        } else {
            "saved"
        },
    };
    save(&desk, &http, &member, change, asked).await
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
    let asked = Asked::in_a_word(&form, "#limit", &["daily_limit_usd"]);
    save(&desk, &http, &member, change, asked).await
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
    let asked = Asked::in_a_word(&form, "#defaults", &fields);
    save(&desk, &http, &member, change, asked).await
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
    let asked = Asked::in_a_word(&form, "#mails", &["notifications"]);
    save(&desk, &http, &member, change, asked).await
}

/// A form that was sent, and what it is answered with.
pub struct Asked<'a> {
    form: &'a Form,
    /// Where on the page it stands.
    anchor: &'a str,
    /// Its fields, and those of the API by which an error may name them.
    fields: &'a [&'a str],
    /// What [`around`] knows the success by.
    done: &'a str,
}

impl<'a> Asked<'a> {
    /// One of whose success there is nothing to say but that it is saved.
    pub fn in_a_word(form: &'a Form, anchor: &'a str, fields: &'a [&'a str]) -> Self {
        Self {
            form,
            anchor,
            fields,
            done: "saved",
        }
    }
}

/// Changes the account, and shows the part again: with what was done, or with what was typed and is
/// wrong.
pub async fn save(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
    change: Map<String, Value>,
    asked: Asked<'_>,
) -> Result<HttpResponse, ApiError> {
    let changed = account::alter(desk, &member.manager(), Fields::of(change)).await;
    let Err(error) = changed else {
        return Ok(done(Tab::Settings, asked.done, asked.anchor));
    };
    let (_, mut panel) = around(http, Tab::Settings);
    let typed = asked.form.over(stored(desk, member).await?, asked.fields);
    let typed = refuse(typed, &mut panel, &error, asked.fields);
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
