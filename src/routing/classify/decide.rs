//! Which tier is worth its price for a conversation.

use super::shares::Thresholds;
use crate::catalog::{Prefer, Tier};
use crate::money::Picodollars;

/// What a good answer is worth, in tenths of an economy answer's price, by [`Prefer`]. Set at the shipped
/// catalog's prices, by cross-validation: with balanced new questions cost 4.2 where economy, standard and
/// premium cost 1, 6 and 30, which leaves work of a new kind, that costs more, below standard alone; with
/// quality half of them go to premium. The table is in `docs/auto-routing/report.md`.
const fn worth(prefer: Prefer) -> i64 {
    match prefer {
        Prefer::Cheap => 70,
        Prefer::Fast | Prefer::Balanced => 234,
        Prefer::Coding => 265,
        Prefer::Quality => 800,
    }
}

/// Where economy succeeds less often than this, in ten-thousandths, price does not keep premium away …
const FLOOR: u16 = 1_800;
/// … if it is this much better than standard.
const CLEARLY_BETTER: u16 = 1_500;
/// A conversation whose prompt is warm goes down only when that gains this much of what a good
/// answer is worth, in percent.
const MARGIN_PERCENT: i64 = 6;
/// The same in points of the score, where thresholds decide.
const THRESHOLD_MARGIN: u8 = 5;
/// Prices count as at most this many times that of economy.
const MOST_TIMES: i64 = 60;

/// What an answer usually costs in each tier, now. `None` where nobody is configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices(pub [Option<Picodollars>; 3]);

/// What a decision depends on beside the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The caller's direction.
    pub prefer: Prefer,
    /// What the tiers cost.
    pub prices: Prices,
    /// Where the operator wants certain shares: the scores that decide in place of prices.
    pub thresholds: Option<Thresholds>,
    /// The tier that holds the conversation's prompt in a provider's cache.
    pub warm: Option<Tier>,
}

/// The chance that economy fails, in percent.
pub fn score([economy, _, _]: [u16; 3]) -> u8 {
    let fails = 10_000_u16.saturating_sub(economy);
    u8::try_from((fails + 50) / 100).unwrap_or(100)
}

/// The tier for a conversation with these chances. Tiers in which nobody is configured are passed over.
pub fn tier(chances: [u16; 3], circumstances: &Circumstances) -> Tier {
    match circumstances.thresholds {
        Some(thresholds) => by_score(score(chances), thresholds, circumstances),
        None => by_price(chances, circumstances),
    }
}

fn by_score(score: u8, thresholds: Thresholds, circumstances: &Circumstances) -> Tier {
    let wanted = thresholds.tier(score);
    let lenient = thresholds.tier(score.saturating_add(THRESHOLD_MARGIN));
    let kept = circumstances
        .warm
        .filter(|warm| *warm > wanted && *warm <= lenient);
    let picked = kept.unwrap_or(wanted);
    let has = |tier: &Tier| circumstances.prices.0[*tier as usize].is_some();
    let above = Tier::ALL
        .into_iter()
        .filter(|tier| *tier >= picked)
        .find(has);
    let below = || Tier::ALL.into_iter().rev().find(has);
    above.or_else(below).unwrap_or(picked)
}

/// The tier whose answer is worth most beyond its price.
fn by_price(chances: [u16; 3], circumstances: &Circumstances) -> Tier {
    let times = times(circumstances.prices);
    let worth = worth(circumstances.prefer);
    // In hundred-thousandths of an economy answer's price.
    let gain = |i: usize| times[i].map(|times| worth * i64::from(chances[i]) - times * 1_000);
    let open = (0..Tier::ALL.len()).filter_map(|i| Some((i, gain(i)?)));
    // The cheaper one of equals.
    let best = open.reduce(|best, next| if next.1 > best.1 { next } else { best });
    let Some((picked, most)) = best else {
        return Tier::Standard;
    };
    if is_poor(chances, circumstances) {
        return Tier::Premium;
    }
    let warm = circumstances.warm.map(|warm| warm as usize);
    match warm.and_then(|warm| Some((warm, gain(warm)?))) {
        Some((warm, kept)) if warm > picked && most - kept < worth * MARGIN_PERCENT * 100 => {
            Tier::ALL[warm]
        }
        Some(_) | None => Tier::ALL[picked],
    }
}

/// Whether quality asks for premium whatever the price: with `cheap` it never does.
fn is_poor([economy, standard, premium]: [u16; 3], circumstances: &Circumstances) -> bool {
    let minds_quality = match circumstances.prefer {
        Prefer::Cheap => false,
        Prefer::Fast | Prefer::Balanced | Prefer::Quality | Prefer::Coding => true,
    };
    minds_quality
        && circumstances.prices.0[Tier::Premium as usize].is_some()
        && economy < FLOOR
        && premium >= standard.saturating_add(CLEARLY_BETTER)
}

/// Prices as multiples of the cheapest tier's, in hundredths.
fn times(Prices(prices): Prices) -> [Option<i64>; 3] {
    let cheapest = prices
        .iter()
        .flatten()
        .map(|price| price.get())
        .filter(|price| *price > 0)
        .min();
    prices.map(|price| {
        let hundredths = i128::from(price?.get()) * 100 / i128::from(cheapest.unwrap_or(1));
        Some(
            i64::try_from(hundredths)
                .unwrap_or(i64::MAX)
                .clamp(100, MOST_TIMES * 100),
        )
    })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::catalog::{Catalog, Layer, Model};
    use crate::routing::{Live, Standing, TierPrices};

    fn at(prices: [i64; 3]) -> Circumstances {
        Circumstances {
            prices: Prices(prices.map(|price| Some(Picodollars::new(price)))),
            ..Circumstances::default()
        }
    }

    #[test]
    fn a_tier_is_taken_when_its_answer_is_worth_its_price() {
        let usual = at([10, 43, 110]);
        assert_eq!(tier([9_500, 9_700, 9_800], &usual), Tier::Economy);
        assert_eq!(tier([6_000, 8_500, 9_000], &usual), Tier::Standard);
        assert_eq!(tier([3_000, 4_000, 9_000], &usual), Tier::Premium);
    }

    #[test]
    fn what_economy_hardly_ever_does_goes_to_premium_at_any_price() {
        let dear = at([10, 40, 600]);
        assert_eq!(tier([1_700, 4_000, 5_500], &dear), Tier::Premium);
        assert_eq!(
            tier([1_700, 4_000, 5_400], &dear),
            Tier::Standard,
            "hardly better"
        );
        assert_eq!(tier([1_800, 4_000, 5_600], &dear), Tier::Standard);
        let cheap = Circumstances {
            prefer: Prefer::Cheap,
            ..dear
        };
        assert_ne!(tier([1_700, 4_000, 5_500], &cheap), Tier::Premium);
    }

    #[test]
    fn dearer_standard_is_taken_less_and_quality_more() {
        let chances = [6_500, 8_500, 9_000];
        assert_eq!(tier(chances, &at([10, 30, 300])), Tier::Standard);
        assert_eq!(tier(chances, &at([10, 200, 300])), Tier::Economy);
        let quality = Circumstances {
            prefer: Prefer::Quality,
            ..at([10, 60, 300])
        };
        assert_eq!(tier(chances, &quality), Tier::Standard);
    }

    #[test]
    fn a_warm_conversation_goes_down_only_for_a_clear_gain() {
        let warm = Circumstances {
            warm: Some(Tier::Standard),
            ..at([10, 43, 110])
        };
        let near = [7_600, 8_800, 9_000];
        assert_eq!(tier(near, &at([10, 43, 110])), Tier::Economy);
        assert_eq!(tier(near, &warm), Tier::Standard);
        assert_eq!(tier([9_900, 9_900, 9_900], &warm), Tier::Economy);
        assert_eq!(
            tier([1_000, 3_000, 9_900], &warm),
            Tier::Premium,
            "up at once"
        );
    }

    #[test]
    fn thresholds_decide_where_shares_are_wanted() {
        let shared = Circumstances {
            thresholds: Some(Thresholds {
                standard: 40,
                premium: 70,
            }),
            ..at([10, 1_000, 5_000])
        };
        assert_eq!(tier([6_100, 9_000, 9_000], &shared), Tier::Economy);
        assert_eq!(tier([6_000, 9_000, 9_000], &shared), Tier::Standard);
        assert_eq!(tier([3_000, 3_000, 3_000], &shared), Tier::Premium);
        let warm = Circumstances {
            warm: Some(Tier::Standard),
            ..shared
        };
        assert_eq!(
            tier([6_400, 9_000, 9_000], &warm),
            Tier::Standard,
            "near the threshold"
        );
        assert_eq!(tier([6_600, 9_000, 9_000], &warm), Tier::Economy);
        let mut only_economy = shared;
        only_economy.prices.0[1..].fill(None);
        assert_eq!(tier([3_000; 3], &only_economy), Tier::Economy);
    }

    #[test]
    fn at_the_shipped_prices_quality_takes_premium_for_what_it_gains_and_balanced_hardly_ever() {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let prior = |model: &Model| Live::prior(model, Standing::Flowing);
        for today in [date!(2025 - 12 - 01), date!(2026 - 11 - 26)] {
            let prices = TierPrices::of(&catalog, today, &prior);
            let with = |prefer| Circumstances {
                prefer,
                prices: prices.prices(prefer, &[]),
                ..Circumstances::default()
            };
            // What premium gains on the harder half of measured rows.
            let hard = [2_000, 3_900, 5_600];
            assert_eq!(tier(hard, &with(Prefer::Quality)), Tier::Premium);
            assert_eq!(tier(hard, &with(Prefer::Balanced)), Tier::Standard);
            let hardest = [1_700, 3_900, 5_600];
            assert_eq!(tier(hardest, &with(Prefer::Balanced)), Tier::Premium);
            let easy = [9_600, 9_700, 9_750];
            assert_eq!(tier(easy, &with(Prefer::Quality)), Tier::Economy);
        }
    }

    #[test]
    fn tiers_without_anybody_are_passed_over() {
        let mut prices = at([10, 43, 110]);
        prices.prices.0[0] = None;
        assert_eq!(tier([9_900; 3], &prices), Tier::Standard);
        assert_eq!(tier([9_900; 3], &Circumstances::default()), Tier::Standard);
        assert_eq!(
            tier([5_000, 9_000, 9_500], &at([0, 0, 0])),
            Tier::Premium,
            "all are free"
        );
    }
}
