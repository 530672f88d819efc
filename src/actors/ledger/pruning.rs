//! Records and rows of the audit log that are old enough go in small steps, so that no commit waits long
//! behind one.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler, Message};

use super::{Ledger, clock};
use crate::store::{StoreError, prune, prune_deeds};

/// Records and accounts that are looked at in one step.
const STEP: usize = 256;
/// Time between two steps while there is more to prune: about 2,500 records a second.
const BETWEEN_STEPS: Duration = Duration::from_millis(100);
/// Time until the next look when there was no more.
const PERIOD: Duration = Duration::from_secs(600);

/// Takes one step.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Prune;

impl Handler<Prune> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Prune, ctx: &mut Context<Self>) {
        match self.prune() {
            Ok(More::Yes) => drop(ctx.notify_later(Prune, BETWEEN_STEPS)),
            Ok(More::No) => drop(ctx.notify_later(Prune, PERIOD)),
            Err(error) => drop(self.fail(&error)),
        }
    }
}

/// Whether there may be more to prune.
enum More {
    Yes,
    No,
}

impl Ledger {
    fn prune(&mut self) -> Result<More, StoreError> {
        let (keep, now_ms) = (self.keep, clock::now_ms());
        let records = prune(
            &self.db,
            self.pruned_to,
            now_ms.saturating_sub(keep.records_ms),
            STEP,
        )?;
        self.pruned_to = records.next;
        let deeds = prune_deeds(&self.db, now_ms.saturating_sub(keep.audit_ms), STEP)?;
        let damaged = records.damaged + deeds.damaged;
        if damaged > 0 {
            tracing::error!(
                damaged,
                "records cannot be read and stay; `ledger verify` names them"
            );
        }
        let is_full = records.next.is_some() || deeds.records == STEP;
        let mut batch = records.batch;
        batch.merge(deeds.batch);
        self.db.commit(batch)?;
        Ok(if is_full { More::Yes } else { More::No })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix::Actor;

    use super::*;
    use crate::actors::ledger::{Find, Keep, Record};
    use crate::ids::{AccountId, GenerationId, KeyId, RequestId};
    use crate::money::Picodollars;
    use crate::store::samples::record;
    use crate::store::{Book, Db, Generation, Limits, Order, SpendLimits};

    fn generation() -> Generation {
        let order = Order {
            generation: GenerationId::new(),
            account: AccountId::new(),
            key: KeyId::new(),
            provider: "groq".to_owned(),
            model: "llama3.1-8b".to_owned(),
            want: Picodollars::ZERO,
            least: Picodollars::ZERO,
            price_version: "2026-01".to_owned(),
            expires_ms: 0,
            daily_limit: None,
            key_limits: SpendLimits::default(),
        };
        Generation {
            request_id: RequestId::new(),
            ..record(&order, Picodollars::ZERO)
        }
    }

    /// Keeps a record, takes a step of pruning, and says whether the record is still there.
    async fn survives(keep_records_ms: u64) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path()).unwrap();
        let (book, _) = Book::load(&db, Limits::default(), 0).unwrap();
        let health = Arc::default();
        let keep = Keep {
            records_ms: keep_records_ms,
            ..Keep::EVER
        };
        let ledger = Ledger::new(db, book, Arc::default(), health, keep).start();
        let record = generation();
        let (account, id) = (record.account, record.id);
        let is_there = async || {
            let found = ledger.send(Find(account, id)).await;
            found.unwrap().unwrap().is_some()
        };
        ledger.do_send(Record {
            record: Box::new(record),
            failed: Vec::new(),
        });
        assert!(is_there().await);
        // Until the clock has passed the millisecond of its id.
        while id >= GenerationId::first_at(clock::now_ms()) {
            tokio::task::yield_now().await;
        }
        ledger.send(Prune).await.unwrap();
        is_there().await
    }

    #[actix::test]
    async fn records_go_when_they_are_old_enough_and_not_before() {
        assert!(survives(3_600_000).await);
        assert!(!survives(0).await);
    }
}
