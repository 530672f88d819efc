//! The meter of one request: from the moment it exists, every way out settles, voids or records.

mod bill;
mod ending;
mod spending;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tokio::sync::OwnedSemaphorePermit;

use super::error::AttemptNote;
use super::visit::Visit;
use super::witness::Witness;
use super::{ApiError, Code, Switchboard};
use crate::actors::accounts::Principal;
use crate::actors::clock::now_ms;
use crate::actors::funds::Running;
use crate::actors::ledger::Authorise;
use crate::actors::storage::StorageDown;
use crate::catalog::{Model, Tier};
use crate::config;
use crate::counters::Counters;
use crate::ids::GenerationId;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::hold::Estimate;
use crate::store::{Delivery, FailedCost, Order, Refusal, Status};
use crate::usage::Usage;
use crate::wire::Replay;

pub use ending::Ending;
pub use spending::Spending;

/// Failed attempts whose cost is kept.
const MOST_FAILED: usize = 16;
/// How long a hold outlives the longest answer.
const HOLD_GRACE: Duration = Duration::from_secs(60);

/// What of a request's record is known from the start.
#[derive(Clone, Debug)]
pub struct Opening {
    /// When it came, and as which request.
    pub visit: Visit,
    /// The tier asked for, if one was.
    pub tier: Option<Tier>,
    /// The direction asked for; empty where models are not ranked.
    pub prefer: &'static str,
    /// What `auto` scored.
    pub auto_score: Option<u8>,
    /// Whether it is streamed.
    pub delivery: Delivery,
    /// The price list of the request.
    pub price_version: String,
    /// Who could answer it, as far as that is kept.
    pub candidates: Vec<Candidate>,
}

/// Candidates that are kept with a request's record.
pub const MOST_CANDIDATES: usize = 8;

/// Those candidates that are kept with the record, best first. However long the list is, this takes the
/// same time.
pub fn kept(ranked: &[Candidate]) -> Vec<Candidate> {
    ranked[..ranked.len().min(MOST_CANDIDATES)].to_vec()
}

/// Whether a free model may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Free {
    /// It may.
    Started,
    /// The account has used what it may today.
    UsedUp {
        /// Requests to free models in a day.
        most: u32,
    },
}

/// What is held for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Nothing yet.
    None,
    /// It was asked for; the answer may never be read.
    Asked,
    /// So much.
    Held(Picodollars),
    /// Settled or voided.
    Closed,
}

/// Counts and bills one request. Dropping it gives everything back.
pub struct Meter {
    desk: Data<Switchboard>,
    caller: Arc<Principal>,
    generation: GenerationId,
    opening: Opening,
    witness: Witness,
    attempts: Vec<AttemptNote>,
    model: Option<Arc<Model>>,
    failed: Vec<FailedCost>,
    carried: Vec<(Arc<Model>, Usage)>,
    hold: Hold,
    /// Extensions that were asked for.
    extensions: u32,
    running: Option<Running>,
    has_begun: bool,
    _admission: OwnedSemaphorePermit,
}

impl Meter {
    /// A meter at zero. The admission is held for as long as the request runs.
    pub fn new(
        desk: Data<Switchboard>,
        caller: Arc<Principal>,
        opening: Opening,
        witness: Witness,
        admission: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            desk,
            caller,
            generation: GenerationId::new(),
            opening,
            witness,
            attempts: Vec::new(),
            model: None,
            failed: Vec::new(),
            carried: Vec::new(),
            hold: Hold::None,
            extensions: 0,
            running: None,
            has_begun: false,
            _admission: admission,
        }
    }

    /// The key of the request's record.
    pub fn generation(&self) -> GenerationId {
        self.generation
    }

    /// What was tried so far.
    pub fn attempts(&self) -> &[AttemptNote] {
        &self.attempts
    }

    /// Who sees the request for its spans.
    pub fn witness(&mut self) -> &mut Witness {
        &mut self.witness
    }

    /// A call goes upstream.
    pub fn begins(&mut self, model: &Model, base_url: &str) {
        if !self.has_begun {
            self.has_begun = true;
            let counters = &self.desk.counters;
            counters.overhead(self.opening.visit.started.elapsed());
        }
        self.witness.attempt(model, base_url);
    }

    /// Takes note of an attempt.
    pub fn note(&mut self, attempt: AttemptNote) {
        let AttemptNote {
            provider,
            model,
            code,
            status,
        } = &attempt;
        self.desk.counters.attempt(provider, model, code);
        self.witness.attempted(model, code, *status);
        self.attempts.push(attempt);
    }

    /// Takes note of what a failed attempt cost us, by the usage that its provider reported. It is
    /// booked as our loss together with the end of the request.
    pub fn note_loss(&mut self, model: &Arc<Model>, usage: &Usage) {
        if model.free || self.failed.len() >= MOST_FAILED {
            return;
        }
        match model.price.cost(usage) {
            Ok(cost) => self.failed.push(FailedCost {
                provider: model.provider.to_string(),
                model: model.id.to_string(),
                price_version: self.opening.price_version.clone(),
                amount: cost.total,
            }),
            Err(error) => tracing::error!(%error, model = %model.id, "a loss cannot be counted"),
        }
    }

    /// The attempt that had given content broke off; `code` says how.
    pub fn broke_off(&mut self, code: String) {
        self.witness.broke_off(&code);
        if let Some(attempt) = self.attempts.iter_mut().rev().find(|a| a.code == "ok") {
            let counters = &self.desk.counters;
            counters.broken_stream(&attempt.provider, &attempt.model, &code);
            attempt.code = code;
        }
    }

    /// Bills what one model delivered before another one went on, together with the rest.
    pub fn carry(&mut self, model: &Arc<Model>, usage: Usage) {
        self.carried.push((Arc::clone(model), usage));
    }

    /// Where events of the request are counted for the operator.
    pub fn counters(&self) -> &Counters {
        &self.desk.counters
    }

    /// Keeps reasoning that the model wants back with the results of its tool calls.
    pub fn remember(&self, replay: &Replay) {
        self.desk
            .replays()
            .remember(&self.caller.account.to_string(), replay);
    }

    /// Remembers that the model has answered the messages with this hash.
    pub fn keep_warm(&self, messages: Option<u64>, model: &Model, usage: &Usage) {
        if let Some(messages) = messages {
            let now = std::time::Instant::now();
            self.desk
                .conversations
                .remember(messages, model, usage, now);
        }
    }

    /// The model whose answer the caller gets.
    pub fn served_by(&mut self, model: &Arc<Model>, tier: Option<Tier>) {
        self.model = Some(Arc::clone(model));
        self.opening.tier = tier;
    }

    /// Holds credit for a paid attempt, once a request. Answers with what is held. Refused at once
    /// while the ledger cannot be written.
    pub async fn authorise(
        &mut self,
        model: &Model,
        estimate: Estimate,
    ) -> Result<Result<Picodollars, Refusal>, StorageDown> {
        if let Hold::Held(held) = self.hold {
            return Ok(Ok(held));
        }
        self.desk.storage.may_sell()?;
        let total = config::ms(self.desk.settings.failover.total_ms);
        let lifetime = total.max(model.timeouts.total.unwrap_or_default()) + HOLD_GRACE;
        let order = Order {
            generation: self.generation,
            account: self.caller.account,
            key: self.caller.key,
            provider: model.provider.to_string(),
            model: model.id.to_string(),
            want: estimate.want,
            least: estimate.least,
            price_version: self.opening.price_version.clone(),
            daily_limit: self.caller.daily_limit,
            key_limits: self.caller.policy.spend,
            expires_ms: now_ms() + u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX),
        };
        self.hold = Hold::Asked;
        let patience = config::ms(self.desk.settings.limits.credit_wait_ms);
        let (ask, answered) = Authorise::new(order, patience);
        self.desk.ledger.do_send(ask);
        let answer = answered.await.map_err(|_| StorageDown::Failed)?;
        match answer {
            Ok(held) => self.hold = Hold::Held(held),
            Err(_) => self.hold = Hold::None,
        }
        Ok(answer)
    }

    /// Counts a free attempt, once a request, against what the account may have of free models in a
    /// day and of running requests at one time.
    pub fn start_free(&mut self) -> Result<Free, ApiError> {
        if self.running.is_none() {
            let caller = &self.caller;
            let counted = caller
                .allowance
                .take_free_model(caller.standing(), now_ms());
            if let Err(most) = counted {
                return Ok(Free::UsedUp { most });
            }
            let limit = self.desk.settings.limits.running_per_account;
            let running = self.caller.purse.start(limit);
            self.running = Some(running.ok_or_else(|| too_many_running(limit))?);
        }
        Ok(Free::Started)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.end_without_answer(Status::Cancelled);
    }
}

/// 429 for an account with too much running at one time.
pub fn too_many_running(limit: usize) -> ApiError {
    let message =
        format!("Your account has {limit} requests running; wait for one of them to end.");
    ApiError::new(Code::RateLimitExceeded, message)
}

fn millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
