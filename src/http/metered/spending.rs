//! What a paid stream has cost so far, against what is held for it: asks for more in time.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::{RecvError, TryRecvError};

use super::{Hold, Meter};
use crate::actors::ledger::{Extend, Haste};
use crate::catalog::Model;
use crate::http::stream::estimate;
use crate::money::Picodollars;
use crate::routing::Candidate;
use crate::routing::context::Need;
use crate::routing::hold::{self, list_cost};
use crate::store::{Extension, Refusal};
use crate::usage::Usage;
use crate::wire::Delivered;

/// The part of a hold, in percent, from which on more is asked for.
const ASK_AT_PERCENT: i128 = 80;
/// An extension is worth it from this part of the hold on.
const LEAST_PART: i64 = 16;
/// Extensions that one piece of an answer waits for at the most.
const MOST_WAITS: usize = 16;

type Answer = Result<Picodollars, Refusal>;

/// Counts a streamed answer, piece by piece before it is handed over.
pub struct Spending {
    model: Arc<Model>,
    prompt_tokens: u64,
    delivered: Delivered,
    /// What the models before this one delivered, when it goes on with their answer.
    before: Picodollars,
    /// A hold below this was all there was: the answer was capped to it and needs no more.
    wanted: Picodollars,
    /// What the longest answer costs that the request allows.
    most: Picodollars,
    ask: Ask,
}

/// The extension that was asked for last.
enum Ask {
    /// None is open.
    Nothing,
    /// The answer has not come yet.
    Waiting(oneshot::Receiver<Answer>),
    /// It was refused.
    Refused,
}

impl Spending {
    /// Nothing handed over yet of an answer by this model.
    pub fn new(candidate: &Candidate, need: &Need, choices: u64) -> Self {
        let model = &candidate.model;
        let limit = need.max_output.unwrap_or(u64::MAX);
        let longest = limit.min(u64::from(model.max_output));
        Self {
            model: Arc::clone(model),
            prompt_tokens: need.input(model),
            delivered: Delivered::default(),
            before: Picodollars::ZERO,
            wanted: hold::estimate(model, &candidate.live, need, choices).want,
            most: list_cost(model, need.input(model), longest.saturating_mul(choices)),
            ask: Ask::Nothing,
        }
    }

    /// What was handed over, when the provider does not count.
    pub fn usage(&self) -> Usage {
        estimate(self.prompt_tokens, &self.delivered)
    }

    /// Another model goes on with the answer; that it reads the conversation again is not billed.
    pub fn hand_on(&mut self, model: &Arc<Model>) {
        self.before = self.cost(&self.delivered);
        self.model = Arc::clone(model);
        self.prompt_tokens = 0;
        self.delivered = Delivered::default();
    }

    fn cost(&self, delivered: &Delivered) -> Picodollars {
        let usage = estimate(self.prompt_tokens, delivered);
        let own = list_cost(&self.model, usage.prompt_tokens, usage.completion_tokens);
        self.before.saturating_add(own)
    }

    /// Counts the next piece. From 80 % of the hold on more is asked for, and the stream goes on
    /// meanwhile; only a piece that the hold does not cover waits for the answer. An error means
    /// that the piece cannot be paid for and must not be handed over.
    pub async fn count(&mut self, meter: &mut Meter, text_bytes: u64) -> Result<(), Refusal> {
        let next = Delivered {
            text_bytes: self.delivered.text_bytes.saturating_add(text_bytes),
            has_content: true,
        };
        if let Some(held) = meter.held()
            && held >= self.wanted
            && held < self.most
        {
            self.cover(meter, &next).await?;
        }
        self.delivered = next;
        Ok(())
    }

    async fn cover(&mut self, meter: &mut Meter, next: &Delivered) -> Result<(), Refusal> {
        let spent = self.cost(next);
        self.look(meter);
        if !is_near(spent, meter.held().unwrap_or_default()) {
            return Ok(());
        }
        for _ in 0..MOST_WAITS {
            let held = meter.held().unwrap_or_default();
            match std::mem::replace(&mut self.ask, Ask::Nothing) {
                Ask::Nothing if spent <= held => {
                    self.ask = Ask::Waiting(meter.ask_more(held, spent, Haste::InTime));
                    return Ok(());
                }
                // What a refusal means is decided when the hold is used up.
                asked @ (Ask::Waiting(_) | Ask::Refused) if spent <= held => {
                    self.ask = asked;
                    return Ok(());
                }
                Ask::Waiting(answer) => meter.enlarge(answer.await)?,
                Ask::Nothing | Ask::Refused => {
                    let answer = meter.ask_more(held, spent, Haste::AtOnce);
                    meter.enlarge(answer.await)?;
                }
            }
        }
        Err(Refusal::Ended)
    }

    /// Takes an answer that has come, without waiting for one.
    fn look(&mut self, meter: &mut Meter) {
        let Ask::Waiting(answer) = &mut self.ask else {
            return;
        };
        self.ask = match answer.try_recv() {
            Err(TryRecvError::Empty) => return,
            Ok(answer) if meter.enlarge(Ok(answer)).is_ok() => Ask::Nothing,
            Ok(_) | Err(TryRecvError::Closed) => Ask::Refused,
        };
    }
}

fn is_near(spent: Picodollars, held: Picodollars) -> bool {
    i128::from(spent.get()) * 100 >= i128::from(held.get()) * ASK_AT_PERCENT
}

impl Meter {
    /// What is held for the answer, when it is a paid one.
    fn held(&self) -> Option<Picodollars> {
        match self.hold {
            Hold::Held(held) if self.model.as_ref().is_some_and(|model| !model.free) => Some(held),
            Hold::Held(_) | Hold::None | Hold::Asked | Hold::Closed => None,
        }
    }

    /// Asks the ledger to hold as much again, and to cover what is spent in any case.
    fn ask_more(
        &mut self,
        held: Picodollars,
        spent: Picodollars,
        haste: Haste,
    ) -> oneshot::Receiver<Answer> {
        let missing = spent.checked_sub(held).unwrap_or_default();
        let part = Picodollars::new(held.get() / LEAST_PART);
        self.extensions += 1;
        let ask = Extension {
            generation: self.generation,
            number: self.extensions,
            want: held.max(missing.saturating_add(part)),
            least: missing.max(part),
        };
        let (reply, answer) = oneshot::channel();
        self.desk.ledger.do_send(Extend {
            account: self.caller.account,
            ask,
            haste,
            reply,
        });
        answer
    }

    /// Takes note of what is held now. Without its ledger the process is ending.
    fn enlarge(&mut self, answer: Result<Answer, RecvError>) -> Result<(), Refusal> {
        self.hold = Hold::Held(answer.unwrap_or(Err(Refusal::Ended))?);
        Ok(())
    }
}
