//! Which traces are exported: a share of them, told by the trace's id, so that all who ask agree.

use super::context::{Context, Recorded, TraceId};

/// The whole, in parts of a [`Ratio`].
const WHOLE: u32 = 1_000_000;

/// A share of all traces, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio(u32);

/// Who decides whether a request is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// The share alone.
    Ratio(Ratio),
    /// A caller who sent a context; without one, the share.
    ParentOrRatio(Ratio),
    /// Both have to agree: the share, and a caller who sent a context.
    ParentAndRatio(Ratio),
}

impl Ratio {
    /// All of them.
    pub const ALL: Self = Self(WHOLE);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// A share from 0 to 1, to a millionth.
    pub fn new(share: f64) -> Option<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between 0 and a million"
        )]
        (0.0..=1.0)
            .contains(&share)
            .then(|| Self((share * f64::from(WHOLE)).round() as u32))
    }

    /// So many of a million, all of them at the most.
    pub fn of_millionths(millionths: u32) -> Self {
        Self(millionths.min(WHOLE))
    }

    /// How many of a million.
    pub fn millionths(self) -> u32 {
        self.0
    }

    /// The share from 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    /// As OpenTelemetry's `TraceIdRatioBased`: the last 63 bits of the id against the share.
    fn takes(self, trace: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
        let dice = u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1;
        u128::from(dice) * u128::from(WHOLE) < u128::from(self.0) << 63
    }
}

impl Sampler {
    /// Whether a request is exported.
    pub fn takes(self, context: &Context) -> bool {
        let recorded = context.parent.map(|parent| parent.recorded);
        match (self, recorded) {
            (Self::ParentOrRatio(_), Some(Recorded::Yes)) => true,
            (Self::ParentOrRatio(_) | Self::ParentAndRatio(_), Some(Recorded::No)) => false,
            (Self::Ratio(ratio), _)
            | (Self::ParentOrRatio(ratio), None)
            | (Self::ParentAndRatio(ratio), None | Some(Recorded::Yes)) => {
                ratio.takes(context.trace)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn context(traceparent: Option<&str>, trace: u128) -> Context {
        Context::read(traceparent, trace, 1)
    }

    #[test]
    fn shares_are_from_0_to_1() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Ratio::new(bad), None);
        }
        assert!((Ratio::new(0.25).unwrap().share() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn a_quarter_is_about_a_quarter() {
        let quarter = Sampler::Ratio(Ratio::new(0.25).unwrap());
        let odd = 0x9e37_79b9_7f4a_7c15_u64;
        let taken = (1..=10_000_u64)
            .filter(|i| quarter.takes(&context(None, i.wrapping_mul(odd).into())))
            .count();
        assert!((2_300..2_700).contains(&taken), "{taken}");
    }

    #[test]
    fn a_caller_who_does_not_record_is_left_out() {
        let of = |flags: &str| {
            let text = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
            context(Some(&text), 1)
        };
        for sampler in [Sampler::ParentAndRatio, Sampler::ParentOrRatio] {
            assert!(!sampler(Ratio::ALL).takes(&of("00")));
            assert!(sampler(Ratio::ALL).takes(&of("01")));
        }
        assert!(Sampler::ParentOrRatio(Ratio::NONE).takes(&of("01")));
        assert!(!Sampler::ParentAndRatio(Ratio::NONE).takes(&of("01")));
        assert!(Sampler::Ratio(Ratio::ALL).takes(&of("00")));
    }

    proptest! {
        #[test]
        fn all_is_all_and_none_is_none(trace: u128) {
            let context = context(None, trace);
            prop_assert!(Sampler::Ratio(Ratio::ALL).takes(&context));
            prop_assert!(!Sampler::Ratio(Ratio::NONE).takes(&context));
        }
    }
}
