//! Choices: who can serve a request, in which order, and how much to hold for it. Pure.

pub mod candidates;
pub mod classify;
pub mod context;
pub mod hold;
pub mod live;
pub mod prefer;

pub use candidates::{
    Ask, Candidate, Choice, Excluded, Funds, Reason, Rules, Shortlist, Task, candidates,
};
pub use live::{Live, Standing};
