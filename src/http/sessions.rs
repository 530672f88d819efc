//! `/v1/account/sessions`: where an account is signed in, and ending that.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use serde_json::{Value, json};

use super::auth::Visitor;
use super::generations::rfc3339;
use super::{ApiError, Code, Switchboard, cookie};
use crate::actors::accounts::{EndAllSessions, EndSession, ListSessions};
use crate::ids::SessionId;
use crate::store::{SESSION_MS, Session};

/// `GET /v1/account/sessions`
pub async fn list(desk: Data<Switchboard>, visitor: Visitor) -> Result<HttpResponse, ApiError> {
    let sessions = desk
        .accounts
        .send(ListSessions(visitor.account()))
        .await
        .map_err(ApiError::internal)?;
    let views: Vec<Value> = sessions
        .iter()
        .map(|session| view(session, &visitor))
        .collect();
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "object": "list", "data": views })))
}

/// `DELETE /v1/account/sessions/{id}`
pub async fn end(
    desk: Data<Switchboard>,
    visitor: Visitor,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let session = end_one(&desk, &visitor, &id).await?;
    let body = json!({ "id": session.to_string(), "deleted": true });
    let mut response = HttpResponse::Ok().json(body);
    if session == visitor.session() {
        sign_out(&mut response, &desk)?;
    }
    Ok(response)
}

/// Ends one of the visitor's sessions.
pub async fn end_one(
    desk: &Switchboard,
    visitor: &Visitor,
    id: &str,
) -> Result<SessionId, ApiError> {
    // "Not yours" and "not there" are the same answer.
    let missing = || ApiError::new(Code::NotFound, "There is no such session.");
    let session: SessionId = id.parse().map_err(|_| missing())?;
    let end = EndSession {
        account: visitor.account(),
        session,
        author: visitor.author(),
    };
    let ended = ApiError::unless_down(desk.accounts.send(end).await)?;
    ended.map(|()| session).map_err(|_| missing())
}

/// `DELETE /v1/account/sessions`: signs out everywhere.
pub async fn end_all(desk: Data<Switchboard>, visitor: Visitor) -> Result<HttpResponse, ApiError> {
    let ended = end_every(&desk, &visitor).await?;
    let mut response = HttpResponse::Ok().json(json!({ "deleted": ended }));
    sign_out(&mut response, &desk)?;
    Ok(response)
}

/// Ends all of the visitor's sessions, and tells how many there were.
pub async fn end_every(desk: &Switchboard, visitor: &Visitor) -> Result<usize, ApiError> {
    let end = EndAllSessions {
        account: visitor.account(),
        author: visitor.author(),
    };
    ApiError::unless_down(desk.accounts.send(end).await)
}

/// Takes the cookie from a browser.
pub fn sign_out(response: &mut HttpResponse, desk: &Switchboard) -> Result<(), ApiError> {
    response
        .add_cookie(&cookie::removal(&desk.settings))
        .map_err(ApiError::internal)
}

fn view(session: &Session, visitor: &Visitor) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": rfc3339(session.created_ms),
        "last_seen_at": rfc3339(session.seen_ms),
        "expires_at": rfc3339(session.seen_ms.saturating_add(SESSION_MS)),
        "user_agent": session.agent,
        "current": session.id == visitor.session(),
    })
}
