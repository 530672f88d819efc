//! One actor per provider: decides whether an attempt may go out, learns from how it ended, and
//! publishes where each of its models stands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, MessageResult};
use arc_swap::ArcSwap;

use super::breaker::{Admission, Breaker, Outcome, Policy, State};
use super::statistics::{self, Board};
use crate::catalog::{ModelId, ProviderName};
use crate::routing::{Observation, Standing};

/// Where the models of one provider stand, for readers that only rank. Models that are not listed
/// flow.
pub type Standings = HashMap<ModelId, State>;

/// Where a published state stands now.
pub fn standing(state: &State, now: Instant) -> Standing {
    match state {
        State::Flowing { .. } => Standing::Flowing,
        State::Tripped { until, .. } if now < *until => Standing::Tripped(*until - now),
        State::Tripped { .. } | State::Probing { .. } => Standing::Probing,
    }
}

/// Guards the breakers of one provider's models.
pub struct Provider {
    name: ProviderName,
    policy: Policy,
    breakers: HashMap<ModelId, Breaker>,
    statistics: Arc<Board>,
    published: Arc<ArcSwap<Standings>>,
}

/// Asks to send one attempt to a model. The answer is a lease, or how long to stay away.
#[derive(Message)]
#[rtype(result = "Result<Lease, Duration>")]
pub struct Acquire {
    /// The model.
    pub model: ModelId,
}

/// Tells how an attempt ended. Only a lease sends it, and once.
#[derive(Message)]
#[rtype(result = "()")]
struct Report {
    model: ModelId,
    admission: Admission,
    outcome: Outcome,
    observation: Option<Observation>,
}

/// The right to one attempt. Reports its outcome exactly once, even when it is dropped.
pub struct Lease {
    provider: Addr<Provider>,
    report: Option<Report>,
}

impl Lease {
    /// Tells what the answer showed of the model's speed; counts with a success.
    pub fn observe(&mut self, seen: Observation) {
        if let Some(report) = &mut self.report {
            report.observation = Some(seen);
        }
    }

    /// Reports how the attempt ended and gives the lease up.
    pub fn report(mut self, outcome: Outcome) {
        if let Some(report) = &mut self.report {
            report.outcome = outcome;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            self.provider.do_send(report);
        }
    }
}

impl Provider {
    /// A provider whose models all flow, and where it will publish otherwise.
    pub fn new(
        name: ProviderName,
        policy: Policy,
        statistics: Arc<Board>,
    ) -> (Self, Arc<ArcSwap<Standings>>) {
        let published = Arc::new(ArcSwap::from_pointee(Standings::new()));
        let provider = Self {
            name,
            policy,
            breakers: HashMap::new(),
            statistics,
            published: Arc::clone(&published),
        };
        (provider, published)
    }

    fn breaker(&mut self, model: &ModelId) -> &mut Breaker {
        let policy = self.policy;
        self.breakers
            .entry(model.clone())
            .or_insert_with(|| Breaker::new(policy))
    }

    fn admit(&mut self, model: &ModelId, now: Instant) -> Result<Admission, Duration> {
        let before = self.breaker(model).state();
        let admitted = self.breaker(model).admit(now);
        self.publish_if_changed(model, before);
        admitted
    }

    fn record(&mut self, report: &Report, now: Instant) {
        let before = self.breaker(&report.model).state();
        self.breaker(&report.model)
            .record(report.admission, report.outcome, now);
        if let Some(ended) = statistics::ended(report.outcome, report.observation) {
            self.statistics.record(&report.model, ended, now);
        }
        self.publish_if_changed(&report.model, before);
    }

    /// Publishes and logs a change of state; a count of faults alone is no change.
    fn publish_if_changed(&mut self, model: &ModelId, before: State) {
        let after = self.breaker(model).state();
        if std::mem::discriminant(&before) == std::mem::discriminant(&after) {
            return;
        }
        let standings: Standings = self
            .breakers
            .iter()
            .map(|(id, breaker)| (id.clone(), breaker.state()))
            .collect();
        self.published.store(Arc::new(standings));
        let provider = self.name.as_str();
        match after {
            State::Flowing { .. } => {
                tracing::info!(provider, model = model.as_str(), "model flows again")
            }
            State::Tripped { rest, .. } => {
                tracing::warn!(
                    provider,
                    model = model.as_str(),
                    rest_ms = rest.as_millis(),
                    "model tripped"
                );
            }
            State::Probing { .. } => {
                tracing::info!(provider, model = model.as_str(), "probing model")
            }
        }
    }
}

impl Actor for Provider {
    type Context = Context<Self>;
}

impl Handler<Acquire> for Provider {
    type Result = MessageResult<Acquire>;

    fn handle(&mut self, ask: Acquire, ctx: &mut Context<Self>) -> Self::Result {
        let admitted = self.admit(&ask.model, Instant::now());
        MessageResult(admitted.map(|admission| Lease {
            provider: ctx.address(),
            report: Some(Report {
                model: ask.model,
                admission,
                outcome: Outcome::Neutral,
                observation: None,
            }),
        }))
    }
}

impl Handler<Report> for Provider {
    type Result = ();

    fn handle(&mut self, report: Report, _: &mut Context<Self>) {
        self.record(&report, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        consecutive_failures: 1,
        rest: Duration::from_secs(60),
        max_rest: Duration::from_secs(60),
    };

    #[actix_web::test]
    async fn a_dropped_lease_reports_once_and_teaches_nothing() {
        let (provider, published) = Provider::new(ProviderName::new("p"), POLICY, Arc::default());
        let addr = provider.start();
        let model = ModelId::new("m");
        drop(
            addr.send(Acquire {
                model: model.clone(),
            })
            .await
            .unwrap()
            .unwrap(),
        );
        let lease = addr
            .send(Acquire {
                model: model.clone(),
            })
            .await
            .unwrap()
            .unwrap();
        assert!(published.load().is_empty());
        lease.report(Outcome::Failure);
        assert!(
            addr.send(Acquire {
                model: model.clone()
            })
            .await
            .unwrap()
            .is_err()
        );
        assert!(matches!(
            published.load().get(&model),
            Some(State::Tripped { .. })
        ));
        assert!(
            addr.send(Acquire {
                model: ModelId::new("other")
            })
            .await
            .unwrap()
            .is_ok()
        );
    }
}
