//! The dialect as the router uses it.

mod answers;
mod requests;
mod streams;
