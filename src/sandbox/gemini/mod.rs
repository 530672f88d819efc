//! Google's dialect: generateContent, streamGenerateContent and batchEmbedContents.

mod answer;
mod check;
mod config;
mod embed;
mod history;
mod model;
mod request;
mod schema_rules;
mod seal;
mod trouble;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{Error, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use bytes::Bytes;
use serde_json::Value;

use super::call::{self, Call, Delivery};
use super::fault::Refusal;
use super::play::{self, Show};
use super::script::Script;
use answer::Response;
use model::Model;
use request::Request;
use trouble::Trouble;

/// The only key that is refused.
const INVALID_KEY: &str = "invalid";

/// Names of models that do not exist begin like this.
const UNKNOWN_MODEL: &str = "unknown";

type Scripted = web::Data<Arc<Script>>;

/// Adds the provider's routes.
pub(super) fn routes(app: &mut web::ServiceConfig, script: Arc<Script>) {
    app.app_data(web::Data::new(script));
    app.route("/v1beta/models/{target}", web::post().to(answer));
    app.default_service(web::to(not_found));
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/html; charset=UTF-8")
        .body("<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>")
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Generate(Delivery),
    Embed,
}

impl Method {
    fn delivery(self) -> Delivery {
        match self {
            Self::Generate(delivery) => delivery,
            Self::Embed => Delivery::Whole,
        }
    }
}

/// `POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent` and `:batchEmbedContents`.
async fn answer(
    script: Scripted,
    http: HttpRequest,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    let target = http.match_info().query("target").to_owned();
    let (named, method) = target.rsplit_once(':').unwrap_or((&target, ""));
    let method = match (method, http.query_string()) {
        ("generateContent", _) => Method::Generate(Delivery::Whole),
        ("streamGenerateContent", "alt=sse") => Method::Generate(Delivery::Stream),
        ("batchEmbedContents", _) => Method::Embed,
        _ => return not_found().await,
    };
    let delivery = method.delivery();
    let Ok(bytes) = payload else {
        return refusal(&Trouble::TooLarge, None);
    };
    let body = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
    let call = match call::admit(&script, &http, (&bytes, &body), named, delivery) {
        Ok(call) => call,
        Err(error) => return refusal(&Trouble::invalid(error.to_string()), None),
    };
    let call = match call.before_headers(delivery).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    match examine(&http, &call, &body, method) {
        Err(trouble) => {
            let response = refusal(&trouble, call.plan.retry_after_s);
            call.ended();
            response
        }
        Ok(()) => respond(call, &body, method),
    }
}

/// Everything that stands between a request and its answer.
fn examine(http: &HttpRequest, call: &Call, body: &Value, method: Method) -> Result<(), Trouble> {
    let key = http.headers().get("x-goog-api-key");
    match key.and_then(|key| key.to_str().ok()) {
        None | Some("") => return Err(Trouble::NoKey),
        Some(INVALID_KEY) => return Err(Trouble::WrongKey),
        Some(_) => {}
    }
    if call.plan.error_tokens.is_some() && method.delivery() == Delivery::Whole {
        return Err(Trouble::Status(500));
    }
    match call.plan.refusal {
        Some(Refusal::Status(code)) => return Err(Trouble::Status(code)),
        Some(Refusal::ContextLength) => return Err(Trouble::ContextLength),
        Some(Refusal::Quota) => return Err(Trouble::Quota),
        // Google answers with a blocked prompt and a good status.
        Some(Refusal::Policy) | None => {}
    }
    if call.model.starts_with(UNKNOWN_MODEL) {
        return Err(Trouble::UnknownModel(call.model.clone()));
    }
    match method {
        Method::Generate(_) => check::request(Model::of(&call.model), body),
        Method::Embed => embed::check(&call.model, body),
    }
}

fn respond(call: Call, body: &Value, method: Method) -> HttpResponse {
    let response = || {
        let request = Request::read(Model::of(&call.model), &call.model, body);
        Response::new(request, &call)
    };
    let mut builder = good(StatusCode::OK);
    let show = match method {
        Method::Embed => {
            builder.content_type("application/json; charset=UTF-8");
            embed::answer(body, &call.plan)
        }
        Method::Generate(Delivery::Stream) => {
            builder.content_type("text/event-stream");
            response().stream()
        }
        Method::Generate(Delivery::Whole) => {
            builder.content_type("application/json; charset=UTF-8");
            let response = response();
            let tokens = response.tokens();
            Show::whole(response.whole(), tokens)
        }
    };
    play::respond(builder, show, call.plan, call.entry)
}

/// A response that begins as the provider's begin.
fn good(status: StatusCode) -> HttpResponseBuilder {
    let mut builder = HttpResponse::build(status);
    builder.insert_header(("x-gemini-service-tier", "standard"));
    builder
}

fn refusal(trouble: &Trouble, retry_after_s: Option<u32>) -> HttpResponse {
    let (status, body) = trouble.answer(retry_after_s);
    good(status)
        .content_type("application/json; charset=UTF-8")
        .body(format!("{body:#}\n"))
}
