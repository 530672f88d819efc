//! Hosts of one model → lease → calls upstream → all vectors. What a host has given is kept when it
//! is asked again, and dropped when another one is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use futures_util::{StreamExt, stream};

use super::super::consequence::{Next, from_encoding, next, outcome, word};
use super::super::error::AttemptNote;
use super::super::metered::{Meter, too_many_running};
use super::super::plan::Plan;
use super::super::trail::Trail;
use super::super::upstream::{Upstream, read_answer};
use super::super::{ApiError, Switchboard};
use super::plan::too_long;
use crate::actors::accounts::Principal;
use crate::actors::breaker::Outcome;
use crate::actors::catalog::Route;
use crate::catalog::Model;
use crate::config;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::hold::{self, Estimate};
use crate::store::{Refusal, Status};
use crate::wire::embed::{self, Call, Vectors};
use crate::wire::{self, CannotEncode, EmbedRequest, Fault, FaultClass, Warning};

/// Calls of one request that run at one time.
const CALLS_AT_ONCE: usize = 8;
/// Before the only host is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// What one request is relayed with.
pub struct Relay {
    /// Who is asked.
    pub desk: Data<Switchboard>,
    /// With which client.
    pub upstream: Data<Upstream>,
    /// For whom.
    pub caller: Arc<Principal>,
    /// What.
    pub request: EmbedRequest,
    /// The hosts, in order.
    pub plan: Plan,
    /// Estimated tokens of each input.
    pub tokens: Vec<u64>,
}

/// All vectors of a request.
pub struct Success {
    /// Who made them.
    pub model: Arc<Model>,
    /// In the order of the inputs.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens.
    pub tokens: u64,
    /// Some of the tokens were counted by us.
    pub estimated: bool,
    /// What was left out of the request for this host.
    pub warnings: Vec<Warning>,
    /// When the last attempt went upstream.
    pub dispatched: Instant,
    /// When its last vector came.
    pub answered: Instant,
}

/// What one host has given so far.
struct Progress {
    model: Arc<Model>,
    vectors: Vec<Option<Vec<f32>>>,
    tokens: u64,
    estimated: bool,
}

/// A call that failed.
struct Failed {
    fault: Fault,
    inputs: Vec<usize>,
}

impl Relay {
    /// Asks hosts until every input has its vector.
    pub async fn vectors(&self, meter: &mut Meter) -> Result<Success, ApiError> {
        let hosts = &self.plan.shortlist.ranked;
        let mut queue: VecDeque<Candidate> = hosts.iter().cloned().collect();
        let mut trail = Trail::default();
        let mut progress: Option<Progress> = None;
        let ends = Instant::now() + config::ms(self.desk.settings.failover.total_ms);
        while let Some(host) = queue.pop_front() {
            let tried = meter.attempts().len();
            if tried >= self.desk.settings.failover.attempts || Instant::now() >= ends {
                break;
            }
            if !self.fund(&host, meter, &mut trail).await? {
                continue;
            }
            let mut given = progress
                .take()
                .filter(|progress| progress.model.id == host.model.id)
                .unwrap_or_else(|| Progress::new(&host.model, self.tokens.len()));
            let Some((route, calls)) = self.calls(&given, &mut trail)? else {
                continue;
            };
            let Some(lease) = trail.acquire(&self.plan.world, &host.model).await? else {
                continue;
            };
            let warnings = calls.first().map(|call| call.encoded.warnings.clone());
            let dispatched = Instant::now();
            let Err(failed) = self.attempt(route, calls, &mut given, ends).await else {
                lease.report(Outcome::Success);
                meter.note(note(&host.model, "ok".to_owned(), None));
                meter.served_by(&host.model, None);
                let warnings = warnings.unwrap_or_default();
                return given.success(warnings, dispatched);
            };
            lease.report(outcome(&failed.fault));
            let told = word(&failed.fault);
            meter.note(note(&host.model, told, failed.fault.status));
            match next(failed.fault.class) {
                Next::Candidate | Next::OtherProvider => {
                    if queue.is_empty() {
                        tokio::time::sleep(PAUSE).await;
                    }
                    queue.push_back(host);
                }
                Next::LargerWindow => {
                    meter.end_without_answer(Status::Failed);
                    let longest = self.longest(&failed.inputs);
                    let error = too_long(&self.request, longest, &host.model);
                    return Err(error.attempts(meter.attempts().to_vec()));
                }
                Next::Nobody => queue.clear(),
            }
            trail.faults.push(failed.fault);
            progress = Some(given);
        }
        meter.end_without_answer(Status::Failed);
        Err(trail.failure(meter, &self.plan, &self.caller))
    }

    /// Makes sure that the vectors can be paid for, whichever host makes them.
    async fn fund(
        &self,
        host: &Candidate,
        meter: &mut Meter,
        trail: &mut Trail,
    ) -> Result<bool, ApiError> {
        if host.model.free {
            meter.start_free()?;
            return Ok(true);
        }
        if trail.no_credit.is_some() {
            return Ok(false);
        }
        let estimate = |model: &Model| hold::estimate(model, &self.plan.need, 1);
        let hosts = self.plan.shortlist.ranked.iter();
        let paid = hosts.filter(|candidate| !candidate.model.free);
        let dearest = paid.map(|candidate| estimate(&candidate.model).want).max();
        let hold = Estimate {
            want: dearest.unwrap_or(Picodollars::ZERO),
            least: estimate(&host.model).least,
        };
        match meter.authorise(&host.model, hold).await {
            Ok(_) => Ok(true),
            Err(Refusal::TooManyHolds { .. }) => Err(too_many_running(
                self.desk.settings.limits.running_per_account,
            )),
            Err(refusal) => {
                trail.no_credit = Some(refusal);
                Ok(false)
            }
        }
    }

    /// The calls that are still to be made. `None` when this host cannot make them.
    fn calls(
        &self,
        progress: &Progress,
        trail: &mut Trail,
    ) -> Result<Option<(&Arc<Route>, Vec<Call>)>, ApiError> {
        let model = &progress.model;
        let Some(route) = self.plan.world.route(&model.provider) else {
            return Ok(None);
        };
        let pending = progress.pending();
        match embed::calls(
            &self.request,
            model,
            &route.provider,
            &pending,
            &self.tokens,
        ) {
            Ok(calls) => Ok(Some((route, calls))),
            Err(invalid @ CannotEncode::Invalid { .. }) => Err(from_encoding(&invalid)),
            Err(cannot @ (CannotEncode::Unspoken(_) | CannotEncode::Unsupported { .. })) => {
                trail.cannot.get_or_insert(cannot);
                Ok(None)
            }
        }
    }

    /// Makes the calls, a few at a time, until all are answered or one has failed.
    async fn attempt(
        &self,
        route: &Route,
        calls: Vec<Call>,
        progress: &mut Progress,
        ends: Instant,
    ) -> Result<(), Failed> {
        let model = Arc::clone(&progress.model);
        let calls = calls.into_iter().map(|call| {
            let model = &model;
            async move {
                match self.call(route, model, &call, ends).await {
                    Ok(vectors) => Ok((call.inputs, vectors)),
                    Err(fault) => Err(Failed {
                        fault,
                        inputs: call.inputs,
                    }),
                }
            }
        });
        let mut answers = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE);
        while let Some(answer) = answers.next().await {
            let (inputs, vectors) = answer?;
            progress.take(inputs, vectors, &self.tokens)?;
        }
        Ok(())
    }

    async fn call(
        &self,
        route: &Route,
        model: &Model,
        call: &Call,
        ends: Instant,
    ) -> Result<Vectors, Fault> {
        let dialect = wire::dialect_of(&route.provider, model);
        let patience = config::ms(self.desk.settings.failover.answer_ms);
        let patience = model.timeouts.total.unwrap_or(patience);
        let deadline = (Instant::now() + patience).min(ends).into();
        let bytes = self
            .upstream
            .send(route, dialect, &call.encoded, deadline)
            .await?;
        embed::decode(dialect, &read_answer(bytes, deadline).await?, call)
    }

    /// The longest of some inputs, by estimate.
    fn longest(&self, inputs: &[usize]) -> usize {
        let tokens = |index: &&usize| self.tokens.get(**index).copied();
        inputs.iter().max_by_key(tokens).copied().unwrap_or(0)
    }
}

impl Progress {
    fn new(model: &Arc<Model>, inputs: usize) -> Self {
        Self {
            model: Arc::clone(model),
            vectors: vec![None; inputs],
            tokens: 0,
            estimated: false,
        }
    }

    fn pending(&self) -> Vec<usize> {
        let missing = self.vectors.iter().enumerate();
        missing
            .filter(|(_, vector)| vector.is_none())
            .map(|(index, _)| index)
            .collect()
    }

    /// Keeps what a call gave. `estimates` stand in for a count that the provider left out.
    fn take(
        &mut self,
        inputs: Vec<usize>,
        given: Vectors,
        estimates: &[u64],
    ) -> Result<(), Failed> {
        let known = self.vectors.iter().flatten().next();
        if known.is_some_and(|vector| vector.len() != given.size()) {
            let message = "the provider's vectors differ in length";
            let fault = Fault::ours(FaultClass::Malformed, message);
            return Err(Failed { fault, inputs });
        }
        let estimated = || {
            let tokens = inputs.iter().filter_map(|index| estimates.get(*index));
            tokens.sum::<u64>()
        };
        self.estimated |= given.tokens.is_none();
        self.tokens = self
            .tokens
            .saturating_add(given.tokens.unwrap_or_else(estimated));
        for (index, vector) in inputs.into_iter().zip(given.vectors) {
            if let Some(place) = self.vectors.get_mut(index) {
                *place = Some(vector);
            }
        }
        Ok(())
    }

    fn success(self, warnings: Vec<Warning>, dispatched: Instant) -> Result<Success, ApiError> {
        let vectors: Option<Vec<Vec<f32>>> = self.vectors.into_iter().collect();
        Ok(Success {
            model: self.model,
            vectors: vectors.ok_or_else(|| ApiError::internal("an input has no vector"))?,
            tokens: self.tokens,
            estimated: self.estimated,
            warnings,
            dispatched,
            answered: Instant::now(),
        })
    }
}

fn note(model: &Model, code: String, status: Option<u16>) -> AttemptNote {
    AttemptNote {
        provider: model.provider.to_string(),
        model: model.id.to_string(),
        status,
        code,
    }
}
