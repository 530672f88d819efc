//! Choices: who can serve a request, in which order, and how much to hold for it. Pure.

pub mod candidates;
pub mod classify;
pub mod context;
pub mod hold;
pub mod prefer;

pub use candidates::{
    Ask, Candidate, Choice, Excluded, Funds, Live, Reason, Rules, Shortlist, Standing, Task,
    candidates,
};
