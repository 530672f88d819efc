//! Hedging: a `fast` request asks a second model when the first one is slower than it usually is. The
//! first real content wins. Off by default, because both are paid.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::ApiError;
use super::metered::Meter;
use super::progress::Progress;
use super::relay::Relay;
use super::tried::{Ready, Tried, attempt_note};
use crate::catalog::{Model, Prefer};
use crate::routing::Candidate;
use crate::usage::Usage;

impl Relay {
    /// Whether this request may ask two models at one time. Only streams have a first token that is
    /// worth a race.
    pub(super) fn hedges(&self) -> bool {
        self.desk.settings.failover.hedge
            && self.plan.prefer == Prefer::Fast
            && self.request.stream()
    }

    /// Runs an attempt, and from the moment it is slower than usual a second one beside it. Answers
    /// with those that have ended, a success as the last.
    pub(super) async fn race(
        &self,
        first: Ready,
        progress: &mut Progress,
        meter: &mut Meter,
    ) -> Result<Vec<Tried>, ApiError> {
        let slow = usual_limit(&first.candidate);
        let one = Arc::clone(&first.candidate.model);
        self.begins(&first, meter);
        let mut running = Box::pin(self.run(first));
        if let Ok(tried) = tokio::time::timeout(slow, &mut running).await {
            return Ok(vec![tried]);
        }
        let Some(second) = self.second(&one, progress, meter).await? else {
            return Ok(vec![running.await]);
        };
        progress.start_attempt();
        self.begins(&second, meter);
        let other = Arc::clone(&second.candidate.model);
        Ok(match select(running, Box::pin(self.run(second))).await {
            Either::Left((tried, rest)) => self.finish(tried, rest, &other, meter).await,
            Either::Right((tried, rest)) => self.finish(tried, rest, &one, meter).await,
        })
    }

    /// The next candidate that flows and is paid like the first, so that nothing has to be waited for.
    async fn second(
        &self,
        first: &Model,
        progress: &mut Progress,
        meter: &mut Meter,
    ) -> Result<Option<Ready>, ApiError> {
        if !self.may_go_on(progress) {
            return Ok(None);
        }
        let now = Instant::now();
        let suits =
            |c: &Candidate| c.model.free == first.free && self.plan.world.flows(&c.model, now);
        match progress.take(suits) {
            Some(candidate) => self.prepare(candidate, progress, meter).await,
            None => Ok(None),
        }
    }

    /// When the first to end has content, the other is cancelled: its lease teaches nobody anything,
    /// and its input is the operator's loss. Else the other is all there is.
    async fn finish(
        &self,
        tried: Tried,
        rest: Pin<Box<impl Future<Output = Tried>>>,
        slower: &Arc<Model>,
        meter: &mut Meter,
    ) -> Vec<Tried> {
        if tried.result.is_err() {
            return vec![tried, rest.await];
        }
        drop(rest);
        meter.note(attempt_note(slower, "hedged".to_owned(), None));
        let input = Usage {
            prompt_tokens: self.plan.need.input(slower),
            estimated: true,
            ..Usage::default()
        };
        meter.note_loss(slower, &input);
        vec![tried]
    }
}

/// How long the first token of this model is waited for before another one is asked too.
fn usual_limit(candidate: &Candidate) -> Duration {
    let slow_ms = candidate.live.ttft_p95_ms.max(1.0);
    Duration::try_from_secs_f64(slow_ms / 1_000.0).unwrap_or(Duration::MAX)
}
