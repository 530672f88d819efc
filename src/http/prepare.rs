//! What an attempt needs before it goes upstream: the right to it, the credit, the request in its
//! dialect, and its clocks.

use std::time::Instant;

use super::ApiError;
use super::clocks::{Clocks, Outlook};
use super::consequence::from_encoding;
use super::metered::Meter;
use super::progress::Progress;
use super::relay::Relay;
use super::stream::is_wanted;
use super::trail;
use super::tried::Ready;
use crate::actors::breaker::Spare;
use crate::actors::provider::{Lease, Refused};
use crate::routing::Candidate;
use crate::routing::hold::long_answer;
use crate::wire::{self, Begun, CannotEncode, Context, Encoded};

impl Relay {
    /// Gets everything for an attempt: the right to it, the credit, the request in its dialect. `None`
    /// when this candidate cannot be asked.
    pub(super) async fn prepare(
        &self,
        candidate: Candidate,
        progress: &mut Progress,
        meter: &mut Meter,
    ) -> Result<Option<Ready>, ApiError> {
        if !candidate.model.free {
            progress.look_for_paid(self.desk.settings.failover.attempts - 1);
        }
        // Who may be the one probe does not keep others from it while it waits for credit.
        if self.plan.world.is_probed(&candidate.model, Instant::now())
            && self
                .fund(&candidate, &progress.queue, meter, &mut progress.trail)
                .await?
                .is_none()
        {
            return Ok(None);
        }
        let spare = self.spare(progress);
        let lease = match self.lease(&candidate, spare, progress).await? {
            None => return Ok(None),
            Some(Ok(lease)) => lease,
            Some(Err(refused)) => {
                progress.refused(candidate, refused);
                return Ok(None);
            }
        };
        let Progress {
            queue,
            trail,
            begun,
            ..
        } = progress;
        let Some(cap) = self.fund(&candidate, queue, meter, trail).await? else {
            return Ok(None);
        };
        match self.encode(&candidate, cap, begun.as_ref()) {
            Ok(encoded) => Ok(Some(Ready {
                clocks: self.clocks(&candidate, spare, progress),
                candidate,
                lease,
                encoded,
                dispatched: Instant::now(),
            })),
            Err(invalid @ CannotEncode::Invalid { .. }) => Err(from_encoding(&invalid)),
            Err(cannot @ (CannotEncode::Unspoken(_) | CannotEncode::Unsupported { .. })) => {
                trail.cannot.get_or_insert(cannot);
                Ok(None)
            }
        }
    }

    /// Whether a candidate that flows is left after the next attempt, and an attempt for it.
    fn spare(&self, progress: &mut Progress) -> Spare {
        let has_attempt = progress.attempts() + 1 < self.desk.settings.failover.attempts;
        let flows = |c: &Candidate| self.plan.world.flows(&c.model, Instant::now());
        if has_attempt && progress.has(flows) {
            Spare::Another
        } else {
            Spare::Nothing
        }
    }

    fn clocks(&self, candidate: &Candidate, spare: Spare, progress: &Progress) -> Clocks {
        let settings = &self.desk.settings.failover;
        let may_be_continued = progress.begun.is_none() && is_wanted(&self.request, settings);
        let outlook = Outlook {
            spare,
            successor: if may_be_continued {
                spare
            } else {
                Spare::Nothing
            },
            long_answer: long_answer(&candidate.model, &candidate.live, &self.plan.need),
            elapsed: progress.elapsed(),
        };
        Clocks::of(settings, &candidate.model, outlook)
    }

    /// The right to one attempt, or why not. Waits for it where the model only asked for a moment.
    async fn lease(
        &self,
        candidate: &Candidate,
        spare: Spare,
        progress: &mut Progress,
    ) -> Result<Option<Result<Lease, Refused>>, ApiError> {
        let (world, model) = (&self.plan.world, &candidate.model);
        loop {
            let answer = trail::acquire(world, model, spare, progress.turn()).await?;
            let wait = match &answer {
                Some(Err(refused)) => progress.patience_for(candidate, refused),
                Some(Ok(_)) | None => None,
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Ok(answer),
            }
        }
    }

    /// Writes the request in the candidate's dialect, with the beginning of the answer if it is to go
    /// on with one.
    fn encode(
        &self,
        candidate: &Candidate,
        cap: Option<u64>,
        beginning: Option<&Begun>,
    ) -> Result<Encoded, CannotEncode> {
        let model = &candidate.model;
        let request = beginning.map_or(&self.request, |beginning| {
            beginning.request(&self.request, model)
        });
        let Some(route) = self.plan.world.route(&model.provider) else {
            return Err(CannotEncode::Unspoken(crate::catalog::Dialect::OpenAi));
        };
        let owner = self.caller.account;
        let recall = |call_id: &str| self.desk.replays().recall(&owner.to_string(), call_id);
        let context = Context {
            output_cap: cap,
            recall: &recall,
        };
        wire::encode_chat(request, model, &route.provider, &context)
    }
}
