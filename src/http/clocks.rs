//! The clocks of one attempt: the operator's or the model's own, shorter where another candidate waits.

use std::time::Duration;

use crate::actors::breaker::Spare;
use crate::catalog::{Ability, Model};
use crate::config::{self, Failover};

/// How an attempt stands in its request, as far as its clocks depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// Whether another candidate could answer instead.
    pub spare: Spare,
    /// Whether another candidate would go on with the answer if it broke off.
    pub successor: Spare,
    /// Tokens of a long answer of the model.
    pub long_answer: u64,
    /// What the request has taken so far: its attempts together end with the clock of the whole answer.
    pub elapsed: Duration,
}

/// The clocks of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// Until the first content of a stream.
    pub first_token: Duration,
    /// Until the end of an answer that is not streamed.
    pub answer: Duration,
    /// Between two chunks of a stream.
    pub idle: Duration,
    /// Until the end of a stream.
    pub total: Duration,
}

impl Clocks {
    /// The operator's clocks, with the model's own where it has them.
    pub fn of(settings: &Failover, model: &Model, outlook: Outlook) -> Self {
        let reasoning = model.abilities.has(Ability::Reasoning);
        let own = model.timeouts;
        let total = own.total.unwrap_or(config::ms(settings.total_ms));
        let total = total.saturating_sub(outlook.elapsed);
        let first_token = own.first_token.unwrap_or(config::ms(match outlook.spare {
            _ if reasoning => settings.reasoning_first_token_ms,
            Spare::Another => settings.first_token_ms,
            Spare::Nothing => settings.last_first_token_ms,
        }));
        // How long a model thinks shows only in what it writes: a long answer is given its time.
        let writing = settings
            .reasoning_token_ms
            .saturating_mul(outlook.long_answer);
        let answer = match outlook.spare {
            Spare::Another if reasoning => first_token.saturating_add(config::ms(writing)),
            Spare::Another => config::ms(settings.answer_ms),
            Spare::Nothing => total,
        };
        let idle = match outlook.successor {
            Spare::Another if !reasoning => settings.stall_ms.min(settings.idle_ms),
            Spare::Another | Spare::Nothing => settings.idle_ms,
        };
        Self {
            first_token: first_token.min(total),
            answer: answer.min(total),
            idle: own.idle.unwrap_or(config::ms(idle)),
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Layer};

    fn clocks(id: &str, spare: Spare, successor: Spare) -> Clocks {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let outlook = Outlook {
            spare,
            successor,
            long_answer: 2_000,
            elapsed: Duration::from_secs(500),
        };
        let early = Outlook {
            elapsed: Duration::ZERO,
            ..outlook
        };
        let model = catalog.model(id).unwrap();
        let late = Clocks::of(&Failover::default(), model, outlook);
        assert!(late.answer.max(late.first_token) <= Duration::from_secs(100));
        Clocks::of(&Failover::default(), model, early)
    }

    #[test]
    fn a_reasoning_model_that_is_silent_is_left_while_another_candidate_remains() {
        let last = clocks("o3", Spare::Nothing, Spare::Nothing);
        assert_eq!(last.answer, Duration::from_secs(600));
        let answer = clocks("o3", Spare::Another, Spare::Nothing).answer;
        assert_eq!(answer, Duration::from_secs(120 + 2_000 / 50));
        let plain = clocks("gpt-4.1", Spare::Another, Spare::Nothing).answer;
        assert_eq!(plain, Duration::from_secs(60));
    }

    #[test]
    fn a_stall_ends_sooner_where_another_candidate_goes_on() {
        let idle = |id, successor| clocks(id, Spare::Another, successor).idle.as_secs();
        assert_eq!(idle("gpt-4.1", Spare::Nothing), 60);
        assert_eq!(idle("gpt-4.1", Spare::Another), 10);
        assert_eq!(idle("o3", Spare::Another), 60, "it may think on");
    }
}
