//! Choices: who can serve a request, in which order, and how much to hold for it. Pure.

pub mod ask;
pub mod candidates;
pub mod classify;
pub mod context;
pub mod foremost;
pub mod grid;
pub mod histogram;
pub mod hold;
pub mod live;
pub mod observation;
pub mod observed;
mod obstacle;
pub mod prefer;
mod rank;
pub mod sticky;
pub mod tally;
pub mod tier_prices;
pub mod uptime;

pub use ask::{Allowed, Ask, CacheMarks, Choice, Funds, Hosts, Rules, Spend, Task, Wanted};
pub use candidates::{Candidate, Excluded, Shortlist, candidates, ranked};
pub use foremost::{End, Foremost, Now, Prepared, foremost};
pub use live::{Live, Mood, Standing};
pub use observation::{Ended, Observation};
pub use observed::{KeptObserved, Observed};
pub use obstacle::Reason;
pub use tally::Tally;
pub use tier_prices::TierPrices;
