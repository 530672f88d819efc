//! What a request has learned on the way to an answer: faults, refusals, waits, and the error that
//! follows when there is none.

use super::consequence::{from_encoding, from_fault, smallest_wait};
use super::error::ExclusionNote;
use super::metered::Meter;
use super::plan::Plan;
use super::refusal;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::breaker::Spare;
use crate::actors::catalog::World;
use crate::actors::provider::{Acquire, Lease, Refused, Turn};
use crate::actors::storage::StorageDown;
use crate::catalog::Model;
use crate::store::Refusal;
use crate::wire::{CannotEncode, Fault};

/// What has been learned so far.
#[derive(Default)]
pub struct Trail {
    /// The faults of attempts, in order.
    pub faults: Vec<Fault>,
    /// Why the balance did not suffice.
    pub no_credit: Option<Refusal>,
    /// How many requests to free models a day may be, when they are used up.
    pub no_free: Option<u32>,
    /// Why the ledger held nothing; free models go on.
    pub storage: Option<StorageDown>,
    /// Why a candidate's format could not carry the request, the first of them.
    pub cannot: Option<CannotEncode>,
    refused: Vec<(ExclusionNote, Refused)>,
}

/// Asks for the right to one attempt. `Err` says why not; `None` that the
/// provider is gone.
pub async fn acquire(
    world: &World,
    model: &Model,
    spare: Spare,
    turn: Turn,
) -> Result<Option<Result<Lease, Refused>>, ApiError> {
    let Some(route) = world.route(&model.provider) else {
        return Ok(None);
    };
    let ask = Acquire {
        model: model.id.clone(),
        spare,
        turn,
    };
    let answer = route.acquire(ask).await.map_err(ApiError::internal)?;
    Ok(Some(answer))
}

impl Trail {
    /// Takes note that a model may not be asked.
    pub fn left_alone(&mut self, model: &Model, refused: Refused) {
        let note = ExclusionNote {
            model: model.id.to_string(),
            reason: refused.word().to_owned(),
        };
        self.refused.push((note, refused));
    }

    /// The error for the caller when nobody could answer.
    pub fn failure(
        &self,
        meter: &Meter,
        plan: &Plan,
        desk: &Switchboard,
        caller: &Principal,
    ) -> ApiError {
        let error = match (self.faults.last(), &self.cannot, &self.no_credit) {
            (Some(fault), _, _) => from_fault(fault, &self.faults),
            (None, Some(cannot), _) => from_encoding(cannot),
            (None, None, Some(refusal)) => refusal::unpaid(refusal, plan, desk, caller),
            (None, None, None) if let Some(most) = self.no_free => refusal::no_free(most),
            (None, None, None) if let Some(down) = self.storage => down.into(),
            (None, None, None) if self.is_all_rate_limits() => {
                let message = "Every provider that could be asked limits our rate.";
                ApiError::new(Code::UpstreamRateLimited, message)
            }
            (None, None, None) => {
                let message = "Every model that was asked for is being left alone after failures.";
                ApiError::new(Code::NoAvailableModels, message)
            }
        };
        let waits = self.refused.iter().map(|(_, refused)| refused.wait());
        let error = match waits.chain(smallest_wait(&self.faults)).min() {
            Some(wait) => error.retry_after(wait),
            None => error,
        };
        let excluded = self.refused.iter().map(|(note, _)| note.clone()).collect();
        error
            .attempts(meter.attempts().to_vec())
            .excluded(excluded)
            .auto(plan.verdict())
    }

    fn is_all_rate_limits(&self) -> bool {
        !self.refused.is_empty()
            && self
                .refused
                .iter()
                .all(|(_, refused)| refused.is_rate_limit())
    }
}
