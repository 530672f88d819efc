//! Times in buckets that are never wider than a hundredth of their value.

use serde::{Deserialize, Serialize};

/// Buckets for each doubling.
const STEPS: u64 = 128;
const STEPS_BITS: u32 = 7;

/// A distribution of times.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    largest_ns: u64,
}

/// Its quantiles, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// How many times there were.
    pub count: u64,
    /// Half are at most so long.
    pub p50: f64,
    /// Nine of ten.
    pub p90: f64,
    /// 99 of a hundred.
    pub p99: f64,
    /// 999 of a thousand.
    pub p999: f64,
}

impl Histogram {
    /// Counts a time.
    pub fn add(&mut self, ns: u64) {
        let bucket = bucket(ns);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.largest_ns = self.largest_ns.max(ns);
    }

    /// What it comes to.
    pub fn quantiles(&self) -> Quantiles {
        let us = |per_mille: u64| self.quantile_ns(per_mille) as f64 / 1000.0;
        Quantiles {
            count: self.count,
            p50: us(500),
            p90: us(900),
            p99: us(990),
            p999: us(999),
        }
    }

    fn quantile_ns(&self, per_mille: u64) -> u64 {
        let rank = (self.count * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return middle(bucket as u64).min(self.largest_ns);
            }
        }
        self.largest_ns
    }
}

fn bucket(ns: u64) -> usize {
    let bucket = if ns < STEPS {
        ns
    } else {
        let doubling = 63 - ns.leading_zeros() - STEPS_BITS;
        u64::from(doubling + 1) * STEPS + ((ns >> doubling) & (STEPS - 1))
    };
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The middle of a bucket.
fn middle(bucket: u64) -> u64 {
    if bucket < STEPS {
        return bucket;
    }
    let doubling = bucket / STEPS - 1;
    let lower = (STEPS + bucket % STEPS) << doubling;
    lower + (1 << doubling) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_hundredth() {
        let mut histogram = Histogram::default();
        (1..=100_000_u64).for_each(|us| histogram.add(us * 1000));
        let told = histogram.quantiles();
        for (told, wanted) in [
            (told.p50, 50_000.0),
            (told.p90, 90_000.0),
            (told.p99, 99_000.0),
            (told.p999, 99_900.0),
        ] {
            assert!(
                (told / wanted - 1.0_f64).abs() < 0.01,
                "{told} for {wanted}"
            );
        }
        assert_eq!(told.count, 100_000);
    }

    #[test]
    fn buckets_follow_one_another() {
        for ns in 0..2_000 {
            assert!(bucket(ns) <= bucket(ns + 1), "{ns}");
        }
        for ns in (0..2_000)
            .chain((1..64).map(|bits| 1_u64 << bits))
            .chain([u64::MAX])
        {
            assert!(middle(bucket(ns) as u64).abs_diff(ns) <= ns / 100, "{ns}");
        }
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!(Histogram::default().quantiles(), Quantiles::default());
    }
}
