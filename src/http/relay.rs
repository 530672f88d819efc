//! Candidates → lease → upstream → first real content. Failover happens here and ends here.

use std::collections::VecDeque;
use std::time::Instant;

use actix_web::web::Data;

use super::attempt::{self, Answered, Clocks};
use super::body::Share;
use super::consequence::{from_encoding, outcome, word};
use super::error::AttemptNote;
use super::metered::{Meter, too_many_running};
use super::plan::Plan;
use super::progress::Progress;
use super::trail::Trail;
use super::upstream::Upstream;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::provider::Lease;
use crate::catalog::OnDisconnect;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::hold::{self, Estimate};
use crate::store::{Refusal, Status};
use crate::wire::{
    self, Begun, CannotEncode, ChatRequest, Context, Encoded, Fault, FaultClass, Warning,
};

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
        if answer.is_err() {
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
        while progress.attempts() < self.desk.settings.failover.attempts
            && let Some(candidate) = progress.queue.pop_front()
        {
            let Progress {
                queue,
                trail,
                begun,
                ..
            } = progress;
            let Some(cap) = self.fund(&candidate, queue, meter, trail).await? else {
                continue;
            };
            let encoded = match self.encode(&candidate, cap, begun.as_ref()) {
                Ok(encoded) => encoded,
                Err(invalid @ CannotEncode::Invalid { .. }) => return Err(from_encoding(&invalid)),
                Err(cannot @ (CannotEncode::Unspoken(_) | CannotEncode::Unsupported { .. })) => {
                    trail.cannot.get_or_insert(cannot);
                    continue;
                }
            };
            let Some(lease) = trail.acquire(&self.plan.world, &candidate.model).await? else {
                continue;
            };
            let has_alternative = !progress.queue.is_empty();
            progress.start_attempt();
            match self
                .attempt(&candidate, lease, encoded, has_alternative, meter)
                .await
            {
                Ok(success) => return Ok(success),
                Err(fault) => progress.failed(&candidate, fault),
            }
        }
        Err(progress
            .trail
            .failure(meter, &self.plan, &self.desk, &self.caller))
    }

    /// Makes sure the attempt can be paid for: `None` skips it, `Some(cap)` bounds its output where
    /// the balance does not reach further.
    async fn fund(
        &self,
        candidate: &Candidate,
        rest: &VecDeque<Candidate>,
        meter: &mut Meter,
        trail: &mut Trail,
    ) -> Result<Option<Option<u64>>, ApiError> {
        if candidate.model.free {
            meter.start_free()?;
            return Ok(Some(None));
        }
        if trail.no_credit.is_some() || trail.storage.is_some() {
            return Ok(None);
        }
        let own = self.estimate(candidate);
        let dearest = self.dearest(candidate, rest);
        let hold = Estimate {
            want: dearest,
            least: own.least,
        };
        let answer = match meter.authorise(&candidate.model, hold).await {
            Ok(answer) => answer,
            Err(down) => {
                trail.storage = Some(down);
                return Ok(None);
            }
        };
        match answer {
            Ok(held) if held >= own.want => Ok(Some(None)),
            Ok(held) => {
                let choices = u64::from(self.request.n());
                Ok(Some(Some(hold::affordable_output(
                    &candidate.model,
                    &self.plan.need,
                    held,
                    choices,
                ))))
            }
            Err(Refusal::TooManyHolds { .. }) => Err(too_many_running(
                self.desk.settings.limits.running_per_account,
            )),
            Err(refusal) => {
                trail.no_credit = Some(refusal);
                Ok(None)
            }
        }
    }

    fn estimate(&self, candidate: &Candidate) -> Estimate {
        hold::estimate(
            &candidate.model,
            &self.plan.need,
            u64::from(self.request.n()),
        )
    }

    /// The dearest hold among this attempt and those that may follow it.
    fn dearest(&self, candidate: &Candidate, rest: &VecDeque<Candidate>) -> Picodollars {
        let may_follow = rest
            .iter()
            .filter(|c| !c.model.free)
            .take(self.desk.settings.failover.attempts - 1);
        let all = std::iter::once(candidate).chain(may_follow);
        all.map(|c| self.estimate(c).want)
            .max()
            .unwrap_or(Picodollars::ZERO)
    }

    /// Writes the request in the candidate's dialect, with the beginning of the answer if it is to go
    /// on with one.
    fn encode(
        &self,
        candidate: &Candidate,
        cap: Option<u64>,
        begun: Option<&Begun>,
    ) -> Result<Encoded, CannotEncode> {
        let model = &candidate.model;
        let request = begun.map_or(&self.request, |begun| begun.request(&self.request, model));
        let Some(route) = self.plan.world.route(&model.provider) else {
            return Err(CannotEncode::Unspoken(crate::catalog::Dialect::OpenAi));
        };
        let owner = self.caller.account.to_string();
        let recall = |call_id: &str| self.desk.replays().recall(&owner, call_id);
        let context = Context {
            output_cap: cap,
            recall: &recall,
        };
        wire::encode_chat(request, model, &route.provider, &context)
    }

    async fn attempt(
        &self,
        candidate: &Candidate,
        lease: Lease,
        encoded: Encoded,
        has_alternative: bool,
        meter: &mut Meter,
    ) -> Result<Success, Fault> {
        let model = &candidate.model;
        let note = |code: String, status| AttemptNote {
            provider: model.provider.to_string(),
            model: model.id.to_string(),
            status,
            code,
        };
        let clocks = Clocks::of(&self.desk.settings.failover, model, has_alternative);
        let dispatched = Instant::now();
        let sent = match self.plan.world.route(&model.provider) {
            Some(route) => {
                let dialect = wire::dialect_of(&route.provider, model);
                attempt::run(
                    &self.upstream,
                    route,
                    &encoded,
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
        match sent {
            Ok(answer) => {
                meter.note(note("ok".to_owned(), None));
                meter.served_by(model, candidate.tier);
                let candidate = candidate.clone();
                Ok(Success {
                    candidate,
                    lease,
                    answer,
                    warnings: encoded.warnings,
                    dispatched,
                    answered: Instant::now(),
                })
            }
            Err(fault) => {
                lease.report(outcome(&fault));
                meter.note(note(word(&fault), fault.status));
                Err(fault)
            }
        }
    }
}

/// 503 for a request that has not begun to be answered when the router ends.
fn stopping() -> ApiError {
    let message = "The router is being stopped; try again shortly.";
    ApiError::new(Code::Overloaded, message)
}
