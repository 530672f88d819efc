//! What every request gets on arrival: an id, a start time, and the headers every response carries.

use std::future::{Ready, ready};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use tracing::Instrument;

use super::headers::{CLIENT_REQUEST_ID, REQUEST_ID, SANDBOX};
use super::{ApiError, Switchboard, cookie, rate};
use crate::actors::clock::now_ms;
use crate::ids::RequestId;
use crate::spans::Context;

/// Longest request id of a client that is echoed.
const CLIENT_ID_BYTES: usize = 128;

/// One request, from its arrival.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// Its id, on every response and in every log line.
    pub id: RequestId,
    /// When it came.
    pub started: Instant,
    /// Where it stands in its trace.
    pub trace: Context,
}

impl Visit {
    /// What puts the request's ids on every line that is logged inside it.
    pub fn log_span(&self) -> tracing::Span {
        let Context { trace, span, .. } = self.trace;
        tracing::info_span!("request", request_id = %self.id, trace_id = %trace, span_id = %span)
    }
}

impl FromRequest for Visit {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visit = request.extensions().get::<Self>().copied();
        ready(visit.ok_or_else(|| ApiError::internal("a request without a visit")))
    }
}

/// Middleware: numbers the request, logs its end, and adds the headers that every response carries.
pub async fn greet(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let visit = Visit {
        id: RequestId::new(),
        started: Instant::now(),
        trace: trace(request.headers()),
    };
    request.extensions_mut().insert(visit);
    let client_id = request
        .headers()
        .get(CLIENT_REQUEST_ID)
        .filter(|id| id.len() <= CLIENT_ID_BYTES)
        .cloned();
    let simulated = request
        .app_data::<web::Data<Switchboard>>()
        .is_some_and(|desk| desk.is_sandbox());

    let mut response = next.call(request).instrument(visit.log_span()).await?;

    cookie::write_renewed(&mut response);
    rate::write(&mut response);
    let status = response.status().as_u16();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(visit.id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    if let Some(id) = client_id {
        headers.insert(CLIENT_REQUEST_ID, id);
    }
    if simulated {
        headers.insert(SANDBOX, HeaderValue::from_static("true"));
    }
    headers.insert(
        HeaderName::from_static("x-content-type-options"),
        HeaderValue::from_static("nosniff"),
    );
    count(&response);
    let elapsed_ms = visit.started.elapsed().as_millis();
    let request = response.request();
    let Context { trace, span, .. } = visit.trace;
    tracing::info!(request_id = %visit.id, trace_id = %trace, span_id = %span, method = %request.method(), route = request.match_pattern().unwrap_or_default(), status, elapsed_ms, "request");
    Ok(response)
}

/// The caller's trace, or a new one. Two headers of the name are none.
fn trace(headers: &HeaderMap) -> Context {
    let mut sent = headers.get_all("traceparent");
    let only = sent.next().filter(|_| sent.next().is_none());
    let only = only.and_then(|value| value.to_str().ok());
    Context::read(only, rand::random(), rand::random())
}

/// Counts the answer by its route, status and error.
fn count(response: &ServiceResponse<impl MessageBody>) {
    let request = response.request();
    let Some(desk) = request.app_data::<web::Data<Switchboard>>() else {
        return;
    };
    let error = response.response().error();
    let code = error.and_then(|error| error.as_error::<ApiError>());
    desk.counters.request(
        request.match_pattern().as_deref().unwrap_or("none"),
        response.status().as_u16(),
        code.map_or("", |error| error.code().word()),
    );
}

/// The id of a request that has been greeted.
pub fn request_id(request: &HttpRequest) -> Option<RequestId> {
    request.extensions().get::<Visit>().map(|visit| visit.id)
}

/// Seconds since the Unix epoch, now.
pub fn unix_seconds() -> u64 {
    now_ms() / 1000
}
