//! The story of one embeddings request, readable top to bottom.

mod plan;
mod progress;
mod relay;

use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::auth::Caller;
use super::body::{self, Share};
use super::headers::Served;
use super::metered::{self, Ending, Meter, Opening};
use super::upstream::Upstream;
use super::visit::Visit;
use super::witness::Witness;
use super::{ApiError, Code, Switchboard, chat, refusal};
use crate::catalog::Model;
use crate::routing::context::sample;
use crate::spans::Operation;
use crate::store::{Delivery, Status};
use crate::usage::Usage;
use crate::wire::EmbedRequest;
use crate::wire::embed::{Input, List};
use progress::Success;
use relay::Relay;

/// `POST /v1/embeddings`
pub async fn embeddings(
    desk: Data<Switchboard>,
    upstream: Data<Upstream>,
    visit: Visit,
    caller: Caller,
    http: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let mut witness = Witness::begin(&desk, &caller.0, visit, Operation::Embeddings, &http);
    let admission = witness.see(chat::admit(&desk))?;
    let limit = desk.settings.limits.embeddings_body_bytes;
    let body = witness.see(body::read(&desk, &http, payload, limit).await)?;
    let request = witness.see(EmbedRequest::parse(body.bytes).map_err(chat::invalid))?;
    witness.embeddings(&request);
    let world = desk.world.load_full();
    let model = witness.see(plan::resolve(&world.catalog, request.model()))?;
    let tokens = count(&request, &model, &caller.0.account.to_string());
    let plan = witness.see(plan::make(world, &caller.0, &request, &model, &tokens))?;
    let Some(first) = plan.shortlist.ranked.first() else {
        return witness.see(Err(refusal::nobody(&plan, &desk, &caller.0)));
    };
    let mut share = body.share;
    let answer_bytes = plan::vector_bytes(&request, &first.model);
    let bytes = request.body_len() + answer_bytes;
    witness.see(body::grow(&desk, &mut share, bytes))?;
    let opening = Opening {
        visit,
        tier: None,
        prefer: "",
        auto_score: None,
        delivery: Delivery::Whole,
        price_version: plan.world.catalog.version().to_owned(),
        candidates: metered::kept(&plan.shortlist.ranked),
    };
    let mut meter = Meter::new(
        desk.clone(),
        Arc::clone(&caller.0),
        opening,
        witness,
        admission,
    );
    let relay = Relay {
        desk,
        upstream,
        caller: caller.0,
        request,
        plan,
        tokens,
    };
    let success = relay.vectors(&mut meter).await?;
    respond(&relay.request, success, &mut meter, visit, share).await
}

/// Tokens of each input, as the model counts them.
fn count(request: &EmbedRequest, model: &Model, account: &str) -> Vec<u64> {
    let inputs: Vec<Input<'_>> = request.inputs().collect();
    let texts: Vec<&str> = inputs.iter().filter_map(Input::text).collect();
    let tokenizer = &model.tokenizer;
    let mut counts = sample::each(account, tokenizer.encoding, &texts).into_iter();
    let mut tokens = |input: &Input<'_>| match input {
        Input::Text(_) => {
            let count = counts.next().unwrap_or_default();
            (count * u64::from(tokenizer.percent)).div_ceil(100)
        }
        Input::Tokens(count) => u64::from(*count),
    };
    inputs.iter().map(&mut tokens).collect()
}

/// Settles, then answers. The share of the budget is held until the last vector is written.
async fn respond(
    request: &EmbedRequest,
    success: Success,
    meter: &mut Meter,
    visit: Visit,
    share: Option<Share>,
) -> Result<HttpResponse, ApiError> {
    let usage = Usage {
        prompt_tokens: success.tokens,
        estimated: success.estimated,
        ..Usage::default()
    };
    let (usage, _) = usage.clamp();
    let receipt = meter
        .settle(&Ending {
            status: Status::Ok,
            finish_reason: None,
            native_finish_reason: None,
            usage: Some(usage),
            ttft: None,
        })
        .await?;
    let warnings: Vec<String> = success.warnings.iter().map(ToString::to_string).collect();
    let model = success.model;
    let served = Served {
        model: model.id.as_str(),
        provider: model.provider.as_str(),
        tier: None,
        generation: meter.generation(),
        cost: Some(receipt.charged.to_string()),
        latency: success.answered - visit.started,
        overhead: success.dispatched - visit.started,
        attempts: meter.attempts(),
        auto: None,
        warnings: &warnings,
    };
    let mut response = HttpResponse::Ok();
    served.write(&mut response);
    let list = List::new(
        meter.generation(),
        &model,
        success.vectors,
        request.format(),
        &usage,
        receipt.charged,
    );
    let pieces = list.map(move |piece| {
        let _held = &share;
        Ok::<_, actix_web::Error>(piece)
    });
    Ok(response
        .insert_header((CONTENT_TYPE, "application/json"))
        .streaming(stream::iter(pieces)))
}

/// 400 for a request that no embedding model can serve as it is named.
fn wrong_model(message: String) -> ApiError {
    ApiError::new(Code::InvalidValue, message).param("model")
}
