//! `/admin/sign-in`: the operator's own cookie, for the admin token. Each client address has ten tries
//! an hour.

use std::future::{Ready, ready};

use actix_web::cookie::SameSite;
use actix_web::cookie::time::Duration;
use actix_web::dev::Payload as Body;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::REFERER;
use actix_web::web::{Data, Payload};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use secrecy::ExposeSecret;
use url::Url;

use crate::actors::clock::now_ms;
use crate::actors::consoles::CONSOLE_MS;
use crate::actors::ledger::Note;
use crate::http::auth::switchboard;
use crate::http::operator::{self, Operator};
use crate::http::pages::form::Form;
use crate::http::pages::login::see;
use crate::http::pages::next::Next;
use crate::http::pages::{answer, frame};
use crate::http::{ApiError, Code, Switchboard, client_ip, cookie, not_found};
use crate::pages::Here;
use crate::pages::admin::SignIn;
use crate::store::{Action, Deed};

/// The operator's cookie, which no link from another site carries.
const COOKIE: cookie::Kind = cookie::Kind {
    name: "__Host-mr-admin",
    plain_name: "mr-admin",
    same_site: SameSite::Strict,
};
/// Where the operator's pages begin.
const HOME: &str = "/admin";

/// The operator, signed in to the pages. Without a configured token no page exists.
pub struct Console(pub Operator);

impl FromRequest for Console {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Body) -> Self::Future {
        ready(console(request))
    }
}

fn console(request: &HttpRequest) -> Result<Console, actix_web::Error> {
    let desk = switchboard(request)?;
    exists(desk, request)?;
    let held = COOKIE.held(request, &desk.settings);
    let is_in = held.is_some_and(|token| desk.consoles().is_open(&token, now_ms()));
    if !is_in {
        let login = see(&format!(
            "/admin/sign-in?next={}",
            encoded(&come_back(request))
        ));
        let message = "The operator has to sign in.";
        let error = ApiError::new(Code::MissingSession, message);
        return Err(InternalError::from_response(error, login).into());
    }
    if cookie::is_forgeable(request, &desk.settings) {
        let message =
            "A cookie changes nothing from another site; send the form from a page of this router.";
        return Err(ApiError::new(Code::ForeignOrigin, message).into());
    }
    Ok(Console(Operator::of_page(request)))
}

/// `GET /admin/sign-in`
pub async fn ask(desk: Data<Switchboard>, http: HttpRequest) -> Result<HttpResponse, ApiError> {
    exists(&desk, &http)?;
    let next = own(Form::of_query(&http).text("next"));
    show(&desk, &http, next, None)
}

/// `POST /admin/sign-in`
pub async fn sign_in(
    desk: Data<Switchboard>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let token = exists(&desk, &http)?;
    let form = Form::read(&desk, &http, payload).await?;
    let (next, now_ms) = (own(form.text("next")), now_ms());
    let client = client_ip::client_ip(&http, &desk.settings.server.trusted_proxies);
    let admitted = desk.operator_tries().admit(client, now_ms);
    if let Err(wait) = admitted {
        let message = "Too many tries from your network address; try again later.";
        let error = ApiError::new(Code::RateLimitExceeded, message).retry_after(wait);
        return show(&desk, &http, next, Some(&error));
    }
    if !operator::is_token(form.text("token"), token) {
        operator::note_refusal(&desk, &http);
        let error = ApiError::new(Code::InvalidApiKey, "This is not the admin token.");
        return show(&desk, &http, next, Some(&error));
    }
    let author = Operator::of_page(&http).author();
    let deed = Deed::new(author, Action::AdminSignedIn, None, now_ms);
    desk.ledger.do_send(Note(deed));
    let opened = desk.consoles().open(now_ms);
    let mut response = see(&next);
    let life = i64::try_from(CONSOLE_MS).unwrap_or(i64::MAX);
    let fresh = COOKIE.with(&opened, Duration::milliseconds(life), &desk.settings);
    response.add_cookie(&fresh).map_err(ApiError::internal)?;
    Ok(response)
}

/// `POST /admin/sign-out`
pub async fn sign_out(
    desk: Data<Switchboard>,
    http: HttpRequest,
    _: Console,
) -> Result<HttpResponse, ApiError> {
    if let Some(token) = COOKIE.held(&http, &desk.settings) {
        desk.consoles().close(&token);
    }
    let mut response = see("/admin/sign-in");
    let removal = COOKIE.removal(&desk.settings);
    response.add_cookie(&removal).map_err(ApiError::internal)?;
    Ok(response)
}

/// The configured token; without one there is nothing here.
fn exists<'a>(desk: &'a Switchboard, http: &HttpRequest) -> Result<&'a str, ApiError> {
    let token = desk.settings.admin_token.as_ref();
    let token = token.ok_or_else(|| not_found(http.path()))?;
    Ok(token.expose_secret())
}

fn show(
    desk: &Switchboard,
    http: &HttpRequest,
    next: String,
    error: Option<&ApiError>,
) -> Result<HttpResponse, ApiError> {
    let page = SignIn {
        frame: frame(http, Here::Elsewhere, "Operator", "For the operator."),
        next,
        wrong: error.map_or_else(String::new, |error| error.message().to_owned()),
    };
    let status = error.map_or(StatusCode::OK, ResponseError::status_code);
    answer::personal(status, &desk.settings, &page)
}

/// A path of the operator's own pages; the first of them for anything else.
fn own(asked: &str) -> String {
    let next = Next::of(asked);
    let is_own = next.as_str() == HOME || next.as_str().starts_with("/admin/");
    let leads_back = next.as_str().starts_with("/admin/sign-");
    if is_own && !leads_back {
        next.as_str().to_owned()
    } else {
        HOME.to_owned()
    }
}

/// Where one was: the page itself, or the one whose form was sent.
fn come_back(request: &HttpRequest) -> String {
    if request.method().is_safe() {
        let here = request.uri().path_and_query();
        return own(here.map_or("", |here| here.as_str()));
    }
    let page = request.headers().get(REFERER);
    let page = page.and_then(|page| Url::parse(page.to_str().ok()?).ok());
    own(page.as_ref().map_or("", Url::path))
}

fn encoded(path: &str) -> String {
    url::form_urlencoded::byte_serialize(path.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_operators_pages_comes_after_signing_in() {
        assert_eq!(own("/admin/log?account=a"), "/admin/log?account=a");
        for bad in [
            "",
            "/dashboard",
            "//evil.example/admin/",
            "https://evil.example/admin/",
            "/admin/sign-in",
            "/admin/sign-out",
            "/administrator",
        ] {
            assert_eq!(own(bad), HOME, "{bad}");
        }
    }
}
