//! Credit for an attempt: what is held, and what the balance allows.

use std::collections::VecDeque;

use super::ApiError;
use super::metered::{Free, Meter, too_many_running};
use super::relay::Relay;
use super::trail::Trail;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::hold::{self, Estimate};
use crate::store::Refusal;

impl Relay {
    /// Makes sure the attempt can be paid for: `None` skips it, `Some(cap)` bounds its output where
    /// the balance does not reach further.
    pub(super) async fn fund(
        &self,
        candidate: &Candidate,
        rest: &VecDeque<Candidate>,
        meter: &mut Meter,
        trail: &mut Trail,
    ) -> Result<Option<Option<u64>>, ApiError> {
        if candidate.model.free {
            return Ok(match meter.start_free()? {
                Free::Started => Some(None),
                Free::UsedUp { most } => {
                    trail.no_free = Some(most);
                    None
                }
            });
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
            &candidate.live,
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
}
