//! When requests arrive: a Poisson process from fixed seeds, so that every gateway meets the same.

/// Moments, one after the other.
pub struct Arrivals {
    state: u64,
    mean_ns: f64,
    next_ns: u64,
}

impl Arrivals {
    /// So many a second from a moment on. Each number is another sequence.
    pub fn new(per_s: f64, start_ns: u64, number: u64) -> Self {
        Self {
            state: number.wrapping_mul(0x2545_F491_4F6C_DD1D),
            mean_ns: 1e9 / per_s,
            next_ns: start_ns,
        }
    }

    /// The next arrival.
    pub fn peek(&self) -> u64 {
        self.next_ns
    }

    /// Takes it.
    pub fn take(&mut self) -> u64 {
        let taken = self.next_ns;
        self.next_ns += (-self.chance().ln() * self.mean_ns) as u64;
        taken
    }

    /// A number above 0 and up to 1: splitmix64.
    fn chance(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_sequence_of_its_own() {
        let first = |number| {
            let mut arrivals = Arrivals::new(1000.0, 0, number);
            [arrivals.take(), arrivals.take()]
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn arrivals_have_the_rate_and_the_spread_of_chance() {
        let mut arrivals = Arrivals::new(1000.0, 0, 0);
        let times: Vec<u64> = (0..100_001).map(|_| arrivals.take()).collect();
        let gaps: Vec<f64> = times
            .windows(2)
            .map(|pair| (pair[1] - pair[0]) as f64)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean / 1e6 - 1.0).abs() < 0.02, "{mean}");
        // The standard deviation of exponential gaps is their mean.
        assert!((square.sqrt() / mean - 1.0).abs() < 0.03, "{square}");
    }
}
