//! What one attempt at a model showed: how it ended, how fast, how long the answer was.

use std::time::Duration;

use super::live::Live;

/// What one finished answer showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Milliseconds from dispatch to the first content.
    pub ttft_ms: f64,
    /// Output tokens of one choice, reasoning included.
    pub output_tokens: u64,
    /// Milliseconds from dispatch to the end.
    pub elapsed_ms: f64,
}

impl Observation {
    /// A streamed answer, whose first content was seen to come.
    pub fn streamed(first: Duration, end: Duration, output_tokens: u64) -> Self {
        Self {
            ttft_ms: ms(first),
            output_tokens,
            elapsed_ms: ms(end.max(first)),
        }
    }

    /// A whole answer, which shows only how long both parts took together: the time is split as was
    /// expected of the model.
    pub fn whole(end: Duration, output_tokens: u64, expected: &Live) -> Self {
        let writing_ms = float(output_tokens) / expected.tokens_per_s.max(1.0) * 1000.0;
        let share = expected.ttft_p50_ms / (expected.ttft_p50_ms + writing_ms).max(1.0);
        Self {
            ttft_ms: ms(end) * share,
            output_tokens,
            elapsed_ms: ms(end),
        }
    }
}

/// How an attempt ended, as far as statistics care.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// With an answer that was measured.
    Measured(Observation),
    /// With an answer.
    Answered,
    /// Without, by the model's or its provider's fault.
    Failed,
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A count of tokens for averages.
#[allow(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
pub(super) fn float(tokens: u64) -> f64 {
    tokens as f64
}
