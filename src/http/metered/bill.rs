//! The bill and the record of a request, from everything its meter has noted.

use super::{Ending, Meter, millis};
use crate::actors::clock::now_ms;
use crate::catalog::Cost;
use crate::http::ApiError;
use crate::http::error::AttemptNote;
use crate::routing::{Candidate, Standing};
use crate::store::{AttemptRecord, CandidateRecord, CandidateState, Generation};
use crate::usage::Usage;

impl Meter {
    /// The usage of all parts together, and what each costs at its own model's price.
    pub(super) fn bill(&self, last: Option<Usage>) -> Result<(Option<Usage>, Cost), ApiError> {
        let now = self.model.as_ref().zip(last);
        let before = self.carried.iter().map(|(model, usage)| (model, *usage));
        let mut total = None;
        let mut cost = Cost::default();
        for (model, usage) in before.chain(now) {
            total = Some(total.map_or(usage, |sum: Usage| sum.plus(usage)));
            if !model.free {
                let part = model.price.cost(&usage).map_err(ApiError::internal)?;
                cost = cost.plus(part).map_err(ApiError::internal)?;
            }
        }
        Ok((total, cost))
    }

    /// The record and the exact cost.
    pub(super) fn close(&self, ending: &Ending) -> Result<(Box<Generation>, Cost), ApiError> {
        let (usage, cost) = self.bill(ending.usage)?;
        let last = self.attempts.last();
        let model = self.model.as_ref().map(|model| {
            let (model, provider) = (model.id.as_str(), model.provider.as_str());
            (model.to_owned(), provider.to_owned())
        });
        let (model, provider) = model
            .or_else(|| last.map(|a| (a.model.clone(), a.provider.clone())))
            .unwrap_or_default();
        let attempt = |a: &AttemptNote| AttemptRecord {
            provider: a.provider.clone(),
            model: a.model.clone(),
            outcome: a.code.clone(),
        };
        let record = Generation {
            id: self.generation,
            request_id: self.opening.visit.id,
            account: self.caller.account,
            key: self.caller.key,
            created_ms: now_ms().saturating_sub(millis(self.opening.visit.started.elapsed())),
            model,
            provider,
            tier: self.opening.tier.map(|tier| tier.as_str().to_owned()),
            prefer: self.opening.prefer.to_owned(),
            auto_score: self.opening.auto_score,
            streamed: self.opening.delivery,
            finish_reason: ending.finish_reason.clone(),
            native_finish_reason: ending.native_finish_reason.clone(),
            usage,
            cost: cost.total,
            ttft_ms: ending.ttft.map(millis),
            latency_ms: millis(self.opening.visit.started.elapsed()),
            attempts: self.attempts.iter().map(attempt).collect(),
            status: ending.status,
            price_version: self.opening.price_version.clone(),
            candidates: Some(self.opening.candidates.iter().map(considered).collect()),
        };
        Ok((Box::new(record), cost))
    }
}

/// A candidate as it is kept.
fn considered(candidate: &Candidate) -> CandidateRecord {
    CandidateRecord {
        model: candidate.model.id.as_str().to_owned(),
        cost: candidate.charge(),
        ttft_ms: whole(candidate.live.ttft_p50_ms),
        state: match candidate.live.standing {
            Standing::Flowing => CandidateState::Flowing,
            Standing::Tripped(_) => CandidateState::Tripped,
            Standing::Probing => CandidateState::Probing,
            Standing::Unconfigured => CandidateState::Unconfigured,
        },
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time that is expected, which `as` keeps within bounds"
)]
fn whole(ms: f64) -> u64 {
    ms.round() as u64
}
