//! The sixteen scenarios: what goes wrong at the providers, and what a caller is to get.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::answer;
use super::router::{Bench, FALLBACK, PRIMARY};
use super::script::{Act, Prefill};
use super::timing::Timing;

/// How a call is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The whole answer, word for word.
    Answer,
    /// Refused with this status and code.
    Refusal(u16, &'static str),
}

/// What a scenario demands.
#[derive(Clone, Debug)]
pub struct Want {
    pub end: End,
    /// The models that may be named.
    pub models: &'static [&'static str],
    /// Calls that may reach the primary provider.
    pub primary: RangeInclusive<usize>,
    /// Calls that may reach the fallback's.
    pub fallback: RangeInclusive<usize>,
    /// Between two calls at the primary: at least, at most.
    pub gap: Option<(Duration, Duration)>,
    /// The longest the call may take.
    pub within: Duration,
    /// Whether the text breaks off, so that only a continuation makes it whole.
    pub cut: Cut,
}

/// Whether an answer breaks off after content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    None,
    /// After so many tokens.
    After(usize),
}

/// One scenario of one call. The fifteenth, an outage that passes, is a story of its own.
pub struct Scenario {
    pub name: &'static str,
    pub what: &'static str,
    pub set: fn(&Bench, Timing),
    pub want: fn(Timing) -> Want,
}

const BUDGET_S: u64 = 30;
const ONLY_PRIMARY: &[&str] = &[PRIMARY];
const ONLY_FALLBACK: &[&str] = &[FALLBACK];

fn answered(by: &'static [&'static str], primary: RangeInclusive<usize>, timing: Timing) -> Want {
    let fallback = if by == ONLY_PRIMARY { 0..=0 } else { 1..=1 };
    Want {
        end: End::Answer,
        models: by,
        primary,
        fallback,
        gap: None,
        within: timing.of_s(BUDGET_S),
        cut: Cut::None,
    }
}

fn refused(status: u16, code: &'static str, timing: Timing) -> Want {
    Want {
        end: End::Refusal(status, code),
        ..answered(ONLY_PRIMARY, 1..=1, timing)
    }
}

fn cut_after(tokens: usize, fallback: RangeInclusive<usize>, timing: Timing) -> Want {
    Want {
        fallback,
        cut: Cut::After(tokens),
        ..answered(ONLY_PRIMARY, 1..=1, timing)
    }
}

const fn refusal(status: u16, retry_after_s: Option<u64>, code: &'static str) -> Act {
    Act::Refuse {
        status,
        retry_after_s,
        code,
    }
}

const LIMITED: Act = refusal(429, Some(2), "rate_limit_exceeded");

/// A wait of two seconds is kept to, and not much longer. It is not scaled: the header counts in
/// whole seconds.
const TWO_SECONDS: (Duration, Duration) = (Duration::from_millis(1_950), Duration::from_secs(4));
const NEARLY_AT_ONCE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// All but the fifteenth, in the bench's order.
pub const ALL: [Scenario; 15] = [
    Scenario {
        name: "S01",
        what: "429 with Retry-After 2 s, once",
        set: |bench, _| bench.primary.script.once(LIMITED),
        want: |timing| Want {
            gap: Some(TWO_SECONDS),
            within: timing.of_s(BUDGET_S).max(Duration::from_secs(6)),
            ..answered(ONLY_PRIMARY, 2..=2, timing)
        },
    },
    Scenario {
        name: "S02",
        what: "429 with Retry-After 2 s, for ever",
        set: |bench, _| bench.primary.script.always(LIMITED),
        want: |timing| Want {
            gap: Some(TWO_SECONDS),
            within: timing.of_s(BUDGET_S).max(Duration::from_secs(8)),
            ..answered(ONLY_FALLBACK, 1..=2, timing)
        },
    },
    Scenario {
        name: "S03",
        what: "500 once",
        set: |bench, _| {
            bench
                .primary
                .script
                .once(refusal(500, None, "server_error"))
        },
        want: |timing| Want {
            gap: Some(NEARLY_AT_ONCE),
            ..answered(ONLY_PRIMARY, 2..=2, timing)
        },
    },
    Scenario {
        name: "S04",
        what: "503 for ever",
        set: |bench, _| {
            bench
                .primary
                .script
                .always(refusal(503, None, "overloaded"))
        },
        want: |timing| answered(ONLY_FALLBACK, 1..=2, timing),
    },
    Scenario {
        name: "S05",
        what: "reset before headers",
        set: |bench, _| bench.primary.script.always(Act::Reset),
        want: |timing| answered(ONLY_FALLBACK, 1..=2, timing),
    },
    Scenario {
        name: "S06",
        what: "silence for 120 s",
        set: |bench, _| bench.primary.script.always(Act::Silence),
        want: |timing| answered(ONLY_FALLBACK, 1..=1, timing),
    },
    Scenario {
        name: "S07",
        what: "first token after 20 s",
        set: |bench, timing| bench.primary.script.always(Act::Late(timing.of_s(20))),
        want: |timing| Want {
            within: timing.of_s(15),
            ..answered(ONLY_FALLBACK, 1..=1, timing)
        },
    },
    Scenario {
        name: "S08",
        what: "cut after 40 of 60 tokens",
        set: |bench, _| bench.primary.script.once(Act::CutAfter(40)),
        want: |timing| cut_after(40, 1..=1, timing),
    },
    Scenario {
        name: "S09",
        what: "stall after 20 of 60 tokens",
        set: |bench, _| bench.primary.script.once(Act::StallAfter(20)),
        want: |timing| cut_after(20, 1..=1, timing),
    },
    Scenario {
        name: "S10",
        what: "one malformed event",
        set: |bench, _| bench.primary.script.once(Act::MalformedAt(30)),
        want: |timing| answered(ONLY_PRIMARY, 1..=1, timing),
    },
    Scenario {
        name: "S11",
        what: "no [DONE]",
        set: |bench, _| bench.primary.script.once(Act::NoDone),
        want: |timing| answered(ONLY_PRIMARY, 1..=1, timing),
    },
    Scenario {
        name: "S12",
        what: "400 context length",
        set: |bench, _| {
            let act = refusal(400, None, "context_length_exceeded");
            bench.primary.script.always(act);
        },
        want: |timing| refused(400, "context_length_exceeded", timing),
    },
    Scenario {
        name: "S13",
        what: "400 content policy",
        set: |bench, _| {
            let act = refusal(400, None, "content_policy_violation");
            bench.primary.script.always(act);
        },
        want: |timing| refused(400, "content_policy_violation", timing),
    },
    Scenario {
        name: "S14",
        what: "cut after 40, and the fallback rejects prefill",
        set: |bench, _| {
            bench.primary.script.once(Act::CutAfter(40));
            bench.fallback.script.prefill(Prefill::Refused);
        },
        want: |timing| cut_after(40, 2..=2, timing),
    },
    Scenario {
        name: "S16",
        what: "error event in a 200 stream before content",
        set: |bench, _| bench.primary.script.always(Act::ErrorEvent),
        want: |timing| answered(ONLY_FALLBACK, 1..=2, timing),
    },
];

/// What reached the caller before the cut.
pub fn delivered(cut: Cut) -> String {
    match cut {
        Cut::None => answer::text(0..answer::TOKENS),
        Cut::After(tokens) => answer::text(0..tokens),
    }
}
