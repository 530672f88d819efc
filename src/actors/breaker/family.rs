//! All breakers of one provider with one credential: one for each model, one for the provider as a
//! whole, one for the credential. An attempt passes all three.

use std::time::{Duration, Instant};

use super::{Admission, Breaker, Outcome, Policy, Reason, Refusal, Spare, State, Status};
use crate::catalog::ModelId;
use crate::ids::IdMap;

/// How an attempt was let through, by each of the breakers it passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    credential: Admission,
    whole: Admission,
    model: Admission,
}

impl Pass {
    /// Whether somebody waits for how this attempt ends.
    pub fn is_probe(self) -> bool {
        [self.credential, self.whole, self.model].contains(&Admission::Probe)
    }

    /// The pass of an attempt of which nobody waits to hear: everything flows, or it has proved what it
    /// was to find out.
    pub const FLOW: Self = Self {
        credential: Admission::Flow,
        whole: Admission::Flow,
        model: Admission::Flow,
    };
}

/// The models with connection failures since the provider last answered.
#[derive(Clone, Debug)]
struct Unreachable {
    models: IdMap<ModelId, u32>,
    last: Instant,
}

/// The breakers of one provider.
#[derive(Clone, Debug)]
pub struct Breakers {
    policy: Policy,
    credential: Breaker,
    whole: Breaker,
    models: IdMap<ModelId, Breaker>,
    unreachable: Unreachable,
}

/// Models that show connection failures before the provider itself is taken for gone.
const MODELS_UNREACHABLE: usize = 2;

impl Breakers {
    /// Everything flows.
    pub fn new(policy: Policy, now: Instant) -> Self {
        Self {
            policy,
            credential: Breaker::new(policy.of_credential(), now),
            whole: Breaker::new(policy, now),
            models: IdMap::default(),
            unreachable: Unreachable {
                models: IdMap::default(),
                last: now,
            },
        }
    }

    /// Lets one attempt at a model through, or says how long to stay away and why.
    pub fn admit(&mut self, model: &ModelId, spare: Spare, now: Instant) -> Result<Pass, Refusal> {
        let own = own(&mut self.models, model, self.policy, now);
        let mut all = [&mut self.credential, &mut self.whole, own];
        let refusals = all
            .iter_mut()
            .filter_map(|breaker| breaker.check(spare, now).err());
        match refusals.max_by_key(|refusal| refusal.wait) {
            Some(refusal) => Err(refusal),
            None => {
                let [credential, whole, model] = all.map(|breaker| breaker.enter(now));
                Ok(Pass {
                    credential,
                    whole,
                    model,
                })
            }
        }
    }

    /// Takes note of how an attempt ended. `chance` (0 to 1) spreads rests.
    pub fn record(
        &mut self,
        model: &ModelId,
        pass: Pass,
        outcome: Outcome,
        now: Instant,
        chance: f64,
    ) {
        self.teach_whole(model, pass.whole, outcome, now, chance);
        self.teach_credential(pass.credential, outcome, now, chance);
        let (policy, admission) = (self.policy, pass.model);
        let own = own(&mut self.models, model, policy, now);
        match outcome {
            Outcome::Success => own.success(admission, now),
            Outcome::Failure | Outcome::Silence | Outcome::Unreachable => {
                own.failure(admission, now, chance);
            }
            Outcome::RateLimited(wait) => own.cool(admission, wait, now, chance),
            Outcome::ModelMissing => own.rest_for(policy.missing_rest, Reason::ModelMissing, now),
            Outcome::CredentialRefused | Outcome::QuotaSpent | Outcome::Neutral => {
                own.neutral(admission, now);
            }
        }
    }

    fn teach_whole(
        &mut self,
        model: &ModelId,
        admission: Admission,
        outcome: Outcome,
        now: Instant,
        chance: f64,
    ) {
        match outcome {
            // Whatever it said, it can be reached.
            Outcome::Success
            | Outcome::Failure
            | Outcome::RateLimited(_)
            | Outcome::ModelMissing
            | Outcome::CredentialRefused
            | Outcome::QuotaSpent => {
                self.unreachable.models.clear();
                self.whole.success(admission, now);
            }
            Outcome::Unreachable => {
                if self.is_gone(model, now) || admission == Admission::Probe {
                    self.whole
                        .refuse(admission, Reason::Unreachable, now, chance);
                }
            }
            Outcome::Silence => self.whole.neutral(admission, now),
            Outcome::Neutral => self.whole.neutral(admission, now),
        }
    }

    /// Counts a connection failure. The provider as a whole is gone after as many in a row as trip a
    /// model, when more than one model shows them.
    fn is_gone(&mut self, model: &ModelId, now: Instant) -> bool {
        let Unreachable { models, last } = &mut self.unreachable;
        if now.saturating_duration_since(*last) >= self.policy.window {
            models.clear();
        }
        *last = now;
        let count = models.entry(model.clone()).or_default();
        *count = count.saturating_add(1);
        let failures = models
            .values()
            .fold(0, |sum: u32, n| sum.saturating_add(*n));
        models.len() >= MODELS_UNREACHABLE && failures >= self.policy.consecutive_failures
    }

    fn teach_credential(
        &mut self,
        admission: Admission,
        outcome: Outcome,
        now: Instant,
        chance: f64,
    ) {
        let rest = self.policy.quota_rest;
        match outcome {
            Outcome::Success => self.credential.success(admission, now),
            Outcome::CredentialRefused => {
                self.credential
                    .refuse(admission, Reason::Credential, now, chance);
            }
            Outcome::QuotaSpent => self.credential.rest_for(rest, Reason::Quota, now),
            Outcome::Failure
            | Outcome::Silence
            | Outcome::Unreachable
            | Outcome::RateLimited(_)
            | Outcome::ModelMissing
            | Outcome::Neutral => self.credential.neutral(admission, now),
        }
    }

    /// Leaves the provider alone as a whole.
    pub fn rest(&mut self, rest: Duration, now: Instant) {
        self.whole.rest_by_hand(rest, now);
    }

    /// Asks the provider and all its models again, whatever was held against them.
    pub fn resume(&mut self, now: Instant) {
        self.unreachable.models.clear();
        self.credential.resume(now);
        self.whole.resume(now);
        for model in self.models.values_mut() {
            model.resume(now);
        }
    }

    /// Where the credential and the provider as a whole stand: the worse of the two.
    pub fn whole(&self) -> Status {
        let (credential, whole) = (self.credential.status(), self.whole.status());
        match credential.state {
            State::Flowing => Status {
                open_from: both(credential.open_from, whole.open_from),
                ..whole
            },
            State::Resting { .. } | State::Tripped { .. } | State::Probing => credential,
        }
    }

    /// Where each model that was ever asked stands.
    pub fn models(&self) -> impl Iterator<Item = (&ModelId, Status)> {
        self.models
            .iter()
            .map(|(model, breaker)| (model, breaker.status()))
    }

    /// Where one model stands, if it was ever asked.
    pub fn model(&self, model: &ModelId) -> Option<Status> {
        self.models.get(model).map(Breaker::status)
    }
}

/// When both have come.
fn both(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    Some(a?.max(b?))
}

/// The breaker of one model.
fn own<'a>(
    models: &'a mut IdMap<ModelId, Breaker>,
    model: &ModelId,
    policy: Policy,
    now: Instant,
) -> &'a mut Breaker {
    models
        .entry(model.clone())
        .or_insert_with(|| Breaker::new(policy, now))
}

#[cfg(test)]
mod tests;
