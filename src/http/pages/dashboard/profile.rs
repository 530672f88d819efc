//! `/dashboard/profile`: who one is, where one is signed in, and the end of an account.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::{around, done, status};
use crate::actors::accounts::ListSessions;
use crate::http::fields::Fields;
use crate::http::pages::form::{Form, object, refuse};
use crate::http::pages::login::see;
use crate::http::pages::member::Member;
use crate::http::pages::{answer, when};
use crate::http::{ApiError, Switchboard, account, sessions};
use crate::pages::Panel;
use crate::pages::Typed;
use crate::pages::dashboard::{Profile, SessionRow, Tab};

/// The fields of the form that ends the account.
const FIELDS: [&str; 2] = ["email", "forfeit_balance"];
const NOT_GIVEN_UP: &str = "There is credit left; tick this to give it up.";

/// `GET /dashboard/profile`
pub async fn profile(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
) -> Result<HttpResponse, ApiError> {
    let (_, panel) = around(&http, Tab::Profile);
    show(
        &desk,
        &http,
        &member,
        (Typed::default(), panel),
        StatusCode::OK,
    )
    .await
}

/// `POST /dashboard/profile/sessions/{id}`: ends one.
pub async fn end(
    desk: Data<Switchboard>,
    member: Member,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let ended = sessions::end_one(&desk, member.visitor(), &id).await?;
    if ended != member.visitor().session() {
        return Ok(done(Tab::Profile, "ended", "#sessions"));
    }
    let mut response = see("/");
    sessions::sign_out(&mut response, &desk)?;
    Ok(response)
}

/// `POST /dashboard/profile/sessions`: ends all.
pub async fn end_all(desk: Data<Switchboard>, member: Member) -> Result<HttpResponse, ApiError> {
    sessions::end_every(&desk, member.visitor()).await?;
    let mut response = see("/login?done=ended");
    sessions::sign_out(&mut response, &desk)?;
    Ok(response)
}

/// `POST /dashboard/profile/delete`
pub async fn delete(
    desk: Data<Switchboard>,
    http: HttpRequest,
    member: Member,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let fields = Fields::of(object([
        ("email", form.json("email")),
        ("forfeit_balance", json!(form.has("forfeit_balance"))),
    ]));
    match account::close(&desk, member.visitor(), fields).await {
        Ok(()) => {
            let mut response = see("/login?done=deleted");
            sessions::sign_out(&mut response, &desk)?;
            Ok(response)
        }
        Err(error) => {
            let (_, mut panel) = around(&http, Tab::Profile);
            let typed = form.over(Typed::default(), &FIELDS);
            let typed = refuse(typed, &mut panel, &error, &FIELDS);
            let typed = match error.field() {
                Some(forfeit @ "forfeit_balance") => typed.but(forfeit, NOT_GIVEN_UP),
                Some(_) | None => typed,
            };
            show(&desk, &http, &member, (typed, panel), status(&error)).await
        }
    }
}

async fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    member: &Member,
    (form, panel): (Typed, Panel),
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let id = member.account();
    let account = account::find(desk, id).await?.account;
    let left = desk.purses.of(id).posted();
    let sessions = desk.accounts.send(ListSessions(id)).await;
    let sessions = sessions.map_err(ApiError::internal)?;
    let session = |session: &crate::store::Session| SessionRow {
        id: session.id.to_string(),
        agent: agent(&session.agent),
        created: when::minute(session.created_ms),
        seen: when::minute(session.seen_ms),
        is_this: session.id == member.visitor().session(),
    };
    let page = Profile {
        frame: around(http, Tab::Profile).0,
        panel,
        email: account.email,
        account: id.to_string(),
        created: when::minute(account.created_ms),
        left: if left.is_positive() {
            left.to_string()
        } else {
            String::new()
        },
        sessions: sessions.iter().map(session).collect(),
        form,
    };
    answer::personal(status, &desk.settings, &page)
}

/// What a browser calls itself, cut to what a table shows.
fn agent(agent: &str) -> String {
    if agent.is_empty() {
        return "a program that does not say its name".to_owned();
    }
    agent.chars().take(120).collect()
}
