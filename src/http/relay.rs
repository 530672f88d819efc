//! Candidates → lease → upstream → first real content. Failover happens here and ends here.

use std::time::{Duration, Instant};

use actix_web::web::Data;

use super::attempt::{self, Answered};
use super::body::Share;
use super::consequence::{outcome, word};
use super::metered::Meter;
use super::plan::Plan;
use super::progress::Progress;
use super::tried::{Ready, Tried, attempt_note};
use super::upstream::Upstream;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::clock::today;
use crate::actors::provider::Lease;
use crate::catalog::{Age, OnDisconnect};
use crate::config;
use crate::routing::Candidate;
use crate::store::Status;
use crate::wire::{self, ChatRequest, Fault, FaultClass, Warning};

/// An answer whose first real content has come.
pub struct Success {
    /// Who gave it.
    pub candidate: Candidate,
    /// The right to the attempt; reports how it ends.
    pub lease: Lease,
    /// The answer.
    pub answer: Answered,
    /// What was left out of the request for this model.
    pub warnings: Vec<Warning>,
    /// When the attempt went upstream.
    pub dispatched: Instant,
    /// When its first content came.
    pub answered: Instant,
}

/// What one request is relayed with.
pub struct Relay {
    /// Who is asked.
    pub desk: Data<Switchboard>,
    /// With which client.
    pub upstream: Data<Upstream>,
    /// For whom.
    pub caller: std::sync::Arc<Principal>,
    /// What.
    pub request: ChatRequest,
    /// To whom, in which order.
    pub plan: Plan,
    /// The request's share of the budget for bodies, given back with it.
    pub _share: Option<Share>,
}

impl Relay {
    /// Tries candidates until one has given real content. When none does, or the router is to end
    /// meanwhile, the meter ends here.
    pub async fn first_answer(
        &self,
        meter: &mut Meter,
        progress: &mut Progress,
    ) -> Result<Success, ApiError> {
        let mut stop = self.desk.stop.listen();
        let answer = tokio::select! {
            answer = self.next_answer(meter, progress) => answer,
            () = stop.ordered() => Err(stopping()),
        };
        if let Err(error) = &answer {
            meter.witness().failed(error.code().word());
            meter.end_without_answer(Status::Failed);
        }
        answer
    }

    /// What becomes of a candidate's stream when the caller leaves.
    pub fn on_disconnect(&self, candidate: &Candidate) -> OnDisconnect {
        let route = self.plan.world.route(&candidate.model.provider);
        route.map_or(OnDisconnect::Cancel, |route| route.provider.on_disconnect)
    }

    /// Tries the candidates that are left until one has given real content. May be called again with
    /// the same progress when that answer broke off.
    pub async fn next_answer(
        &self,
        meter: &mut Meter,
        progress: &mut Progress,
    ) -> Result<Success, ApiError> {
        while self.may_go_on(progress)
            && let Some(candidate) = progress.next()
        {
            let Some(ready) = self.prepare(candidate, progress, meter).await? else {
                continue;
            };
            let mut pause = Duration::ZERO;
            for tried in self.try_one(ready, progress, meter).await? {
                match self.note(tried, progress, meter) {
                    Ok(success) => return Ok(success),
                    Err(wanted) => pause = pause.max(wanted),
                }
            }
            tokio::time::sleep(pause).await;
        }
        Err(progress
            .trail
            .failure(meter, &self.plan, &self.desk, &self.caller))
    }

    /// Whether the request has attempts and time left.
    pub(super) fn may_go_on(&self, progress: &Progress) -> bool {
        let limits = &self.desk.settings.failover;
        progress.attempts() < limits.attempts && progress.elapsed() < config::ms(limits.total_ms)
    }

    async fn try_one(
        &self,
        ready: Ready,
        progress: &mut Progress,
        meter: &mut Meter,
    ) -> Result<Vec<Tried>, ApiError> {
        progress.start_attempt();
        if self.hedges() {
            // Boxed: few requests race, and all would carry its state.
            Box::pin(self.race(ready, progress, meter)).await
        } else {
            self.begins(&ready, meter);
            Ok(vec![self.run(ready).await])
        }
    }

    /// Takes note of an attempt that has ended, or whose answer has begun. `Err` is the pause before
    /// the next one.
    fn note(
        &self,
        tried: Tried,
        progress: &mut Progress,
        meter: &mut Meter,
    ) -> Result<Success, Duration> {
        let Tried { ready, result } = tried;
        let Ready {
            candidate,
            mut lease,
            encoded,
            dispatched,
            ..
        } = ready;
        let model = &candidate.model;
        match result {
            Ok(answer) => {
                lease.content();
                meter.note(attempt_note(model, "ok".to_owned(), None));
                meter.served_by(model, candidate.tier);
                let mut warnings = encoded.warnings;
                if model.age(today()) != Age::Current {
                    warnings.push(Warning::deprecated());
                }
                meter.witness().content_came(warnings.iter());
                Ok(Success {
                    candidate,
                    lease,
                    answer,
                    warnings,
                    dispatched,
                    answered: Instant::now(),
                })
            }
            Err(fault) => {
                lease.report(outcome(&fault));
                meter.note(attempt_note(model, word(&fault), fault.status));
                if let Some(usage) = &fault.billed {
                    meter.note_loss(model, usage);
                }
                Err(progress.failed(&candidate, fault))
            }
        }
    }

    /// Takes note that an attempt goes upstream.
    pub(super) fn begins(&self, ready: &Ready, meter: &mut Meter) {
        let model = &ready.candidate.model;
        let route = self.plan.world.route(&model.provider);
        meter.begins(model, route.map_or("", |route| &route.base_url));
    }

    /// Sends what is ready, and waits for its first real content.
    pub(super) async fn run(&self, ready: Ready) -> Tried {
        let model = &ready.candidate.model;
        let result = match self.plan.world.route(&model.provider) {
            Some(route) => {
                let dialect = wire::dialect_of(&route.provider, model);
                let (encoded, clocks) = (&ready.encoded, ready.clocks);
                attempt::run(
                    &self.upstream,
                    route,
                    encoded,
                    dialect,
                    &self.request,
                    clocks,
                )
                .await
            }
            None => Err(Fault::ours(
                FaultClass::Connect,
                "the provider is gone from the catalog",
            )),
        };
        Tried { ready, result }
    }
}

/// 503 for a request that has not begun to be answered when the router ends.
pub fn stopping() -> ApiError {
    let message = "The router is being stopped; try again shortly.";
    ApiError::new(Code::Overloaded, message)
}
