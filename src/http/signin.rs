//! `/v1/auth`: signing in with a code that comes by mail, and signing out.

use actix_web::http::header::{CACHE_CONTROL, USER_AGENT};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::auth::Visitor;
use super::cookie::{self, Origin};
use super::fields::{self, Fields};
use super::generations::rfc3339;
use super::visit::Visit;
use super::{ApiError, Code, Switchboard, client_ip};
use crate::actors::accounts::{EndSession, NoSuchSession, RequestCode, SignIn};
use crate::actors::clock::now_ms;
use crate::ids::{EmailAddress, FlowId, SignInCode};
use crate::store::{CODE_MS, NotLetIn, Offer, SESSION_MS, Welcome};

/// `POST /v1/auth/request-code`
///
/// The answer is given before anybody looks the address up, so neither its body nor its time can
/// tell what is found.
pub async fn request_code(
    desk: Data<Switchboard>,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::read(&desk, &http, payload).await?;
    let email = email(&fields.text("email")?)?;
    fields.finish()?;
    let flow = send_code(&desk, &http, email)?;
    Ok(private(
        &json!({ "flow": flow, "expires_in": CODE_MS / 1000 }),
    ))
}

/// Has a code mailed, and gives the flow that the code will belong to.
pub fn send_code(
    desk: &Switchboard,
    http: &HttpRequest,
    email: EmailAddress,
) -> Result<String, ApiError> {
    admit(desk, http)?;
    let place = place(desk)?;
    let flow = FlowId::generate();
    let shown = flow.reveal().to_owned();
    desk.accounts.do_send(RequestCode { flow, email, place });
    Ok(shown)
}

/// `POST /v1/auth/verify-code`
pub async fn verify_code(
    desk: Data<Switchboard>,
    visit: Visit,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut fields = Fields::read(&desk, &http, payload).await?;
    let [email, code, flow] = [
        fields.text("email")?,
        fields.text("code")?,
        fields.text("flow")?,
    ];
    fields.finish()?;
    let welcome = let_in(&desk, &http, visit, [&email, &code, &flow]).await?;
    let mut response = private(&greeting(&welcome));
    // A page of someone else must not sign its visitors in to an account of its own.
    match cookie::origin(http.headers(), &desk.settings) {
        Origin::Own | Origin::Unsaid => set_cookie(&mut response, &desk, &welcome)?,
        Origin::Foreign => {}
    }
    Ok(response)
}

/// Exchanges an address, a code and its flow for a session.
pub async fn let_in(
    desk: &Switchboard,
    http: &HttpRequest,
    visit: Visit,
    typed: [&str; 3],
) -> Result<Welcome, ApiError> {
    let sign_in = SignIn {
        offer: offer(typed, http)?,
        request: visit.id,
    };
    let _place = place(desk)?;
    ApiError::unless_down(desk.accounts.send(sign_in).await)?.map_err(refused)
}

/// Keeps a browser signed in.
pub fn set_cookie(
    response: &mut HttpResponse,
    desk: &Switchboard,
    welcome: &Welcome,
) -> Result<(), ApiError> {
    let token = welcome.opened.token.reveal();
    response
        .add_cookie(&cookie::fresh(token, &desk.settings))
        .map_err(ApiError::internal)
}

/// `POST /v1/auth/logout`
pub async fn logout(desk: Data<Switchboard>, visitor: Visitor) -> Result<HttpResponse, ApiError> {
    let mut response = private(&json!({ "signed_out": true }));
    sign_out(&mut response, &desk, &visitor).await?;
    Ok(response)
}

/// Ends a visitor's session and the cookie with it.
pub async fn sign_out(
    response: &mut HttpResponse,
    desk: &Switchboard,
    visitor: &Visitor,
) -> Result<(), ApiError> {
    let end = EndSession {
        account: visitor.account(),
        session: visitor.session(),
        author: visitor.author(),
    };
    match ApiError::unless_down(desk.accounts.send(end).await)? {
        // Ended meanwhile by another request is as good.
        Ok(()) | Err(NoSuchSession) => {}
    }
    response
        .add_cookie(&cookie::removal(&desk.settings))
        .map_err(ApiError::internal)
}

/// An address as it was typed.
pub fn email(typed: &str) -> Result<EmailAddress, ApiError> {
    typed.parse().map_err(|_| {
        let expected = "an e-mail address in ASCII, at most 254 bytes; write an international domain in its xn-- form";
        fields::wrong("email", expected)
    })
}

fn offer([typed, code, flow]: [&str; 3], http: &HttpRequest) -> Result<Offer, ApiError> {
    let email = email(typed)?;
    let code: SignInCode = code
        .parse()
        .map_err(|_| fields::wrong("code", "the eight digits from the mail, as a text"))?;
    let flow: FlowId = flow
        .parse()
        .map_err(|_| fields::wrong("flow", "what /v1/auth/request-code answered as 'flow'"))?;
    let agent = http
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    Ok(Offer {
        flow,
        email,
        code,
        agent: agent.unwrap_or_default().to_owned(),
    })
}

/// Counts the request against its client's address.
fn admit(desk: &Switchboard, http: &HttpRequest) -> Result<(), ApiError> {
    let client = client_ip::client_ip(http, &desk.settings.server.trusted_proxies);
    desk.arrivals().admit(client, now_ms()).map_err(|wait| {
        let message =
            "Too many sign-in codes were asked for from your network address; try again later.";
        ApiError::new(Code::RateLimitExceeded, message).retry_after(wait)
    })
}

/// A place among the requests that wait for the accounts' actor.
fn place(desk: &Switchboard) -> Result<OwnedSemaphorePermit, ApiError> {
    desk.sign_ins.clone().try_acquire_owned().map_err(|_| {
        let message = "Too many people are signing in right now; try again shortly.";
        ApiError::new(Code::Overloaded, message)
    })
}

fn refused(error: NotLetIn) -> ApiError {
    let message = error.to_string();
    match error {
        NotLetIn::WrongCode => ApiError::new(Code::InvalidCode, message).param("code"),
        NotLetIn::AccountDisabled => ApiError::new(Code::AccountDisabled, message),
        NotLetIn::NoAccount(_) => ApiError::new(Code::InvalidValue, message).param("email"),
    }
}

fn greeting(welcome: &Welcome) -> Value {
    let session = &welcome.opened.session;
    let newcomer = welcome.newcomer.as_ref();
    let gift = newcomer.and_then(|newcomer| newcomer.gift);
    json!({
        "account_id": session.account.to_string(),
        "email": welcome.email,
        "new_account": newcomer.is_some(),
        "api_key": newcomer.map(|newcomer| newcomer.key.reveal()),
        "credit_usd": gift.map_or("0".to_owned(), |gift| gift.amount.to_string()),
        "session_id": session.id.to_string(),
        "session_token": welcome.opened.token.reveal(),
        "expires_at": rfc3339(session.seen_ms.saturating_add(SESSION_MS)),
    })
}

/// An answer that no cache may keep.
fn private(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body)
}
