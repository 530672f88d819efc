//! One call to a simulated provider, from its log line to the faults that befall it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde_json::Value;

use super::fault::{FaultError, Faults, LONGEST, Outage, Plan};
use super::line::Line;
use super::play;
use super::script::{Ending, Entry, Script, SeenCall};

/// The header that sets faults for one call.
const FAULT_HEADER: &str = "x-sandbox-fault";

/// Bodies above this size are not kept in the log.
const LOGGED_BODY_BYTES: usize = 256 * 1024;

/// What an overloaded proxy in front of a provider says instead of JSON.
const GARBAGE: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: overflow";

/// Whether the caller asked for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Stream,
}

impl Delivery {
    /// What `stream` in the body of a request asks for.
    pub(super) fn of(body: &Value) -> Self {
        match body.get("stream") {
            Some(Value::Bool(true)) => Self::Stream,
            Some(_) | None => Self::Whole,
        }
    }
}

/// A request that has got past the faults and the key.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) call: Call,
    pub(super) body: Value,
    pub(super) delivery: Delivery,
}

/// A call that has been written into the log.
#[derive(Debug)]
pub(super) struct Call {
    /// The model asked for, without fault suffix.
    pub(super) model: String,
    pub(super) plan: Plan,
    pub(super) entry: Entry,
}

/// Logs a call and finds out its faults: the script's, then the model suffix's, then the header's.
///
/// # Errors
/// A suffix or header that cannot be read. The call is in the log all the same.
pub(super) fn admit(
    script: &Arc<Script>,
    request: &HttpRequest,
    body: (&Bytes, &Value),
    named_model: &str,
    delivery: Delivery,
) -> Result<Call, FaultError> {
    let (model, suffix) = named_model.split_once('!').unwrap_or((named_model, ""));
    let (bytes, json) = body;
    let kept = if bytes.len() <= LOGGED_BODY_BYTES {
        json.clone()
    } else {
        Value::Null
    };
    let line = request.conn_data::<Line>().cloned();
    let seen = SeenCall {
        model: model.to_owned(),
        path: request.path().to_owned(),
        headers: logged_headers(request),
        body: kept,
        streamed: delivery == Delivery::Stream,
        ending: Ending::Running,
    };
    let entry = script.begin(seen, line);
    let header = request
        .headers()
        .get(FAULT_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let own = suffix
        .parse::<Faults>()
        .and_then(|suffix| Ok(suffix.and(&header.parse()?)));
    let own = own.inspect_err(|_| entry.end(Ending::Complete))?;
    let faults = script.faults_of_call(model).and(&own);
    Ok(Call {
        model: model.to_owned(),
        plan: Plan::from(&faults),
        entry,
    })
}

/// Headers for the log; of a secret only its scheme or its presence.
fn logged_headers(request: &HttpRequest) -> Vec<(String, String)> {
    request
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let shown = match name.as_str() {
                "authorization" => value.split(' ').next().unwrap_or("").to_owned(),
                "x-api-key" | "x-goog-api-key" | "x-amz-security-token" | "cookie" => {
                    "(present)".to_owned()
                }
                _ => value.into_owned(),
            };
            (name.as_str().to_owned(), shown)
        })
        .collect()
}

impl Call {
    /// Waits as planned before the headers. An outage ends the call here.
    pub(super) async fn before_headers(self, delivery: Delivery) -> Result<Self, HttpResponse> {
        let mut wait = self.plan.delay;
        if delivery == Delivery::Whole {
            wait += self.plan.ttft;
        }
        tokio::time::sleep(wait.min(LONGEST)).await;
        match self.plan.outage {
            None => Ok(self),
            Some(Outage::Garbage) => Err(self.garbage()),
            Some(Outage::Reset) => Err(play::reset(self.entry)),
            Some(Outage::Abort) => {
                self.entry.reset_on_close();
                Err(play::reset(self.entry))
            }
            Some(Outage::Hang) => {
                tokio::time::sleep(LONGEST).await;
                Err(play::reset(self.entry))
            }
        }
    }

    fn garbage(self) -> HttpResponse {
        let status = match self.plan.refusal {
            Some(super::fault::Refusal::Status(code)) => StatusCode::from_u16(code),
            Some(_) | None => Ok(StatusCode::OK),
        };
        self.entry.end(Ending::Complete);
        HttpResponse::build(status.unwrap_or(StatusCode::OK))
            .content_type("text/plain")
            .body(GARBAGE)
    }

    /// Ends the call with a refusal, which says when to come back if that is planned.
    pub(super) fn refused(self, mut response: HttpResponse) -> HttpResponse {
        if let Some(seconds) = self.plan.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        self.ended();
        response
    }

    /// Notes that a refusal or other short answer ends the call.
    pub(super) fn ended(self) {
        self.entry.end(Ending::Complete);
    }
}
