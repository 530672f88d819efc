//! What the simulated models can and refuse.

use crate::sandbox::dice::{self, Alphabet};

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// By a budget in tokens.
    Budget,
    /// By a budget, or adaptively at an effort.
    Both,
    /// Adaptively only.
    Adaptive,
}

/// How the model thinks.
pub(super) fn style(model: &str) -> Style {
    if model.contains("haiku") {
        Style::Budget
    } else if is_newest(model) {
        Style::Adaptive
    } else {
        Style::Both
    }
}

/// Efforts that the model knows.
pub(super) fn efforts(model: &str) -> &'static [&'static str] {
    match style(model) {
        Style::Budget => &[],
        Style::Both => &["high", "low", "max", "medium"],
        Style::Adaptive => &["high", "low", "max", "medium", "xhigh"],
    }
}

/// The newest models take no sampling parameters and hide their thoughts unless asked.
pub(super) fn is_newest(model: &str) -> bool {
    model.contains("opus-4-7")
}

/// Whether the last message may be an assistant's.
pub(super) fn takes_prefill(model: &str) -> bool {
    model.contains("haiku")
}

/// The most output tokens a request may ask for.
pub(super) fn most_output(model: &str) -> u64 {
    if model.contains("opus") {
        128_000
    } else {
        64_000
    }
}

/// An id for an answer, different each time.
pub(super) fn message_id() -> String {
    format!("msg_01{}", dice::fresh(Alphabet::Alphanumeric, 22))
}

/// An id for a request, different each time.
pub(super) fn request_id() -> String {
    format!("req_011{}", dice::fresh(Alphabet::Alphanumeric, 21))
}

/// An id for a call, the same for the same seed.
pub(super) fn call_id(seed: &str) -> String {
    let id = dice::draw(&mut dice::from_text(seed), Alphabet::Alphanumeric, 22);
    format!("toolu_01{id}")
}
