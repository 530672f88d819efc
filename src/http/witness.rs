//! What a request's spans are made of, while it runs. However the request ends, they leave once.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::web::Data;
use url::Url;

use super::plan::Plan;
use super::visit::Visit;
use super::{ApiError, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::clock::now_ns;
use crate::actors::exporter::{Audience, Take};
use crate::catalog::{Model, Tier};
use crate::money::Picodollars;
use crate::spans::{
    self, AttemptSpan, Auto, Content, Operation, Outcome, RequestSpan, Said, Server, SpanId,
    TraceState,
};
use crate::store::{Delivery, Generation, Status, Switch};
use crate::wire::embed::Format;
use crate::wire::{Answer, ChatRequest, Chunk, EmbedRequest};

/// Attempts that are kept.
const MOST_ATTEMPTS: usize = 32;
/// Settings of a request that become attributes.
const SETTINGS: [(&str, &str); 6] = [
    ("temperature", "gen_ai.request.temperature"),
    ("top_p", "gen_ai.request.top_p"),
    ("top_k", "gen_ai.request.top_k"),
    ("frequency_penalty", "gen_ai.request.frequency_penalty"),
    ("presence_penalty", "gen_ai.request.presence_penalty"),
    ("seed", "gen_ai.request.seed"),
];

/// The witness of one request; nobody, where no one wants to hear of it.
#[derive(Default)]
pub struct Witness(Option<Box<Seen>>);

struct Seen {
    desk: Data<Switchboard>,
    audience: Audience,
    started: Instant,
    record: RequestSpan,
    said: Option<Said>,
}

impl Witness {
    /// From a request's arrival.
    pub fn begin(
        desk: &Data<Switchboard>,
        caller: &Principal,
        visit: Visit,
        operation: Operation,
        http: &HttpRequest,
    ) -> Self {
        let Some((audience, content)) = audience(desk, caller, visit) else {
            return Self(None);
        };
        let elapsed = u64::try_from(visit.started.elapsed().as_nanos()).unwrap_or(0);
        let states = http.headers().get_all("tracestate");
        let trace_state = match visit.trace.parent {
            Some(_) => TraceState::read(states.filter_map(|value| value.to_str().ok())),
            None => TraceState::default(),
        };
        let record = RequestSpan {
            context: visit.trace,
            trace_state,
            operation,
            started_ns: now_ns().saturating_sub(elapsed),
            ended_ns: 0,
            account: caller.account,
            key_name: caller.label.clone(),
            request: visit.id,
            generation: None,
            asked: spans::Asked::default(),
            tier: None,
            prefer: "",
            auto: None,
            served: None,
            attempts: Vec::new(),
            usage: None,
            cost: None,
            finish_reason: None,
            first_chunk: None,
            overhead: None,
            warnings: Vec::new(),
            // Whoever is dropped before anything was decided has been left.
            outcome: Outcome::Cancelled,
            content: None,
        };
        Self(Some(Box::new(Seen {
            desk: desk.clone(),
            audience,
            started: visit.started,
            record,
            said: (content == Switch::On).then(Said::default),
        })))
    }

    /// Sees a request refused before anything was tried.
    pub fn see<T>(&mut self, result: Result<T, ApiError>) -> Result<T, ApiError> {
        result.inspect_err(|error| self.failed(error.code().word()))
    }

    /// What was asked for.
    pub fn chat(&mut self, request: &ChatRequest) {
        let Some(seen) = &mut self.0 else {
            return;
        };
        let settings = SETTINGS
            .iter()
            .filter_map(|(field, name)| Some((*name, request.number(field)?)));
        let asked = &mut seen.record.asked;
        asked.model = request.model().to_owned();
        asked.stream = Some(if request.stream() {
            Delivery::Stream
        } else {
            Delivery::Whole
        });
        asked.max_tokens = request.max_output_tokens();
        asked.choices = (request.n() > 1).then(|| request.n().into());
        asked.settings = settings.collect();
        asked.stop = request.stop();
        if seen.said.is_some() {
            let (input, cut) = spans::input(request);
            seen.record.content = Some(Content {
                input,
                cut,
                ..Content::default()
            });
        }
    }

    /// What was asked for.
    pub fn embeddings(&mut self, request: &EmbedRequest) {
        if let Some(seen) = &mut self.0 {
            let asked = &mut seen.record.asked;
            asked.model = request.model().to_owned();
            asked.dimensions = request.dimensions().map(u64::from);
            asked.format = Some(match request.format() {
                Format::Float => "float",
                Format::Base64 => "base64",
            });
        }
    }

    /// How it is to be routed.
    pub fn planned(&mut self, plan: &Plan) {
        if let Some(seen) = &mut self.0 {
            seen.record.tier = plan.tier.map(Tier::as_str);
            seen.record.prefer = plan.prefer.as_str();
            seen.record.auto = plan.verdict().map(|verdict| Auto {
                score: verdict.score,
                tier: verdict.tier.as_str(),
            });
        }
    }

    /// A call goes upstream.
    pub fn attempt(&mut self, model: &Model, base_url: &str) {
        let Some(seen) = &mut self.0 else {
            return;
        };
        let record = &mut seen.record;
        record.overhead.get_or_insert(seen.started.elapsed());
        if record.attempts.len() < MOST_ATTEMPTS {
            record.attempts.push(AttemptSpan {
                span: SpanId::of(rand::random()),
                provider: model.provider.to_string(),
                model: model.id.to_string(),
                server: server(base_url),
                started_ns: now_ns(),
                ended_ns: None,
                outcome: None,
                status: None,
            });
        }
    }

    /// A call has failed, or its answer has begun, which is `ok`.
    pub fn attempted(&mut self, model: &str, outcome: &str, status: Option<u16>) {
        if let Some(seen) = &mut self.0 {
            let mut running = seen.record.attempts.iter_mut();
            let running = running.find(|a| a.model == model && a.outcome.is_none());
            if let Some(attempt) = running {
                attempt.outcome = Some(outcome.to_owned());
                attempt.status = status;
                // An answer that has begun goes on until the request ends or it breaks off.
                attempt.ended_ns = (outcome != "ok").then(now_ns);
            }
        }
    }

    /// The answer that had begun broke off.
    pub fn broke_off(&mut self, outcome: &str) {
        if let Some(seen) = &mut self.0 {
            let attempts = seen.record.attempts.iter_mut().rev();
            let mut begun = attempts.filter(|a| a.outcome.as_deref() == Some("ok"));
            if let Some(attempt) = begun.next() {
                attempt.outcome = Some(outcome.to_owned());
                attempt.ended_ns = Some(now_ns());
            }
        }
    }

    /// The first content of an answer came.
    pub fn content_came<'a>(&mut self, warnings: impl Iterator<Item = &'a crate::wire::Warning>) {
        if let Some(seen) = &mut self.0 {
            let record = &mut seen.record;
            if record.asked.stream == Some(Delivery::Stream) {
                record.first_chunk.get_or_insert(seen.started.elapsed());
            }
            record.warnings = warnings.map(ToString::to_string).collect();
        }
    }

    /// A whole answer goes to the caller.
    pub fn answer(&mut self, answer: &Answer) {
        if let Some(said) = self.0.as_mut().and_then(|seen| seen.said.as_mut()) {
            said.answer(answer);
        }
    }

    /// A chunk goes to the caller.
    pub fn chunk(&mut self, chunk: &Chunk) {
        if let Some(said) = self.0.as_mut().and_then(|seen| seen.said.as_mut()) {
            said.chunk(chunk);
        }
    }

    /// What went wrong; the first thing that did is told.
    pub fn failed(&mut self, word: &str) {
        if let Some(seen) = &mut self.0 {
            let outcome = &mut seen.record.outcome;
            match outcome {
                Outcome::Ok | Outcome::Cancelled => *outcome = Outcome::Failed(word.to_owned()),
                Outcome::Failed(_) => {}
            }
        }
    }

    /// How the request ended, by its record. It may still be charged less.
    pub fn decided(&mut self, record: &Generation) {
        let Some(seen) = &mut self.0 else {
            return;
        };
        let span = &mut seen.record;
        span.generation = Some(record.id);
        if record.usage.is_some() || record.status == Status::Ok {
            span.served = Some((record.provider.clone(), record.model.clone()));
        }
        span.tier = record.tier.as_deref().and_then(tier).or(span.tier);
        span.usage = record.usage;
        span.cost = Some(record.cost);
        span.finish_reason = record.finish_reason.clone();
        match record.status {
            Status::Ok => span.outcome = Outcome::Ok,
            Status::Failed => self.failed("error"),
            Status::Cancelled => span.outcome = Outcome::Cancelled,
        }
    }

    /// The request has ended; `charged` is what left the balance, once that is known.
    pub fn finish(&mut self, charged: Option<Picodollars>) {
        let Some(mut seen) = self.0.take() else {
            return;
        };
        let record = &mut seen.record;
        record.cost = charged.or(record.cost);
        record.ended_ns = now_ns();
        if let (Some(content), Some(said)) = (&mut record.content, &seen.said) {
            let (output, cut) = said.output();
            content.output = output;
            content.cut |= cut;
        }
        let Seen {
            desk,
            audience,
            record,
            ..
        } = *seen;
        desk.exporter.do_send(Take {
            record: Arc::new(record),
            audience,
        });
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.finish(None);
    }
}

/// Who wants to hear of a request, and whether what is said goes along.
fn audience(desk: &Switchboard, caller: &Principal, visit: Visit) -> Option<(Audience, Switch)> {
    let wish = caller.telemetry.as_ref();
    let wish = wish.filter(|wish| wish.sampler.takes(&visit.trace));
    let otel = &desk.settings.otel;
    let operator = otel.traces.as_ref();
    let operator = operator.filter(|_| otel.sampler.takes(&visit.trace));
    match (wish, operator) {
        (None, None) => None,
        (Some(wish), None) => Some((Audience::Account, wish.content)),
        (None, Some(_)) => Some((Audience::Operator, Switch::Off)),
        (Some(wish), Some(_)) => Some((Audience::Both, wish.content)),
    }
}

fn tier(word: &str) -> Option<&'static str> {
    let tier = Tier::ALL.into_iter().find(|tier| tier.as_str() == word);
    tier.map(Tier::as_str)
}

fn server(base_url: &str) -> Server {
    let Ok(url) = Url::parse(base_url) else {
        return Server::default();
    };
    Server {
        address: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default(),
    }
}
