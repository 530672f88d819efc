//! What is measured: one step is one kind of load, and every target meets the same.

use crate::gateway::Target;
use crate::load::prompt::{self, Wish};
use crate::load::{Load, Pace};
use crate::upstream::Form;

/// A prompt as people write them.
pub const SMALL: usize = 1536;
const LARGE: usize = 64 << 10;
const HUGE: usize = 1 << 20;
/// A second.
const S: u64 = 1_000;

/// How long a suite takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Everything.
    Full,
    /// The steps that the targets speak of, briefly.
    Short,
}

/// The kinds of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many requests a second with a prompt of so many bytes, answered in one piece.
    Rate {
        /// Requests a second.
        per_s: u32,
        /// Of the body.
        bytes: usize,
    },
    /// Connections that ask as fast as they are answered, with a prompt of so many bytes.
    Most {
        /// Of the body.
        bytes: usize,
    },
    /// 200 streams at one time, 10,000 pieces a second.
    Streams,
    /// 200 streams at one time, as fast as they go.
    StreamsMost,
    /// So many streams at one time, which hardly move.
    Held(usize),
}

/// As many requests as go with the small prompt.
pub const MOST: Step = Step::Most { bytes: SMALL };
/// The same with a large prompt.
pub const MOST_LARGE: Step = Step::Most { bytes: LARGE };
/// The same with a huge one.
pub const MOST_HUGE: Step = Step::Most { bytes: HUGE };
/// Requests a second with the small prompt, at which latencies are compared.
pub const RATE: Step = Step::Rate {
    per_s: 1_000,
    bytes: SMALL,
};
/// So few that gateways written for other loads keep up.
pub const RATE_SLOW: Step = Step::Rate {
    per_s: 20,
    bytes: SMALL,
};
/// The same with a large prompt.
pub const RATE_LARGE: Step = Step::Rate {
    per_s: 500,
    bytes: LARGE,
};
/// The same with a huge one.
pub const RATE_HUGE: Step = Step::Rate {
    per_s: 20,
    bytes: HUGE,
};

impl Suite {
    /// The steps, in order. Memory comes last: it does not go back.
    pub fn steps(self) -> Vec<Step> {
        let rate = |per_s, bytes| Step::Rate { per_s, bytes };
        let mut steps = match self {
            Self::Short => vec![RATE],
            Self::Full => vec![rate(100, SMALL), RATE, rate(2_000, SMALL)],
        };
        steps.push(RATE_LARGE);
        steps.push(RATE_HUGE);
        steps.extend([MOST, Step::Streams, Step::StreamsMost]);
        steps.extend([Step::Held(1_000), Step::Held(2_000)]);
        steps
    }

    /// How often a step comes in a round, every target in its turn each time. What others do on the machine moves a core's
    /// speed by a half from one second to the next, and slows both to a tenth for 20 to 60 ms now and then: where that
    /// decides, short turns, many times, say more than a long one.
    pub fn turns(self, step: Step) -> u64 {
        match (self, step) {
            (Self::Full, Step::Most { .. } | Step::Streams) => 5,
            (Self::Full, Step::Rate { .. }) if step == RATE => 5,
            (Self::Full, Step::Rate { .. } | Step::StreamsMost | Step::Held(_))
            | (Self::Short, _) => 1,
        }
    }

    /// How long a step is measured in a round.
    fn run_ms(self, step: Step) -> u64 {
        match (self, step) {
            (_, Step::Held(_)) => S,
            // Few requests need longer until there are enough of them.
            (Self::Full, Step::Rate { per_s: ..=50, .. }) => 20 * S,
            // Of the streams of a turn, the slowest first tokens count.
            (Self::Full, Step::Streams) => 10 * S,
            (Self::Full, _) => 5 * S,
            (Self::Short, _) => 2 * S,
        }
    }
}

impl Step {
    /// Its name in results.
    pub fn name(self) -> String {
        match self {
            Self::Rate { per_s, bytes } => format!("{per_s}/s {}", size(bytes)),
            Self::Most { bytes } => format!("{} connections {}", connections(bytes), size(bytes)),
            Self::Streams => "200 streams".to_owned(),
            Self::StreamsMost => "200 streams, most".to_owned(),
            Self::Held(streams) => format!("{streams} streams held"),
        }
    }

    /// Whether targets of translated dialects meet it too.
    pub fn is_for_dialects(self) -> bool {
        match self {
            Self::Streams | Self::StreamsMost => true,
            Self::Rate { .. } | Self::Most { .. } | Self::Held(_) => false,
        }
    }

    /// The step as a load on a target. In every turn requests come at other moments.
    pub fn load(self, suite: Suite, target: &Target, turn: u64) -> Load {
        let (wish, bytes) = self.wish();
        let body = prompt::body(&target.model, wish, bytes);
        Load {
            port: target.port,
            request: prompt::request(target.port, &target.path, &target.headers, &body),
            stamps: match wish.form {
                Form::Whole => 1,
                Form::Stream => wish.tokens,
            },
            pace: self.pace(),
            arrivals: turn,
            warm_ms: self.warm_ms(),
            run_ms: suite.run_ms(self) / suite.turns(self),
            drain_ms: match self {
                Self::Held(_) => 0,
                Self::Rate { .. } | Self::Most { .. } | Self::Streams | Self::StreamsMost => 5 * S,
            },
        }
    }

    fn wish(self) -> (Wish, usize) {
        let whole = Wish {
            form: Form::Whole,
            tokens: 64,
            first_us: 0,
            gap_us: 0,
        };
        let stream = |tokens, first_us, gap_us| Wish {
            form: Form::Stream,
            tokens,
            first_us,
            gap_us,
        };
        match self {
            Self::Rate { bytes, .. } | Self::Most { bytes } => (whole, bytes),
            Self::Streams => (stream(100, 5_000, 20_000), SMALL),
            Self::StreamsMost => (stream(200, 0, 0), SMALL),
            Self::Held(_) => (stream(60, 5_000, 1_000_000), SMALL),
        }
    }

    fn pace(self) -> Pace {
        match self {
            Self::Rate { per_s, .. } => Pace::Open {
                per_s: f64::from(per_s),
                connections: 512,
            },
            Self::Most { bytes } => Pace::Closed {
                connections: connections(bytes),
                ramp_ms: 0,
            },
            // No multiple of the gap, or all streams would write at one moment.
            Self::Streams => Pace::Closed {
                connections: 200,
                ramp_ms: 1_037,
            },
            Self::StreamsMost => Pace::Closed {
                connections: 200,
                ramp_ms: 37,
            },
            Self::Held(streams) => Pace::Closed {
                connections: streams,
                ramp_ms: 3_037,
            },
        }
    }

    fn warm_ms(self) -> u64 {
        match self {
            Self::Most { .. } => S / 2,
            Self::Rate { .. } => S,
            Self::Streams => 2 * S,
            Self::StreamsMost => S,
            Self::Held(_) => 4 * S,
        }
    }
}

/// Connections of a closed loop: fewer with prompts that take a while to copy.
fn connections(bytes: usize) -> usize {
    match bytes {
        HUGE.. => 4,
        LARGE.. => 16,
        _ => 64,
    }
}

/// Bytes as people say them.
pub fn size(bytes: usize) -> String {
    match bytes {
        SMALL => "1.5 KiB".to_owned(),
        HUGE => "1 MiB".to_owned(),
        other => format!("{} KiB", other >> 10),
    }
}
