//! Rates: how many requests a key or an account may send in a minute. Lock-free; nobody waits.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::config::RateLimits;

const MINUTE: Duration = Duration::from_secs(60);

/// What is left of a rate, as headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Requests in a minute.
    pub limit: u32,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Until as many as the limit may follow at once again.
    pub reset: Duration,
}

/// A rate that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    /// What is left: nothing.
    pub window: Window,
    /// Until the next request may come.
    pub wait: Duration,
}

/// Requests in a minute, spread evenly once the first of them are used up.
#[derive(Debug)]
pub struct Rate {
    limiter: RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>,
    per_min: NonZeroU32,
}

impl Rate {
    /// A rate that nobody has used.
    pub fn new(per_min: NonZeroU32) -> Self {
        let limiter = RateLimiter::direct(Quota::per_minute(per_min)).with_middleware();
        Self { limiter, per_min }
    }

    /// Requests in a minute.
    pub fn per_min(&self) -> NonZeroU32 {
        self.per_min
    }

    /// Counts one request.
    pub fn take(&self) -> Result<Window, Exhausted> {
        match self.limiter.check() {
            Ok(state) => Ok(self.window(state.remaining_burst_capacity())),
            Err(refused) => Err(Exhausted {
                window: self.window(0),
                wait: refused.wait_time_from(DefaultClock::default().now()),
            }),
        }
    }

    fn window(&self, remaining: u32) -> Window {
        let limit = self.per_min.get();
        let used = limit.saturating_sub(remaining);
        Window {
            limit,
            remaining,
            reset: MINUTE / limit * used,
        }
    }
}

/// Whether an account has credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has.
    Paying,
    /// It has none.
    Free,
}

/// What all keys of an account share.
#[derive(Debug)]
pub struct Allowance {
    free: Rate,
    paying: Rate,
    /// The day since 1970 in the upper half, its requests to free models in the lower one.
    free_models: AtomicU64,
    free_models_per_day: [u32; 2],
}

impl Allowance {
    /// The allowance of a new account.
    pub fn new(limits: &RateLimits) -> Self {
        Self {
            free: Rate::new(limits.free_per_min),
            paying: Rate::new(limits.paying_per_min),
            free_models: AtomicU64::new(0),
            free_models_per_day: [
                limits.free_models_per_day.get(),
                limits.paying_free_models_per_day.get(),
            ],
        }
    }

    /// Counts one request.
    pub fn take(&self, standing: Standing) -> Result<Window, Exhausted> {
        match standing {
            Standing::Paying => self.paying.take(),
            Standing::Free => self.free.take(),
        }
    }

    /// Counts one request to a free model. Refused, it says how many a day may be.
    pub fn take_free_model(&self, standing: Standing, now_ms: u64) -> Result<(), u32> {
        let [free, paying] = self.free_models_per_day;
        let most = match standing {
            Standing::Paying => paying,
            Standing::Free => free,
        };
        let today = (now_ms / 86_400_000) << 32;
        let count = |counted: u64| {
            let used = if counted >= today {
                counted & u64::from(u32::MAX)
            } else {
                0
            };
            (used < u64::from(most)).then_some(counted.max(today) + 1)
        };
        let counted = self
            .free_models
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count);
        counted.map(|_| ()).map_err(|_| most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: u32) -> NonZeroU32 {
        NonZeroU32::new(n).unwrap()
    }

    #[test]
    fn a_rate_counts_down_and_says_when_to_come_back() {
        let rate = Rate::new(number(2));
        assert_eq!(rate.take().unwrap().remaining, 1);
        let last = rate.take().unwrap();
        assert_eq!((last.limit, last.remaining, last.reset), (2, 0, MINUTE));
        let refused = rate.take().unwrap_err();
        assert_eq!(refused.window.remaining, 0);
        assert!(refused.wait > Duration::from_secs(28) && refused.wait <= MINUTE / 2);
    }

    #[test]
    fn free_models_are_counted_by_the_day() {
        let allowance = Allowance::new(&RateLimits {
            free_models_per_day: number(2),
            paying_free_models_per_day: number(3),
            ..RateLimits::default()
        });
        let take = |standing, now_ms| allowance.take_free_model(standing, now_ms);
        assert_eq!(take(Standing::Free, 0), Ok(()));
        assert_eq!(take(Standing::Free, 86_399_999), Ok(()));
        assert_eq!(take(Standing::Free, 86_399_999), Err(2));
        assert_eq!(take(Standing::Paying, 86_399_999), Ok(()));
        assert_eq!(take(Standing::Paying, 86_399_999), Err(3));
        assert_eq!(take(Standing::Free, 86_400_000), Ok(()));
        // A clock that goes back gives no new day.
        assert_eq!(take(Standing::Free, 0), Ok(()));
        assert_eq!(take(Standing::Free, 0), Err(2));
    }
}
