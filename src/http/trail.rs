//! What a request has learned on the way to an answer: faults, refusals, waits, and the error that
//! follows when there is none.

use std::time::Duration;

use super::consequence::{from_encoding, from_fault};
use super::error::ExclusionNote;
use super::metered::Meter;
use super::plan::Plan;
use super::refusal;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::catalog::World;
use crate::actors::provider::{Acquire, Lease};
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
    /// Why the ledger held nothing; free models go on.
    pub storage: Option<StorageDown>,
    /// Why a candidate's format could not carry the request, the first of them.
    pub cannot: Option<CannotEncode>,
    refused: Vec<ExclusionNote>,
    shortest_wait: Option<Duration>,
}

impl Trail {
    /// Asks the provider's actor for the right to one attempt. `None` while the model is left alone.
    pub async fn acquire(
        &mut self,
        world: &World,
        model: &Model,
    ) -> Result<Option<Lease>, ApiError> {
        let Some(route) = world.route(&model.provider) else {
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
                self.shortest_wait = Some(self.shortest_wait.map_or(wait, |least| least.min(wait)));
                self.refused.push(ExclusionNote {
                    model: model.id.to_string(),
                    reason: "tripped".to_owned(),
                });
                Ok(None)
            }
        }
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
            (None, None, None) if let Some(down) = self.storage => down.into(),
            (None, None, None) => {
                let message = "Every model that was asked for is being left alone after failures.";
                ApiError::new(Code::NoAvailableModels, message)
            }
        };
        let waits = self.faults.iter().filter_map(|fault| fault.retry_after);
        let error = match waits.chain(self.shortest_wait).min() {
            Some(wait) => error.retry_after(wait),
            None => error,
        };
        error
            .attempts(meter.attempts().to_vec())
            .excluded(self.refused.clone())
            .auto(plan.verdict())
    }
}
