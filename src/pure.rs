//! The root of a smaller library, of the pure modules alone: `make bench-check` counts the instructions of what is
//! in it, and can build it in a fraction of the time.
#![allow(dead_code, unused_imports, reason = "other users stay outside")]

pub mod billing;
pub mod catalog;
pub mod ids;
pub mod money;
pub mod routing;
pub mod store;
pub mod usage;
pub mod wire;

/// Two sections of the settings.
pub mod config {
    mod rate_limits;
    mod sections;

    use std::time::Duration;

    pub use rate_limits::RateLimits;
    pub use sections::Breaker;

    /// A time that settings give in milliseconds.
    pub const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }
}

/// The rules of two actors.
pub mod actors {
    pub mod breaker;
    pub mod rate;
}

/// What handlers read of a request.
pub mod http {
    pub mod count;
    pub mod transcript;
}
