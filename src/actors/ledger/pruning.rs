//! Records that are old enough go in small steps, so that no commit waits long behind one.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler, Message};

use super::{Ledger, clock};
use crate::store::prune;

/// Records that go in one step.
const STEP: usize = 256;
/// Time between two steps while there is more to prune: about 2,500 records a second.
const BETWEEN_STEPS: Duration = Duration::from_millis(100);
/// Time until the next look when there was no more.
const PERIOD: Duration = Duration::from_secs(60);

/// Takes one step.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Prune;

impl Handler<Prune> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Prune, ctx: &mut Context<Self>) {
        let before_ms = clock::now_ms().saturating_sub(self.keep_records_ms);
        let pruned = prune(&self.db, before_ms, STEP).and_then(|pruned| {
            self.db.commit(pruned.batch)?;
            Ok(pruned.records)
        });
        match pruned {
            Ok(records) => {
                let pause = if records == STEP {
                    BETWEEN_STEPS
                } else {
                    PERIOD
                };
                ctx.notify_later(Prune, pause);
            }
            Err(error) => {
                self.fail(&error);
            }
        }
    }
}
