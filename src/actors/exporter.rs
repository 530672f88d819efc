//! The exporter's actor: takes ended requests off everybody's hands, and has them carried to the
//! backends of their accounts and of the operator.

mod desk;
mod messages;
mod outbox;

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, MessageResult, ResponseFuture,
    WrapFuture,
};
use backon::{ExponentialBuilder, Retryable};
use tokio::sync::oneshot;

pub use messages::{
    Aim, AskHealth, Audience, Finish, NoTest, Retarget, SendTest, Take, TakeFigures, TestReport,
};
pub use outbox::{Health, State};

use super::clock;
use crate::config::{self, Settings};
use crate::counters::Counters;
use crate::otlp::{Again, Carrier, Delivered, Failure, Names, Payload, Reach, Target};
use crate::spans::{self, Source};
use desk::{Desk, Owner, Parcel};

/// Guards the spans that wait.
pub struct Exporter {
    desk: Desk,
    /// To the backends of accounts.
    guarded: Carrier,
    /// To the operator's.
    open: Carrier,
    source: Source,
    figures: Option<Target>,
    /// Whether figures are on their way.
    figures_leave: bool,
    began_ns: u64,
    patience: Patience,
    /// How long the operator's backend may take.
    open_limit: Duration,
    flush: Duration,
    counters: Arc<Counters>,
    finished: Vec<oneshot::Sender<()>>,
}

/// How often and how long one batch is tried.
#[derive(Clone, Copy)]
struct Patience {
    attempts: usize,
    pause: Duration,
    limit: Duration,
}

impl Exporter {
    /// An exporter that knows nobody but the operator.
    pub fn new(settings: &Settings, counters: Arc<Counters>) -> Self {
        let telemetry = &settings.telemetry;
        let mut desk = Desk::new(desk::Terms {
            flush: config::ms(telemetry.flush_ms),
            rest: config::ms(telemetry.rest_ms),
            longest_rest: config::ms(telemetry.max_rest_ms.max(telemetry.rest_ms)),
        });
        if let Some(target) = &settings.otel.traces {
            desk.aim(Owner::Operator, Some(Ok(target.clone())));
        }
        Self {
            desk,
            guarded: Carrier::new(&telemetry.names, telemetry.reach()),
            open: Carrier::new(&Names::System, Reach::Anywhere),
            source: settings.otel.source.clone(),
            figures: settings.otel.metrics.clone(),
            figures_leave: false,
            began_ns: clock::now_ns(),
            patience: Patience {
                attempts: telemetry.attempts,
                pause: config::ms(telemetry.pause_ms),
                limit: config::ms(telemetry.timeout_ms),
            },
            open_limit: config::ms(settings.otel.timeout_ms),
            flush: config::ms(telemetry.flush_ms),
            counters,
            finished: Vec::new(),
        }
    }

    fn carrier(&self, owner: Owner) -> Carrier {
        match owner {
            Owner::Operator => self.open.clone(),
            Owner::Account(_) => self.guarded.clone(),
        }
    }

    fn patience(&self, owner: Owner) -> Patience {
        match owner {
            Owner::Operator => Patience {
                limit: self.open_limit,
                ..self.patience
            },
            Owner::Account(_) => self.patience,
        }
    }

    /// Starts what may start. A task of its own carries each batch, so that a slow backend keeps
    /// nobody else waiting and a panic is no more than a batch that was lost.
    fn work(&mut self, ctx: &mut Context<Self>) {
        for parcel in self.desk.due(Instant::now()) {
            let (owner, mark) = (parcel.owner, parcel.mark);
            let spans = parcel.spans();
            let carrier = self.carrier(owner);
            let source = match owner {
                Owner::Operator => self.source.clone(),
                Owner::Account(_) => Source::default(),
            };
            let task = actix::spawn(carry(carrier, parcel, source, self.patience(owner)));
            let ended = task.into_actor(self).map(move |ended, exporter, ctx| {
                let lost = Err(Failure {
                    status: None,
                    message: "the export broke down".to_owned(),
                    again: Again::Never,
                });
                let outcome = ended.unwrap_or(lost);
                exporter.count(spans, &outcome);
                let (now, now_ms) = (Instant::now(), clock::now_ms());
                if exporter.desk.ended(owner, mark, &outcome, now, now_ms) {
                    exporter.work(ctx);
                }
            });
            ctx.spawn(ended);
        }
        if self.desk.is_idle(Instant::now()) && !self.figures_leave {
            for waiting in self.finished.drain(..) {
                waiting.send(()).ok();
            }
        }
    }

    fn count(&self, spans: u64, outcome: &Result<Delivered, Failure>) {
        match outcome {
            Ok(delivered) => {
                let rejected = delivered.rejected.min(spans);
                self.counters.spans_exported(spans - rejected);
                self.counters.spans_dropped("rejected", rejected);
            }
            Err(failure) => {
                self.counters.spans_dropped("failed", spans);
                // What the backend said may quote what it was sent.
                tracing::debug!(
                    status = failure.status,
                    spans,
                    "a batch of spans was not taken"
                );
            }
        }
    }
}

/// Sends a batch until it is taken, or is not worth another attempt.
async fn carry(
    carrier: Carrier,
    parcel: Parcel,
    source: Source,
    patience: Patience,
) -> Result<Delivered, Failure> {
    let target = Arc::clone(&parcel.target);
    let payload = Payload::Traces(spans::export(&source, parcel.into_spans()));
    persist(&carrier, &target, &payload, patience).await
}

async fn persist(
    carrier: &Carrier,
    target: &Target,
    payload: &Payload,
    patience: Patience,
) -> Result<Delivered, Failure> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(patience.pause)
        .with_max_times(patience.attempts.saturating_sub(1))
        .with_jitter();
    let attempt = || carrier.send(target, payload, patience.limit);
    attempt
        .retry(pauses)
        .when(|failure: &Failure| failure.again != Again::Never)
        .adjust(|failure: &Failure, pause| match (failure.again, pause) {
            (Again::Later(Some(wait)), Some(pause)) => Some(pause.max(wait)),
            (Again::Later(_) | Again::Never, pause) => pause,
        })
        .await
}

impl Actor for Exporter {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let tick = (self.flush / 2).max(Duration::from_millis(5));
        ctx.run_interval(tick, |exporter, ctx| {
            exporter.work(ctx);
            for (state, targets) in exporter.desk.states(Instant::now()) {
                exporter.counters.telemetry_targets(state.as_str(), targets);
            }
        });
    }
}

impl Handler<Take> for Exporter {
    type Result = ();

    fn handle(&mut self, Take { record, audience }: Take, ctx: &mut Context<Self>) {
        let account = Owner::Account(record.account);
        let owners: &[Owner] = match audience {
            Audience::Account => &[account],
            Audience::Operator => &[Owner::Operator],
            Audience::Both => &[account, Owner::Operator],
        };
        let now = Instant::now();
        let mut full = false;
        for owner in owners {
            let (dropped, is_full) = self.desk.take(*owner, Arc::clone(&record), now);
            self.counters.spans_dropped("queue_full", dropped);
            full |= is_full;
        }
        if full {
            self.work(ctx);
        }
    }
}

impl Handler<Retarget> for Exporter {
    type Result = ();

    fn handle(&mut self, Retarget { account, aim }: Retarget, ctx: &mut Context<Self>) {
        self.desk.aim(Owner::Account(account), aim.map(|aim| aim.0));
        self.work(ctx);
    }
}

impl Handler<AskHealth> for Exporter {
    type Result = MessageResult<AskHealth>;

    fn handle(&mut self, AskHealth(account): AskHealth, _: &mut Context<Self>) -> Self::Result {
        let owner = Owner::Account(account);
        MessageResult(self.desk.health(owner, Instant::now(), clock::now_ms()))
    }
}

impl Handler<SendTest> for Exporter {
    type Result = ResponseFuture<Result<TestReport, NoTest>>;

    fn handle(&mut self, SendTest(account): SendTest, ctx: &mut Context<Self>) -> Self::Result {
        let owner = Owner::Account(account);
        let target = match self.desk.begin_test(owner) {
            Ok(target) => target,
            Err(refused) => return Box::pin(async move { Err(refused) }),
        };
        let (carrier, limit) = (self.carrier(owner), self.patience.limit);
        let (reply, answered) = oneshot::channel();
        // A caller who leaves does not end it, so that the next one may begin.
        let test = async move {
            let began = Instant::now();
            let (trace, test) = spans::test(rand::random(), rand::random(), clock::now_ns());
            let payload = Payload::Traces(spans::export(&Source::default(), vec![test]));
            TestReport {
                outcome: carrier.send(&target, &payload, limit).await,
                trace,
                took: began.elapsed(),
            }
        };
        let ended = test.into_actor(self).map(move |report, exporter, _| {
            exporter.desk.end_test(owner);
            reply.send(report).ok();
        });
        ctx.spawn(ended);
        Box::pin(async move { answered.await.map_err(|_| NoTest::Stopped) })
    }
}

impl Handler<TakeFigures> for Exporter {
    type Result = ();

    fn handle(&mut self, TakeFigures(text): TakeFigures, ctx: &mut Context<Self>) {
        let Some(target) = self.figures.clone().filter(|_| !self.figures_leave) else {
            return;
        };
        let export = spans::metrics(&self.source, &text, self.began_ns, clock::now_ns());
        let (carrier, patience) = (self.open.clone(), self.patience(Owner::Operator));
        self.figures_leave = true;
        let task = actix::spawn(async move {
            persist(&carrier, &target, &Payload::Metrics(export), patience).await
        });
        let ended = task.into_actor(self)
            .map(|ended, exporter, ctx| {
                exporter.figures_leave = false;
                if let Ok(Err(error)) = ended {
                    tracing::warn!(%error, "metrics were not exported; check OTEL_EXPORTER_OTLP_ENDPOINT");
                }
                exporter.work(ctx);
            });
        ctx.spawn(ended);
    }
}

impl Handler<Finish> for Exporter {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Finish, ctx: &mut Context<Self>) -> Self::Result {
        let (done, finished) = oneshot::channel();
        self.finished.push(done);
        self.desk.hurry();
        self.work(ctx);
        Box::pin(async move {
            finished.await.ok();
        })
    }
}
