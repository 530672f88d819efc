//! The story of one chat request, readable top to bottom.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::Stream;
use tokio::sync::OwnedSemaphorePermit;

use super::attempt::{Answered, LiveStream};
use super::auth::Caller;
use super::body::{self, Share};
use super::headers::Served;
use super::metered::{self, Ending, Meter, Opening, Spending};
use super::plan::Plan;
use super::progress::Progress;
use super::refusal;
use super::relay::{Relay, Success};
use super::stream::{self, Resume, Ticket};
use super::upstream::Upstream;
use super::visit::{Visit, unix_seconds};
use super::witness::Witness;
use super::{ApiError, Code, Switchboard};
use crate::actors::breaker::Outcome;
use crate::actors::classifier::Purpose;
use crate::catalog::Model;
use crate::routing::Observation;
use crate::spans::Operation;
use crate::store::{Delivery, Status};
use crate::usage::Usage;
use crate::wire::{Answer, ChatRequest, Envelope, Invalid, InvalidCode, UsageBlock};

/// From then on a waiting stream is kept open with comments.
const PATIENCE: Duration = Duration::from_secs(5);

/// `POST /v1/chat/completions`
pub async fn chat(
    desk: Data<Switchboard>,
    upstream: Data<Upstream>,
    visit: Visit,
    caller: Caller,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut witness = Witness::begin(&desk, &caller.0, visit, Operation::Chat, &http);
    let admission = witness.see(admit(&desk))?;
    let (request, share) = witness.see(read(&desk, &http, payload).await)?;
    witness.chat(&request);
    let plan = witness.see(Plan::make(&desk, &caller.0, &request, Purpose::Serve).await)?;
    witness.planned(&plan);
    if plan.shortlist.ranked.is_empty() {
        return witness.see(Err(refusal::nobody(&plan, &desk, &caller.0)));
    }
    plan.take_turn(&desk);
    // Boxed: futures that hold them are moved, more often than once.
    let meter = Box::new(Meter::new(
        desk.clone(),
        Arc::clone(&caller.0),
        opening(visit, &request, &plan),
        witness,
        admission,
    ));
    let streamed = request.stream();
    let auto = plan.verdict();
    let relay = Box::new(Relay {
        desk,
        upstream,
        caller: caller.0,
        request,
        plan,
        _share: share,
    });
    let answered = if streamed {
        streaming(relay, meter, visit).await
    } else {
        whole(relay, meter, visit).await
    };
    answered.map_err(|error| error.auto(auto))
}

/// Lets one more request run, or says that there are too many.
pub fn admit(desk: &Switchboard) -> Result<OwnedSemaphorePermit, ApiError> {
    let admitted = Arc::clone(&desk.in_flight).try_acquire_owned();
    admitted.map_err(|_| {
        ApiError::new(
            Code::Overloaded,
            "The router runs as many requests as it can; try again shortly.",
        )
    })
}

/// Reads and parses the body. The share of the budget is to be held as long as the request.
pub async fn read(
    desk: &Switchboard,
    http: &HttpRequest,
    payload: Payload,
) -> Result<(ChatRequest, Option<Share>), ApiError> {
    let body = body::read(desk, http, payload, desk.settings.limits.chat_body_bytes).await?;
    Ok((ChatRequest::parse(body.bytes).map_err(invalid)?, body.share))
}

/// The error for a request that is wrong in itself.
pub fn invalid(invalid: Invalid) -> ApiError {
    let code = match invalid.code {
        InvalidCode::InvalidJson => Code::InvalidJson,
        InvalidCode::MissingRequiredParameter => Code::MissingRequiredParameter,
        InvalidCode::InvalidValue => Code::InvalidValue,
        InvalidCode::UnsupportedParameter => Code::UnsupportedParameter,
    };
    let error = ApiError::new(code, invalid.message);
    match invalid.param {
        Some(param) => error.param(param),
        None => error,
    }
}

fn opening(visit: Visit, request: &ChatRequest, plan: &Plan) -> Opening {
    Opening {
        visit,
        tier: plan.tier,
        prefer: plan.prefer.as_str(),
        auto_score: plan.auto.as_ref().map(|verdict| verdict.score),
        delivery: if request.stream() {
            Delivery::Stream
        } else {
            Delivery::Whole
        },
        price_version: plan.world.catalog.version().to_owned(),
        candidates: metered::kept(&plan.shortlist.ranked),
    }
}

async fn whole(
    relay: Box<Relay>,
    mut meter: Box<Meter>,
    visit: Visit,
) -> Result<HttpResponse, ApiError> {
    let mut progress = Progress::new(&relay.plan);
    let success = relay.first_answer(&mut meter, &mut progress).await?;
    let answer = match success.answer {
        Answered::Whole(answer) => answer,
        Answered::Stream(_) => return Err(ApiError::internal("a whole answer was asked for")),
    };
    let usage = billable(&answer, relay.plan.need.input(&success.candidate.model));
    let mut lease = success.lease;
    let took = success.answered - success.dispatched;
    if let Some(tokens) = stream::answer_tokens(&usage.shown, &success.candidate, relay.request.n())
    {
        lease.observe(Observation::whole(took, tokens, &success.candidate.live));
    }
    lease.report(Outcome::Success);
    meter.keep_warm(
        relay.plan.conversation,
        &success.candidate.model,
        &usage.shown,
    );
    let ending = Ending {
        status: Status::Ok,
        finish_reason: Some(answer.finish().as_str().to_owned()),
        native_finish_reason: answer.native_finish().map(str::to_owned),
        usage: usage.bill,
        ttft: Some(success.answered - success.dispatched),
    };
    meter.witness().answer(&answer);
    if let Some(replay) = answer.replay() {
        meter.remember(replay);
    }
    if let (None, Some(reported)) = (usage.bill, answer.usage()) {
        meter.note_loss(&success.candidate.model, &reported.usage);
    }
    let receipt = meter.settle(&ending).await?;
    let model = Arc::clone(&success.candidate.model);
    let warnings: Vec<String> = success.warnings.iter().map(ToString::to_string).collect();
    let served = Served {
        model: model.id.as_str(),
        provider: model.provider.as_str(),
        tier: success.candidate.tier,
        generation: meter.generation(),
        cost: Some(receipt.charged.to_string()),
        latency: success.answered - visit.started,
        overhead: success.dispatched - visit.started,
        attempts: meter.attempts(),
        auto: relay.plan.verdict(),
        warnings: &warnings,
    };
    let mut response = HttpResponse::Ok();
    served.write(&mut response);
    let envelope = envelope(&meter, &model);
    let extra = answer.usage().map(|reported| &reported.extra);
    let block = UsageBlock {
        usage: usage.shown,
        cost: receipt.cost,
        extra,
    };
    Ok(response
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(envelope.answer(&answer, &block)))
}

/// What an answer's usage means: what is shown, and what is billed.
struct Counted {
    shown: Usage,
    bill: Option<Usage>,
}

/// Usage as reported, or counted from the text; nothing is billed for an answer without output that
/// was blank, filtered or failed.
fn billable(answer: &Answer, prompt_tokens: u64) -> Counted {
    let delivered = answer.delivered();
    let shown = stream::counted(answer.usage(), prompt_tokens, &delivered);
    let bill = stream::is_billable(Some(answer.finish()), &delivered, &shown).then_some(shown);
    Counted { shown, bill }
}

fn envelope(meter: &Meter, model: &Model) -> Envelope {
    Envelope::new(
        meter.generation(),
        unix_seconds(),
        &model.id,
        &model.provider,
    )
}

type Frames = Pin<Box<dyn Stream<Item = Result<bytes::Bytes, actix_web::Error>>>>;

async fn streaming(
    relay: Box<Relay>,
    meter: Box<Meter>,
    visit: Visit,
) -> Result<HttpResponse, ApiError> {
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"));
    response.insert_header((CACHE_CONTROL, "no-cache"));
    response.insert_header(("X-Accel-Buffering", "no"));
    let (auto, generation, tier) = (relay.plan.verdict(), meter.generation(), relay.plan.tier);
    let mut opening = Box::pin(open(relay, meter));
    let frames: Frames = match tokio::time::timeout(PATIENCE, &mut opening).await {
        Ok(opened) => {
            let ticket = opened?;
            write_headers(&mut response, &ticket, visit);
            Box::pin(stream::frames(ticket))
        }
        Err(_) => {
            response.insert_header(("X-Model-Router-Generation-Id", generation.to_string()));
            if let Some(tier) = tier {
                response.insert_header(("X-Model-Router-Tier", tier.as_str()));
            }
            if let Some(verdict) = auto {
                verdict.write(&mut response);
            }
            Box::pin(stream::patient_frames(opening, generation))
        }
    };
    Ok(response.streaming(stream::logged(frames, visit.log_span())))
}

fn write_headers(response: &mut HttpResponseBuilder, ticket: &Ticket, visit: Visit) {
    let warnings: Vec<String> = ticket.warnings.iter().map(ToString::to_string).collect();
    let served = Served {
        model: ticket.candidate.model.id.as_str(),
        provider: ticket.candidate.model.provider.as_str(),
        tier: ticket.candidate.tier,
        generation: ticket.meter.generation(),
        cost: None,
        latency: ticket.answered - visit.started,
        overhead: ticket.dispatched - visit.started,
        attempts: ticket.meter.attempts(),
        auto: ticket.auto,
        warnings: &warnings,
    };
    served.write(response);
}

/// Relays until the first real content and hands over everything the stream needs to its end.
async fn open(relay: Box<Relay>, mut meter: Box<Meter>) -> Result<Ticket, ApiError> {
    let mut progress = Progress::new(&relay.plan);
    let success = relay.first_answer(&mut meter, &mut progress).await?;
    let Success {
        candidate,
        lease,
        answer,
        warnings,
        dispatched,
        answered,
    } = success;
    let live: Box<LiveStream> = match answer {
        Answered::Stream(live) => live,
        Answered::Whole(_) => return Err(ApiError::internal("a stream was asked for")),
    };
    let envelope = envelope(&meter, &candidate.model);
    let choices = relay.request.n();
    let spending = Spending::new(&candidate, &relay.plan.need, u64::from(choices));
    let on_disconnect = relay.on_disconnect(&candidate);
    let stop = relay.desk.stop.listen();
    let prompt_tokens = relay.plan.need.input(&candidate.model);
    let (auto, conversation) = (relay.plan.verdict(), relay.plan.conversation);
    let resume = stream::is_wanted(&relay.request, &relay.desk.settings.failover)
        .then(|| Box::new(Resume::new(relay, progress)));
    Ok(Ticket {
        meter,
        lease: Some(lease),
        live,
        envelope,
        candidate,
        warnings,
        dispatched,
        answered,
        auto,
        prompt_tokens,
        choices,
        conversation,
        spending,
        on_disconnect,
        stop,
        resume,
    })
}
