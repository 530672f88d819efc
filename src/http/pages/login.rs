//! `/login` and `/logout`: signing in with a mailed code, in forms that need no script. The rules are
//! those of `/v1/auth`.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use super::form::Form;
use super::next::Next;
use super::{answer, frame};
use crate::http::auth::Visitor;
use crate::http::visit::Visit;
use crate::http::{ApiError, Code, Switchboard, signin};
use crate::pages::sample::sample;
use crate::pages::{self, Here};
use crate::store::{CODE_MS, Newcomer, Welcome};

const DESCRIPTION: &str = "Sign in with a code that comes by mail.";
const NO_ADDRESS: &str = "This is no e-mail address that mail can be sent to: ASCII, at most 254 characters, \
    an international domain in its xn-- form.";
const NO_CODE: &str = "The code is the eight digits from the mail.";

/// `GET /login?next=…&done=…`
pub async fn login(
    desk: Data<Switchboard>,
    http: HttpRequest,
    visitor: Result<Visitor, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let next = Next::of(Form::of_query(&http).text("next"));
    match visitor {
        Ok(_) => Ok(see(next.as_str())),
        Err(_) => ask_for_address(&desk, &http, "", &next, None),
    }
}

/// `POST /login`: has a code mailed, and asks for it. What is shown is the same for every address.
pub async fn send_code(
    desk: Data<Switchboard>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let (typed, next) = (form.text("email"), Next::of(form.text("next")));
    let sent = signin::email(typed).and_then(|email| signin::send_code(&desk, &http, email));
    match sent {
        Ok(flow) => ask_for_code(&desk, &http, [typed, "", &flow], &next, None),
        Err(error) => ask_for_address(&desk, &http, typed, &next, Some(&error)),
    }
}

/// `POST /login/code`: exchanges the code for a session.
pub async fn verify_code(
    desk: Data<Switchboard>,
    visit: Visit,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = Form::read(&desk, &http, payload).await?;
    let typed = ["email", "code", "flow"].map(|name| form.text(name));
    let next = Next::of(form.text("next"));
    let welcome = match signin::let_in(&desk, &http, visit, typed).await {
        Ok(welcome) => welcome,
        Err(error) => return ask_for_code(&desk, &http, typed, &next, Some(&error)),
    };
    let mut response = greet(&desk, &http, &welcome, &next)?;
    signin::set_cookie(&mut response, &desk, &welcome)?;
    Ok(response)
}

/// `POST /logout`
pub async fn logout(
    desk: Data<Switchboard>,
    visitor: Result<Visitor, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let mut response = see("/");
    match visitor {
        Ok(visitor) => signin::sign_out(&mut response, &desk, &visitor).await?,
        Err(error) if is_signed_out(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(response)
}

/// Whether an error only says that nobody is signed in, or not any more.
pub fn is_signed_out(error: &ApiError) -> bool {
    [Code::MissingSession, Code::InvalidSession].contains(&error.code())
}

/// To another page, with GET.
pub fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .insert_header(("cache-control", "no-store"))
        .finish()
}

/// Where a customer goes who has signed in: on, or first to the key that is shown only now.
fn greet(
    desk: &Switchboard,
    http: &HttpRequest,
    welcome: &Welcome,
    next: &Next,
) -> Result<HttpResponse, ApiError> {
    let Some(Newcomer { key, gift, .. }) = &welcome.newcomer else {
        return Ok(see(next.as_str()));
    };
    let hello = sample("hello.sh", &desk.settings.public_url());
    let mut frame = frame(http, Here::Account, "Your first key", DESCRIPTION);
    frame.viewer = pages::Viewer::Customer;
    let page = pages::Welcome {
        frame,
        curl: hello.replace("$MODEL_ROUTER_API_KEY", key.reveal()),
        key: key.reveal().to_owned(),
        credit: gift.map_or_else(String::new, |gift| gift.amount.to_string()),
        next: next.as_str().to_owned(),
    };
    answer::personal(StatusCode::OK, &desk.settings, &page)
}

fn ask_for_address(
    desk: &Switchboard,
    http: &HttpRequest,
    typed: &str,
    next: &Next,
    error: Option<&ApiError>,
) -> Result<HttpResponse, ApiError> {
    let page = pages::Login {
        frame: frame(http, Here::Account, "Sign in", DESCRIPTION),
        done: match Form::of_query(http).text("done") {
            "deleted" => "The account is deleted, with its keys and its sessions.",
            "ended" => "Every session is ended, also this one.",
            _ => "",
        },
        email: typed.to_owned(),
        next: next.as_str().to_owned(),
        wrong: said(error, "email", NO_ADDRESS),
    };
    answer::personal(status(error), &desk.settings, &page)
}

fn ask_for_code(
    desk: &Switchboard,
    http: &HttpRequest,
    [email, code, flow]: [&str; 3],
    next: &Next,
    error: Option<&ApiError>,
) -> Result<HttpResponse, ApiError> {
    let spool = desk.settings.storage.data_dir.join("mail");
    let is_desk = desk.settings.is_plain_loopback() && desk.settings.mail.server.is_none();
    let page = pages::Code {
        frame: frame(http, Here::Account, "Type the code", DESCRIPTION),
        email: email.to_owned(),
        flow: flow.to_owned(),
        code: code.to_owned(),
        next: next.as_str().to_owned(),
        wrong: said(error, "code", NO_CODE),
        minutes: CODE_MS / 60_000,
        spool: if is_desk {
            spool.display().to_string()
        } else {
            String::new()
        },
    };
    answer::personal(status(error), &desk.settings, &page)
}

/// What stands beside a field: why what was typed is no value for it, or the error's own words.
fn said(error: Option<&ApiError>, field: &str, no_value: &str) -> String {
    match error {
        None => String::new(),
        Some(error) if error.code() == Code::InvalidValue && error.field() == Some(field) => {
            no_value.to_owned()
        }
        Some(error) => error.message().to_owned(),
    }
}

fn status(error: Option<&ApiError>) -> StatusCode {
    error.map_or(StatusCode::OK, ResponseError::status_code)
}
