//! A histogram that fades: quantiles of what was seen lately, in bounded memory.

use serde::{Deserialize, Serialize};

/// Buckets; four to a doubling, so that 1 to 2^20 fits (17 minutes in milliseconds, a million tokens).
const BUCKETS: usize = 80;
const BUCKETS_PER_DOUBLING: f64 = 4.0;
/// Weight below which a bucket is emptied: it could not move a quantile any more.
const NEGLIGIBLE: f32 = 1e-4;

/// Weights of values by magnitude. A bucket spans 19 %, so quantiles are exact to about a tenth.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    buckets: [f32; BUCKETS],
}

/// A histogram as it is kept: its filled buckets only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptHistogram(Vec<(u8, f32)>);

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [0.0; BUCKETS],
        }
    }
}

impl Histogram {
    /// Adds one value with weight 1. Values outside 1 to 2^20 count as the nearest of these.
    pub fn add(&mut self, value: f64) {
        if let Some(bucket) = self.buckets.get_mut(bucket_of(value)) {
            *bucket += 1.0;
        }
    }

    /// Adds another histogram's weights.
    pub fn absorb(&mut self, other: &Self) {
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += more;
        }
    }

    /// Multiplies all weights; `factor` is between 0 and 1.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a factor needs no more than single precision"
    )]
    pub fn fade(&mut self, factor: f64) {
        for bucket in &mut self.buckets {
            *bucket *= factor as f32;
            if *bucket < NEGLIGIBLE {
                *bucket = 0.0;
            }
        }
    }

    /// The value below which this share of the weight lies; `None` when there is none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        self.quantiles([share]).map(|[value]| value)
    }

    /// The same for several shares.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let first = self.buckets.iter().position(|weight| *weight > 0.0)?;
        let last = self.buckets.iter().rposition(|weight| *weight > 0.0)?;
        let filled = || (first..).zip(&self.buckets[first..=last]);
        let total: f64 = filled().map(|(_, weight)| f64::from(*weight)).sum();
        let value = |share: f64| {
            let mut left = total * share;
            for (low, weight) in filled() {
                let weight = f64::from(*weight);
                if weight > 0.0 && left <= weight {
                    return value_at(place(low) + left / weight);
                }
                left -= weight;
            }
            value_at(place(last) + 1.0)
        };
        Some(shares.map(value))
    }

    /// The form in which it is kept.
    pub fn keep(&self) -> KeptHistogram {
        let filled = (0_u8..)
            .zip(self.buckets)
            .filter(|(_, weight)| *weight > 0.0);
        KeptHistogram(filled.collect())
    }
}

impl From<&KeptHistogram> for Histogram {
    /// Buckets and weights that cannot be are left out.
    fn from(kept: &KeptHistogram) -> Self {
        let mut histogram = Self::default();
        for (index, weight) in &kept.0 {
            if let Some(bucket) = histogram.buckets.get_mut(usize::from(*index))
                && weight.is_finite()
                && *weight > 0.0
            {
                *bucket = *weight;
            }
        }
        histogram
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the logarithm of a number that is at least 1 is small and not negative"
)]
fn bucket_of(value: f64) -> usize {
    let place = (value.max(1.0).log2() * BUCKETS_PER_DOUBLING) as usize;
    place.min(BUCKETS - 1)
}

fn place(bucket: usize) -> f64 {
    f64::from(u32::try_from(bucket).unwrap_or(u32::MAX))
}

fn value_at(place: f64) -> f64 {
    (place / BUCKETS_PER_DOUBLING).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantiles_are_within_a_bucket_of_the_sorted_values(
            mut values in prop::collection::vec(1_u32..1_000_000, 1..200),
            share in 0.01_f64..1.0,
        ) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.add(f64::from(*value)));
            values.sort_unstable();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let rank = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len());
            let exact = f64::from(values[rank - 1]);
            let ours = histogram.quantile(share).unwrap();
            prop_assert!(ours > exact / 1.2 && ours < exact * 1.2, "{ours} for {exact}");
        }

        #[test]
        fn a_kept_histogram_comes_back(values in prop::collection::vec(0.0_f64..1e7, 0..50)) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.add(*value));
            prop_assert_eq!(Histogram::from(&histogram.keep()), histogram);
        }
    }

    #[test]
    fn what_fades_counts_less() {
        let mut histogram = Histogram::default();
        (0..10).for_each(|_| histogram.add(1000.0));
        histogram.fade(0.1);
        (0..3).for_each(|_| histogram.add(10.0));
        assert!(histogram.quantile(0.5).unwrap() < 12.0);
        histogram.fade(0.0);
        assert_eq!(histogram.quantile(0.5), None);
    }

    #[test]
    fn nonsense_that_was_kept_is_left_out() {
        let kept = KeptHistogram(vec![(200, 1.0), (3, f32::NAN), (4, -1.0), (5, 2.0)]);
        assert_eq!(Histogram::from(&kept).keep(), KeptHistogram(vec![(5, 2.0)]));
    }
}
