//! One call of the API: its key, its idempotency key, its faults, and the function that answers it.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::cards::Behaviour;
use super::delivery::{self, Target};
use super::form::Form;
use super::state::{Kept, State};
use super::trouble::Trouble;
use super::{
    Call, Desk, Fault, checkout, customers, disputes, intents, lock, methods, now_s, refunds,
};

/// The key that is refused.
const INVALID_KEY: &str = "sk_test_invalid";

/// Answers every call.
pub(super) async fn answer(desk: Data<Desk>, http: HttpRequest, body: Bytes) -> HttpResponse {
    let request = Request::read(&http, &body);
    if request.path.first().is_some_and(|part| part == "_control") {
        let answered = control(&desk, &request);
        delivery::flush(&desk.into_inner());
        return respond(answered.as_ref());
    }
    desk.log(request.call(&http));
    if let Err(trouble) = key(&http) {
        return respond(Err(&trouble));
    }
    let fault = lock(&desk.faults).pop_front();
    if let Some(Fault::Status(status)) = fault {
        return respond(Err(&Trouble::status(status)));
    }
    let desk = desk.into_inner();
    let (status, body, replayed) = match &request.idempotency_key {
        Some(key) if request.method == "POST" => once(&desk, key, &request, fault).await,
        Some(_) | None => {
            delay(fault).await;
            let (status, body) = run(&desk, &request);
            (status, body, false)
        }
    };
    delivery::flush(&desk);
    if fault == Some(Fault::LoseAnswer) {
        return HttpResponse::InternalServerError().finish();
    }
    let mut response = HttpResponse::build(status_of(status));
    if replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.json(body)
}

/// A call under a key: the same call again has the same answer, another call is refused, and one that
/// is under way is not begun twice.
async fn once(
    desk: &Arc<Desk>,
    key: &str,
    request: &Request,
    fault: Option<Fault>,
) -> (u16, Value, bool) {
    {
        let mut state = lock(&desk.state);
        let refuse = |trouble: Trouble| (trouble.status, trouble.body(), false);
        if let Some(kept) = state.answers.get(key) {
            if (&kept.path, &kept.form) == (&request.whole_path(), &request.form) {
                return (kept.status, kept.body.clone(), true);
            }
            return refuse(Trouble::other_parameters(key));
        }
        if !state.running.insert(key.to_owned()) {
            return refuse(Trouble::key_in_use());
        }
    }
    delay(fault).await;
    let (status, body) = run(desk, request);
    let mut state = lock(&desk.state);
    state.running.remove(key);
    // What was wrong in itself may be sent again under the same key, put right.
    if status < 400 || status == 402 {
        let kept = Kept {
            path: request.whole_path(),
            form: request.form.clone(),
            status,
            body: body.clone(),
        };
        state.answers.insert(key.to_owned(), kept);
    }
    (status, body, false)
}

async fn delay(fault: Option<Fault>) {
    if let Some(Fault::Delay(time)) = fault {
        tokio::time::sleep(time.min(Duration::from_secs(60))).await;
    }
}

fn run(desk: &Desk, request: &Request) -> (u16, Value) {
    let site = lock(&desk.site).clone();
    let answered = route(&mut lock(&desk.state), request, &site);
    match answered {
        Ok(body) => (200, body),
        Err(trouble) => (trouble.status, trouble.body()),
    }
}

/// What of a request matters.
struct Request {
    method: String,
    path: Vec<String>,
    form: Form,
    idempotency_key: Option<String>,
}

impl Request {
    fn read(http: &HttpRequest, body: &[u8]) -> Self {
        let parts = http.path().split('/').filter(|part| !part.is_empty());
        let form = if body.is_empty() {
            Form::parse(http.query_string().as_bytes())
        } else {
            Form::parse(body)
        };
        Self {
            method: http.method().to_string(),
            path: parts.map(str::to_owned).collect(),
            form,
            idempotency_key: header(http, "idempotency-key"),
        }
    }

    fn whole_path(&self) -> String {
        format!("/{}", self.path.join("/"))
    }

    fn call(&self, http: &HttpRequest) -> Call {
        Call {
            method: self.method.clone(),
            path: self.whole_path(),
            idempotency_key: self.idempotency_key.clone(),
            form: self.form.pairs().to_vec(),
            version: header(http, "stripe-version"),
        }
    }
}

fn header(http: &HttpRequest, name: &str) -> Option<String> {
    let value = http.headers().get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// A secret key, as a bearer or as the user of basic authentication.
fn key(http: &HttpRequest) -> Result<(), Trouble> {
    let sent = header(http, AUTHORIZATION.as_str()).unwrap_or_default();
    let key = match sent.split_once(' ') {
        Some(("Bearer", key)) => key.to_owned(),
        Some(("Basic", coded)) => {
            let decoded = STANDARD.decode(coded).unwrap_or_default();
            let pair = String::from_utf8(decoded).unwrap_or_default();
            pair.split(':').next().unwrap_or_default().to_owned()
        }
        Some(_) | None => String::new(),
    };
    let known = key.starts_with("sk_") || key.starts_with("rk_");
    if known && key != INVALID_KEY {
        Ok(())
    } else {
        Err(Trouble::no_key())
    }
}

fn route(state: &mut State, request: &Request, site: &str) -> Result<Value, Trouble> {
    let (form, now_s) = (&request.form, now_s());
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "customers"]) => customers::create(state, form, now_s),
        ("GET", ["v1", "customers", id]) => customers::show(state, id),
        ("DELETE", ["v1", "customers", id]) => customers::delete(state, id),
        ("POST", ["v1", "payment_methods"]) => methods::create(state, form, now_s),
        ("GET", ["v1", "payment_methods"]) => methods::list(state, form),
        ("GET", ["v1", "payment_methods", id]) => methods::show(state, id),
        ("POST", ["v1", "payment_methods", id, "attach"]) => {
            methods::attach(state, id, form, now_s)
        }
        ("POST", ["v1", "payment_methods", id, "detach"]) => methods::detach(state, id, now_s),
        ("POST", ["v1", "checkout", "sessions"]) => checkout::create(state, form, site, now_s),
        ("GET", ["v1", "checkout", "sessions", id]) => checkout::show(state, id),
        ("POST", ["v1", "payment_intents"]) => intents::create(state, form, now_s),
        ("GET", ["v1", "payment_intents", id]) => intents::show(state, id),
        ("POST", ["v1", "refunds"]) => refunds::create(state, form, now_s),
        (method, _) => Err(Trouble::no_route(method, &request.whole_path())),
    }
}

/// What no call of the API can do.
fn control(desk: &Desk, request: &Request) -> Result<Value, Trouble> {
    let (form, now_s) = (&request.form, now_s());
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["_control", "disputes"]) => {
            let intent = form.required("payment_intent")?;
            disputes::open(&mut lock(&desk.state), intent, now_s)
        }
        ("POST", ["_control", "disputes", id, "close"]) => {
            let status = form.required("status")?;
            disputes::close(&mut lock(&desk.state), id, status, now_s)
        }
        ("POST", ["_control", "payment_methods", id]) => {
            let word = form.required("behaviour")?;
            let behaviour = Behaviour::named(word).ok_or_else(|| {
                let words = "pays, declines, insufficient_funds, expired or authenticates";
                Trouble::invalid("behaviour", words)
            })?;
            lock(&desk.state).set_behaviour(id, behaviour);
            Ok(json!({ "id": id, "behaviour": word }))
        }
        ("POST", ["_control", "webhook"]) => {
            let target = Target {
                url: form.required("url")?.to_owned(),
                secret: form.required("secret")?.to_owned(),
            };
            let told = json!({ "url": target.url });
            *lock(&desk.target) = Some(target);
            Ok(told)
        }
        ("GET", ["_control", "events"]) => {
            let events: Vec<Value> = lock(&desk.state).events().cloned().collect();
            Ok(json!({ "object": "list", "data": events }))
        }
        (method, _) => Err(Trouble::no_route(method, &request.whole_path())),
    }
}

fn respond(answered: Result<&Value, &Trouble>) -> HttpResponse {
    match answered {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(trouble) => HttpResponse::build(status_of(trouble.status)).json(trouble.body()),
    }
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
