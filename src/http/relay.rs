//! Candidates → lease → upstream → first real content. Failover happens here and ends here.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use actix_web::web::Data;

use super::attempt::{self, Answered, Clocks};
use super::body::Share;
use super::error::{AttemptNote, ExclusionNote};
use super::metered::{Meter, too_many_running};
use super::plan::Plan;
use super::upstream::Upstream;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::breaker::Outcome;
use crate::actors::provider::{Acquire, Lease};
use crate::catalog::ProviderName;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::hold::{self, Estimate};
use crate::store::Refusal;
use crate::wire::{ChatRequest, Fault, FaultClass, Warning};

/// A provider without credit or with a refused key is left alone for this long.
const CREDENTIAL_REST: Duration = Duration::from_secs(60);
/// A model that its provider does not know is left alone for this long.
const MISSING_MODEL_REST: Duration = Duration::from_secs(600);
/// A rate limit without a time of its own.
const RATE_LIMIT_REST: Duration = Duration::from_secs(5);

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

/// What follows a fault, for the request at hand.
enum Next {
    /// The next candidate.
    Candidate,
    /// The next candidate of another provider, if there is one.
    OtherProvider,
    /// The next candidate with a larger window; no second time.
    LargerWindow,
    /// Nobody: the fault is the caller's.
    Nobody,
}

fn next(class: FaultClass) -> Next {
    match class {
        FaultClass::Connect | FaultClass::Quota | FaultClass::Credential => Next::OtherProvider,
        FaultClass::Server
        | FaultClass::Timeout
        | FaultClass::RateLimited
        | FaultClass::ModelMissing
        | FaultClass::Malformed
        | FaultClass::Empty
        | FaultClass::ModelOutput => Next::Candidate,
        FaultClass::ContextLength => Next::LargerWindow,
        FaultClass::Caller | FaultClass::Policy => Next::Nobody,
    }
}

/// What the breaker learns from a fault.
pub fn outcome(fault: &Fault) -> Outcome {
    match fault.class {
        FaultClass::Connect
        | FaultClass::Server
        | FaultClass::Timeout
        | FaultClass::Malformed
        | FaultClass::Empty => Outcome::Failure,
        FaultClass::RateLimited => Outcome::StayAway(fault.retry_after.unwrap_or(RATE_LIMIT_REST)),
        FaultClass::Quota | FaultClass::Credential => Outcome::StayAway(CREDENTIAL_REST),
        FaultClass::ModelMissing => Outcome::StayAway(MISSING_MODEL_REST),
        FaultClass::Caller
        | FaultClass::ContextLength
        | FaultClass::Policy
        | FaultClass::ModelOutput => Outcome::Neutral,
    }
}

/// What has been learned on the way to an answer.
#[derive(Default)]
struct Trail {
    faults: Vec<Fault>,
    refused: Vec<ExclusionNote>,
    shortest_wait: Option<Duration>,
    no_credit: Option<Refusal>,
    widened: bool,
}

impl Relay {
    /// Tries candidates until one has given real content.
    pub async fn first_answer(&self, meter: &mut Meter) -> Result<Success, ApiError> {
        let mut queue: VecDeque<Candidate> = self.plan.shortlist.ranked.iter().cloned().collect();
        let mut trail = Trail::default();
        while let Some(candidate) = queue.pop_front() {
            if meter.attempts().len() >= self.desk.settings.failover.attempts {
                break;
            }
            let Some(cap) = self.fund(&candidate, &queue, meter, &mut trail).await? else {
                continue;
            };
            let Some(lease) = self.acquire(&candidate, &mut trail).await? else {
                continue;
            };
            let fault = match self
                .attempt(&candidate, lease, cap, !queue.is_empty(), meter)
                .await
            {
                Ok(success) => return Ok(success),
                Err(fault) => fault,
            };
            self.reorder(&mut queue, &candidate, &fault, &mut trail);
            trail.faults.push(fault);
        }
        Err(self.failure(meter, &trail))
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
        if trail.no_credit.is_some() {
            return Ok(None);
        }
        let own = self.estimate(candidate);
        let dearest = self.dearest(candidate, rest);
        match meter
            .authorise(
                &candidate.model,
                Estimate {
                    want: dearest,
                    least: own.least,
                },
            )
            .await
        {
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

    /// Asks the provider's actor for the right to one attempt.
    async fn acquire(
        &self,
        candidate: &Candidate,
        trail: &mut Trail,
    ) -> Result<Option<Lease>, ApiError> {
        let model = &candidate.model;
        let Some(route) = self.plan.world.route(&model.provider) else {
            return Ok(None);
        };
        let answer = route
            .actor
            .send(Acquire {
                model: model.id.clone(),
            })
            .await
            .map_err(ApiError::internal)?;
        match answer {
            Ok(lease) => Ok(Some(lease)),
            Err(wait) => {
                trail.shortest_wait =
                    Some(trail.shortest_wait.map_or(wait, |least| least.min(wait)));
                trail.refused.push(ExclusionNote {
                    model: model.id.to_string(),
                    reason: "tripped".to_owned(),
                });
                Ok(None)
            }
        }
    }

    async fn attempt(
        &self,
        candidate: &Candidate,
        lease: Lease,
        cap: Option<u64>,
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
                attempt::run(&self.upstream, route, model, &self.request, cap, clocks).await
            }
            None => Err(Fault::ours(
                FaultClass::Connect,
                "the provider is gone from the catalog",
            )),
        };
        match sent {
            Ok((answer, warnings)) => {
                meter.note(note("ok".to_owned(), None));
                meter.served_by(model, candidate.tier);
                let candidate = candidate.clone();
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
                meter.note(note(word(&fault), fault.status));
                Err(fault)
            }
        }
    }

    /// Puts the queue into the order that the fault asks for.
    fn reorder(
        &self,
        queue: &mut VecDeque<Candidate>,
        failed: &Candidate,
        fault: &Fault,
        trail: &mut Trail,
    ) {
        match next(fault.class) {
            Next::Candidate => {}
            Next::OtherProvider => move_to_end(queue, &failed.model.provider),
            Next::LargerWindow if !trail.widened => {
                trail.widened = true;
                queue.retain(|c| c.model.context_window > failed.model.context_window);
            }
            Next::LargerWindow | Next::Nobody => queue.clear(),
        }
    }

    /// The error for the caller when nobody could answer.
    fn failure(&self, meter: &Meter, trail: &Trail) -> ApiError {
        let error = match (trail.faults.last(), &trail.no_credit) {
            (Some(fault), _) => from_fault(fault, &trail.faults),
            (None, Some(_)) => self.plan.no_credit(&self.caller),
            (None, None) => {
                let message = "Every model that was asked for is being left alone after failures.";
                ApiError::new(Code::NoAvailableModels, message)
            }
        };
        let waits = trail.faults.iter().filter_map(|fault| fault.retry_after);
        let error = match waits.chain(trail.shortest_wait).min() {
            Some(wait) => error.retry_after(wait),
            None => error,
        };
        error
            .attempts(meter.attempts().to_vec())
            .excluded(trail.refused.clone())
            .auto(self.plan.verdict())
    }
}

/// A provider that cannot be reached at all is asked again only when nobody else is left.
fn move_to_end(queue: &mut VecDeque<Candidate>, provider: &ProviderName) {
    let (theirs, others): (Vec<_>, Vec<_>) =
        queue.drain(..).partition(|c| c.model.provider == *provider);
    queue.extend(others.into_iter().chain(theirs));
}

/// What an attempt's failure is called in `X-Model-Router-Attempts`: its status, or a word.
fn word(fault: &Fault) -> String {
    let word = match fault.class {
        FaultClass::Connect => "connect",
        FaultClass::Server => "server",
        FaultClass::Timeout => "timeout",
        FaultClass::RateLimited => "rate_limited",
        FaultClass::Quota => "quota",
        FaultClass::Credential => "credential",
        FaultClass::ModelMissing => "model_missing",
        FaultClass::Caller => "caller",
        FaultClass::ContextLength => "context_length",
        FaultClass::Policy => "policy",
        FaultClass::Malformed => "malformed",
        FaultClass::Empty => "empty",
        FaultClass::ModelOutput => "model_output",
    };
    fault
        .status
        .map_or_else(|| word.to_owned(), |status| status.to_string())
}

/// The error that the last fault asks for. When different things went wrong, none of them is *the*
/// reason.
fn from_fault(last: &Fault, all: &[Fault]) -> ApiError {
    let alone = all.iter().all(|fault| fault.class == last.class);
    let said = &last.message;
    let failed = |code| {
        ApiError::new(
            code,
            format!("Every model that could be asked failed; the last one said: {said}"),
        )
    };
    let error = match last.class {
        FaultClass::Caller | FaultClass::ModelOutput => ApiError::new(
            Code::UpstreamRejected(last.status.unwrap_or(400)),
            format!("The provider refused the request: {said}"),
        ),
        FaultClass::ContextLength => {
            ApiError::new(Code::ContextLengthExceeded, said.clone()).param("messages")
        }
        FaultClass::Policy => ApiError::new(Code::ContentPolicyViolation, said.clone()),
        FaultClass::RateLimited if alone => ApiError::new(
            Code::UpstreamRateLimited,
            format!("Every provider that could be asked limits our rate: {said}"),
        ),
        FaultClass::Timeout if alone => ApiError::new(
            Code::UpstreamTimeout,
            "No model that could be asked answered in time; try again, or ask another.",
        ),
        FaultClass::Credential if alone => ApiError::new(
            Code::ProviderAuth,
            "The provider refused the router's own key; the operator has to mend it.",
        ),
        FaultClass::Connect | FaultClass::Quota if alone => ApiError::new(
            Code::NoAvailableModels,
            format!("No provider that could be asked can be reached: {said}"),
        ),
        FaultClass::RateLimited
        | FaultClass::Timeout
        | FaultClass::Credential
        | FaultClass::Connect
        | FaultClass::Quota
        | FaultClass::Server
        | FaultClass::ModelMissing
        | FaultClass::Malformed
        | FaultClass::Empty => failed(Code::AllCandidatesFailed),
    };
    match &last.param {
        Some(param) => error.param(param.clone()),
        None => error,
    }
}
