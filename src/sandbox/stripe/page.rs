//! The hosted page of a Checkout session: what is paid, a choice of test cards, one button.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Bytes, Data, Path};
use serde_json::Value;

use super::cards::CARDS;
use super::form::Form;
use super::trouble::Trouble;
use super::{Desk, checkout, delivery, lock, now_s};

/// `GET /c/pay/{session}`
pub(super) async fn show(desk: Data<Desk>, session: Path<String>) -> HttpResponse {
    let found = checkout::show(&lock(&desk.state), &session);
    match found {
        Ok(session) => page(StatusCode::OK, &session, ""),
        Err(trouble) => plain(&trouble),
    }
}

/// `POST /c/pay/{session}`, with `card=` a number of a test card.
pub(super) async fn pay(desk: Data<Desk>, session: Path<String>, body: Bytes) -> HttpResponse {
    let form = Form::parse(&body);
    let card = form.get("card").unwrap_or_default();
    let paid = checkout::pay(&mut lock(&desk.state), &session, card, now_s());
    delivery::flush(&desk.clone().into_inner());
    match paid {
        Ok(session) => HttpResponse::SeeOther()
            .insert_header((LOCATION, session["success_url"].as_str().unwrap_or("/")))
            .finish(),
        Err(trouble) => {
            let found = checkout::show(&lock(&desk.state), &session);
            match found {
                Ok(session) => page(status(&trouble), &session, &trouble.message),
                Err(trouble) => plain(&trouble),
            }
        }
    }
}

fn status(trouble: &Trouble) -> StatusCode {
    StatusCode::from_u16(trouble.status).unwrap_or(StatusCode::BAD_REQUEST)
}

fn plain(trouble: &Trouble) -> HttpResponse {
    HttpResponse::build(status(trouble))
        .content_type("text/plain; charset=utf-8")
        .body(trouble.message.clone())
}

fn page(status: StatusCode, session: &Value, trouble: &str) -> HttpResponse {
    let cents = session["amount_total"].as_u64().unwrap_or_default();
    let description = escape(session["description"].as_str().unwrap_or_default());
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let rest = if session["status"] == "open" {
        let options: String = CARDS
            .iter()
            .map(|card| {
                format!(
                    "<option value=\"{}\">{} · {}</option>",
                    card.number, card.number, card.what
                )
            })
            .collect();
        let cancel = session["cancel_url"].as_str().unwrap_or("/");
        format!(
            "<form method=\"post\"><p><select name=\"card\">{options}</select></p><p><button>Pay ${amount}</button></p></form><p><a href=\"{}\">Go back</a></p>",
            escape(cancel)
        )
    } else {
        "<p>This page is not open any more.</p>".to_owned()
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Simulated Checkout</title></head><body style=\"font-family: sans-serif; max-width: 30em; margin: 3em auto\"><p>Simulated: no card, no money.</p><h1>${amount}</h1><p>{description}</p><p style=\"color: #b00\">{}</p>{rest}</body></html>\n",
        escape(trouble)
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
