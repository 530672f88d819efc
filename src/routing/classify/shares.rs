//! Wanted shares of the tiers: thresholds that follow the scores of the latest requests.

use std::collections::VecDeque;

use crate::catalog::Tier;

/// Scores that are remembered.
const MOST_SCORES: usize = 2048;
/// Scores without which the thresholds stay where they are.
const LEAST_SCORES: usize = 200;
/// Scores between two looks at the thresholds.
const EVERY: u32 = 64;
/// Where the thresholds begin.
const FIRST: Thresholds = Thresholds {
    standard: 45,
    premium: 85,
};
/// How far each may move: shares do not send what is surely easy to premium, nor proofs to economy.
const STANDARD_WITHIN: (u8, u8) = (15, 80);
const PREMIUM_WITHIN: (u8, u8) = (50, 100);

/// Scores from which on a tier is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The lowest score for standard.
    pub standard: u8,
    /// The lowest score for premium.
    pub premium: u8,
}

impl Thresholds {
    /// The tier for a score.
    pub fn tier(self, score: u8) -> Tier {
        if score >= self.premium {
            Tier::Premium
        } else if score >= self.standard {
            Tier::Standard
        } else {
            Tier::Economy
        }
    }
}

/// Follows the scores of the latest requests.
#[derive(Clone, Debug)]
pub struct Shares {
    /// Percent of economy, and of economy and standard together.
    economy: usize,
    below_premium: usize,
    scores: VecDeque<u8>,
    since: u32,
    thresholds: Thresholds,
}

impl Shares {
    /// Shares in percent; what they leave of a hundred is for premium.
    pub fn new(economy: u8, standard: u8) -> Self {
        Self {
            economy: economy.into(),
            below_premium: usize::from(economy) + usize::from(standard),
            scores: VecDeque::with_capacity(MOST_SCORES),
            since: 0,
            thresholds: FIRST,
        }
    }

    /// The thresholds for the next request.
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// Takes in a score. Tells the thresholds when they moved.
    pub fn observe(&mut self, score: u8) -> Option<Thresholds> {
        if self.scores.len() == MOST_SCORES {
            self.scores.pop_front();
        }
        self.scores.push_back(score);
        self.since += 1;
        if self.since < EVERY || self.scores.len() < LEAST_SCORES {
            return None;
        }
        self.since = 0;
        let mut sorted: Vec<u8> = self.scores.iter().copied().collect();
        sorted.sort_unstable();
        // The score above which the rest lies, of those that have less.
        let quantile = |percent: usize| match sorted.get(sorted.len() * percent / 100) {
            Some(score) => *score,
            None => 101,
        };
        let standard = quantile(self.economy).clamp(STANDARD_WITHIN.0, STANDARD_WITHIN.1);
        let premium = quantile(self.below_premium).clamp(PREMIUM_WITHIN.0, PREMIUM_WITHIN.1);
        let moved = Thresholds {
            standard,
            premium: premium.max(standard),
        };
        let before = std::mem::replace(&mut self.thresholds, moved);
        (before != moved).then_some(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_follow_the_scores_to_the_wanted_shares() {
        let mut shares = Shares::new(50, 40);
        let mut tiers = [0_u32; 3];
        for i in 0..10_000_u32 {
            // Every score from 20 to 99, in a scattered order.
            let score = u8::try_from(20 + i * 37 % 80).unwrap();
            if i >= 2_000 {
                tiers[shares.thresholds().tier(score) as usize] += 1;
            }
            shares.observe(score);
        }
        let percent = tiers.map(|n| n * 100 / 8_000);
        assert!(percent[0].abs_diff(50) <= 2, "{percent:?}");
        assert!(percent[1].abs_diff(40) <= 2, "{percent:?}");
    }

    #[test]
    fn thresholds_keep_within_bounds_and_wait_for_enough_scores() {
        let mut shares = Shares::new(0, 0);
        assert!((0..199).all(|_| shares.observe(5).is_none()));
        assert_eq!(shares.thresholds(), FIRST);
        let moved = (0..200).find_map(|_| shares.observe(5)).unwrap();
        assert_eq!(
            moved,
            Thresholds {
                standard: 15,
                premium: 50
            }
        );
        assert_eq!(moved.tier(5), Tier::Economy, "what is surely easy stays");
        let mut all_cheap = Shares::new(100, 0);
        for _ in 0..5_000 {
            all_cheap.observe(99);
        }
        assert_eq!(all_cheap.thresholds().standard, 80);
        assert_eq!(all_cheap.scores.len(), MOST_SCORES);
    }
}
