//! OpenAI's Responses API: from a received request to the response. Nothing is stored.

mod check;
mod events;
mod items;
mod output;
mod request;
mod seal;
mod tools;

use actix_web::{Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::Value;

use super::desk::Desk;
use super::errors::Trouble;
use crate::sandbox::call::{Delivery, Received};
use crate::sandbox::play::{self, Show};
use crate::sandbox::reply::{self, Answer};
use output::Output;
use request::Request;

/// `POST …/responses`.
pub(super) async fn responses(
    desk: web::Data<Desk>,
    request: HttpRequest,
    payload: Result<Bytes, Error>,
) -> HttpResponse {
    match desk.receive(&request, payload).await {
        Ok(received) => respond(&desk, received),
        Err(refusal) => refusal,
    }
}

fn respond(desk: &Desk, received: Received) -> HttpResponse {
    let Received {
        call,
        body,
        delivery,
    } = received;
    let Value::Object(body) = body else {
        return desk.refuse(call, &Trouble::NotJson);
    };
    if let Err(trouble) = check::request(&call.model, &body) {
        return desk.refuse(call, &trouble);
    }
    let request = Request::read(&call.model, &body);
    let answer = if call.plan.empty {
        Answer::empty()
    } else {
        reply::answer(&request.ask, 0)
    };
    let output = Output::new(&request, answer);
    let mut builder = desk.accept();
    match delivery {
        Delivery::Stream => {
            builder
                .content_type("text/event-stream; charset=utf-8")
                .insert_header(("cache-control", "no-cache"));
            let show = events::show(&output, &call);
            play::respond(builder, show, call.plan, call.entry)
        }
        Delivery::Whole => {
            builder.content_type("application/json");
            let body = output.response().to_string().into_bytes();
            let show = Show::whole(body, output.output_tokens());
            play::respond(builder, show, call.plan, call.entry)
        }
    }
}
