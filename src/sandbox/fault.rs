//! What can be made to go wrong with a simulated call.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::rupture::{self, Manner, Point};

/// No fault waits longer than this.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

/// One thing that goes wrong. Several may be combined in [`Faults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `status=503`: refused with this HTTP status and the provider's own error body.
    Status(u16),
    /// `retry_after=2`: a `Retry-After` header, in seconds, on the refusal.
    RetryAfter(u32),
    /// `delay_ms=200`: a wait before the response headers.
    DelayMs(u64),
    /// `ttft_ms=200`: a wait before the first token; before the headers when not streamed.
    TtftMs(u64),
    /// `gap_ms=20`: a wait before each further chunk.
    GapMs(u64),
    /// `cut=40`: the connection is closed after this many bytes of the body.
    Cut(usize),
    /// `cut_tokens=3`: the connection is closed after this many tokens.
    CutTokens(usize),
    /// `stall=3`: silence on an open connection after this many tokens.
    Stall(usize),
    /// `malformed`: one unreadable event between good ones.
    Malformed,
    /// `no_done`: the stream ends without its closing event.
    NoDone,
    /// `error_in_stream=0`: an error event after this many tokens of a 200 stream; a 500 when
    /// not streamed.
    ErrorInStream(usize),
    /// `garbage`: a body that is no JSON; 200 unless a status is set too.
    Garbage,
    /// `empty`: a good answer without content.
    Empty,
    /// `reset`: the connection is closed without any response.
    Reset,
    /// `context_length`: refused because the prompt does not fit the model's window.
    ContextLength,
    /// `policy`: refused by the provider's content policy.
    Policy,
    /// `quota`: refused because the account at the provider has no money left.
    Quota,
    /// `hang`: no response headers, ever.
    Hang,
    /// `break=after_role/rst`: the answer breaks at this point, in this manner.
    Break(Point, Manner),
}

/// A combination of faults. A later one wins over an earlier one of its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Both combinations; `later` wins.
    #[must_use]
    pub fn and(mut self, later: &Self) -> Self {
        self.0.extend_from_slice(&later.0);
        self
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl<const N: usize> From<[Fault; N]> for Faults {
    fn from(faults: [Fault; N]) -> Self {
        Self(faults.to_vec())
    }
}

/// A fault text that cannot be read. Whoever wrote the header or the model's suffix has to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("unknown fault `{0}`")]
    Unknown(String),
    /// The fault needs a whole number after `=`.
    #[error("fault `{0}` needs a whole number, as in `{0}=3`")]
    Number(String),
    /// `break` needs a point and a manner.
    #[error("`break` needs a point and a manner, as in `break=after_tokens:3/rst`")]
    Break,
}

impl FromStr for Faults {
    type Err = FaultError;

    /// Reads `status=503;ttft_ms=200`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        text.split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(parse_one)
            .collect::<Result<Vec<_>, _>>()
            .map(Self)
    }
}

fn parse_one(part: &str) -> Result<Fault, FaultError> {
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value.trim())),
        None => (part, None),
    };
    Ok(match name {
        "status" => Fault::Status(number(name, value)?),
        "retry_after" => Fault::RetryAfter(number(name, value)?),
        "delay_ms" => Fault::DelayMs(number(name, value)?),
        "ttft_ms" => Fault::TtftMs(number(name, value)?),
        "gap_ms" => Fault::GapMs(number(name, value)?),
        "cut" => Fault::Cut(number(name, value)?),
        "cut_tokens" => Fault::CutTokens(number(name, value)?),
        "stall" => Fault::Stall(number(name, value.or(Some("0")))?),
        "error_in_stream" => Fault::ErrorInStream(number(name, value.or(Some("0")))?),
        "malformed" => Fault::Malformed,
        "no_done" => Fault::NoDone,
        "garbage" => Fault::Garbage,
        "empty" => Fault::Empty,
        "reset" => Fault::Reset,
        "context_length" => Fault::ContextLength,
        "policy" => Fault::Policy,
        "quota" => Fault::Quota,
        "hang" => Fault::Hang,
        "break" => value
            .and_then(rupture::parse)
            .map(|(point, manner)| Fault::Break(point, manner))
            .ok_or(FaultError::Break)?,
        unknown => return Err(FaultError::Unknown(unknown.to_owned())),
    })
}

fn number<T: FromStr>(name: &str, value: Option<&str>) -> Result<T, FaultError> {
    value
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| FaultError::Number(name.to_owned()))
}

/// A refusal in the provider's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Status(u16),
    ContextLength,
    Policy,
    Quota,
}

/// A failure that no provider words itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outage {
    Reset,
    Abort,
    Hang,
    Garbage,
}

/// What a combination of faults means for one call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    pub(super) ttft: Duration,
    pub(super) gap: Duration,
    pub(super) retry_after_s: Option<u32>,
    pub(super) refusal: Option<Refusal>,
    pub(super) outage: Option<Outage>,
    pub(super) cut_bytes: Option<usize>,
    pub(super) cut_tokens: Option<usize>,
    pub(super) stall_tokens: Option<usize>,
    pub(super) error_tokens: Option<usize>,
    pub(super) malformed: bool,
    pub(super) no_done: bool,
    pub(super) empty: bool,
    pub(super) rupture: Option<(Point, Manner)>,
}

impl From<&Faults> for Plan {
    fn from(faults: &Faults) -> Self {
        let mut plan = Self::default();
        for fault in &faults.0 {
            plan.add(*fault);
        }
        plan
    }
}

impl Plan {
    fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Status(code) => self.refusal = Some(Refusal::Status(code)),
            Fault::ContextLength => self.refusal = Some(Refusal::ContextLength),
            Fault::Policy => self.refusal = Some(Refusal::Policy),
            Fault::Quota => self.refusal = Some(Refusal::Quota),
            Fault::RetryAfter(seconds) => self.retry_after_s = Some(seconds),
            Fault::DelayMs(ms) => self.delay = wait(ms),
            Fault::TtftMs(ms) => self.ttft = wait(ms),
            Fault::GapMs(ms) => self.gap = wait(ms),
            Fault::Cut(bytes) => self.cut_bytes = Some(bytes),
            Fault::CutTokens(tokens) => self.cut_tokens = Some(tokens),
            Fault::Stall(tokens) => self.stall_tokens = Some(tokens),
            Fault::ErrorInStream(tokens) => self.error_tokens = Some(tokens),
            Fault::Malformed => self.malformed = true,
            Fault::NoDone => self.no_done = true,
            Fault::Empty => self.empty = true,
            Fault::Garbage => self.outage = Some(Outage::Garbage),
            Fault::Reset => self.outage = Some(Outage::Reset),
            Fault::Hang => self.outage = Some(Outage::Hang),
            Fault::Break(Point::BeforeHeaders, manner) => self.break_before_headers(manner),
            Fault::Break(point, manner) => self.rupture = Some((point, manner)),
        }
    }

    fn break_before_headers(&mut self, manner: Manner) {
        match manner {
            Manner::Fin => self.outage = Some(Outage::Reset),
            Manner::Rst => self.outage = Some(Outage::Abort),
            Manner::Stall => self.outage = Some(Outage::Hang),
            Manner::Broken => self.outage = Some(Outage::Garbage),
            Manner::Error => self.refusal = Some(Refusal::Status(500)),
        }
    }
}

fn wait(ms: u64) -> Duration {
    Duration::from_millis(ms).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combination_is_read_and_the_later_wins() {
        let faults: Faults = "status=503; ttft_ms=200;malformed;stall".parse().unwrap();
        assert_eq!(
            faults,
            Faults::from([
                Fault::Status(503),
                Fault::TtftMs(200),
                Fault::Malformed,
                Fault::Stall(0)
            ])
        );
        let plan = Plan::from(&faults.and(&Fault::Status(429).into()));
        assert_eq!(plan.refusal, Some(Refusal::Status(429)));
        assert_eq!(plan.ttft, Duration::from_millis(200));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let read = |text: &str| text.parse::<Faults>();
        assert_eq!(read("bang"), Err(FaultError::Unknown("bang".to_owned())));
        assert_eq!(read("cut"), Err(FaultError::Number("cut".to_owned())));
        assert_eq!(
            read("status=-1"),
            Err(FaultError::Number("status".to_owned()))
        );
        assert_eq!(read(""), Ok(Faults::default()));
    }

    #[test]
    fn waits_are_bounded() {
        let plan = Plan::from(&Faults::from(Fault::DelayMs(u64::MAX)));
        assert_eq!(plan.delay, LONGEST);
    }
}
