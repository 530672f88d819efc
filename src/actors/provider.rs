//! One actor per provider and credential: decides whether an attempt may go out, learns from how it
//! ended, and publishes where each of its models stands.

mod lease;
mod standings;

use std::mem::discriminant;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult};
use arc_swap::ArcSwap;

pub use self::lease::{Acquire, Lease, Refused, Turn};
use self::lease::{Moment, Report};
pub use self::standings::{Standings, standing};
use super::breaker::{Breakers, Pass, Reason, State, Status};
use super::budget::Budget;
use super::catalog::Rules;
use super::guard;
use super::logbook::Logbook;
use super::statistics::{self, Board};
use crate::catalog::{ModelId, ProviderName};
use crate::routing::uptime::WHOLE;

/// Guards the breakers and the retry budget of one provider.
pub struct Provider {
    name: ProviderName,
    rules: Rules,
    breakers: Breakers,
    budget: Budget,
    statistics: Arc<Board>,
    logbook: Arc<Logbook>,
    published: Arc<ArcSwap<Standings>>,
}

impl Provider {
    /// A provider whose models all flow, and where it will publish otherwise.
    pub fn new(
        name: ProviderName,
        rules: Rules,
        statistics: Arc<Board>,
        logbook: Arc<Logbook>,
        now: Instant,
    ) -> (Self, Arc<ArcSwap<Standings>>) {
        // Its breakers begin anew: how what they knew of ended will not be seen.
        logbook.uptime().lose_sight(&name);
        let breakers = Breakers::new(rules.policy, now);
        let published = Arc::new(ArcSwap::from_pointee(Standings::of_all(&breakers)));
        let provider = Self {
            name,
            rules,
            breakers,
            budget: Budget::new(rules.retries, now),
            statistics,
            logbook,
            published: Arc::clone(&published),
        };
        (provider, published)
    }

    /// Does something. When it panics, everything that was held against the provider is forgotten: a state that was
    /// left half-changed might leave it alone for ever.
    fn survive<T>(&mut self, now: Instant, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let done = guard::contained(|| work(self));
        if done.is_none() {
            tracing::error!(provider = self.name.as_str(), "its breakers begin anew");
            let (statistics, logbook) = (Arc::clone(&self.statistics), Arc::clone(&self.logbook));
            let (fresh, _) = Self::new(self.name.clone(), self.rules, statistics, logbook, now);
            *self = Self {
                published: Arc::clone(&self.published),
                ..fresh
            };
            self.publish();
        }
        done
    }

    fn admit(&mut self, ask: &Acquire, now: Instant) -> Result<Pass, Refused> {
        match ask.turn {
            Turn::First => {}
            Turn::Further => self.budget.check(now).map_err(Refused::OverBudget)?,
        }
        let before = self.stand(&ask.model);
        let admitted = self.breakers.admit(&ask.model, ask.spare, now);
        self.publish_change(&ask.model, before);
        admitted.map_err(Refused::LeftAlone)
    }

    fn record(&mut self, report: &Report, now: Instant, chance: f64) {
        match (report.moment, report.turn) {
            (Moment::End, Turn::First) => self.budget.deposit(now),
            (_, Turn::Further) if report.outcome.is_failure() => self.budget.withdraw(now),
            (Moment::Content | Moment::End, Turn::First | Turn::Further) => {}
        }
        let ended = statistics::ended(report.outcome, report.observation);
        if let Some(ended) = ended.filter(|_| report.moment == Moment::End) {
            self.statistics.record(&report.model, ended, now);
            self.logbook.note(&self.name, &report.model, ended);
        }
        let before = self.stand(&report.model);
        let Report { model, pass, .. } = report;
        self.breakers
            .record(model, *pass, report.outcome, now, chance);
        self.publish_change(model, before);
    }

    fn stand(&self, model: &ModelId) -> (Status, Option<Status>) {
        (self.breakers.whole(), self.breakers.model(model))
    }

    /// Publishes a change of state, and logs it once.
    fn publish_change(&self, model: &ModelId, before: (Status, Option<Status>)) {
        let after = self.stand(model);
        if before == after {
            return;
        }
        self.publish();
        self.tell(WHOLE, before.0.state, after.0);
        if let Some(status) = after.1 {
            let flowing = State::Flowing;
            let before = before.1.map_or(flowing, |status| status.state);
            self.tell(model.as_str(), before, status);
        }
    }

    fn publish(&self) {
        let standings = Standings::of_all(&self.breakers);
        self.published.store(Arc::new(standings));
    }

    fn tell(&self, model: &str, before: State, after: Status) {
        self.logbook.note_change(&self.name, model, before, after);
        self.log(model, before, after);
    }

    /// The model `*` is the provider as a whole. Probes and their failures are no news.
    fn log(&self, model: &str, before: State, after: Status) {
        if discriminant(&before) == discriminant(&after.state) {
            return;
        }
        let provider = self.name.as_str();
        let reason = after.reason.map_or("", Reason::as_str);
        match (after.state, before) {
            (State::Flowing, _) => tracing::info!(provider, model, "flows again"),
            (State::Probing, _) => tracing::debug!(provider, model, reason, "probing"),
            (State::Tripped { .. }, State::Probing) => {
                tracing::debug!(provider, model, reason, "still down");
            }
            (State::Resting { .. } | State::Tripped { .. }, _)
                if after.reason.is_some_and(Reason::is_for_operator) =>
            {
                tracing::error!(
                    provider,
                    model,
                    reason,
                    "left alone until the operator mends it: check the provider's key, credit and models"
                );
            }
            (State::Resting { .. }, _) => {
                tracing::info!(provider, model, reason, "left alone for a while");
            }
            (State::Tripped { .. }, _) => tracing::warn!(provider, model, reason, "tripped"),
        }
    }

    /// Does what the operator says, and publishes it.
    fn obey(&mut self, order: Order, now: Instant) {
        let before = self.breakers.whole();
        let models: Vec<(ModelId, Status)> = self
            .breakers
            .models()
            .map(|(id, status)| (id.clone(), status))
            .collect();
        match order {
            Order::Rest(rest) => self.breakers.rest(rest, now),
            Order::Resume => self.breakers.resume(now),
        }
        self.publish();
        self.tell(WHOLE, before.state, self.breakers.whole());
        for (id, before) in models {
            if let Some(after) = self.breakers.model(&id) {
                self.tell(id.as_str(), before.state, after);
            }
        }
    }
}

/// What the operator says about a provider. It holds for attempts that come after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Order {
    /// Leave it alone for so long.
    Rest(Duration),
    /// Ask it again, whatever was held against it.
    Resume,
}

impl Actor for Provider {
    type Context = Context<Self>;
}

impl Handler<Acquire> for Provider {
    type Result = MessageResult<Acquire>;

    fn handle(&mut self, ask: Acquire, ctx: &mut Context<Self>) -> Self::Result {
        let now = Instant::now();
        let admitted = self.survive(now, |provider| provider.admit(&ask, now));
        let admitted = admitted.unwrap_or(Ok(Pass::FLOW));
        MessageResult(admitted.map(|pass| Lease::new(ctx.address(), ask, pass)))
    }
}

impl Handler<Order> for Provider {
    type Result = ();

    fn handle(&mut self, order: Order, _: &mut Context<Self>) {
        let now = Instant::now();
        self.survive(now, |provider| provider.obey(order, now));
    }
}

impl Handler<Report> for Provider {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Context<Self>) {
        let now = Instant::now();
        self.survive(now, |provider| {
            provider.record(&report, now, rand::random());
        });
    }
}

#[cfg(test)]
mod tests;
