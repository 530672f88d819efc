//! How a request ends: settled, voided, or only recorded.

use std::time::Duration;

use tokio::sync::oneshot;

use super::{ApiError, Hold, Meter};
use crate::actors::ledger::{Record, Settle, Void};
use crate::actors::storage::StorageDown;
use crate::catalog::Cost;
use crate::money::Picodollars;
use crate::store::{Generation, Status};
use crate::usage::Usage;

/// How a request ended, for its record and its bill.
#[derive(Clone, Debug)]
pub struct Ending {
    /// How.
    pub status: Status,
    /// In OpenAI's word.
    pub finish_reason: Option<String>,
    /// In the provider's.
    pub native_finish_reason: Option<String>,
    /// What is billed; `None` when nothing billable came.
    pub usage: Option<Usage>,
    /// Until the first content.
    pub ttft: Option<Duration>,
}

/// What was charged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Receipt {
    /// The parts, at list price; all zero for a free model.
    pub cost: Cost,
    /// What left the balance.
    pub charged: Picodollars,
}

impl Meter {
    /// Settles, and answers when that is durable. Charges nothing for a free model or without usage.
    pub async fn settle(&mut self, ending: &Ending) -> Result<Receipt, ApiError> {
        let closed = self.close(ending);
        let (record, cost) = self.witness.see(closed)?;
        self.decided(&record);
        if !self.must_settle(ending) {
            self.give_back(Some(record));
            self.witness.finish(Some(Picodollars::ZERO));
            return Ok(Receipt {
                cost,
                charged: Picodollars::ZERO,
            });
        }
        self.hold = Hold::Closed;
        let (reply, settled) = oneshot::channel();
        self.desk.ledger.do_send(Settle {
            record,
            failed: std::mem::take(&mut self.failed),
            reply: Some(reply),
        });
        let settled = settled.await.map_err(|_| StorageDown::Failed.into());
        let settled = self.witness.see(settled)?;
        self.witness.finish(Some(settled.charged));
        Ok(Receipt {
            cost: Cost {
                total: settled.charged,
                ..cost
            },
            charged: settled.charged,
        })
    }

    /// Settles without waiting: the caller has left, or failed.
    pub fn abandon(&mut self, ending: &Ending) {
        match self.close(ending) {
            Err(error) => tracing::error!(%error, "a bill could not be made"),
            Ok((record, _)) if self.must_settle(ending) => {
                self.decided(&record);
                self.hold = Hold::Closed;
                self.desk.ledger.do_send(Settle {
                    record,
                    failed: std::mem::take(&mut self.failed),
                    reply: None,
                });
            }
            Ok((record, _)) => {
                self.decided(&record);
                self.give_back(Some(record));
            }
        }
        self.witness.finish(None);
    }

    /// Counts what an ended request came to, and has its spans say so.
    fn decided(&mut self, record: &Generation) {
        self.witness.decided(record);
        let (provider, model) = (&record.provider, &record.model);
        if let Some(usage) = &record.usage {
            let counters = &self.desk.counters;
            counters.answer(provider, model, usage, record.cost);
        }
        if let Some(ttft_ms) = record.ttft_ms {
            let after = Duration::from_millis(ttft_ms);
            self.desk.counters.first_token(provider, model, after);
        }
    }

    /// Gives everything back. A record is kept of what was tried, if anything was.
    pub fn end_without_answer(&mut self, status: Status) {
        if self.hold == Hold::Closed {
            return;
        }
        if self.attempts.is_empty() {
            self.give_back(None);
            self.witness.finish(None);
        } else {
            self.abandon(&Ending {
                status,
                finish_reason: None,
                native_finish_reason: None,
                usage: None,
                ttft: None,
            });
        }
    }

    /// Whether there is a bill to post: credit is held, the model costs money, something came.
    fn must_settle(&self, ending: &Ending) -> bool {
        let now = self.model.as_ref().filter(|_| ending.usage.is_some());
        let before = self.carried.iter().map(|(model, _)| model);
        let paid = now.into_iter().chain(before).any(|model| !model.free);
        matches!(self.hold, Hold::Held(_)) && paid
    }

    /// Void what is held, or may be; keep the record all the same.
    fn give_back(&mut self, record: Option<Box<Generation>>) {
        let failed = std::mem::take(&mut self.failed);
        match (self.hold, record) {
            (Hold::Asked | Hold::Held(_), record) => {
                let (account, generation) = (self.caller.account, self.generation);
                self.desk.ledger.do_send(Void {
                    account,
                    generation,
                    record,
                    failed,
                });
            }
            (Hold::None, Some(record)) => self.desk.ledger.do_send(Record { record, failed }),
            (Hold::None, None) | (Hold::Closed, _) => {}
        }
        self.hold = Hold::Closed;
    }
}
