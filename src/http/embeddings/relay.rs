//! Hosts of one model → lease → calls upstream → all vectors.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use futures_util::{StreamExt, stream};

use super::super::consequence::{Next, from_encoding, next, outcome, word};
use super::super::error::AttemptNote;
use super::super::metered::{Free, Meter, too_many_running};
use super::super::plan::Plan;
use super::super::relay::stopping;
use super::super::trail::{self, Trail};
use super::super::upstream::{Upstream, read_answer};
use super::super::{ApiError, Switchboard};
use super::plan::too_long;
use super::progress::{Failed, Progress, Success};
use crate::actors::accounts::Principal;
use crate::actors::breaker::{Outcome, Spare};
use crate::actors::catalog::Route;
use crate::actors::provider::Turn;
use crate::catalog::{Model, Provider};
use crate::config;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::hold::{self, Estimate};
use crate::store::{Refusal, Status};
use crate::wire::embed::{self, Call, Vectors};
use crate::wire::{self, CannotEncode, EmbedRequest, Fault, FaultClass};

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

impl Relay {
    /// Asks hosts until every input has its vector. When none has, or the router is to end meanwhile,
    /// the meter ends here.
    pub async fn vectors(&self, meter: &mut Meter) -> Result<Success, ApiError> {
        let mut stop = self.desk.stop.listen();
        let vectors = tokio::select! {
            vectors = self.ask_hosts(meter) => vectors,
            () = stop.ordered() => Err(stopping()),
        };
        if let Err(error) = &vectors {
            meter.witness().failed(error.code().word());
            meter.end_without_answer(Status::Failed);
        }
        vectors
    }

    async fn ask_hosts(&self, meter: &mut Meter) -> Result<Success, ApiError> {
        let mut queue: VecDeque<Candidate> = self.plan.shortlist.ranked.clone().into();
        let mut trail = Trail::default();
        let mut progress: Option<Progress> = None;
        let ends = Instant::now() + config::ms(self.desk.settings.failover.total_ms);
        while let Some(host) = queue.pop_front() {
            let tried = meter.attempts().len();
            if tried >= self.desk.settings.failover.attempts || Instant::now() >= ends {
                break;
            }
            let Some(route) = self.plan.world.route(&host.model.provider) else {
                continue;
            };
            if !self.fund(&host, meter, &mut trail).await? {
                continue;
            }
            let mut given = progress
                .take()
                .filter(|progress| progress.model().id == host.model.id)
                .unwrap_or_else(|| Progress::new(&host.model, self.tokens.len()));
            let Some(calls) = self.calls(&given, &route.provider, &mut trail)? else {
                continue;
            };
            let spare = if queue.is_empty() {
                Spare::Nothing
            } else {
                Spare::Another
            };
            let turn = if tried == 0 {
                Turn::First
            } else {
                Turn::Further
            };
            let lease = match trail::acquire(&self.plan.world, &host.model, spare, turn).await? {
                None => continue,
                Some(Ok(lease)) => lease,
                Some(Err(refused)) => {
                    trail.left_alone(&host.model, refused);
                    continue;
                }
            };
            let warnings = calls.first().map(|call| call.encoded.warnings.clone());
            let dispatched = Instant::now();
            meter.begins(&host.model, &route.base_url);
            let Err(failed) = self.attempt(route, calls, &mut given, ends).await else {
                lease.report(Outcome::Success);
                meter.note(note(&host.model, None));
                meter.served_by(&host.model, None);
                meter.witness().content_came(warnings.iter().flatten());
                return given.success(warnings.unwrap_or_default(), dispatched);
            };
            lease.report(outcome(&failed.fault));
            meter.note(note(&host.model, Some(&failed.fault)));
            self.reorder(&mut queue, host, &failed, meter).await?;
            trail.faults.push(failed.fault);
            progress = Some(given);
        }
        Err(trail.failure(meter, &self.plan, &self.desk, &self.caller))
    }

    /// Puts a host that failed behind the others, when asking it again may help. One that was silent
    /// is not waited for a second time.
    async fn reorder(
        &self,
        queue: &mut VecDeque<Candidate>,
        host: Candidate,
        failed: &Failed,
        meter: &Meter,
    ) -> Result<(), ApiError> {
        match next(failed.fault.class) {
            Next::Candidate | Next::OtherProvider | Next::SameModelOnce | Next::WaitOnce
                if failed.fault.class == FaultClass::Timeout => {}
            Next::Candidate | Next::OtherProvider | Next::SameModelOnce | Next::WaitOnce => {
                if queue.is_empty() {
                    tokio::time::sleep(PAUSE).await;
                }
                queue.push_back(host);
            }
            Next::LargerWindow => {
                let longest = self.longest(&failed.inputs);
                let error = too_long(&self.request, longest, &host.model);
                return Err(error.attempts(meter.attempts().to_vec()));
            }
            Next::Nobody => queue.clear(),
        }
        Ok(())
    }

    /// Makes sure that the vectors can be paid for, whichever host makes them.
    async fn fund(
        &self,
        host: &Candidate,
        meter: &mut Meter,
        trail: &mut Trail,
    ) -> Result<bool, ApiError> {
        if host.model.free {
            return Ok(match meter.start_free()? {
                Free::Started => true,
                Free::UsedUp { most } => {
                    trail.no_free = Some(most);
                    false
                }
            });
        }
        if trail.no_credit.is_some() || trail.storage.is_some() {
            return Ok(false);
        }
        let estimate =
            |host: &Candidate| hold::estimate(&host.model, &host.live, &self.plan.need, 1);
        let hosts = self.plan.shortlist.ranked.iter();
        let paid = hosts.filter(|candidate| !candidate.model.free);
        let dearest = paid.map(|candidate| estimate(candidate).want).max();
        let hold = Estimate {
            want: dearest.unwrap_or(Picodollars::ZERO),
            least: estimate(host).least,
        };
        let answer = match meter.authorise(&host.model, hold).await {
            Ok(answer) => answer,
            Err(down) => {
                trail.storage = Some(down);
                return Ok(false);
            }
        };
        match answer {
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
        provider: &Provider,
        trail: &mut Trail,
    ) -> Result<Option<Vec<Call>>, ApiError> {
        let (model, pending) = (progress.model(), progress.pending());
        match embed::calls(&self.request, model, provider, &pending, &self.tokens) {
            Ok(calls) => Ok(Some(calls)),
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
        let model = Arc::clone(progress.model());
        let calls = calls.into_iter().map(|call| {
            let model = &model;
            async move {
                match self.call(route, model, &call, ends).await {
                    Ok(vectors) => Ok((call.inputs, vectors)),
                    Err(fault) => Err(Failed {
                        fault,
                        inputs: call.inputs.into(),
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

fn note(model: &Model, fault: Option<&Fault>) -> AttemptNote {
    AttemptNote {
        provider: model.provider.to_string(),
        model: model.id.to_string(),
        status: fault.and_then(|fault| fault.status),
        code: fault.map_or_else(|| "ok".to_owned(), word),
    }
}
