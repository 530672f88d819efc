//! An answer that broke off and is continued by another model: what was said, how the rest is asked
//! for, and how it is joined on.

mod begun;
mod joiner;
mod speech;
mod transcript;

pub use begun::{Begun, Opening};
pub use joiner::{Joined, Joiner};
pub use transcript::Transcript;

#[cfg(test)]
mod tests;
