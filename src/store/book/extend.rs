//! Extensions: an open hold is enlarged while its answer goes on.

use super::balances::Hold;
use super::load::OpenHold;
use super::transfer::Draft;
use super::{Book, Kind, Refusal};
use crate::ids::GenerationId;
use crate::money::Picodollars;
use crate::store::key;

/// A request to enlarge an open hold.
#[derive(Clone, Copy, Debug)]
pub struct Extension {
    /// Whose hold.
    pub generation: GenerationId,
    /// Counts the generation's extensions, from 1: the same number again changes nothing.
    pub number: u32,
    /// How much more.
    pub want: Picodollars,
    /// The least that is worth it, when there is no more.
    pub least: Picodollars,
}

impl Book {
    /// Keeps more credit back for a running generation: what it wants, or what balance and daily
    /// limit leave, and that at least. Answers with all that is held then. An extension whose
    /// number has been seen changes nothing.
    pub fn extend(&mut self, ask: Extension, now_ms: u64) -> Result<Picodollars, Refusal> {
        let hold = self.balances.hold(ask.generation).ok_or(Refusal::Ended)?;
        if ask.number <= hold.extended {
            return Ok(hold.amount);
        }
        let hold = hold.clone();
        let now_ms = self.tick(now_ms);
        let more = self.affordable_more(&hold, &ask, now_ms)?;
        let draft = Draft {
            kind: Kind::Extend { number: ask.number },
            debit: hold.user(),
            credit: hold.creditor.clone(),
            amount: more,
            cause: hold.cause.clone(),
        };
        self.append(draft, now_ms);
        self.counters.reserve(&hold, more);
        let enlarged = self.balances.enlarge(ask.generation, ask.number, more);
        let enlarged = enlarged.ok_or(Refusal::Ended)?;
        // The amount of its first transfer does not say it all any more.
        self.young.remove(&enlarged);
        let row = OpenHold::of(ask.generation, &enlarged);
        self.batch.put(key::hold(ask.generation), &row);
        Ok(enlarged.amount)
    }

    fn affordable_more(
        &self,
        hold: &Hold,
        ask: &Extension,
        now_ms: u64,
    ) -> Result<Picodollars, Refusal> {
        let balance = self.balance(hold.account);
        let (available, posted) = (balance.available(), balance.posted());
        let want = ask.want.max(Picodollars::new(1));
        let least = ask.least.clamp(Picodollars::new(1), want);
        if available < least {
            let without_own = posted.checked_sub(hold.amount);
            return Err(if without_own >= Some(least) {
                Refusal::Bound { available, posted }
            } else {
                Refusal::Insufficient { available }
            });
        }
        let caps = self.caps(&hold.payer(), hold.day);
        let free = caps.free();
        match caps.tightest(now_ms) {
            Some(exceeded) if free < least => Err(exceeded),
            Some(_) | None => Ok(want.min(available).min(free)),
        }
    }
}
