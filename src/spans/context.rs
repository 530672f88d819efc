//! W3C trace context: which trace a request belongs to, and what its caller says of it.

use std::fmt;

/// Length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// A trace's id: 16 bytes, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// A span's id: 8 bytes, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanId([u8; 8]);

/// Whether the caller records its part of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// The caller's span, under which ours belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its id.
    pub span: SpanId,
    /// Whether it is recorded.
    pub recorded: Recorded,
}

/// Where a request stands in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// Our own span.
    pub span: SpanId,
    /// The caller's span, if it sent one.
    pub parent: Option<Parent>,
}

impl TraceId {
    fn new(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl SpanId {
    /// An id of random bytes.
    pub fn of(random: u64) -> Self {
        Self(random.max(1).to_be_bytes())
    }

    fn new(bytes: [u8; 8]) -> Option<Self> {
        (bytes != [0; 8]).then_some(Self(bytes))
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Context {
    /// The trace that a caller's `traceparent` names, else a new one. A header that is not exactly of
    /// W3C's form counts as none.
    pub fn read(traceparent: Option<&str>, new_trace: u128, new_span: u64) -> Self {
        let span = SpanId::of(new_span);
        match traceparent.and_then(parse) {
            Some((trace, parent)) => Self {
                trace,
                span,
                parent: Some(parent),
            },
            None => Self {
                trace: TraceId(new_trace.max(1).to_be_bytes()),
                span,
                parent: None,
            },
        }
    }
}

/// `version-trace-span-flags` in lower-case hexadecimal. Versions after 00 may say more behind that.
fn parse(text: &str) -> Option<(TraceId, Parent)> {
    let (known, more) = text.split_at_checked(LENGTH)?;
    let mut parts = known.split('-');
    let version: [u8; 1] = bytes(parts.next()?)?;
    let trace = TraceId::new(bytes(parts.next()?)?)?;
    let span = SpanId::new(bytes(parts.next()?)?)?;
    let flags: [u8; 1] = bytes(parts.next()?)?;
    let is_plain = match version {
        [0xff] => return None,
        [0] => more.is_empty(),
        [_] => more.is_empty() || more.starts_with('-'),
    };
    if !is_plain || parts.next().is_some() {
        return None;
    }
    let recorded = if flags[0] & 1 == 1 {
        Recorded::Yes
    } else {
        Recorded::No
    };
    Some((trace, Parent { span, recorded }))
}

fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(text: &str) -> Context {
        Context::read(Some(text), 7, 9)
    }

    #[test]
    fn our_span_is_a_child_of_the_callers() {
        let context = read(GOOD);
        assert_eq!(
            context.trace.to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        let parent = context.parent.unwrap();
        assert_eq!(parent.span.to_string(), "b7ad6b7169203331");
        assert_eq!(parent.recorded, Recorded::Yes);
        assert_eq!(context.span, SpanId::of(9));
        let quiet = read(&GOOD.replace("-01", "-00")).parent.unwrap();
        assert_eq!(quiet.recorded, Recorded::No);
        let later = format!("cc{}-what-the-future-says", &GOOD[2..]);
        assert_eq!(read(&later).trace, context.trace);
    }

    #[test]
    fn what_is_not_of_the_form_begins_a_new_trace() {
        let zero_trace = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let zero_span = "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01";
        let bad = [
            "",
            "00",
            &GOOD[..54],
            &format!("{GOOD}-"),
            &format!("{GOOD} "),
            &format!(" {GOOD}"),
            &format!("ff{}", &GOOD[2..]),
            &format!("cc{}.x", &GOOD[2..]),
            &GOOD.to_uppercase(),
            &GOOD.replace('-', "_"),
            &GOOD.replace("0af", "0ag"),
            zero_trace,
            zero_span,
            "00-é0f7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ];
        for text in bad {
            let context = read(text);
            assert_eq!(context.parent, None, "{text}");
            assert_eq!(context.trace.to_bytes()[15], 7, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_caller_sends_there_is_a_trace(text in ".{0,80}", trace: u128, span: u64) {
            let context = Context::read(Some(&text), trace, span);
            prop_assert_ne!(context.trace.to_bytes(), [0; 16]);
            prop_assert_ne!(context.span.to_bytes(), [0; 8]);
        }
    }
}
