//! What a typical answer costs in each tier, by provider: prepared, so that a request for `auto` adds up
//! providers and does not walk through models.

use super::ask::Choice;
use super::classify::Prices;
use super::grid;
use super::hold;
use super::live::{Live, Standing};
use crate::catalog::{Age, Catalog, Model, Prefer, ProviderName, Tier};
use crate::money::Picodollars;

/// What the models of one provider cost in one tier.
#[derive(Clone, Copy, Debug, Default)]
struct Costs {
    /// In picodollars: the cost of one model may be as large as there are numbers.
    sum: i128,
    models: i128,
    least: Option<Picodollars>,
}

impl Costs {
    fn add(&mut self, cost: Picodollars) {
        self.join(Self {
            sum: cost.get().into(),
            models: 1,
            least: Some(cost),
        });
    }

    fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.models += other.models;
        self.least = self.least.into_iter().chain(other.least).min();
    }

    fn mean(self) -> Option<Picodollars> {
        let mean = self.sum.checked_div(self.models)?;
        i64::try_from(mean).ok().map(Picodollars::new)
    }
}

/// Costs by provider and tier, of every model of a configured provider that has not ended. Models that are
/// being left alone count: an outage of minutes does not make a tier dearer.
#[derive(Clone, Debug, Default)]
pub struct TierPrices(Vec<(ProviderName, [Costs; 3])>);

impl TierPrices {
    /// Looks through the catalog: 1,000 tokens in, each model's usual answer, at list price.
    pub fn of(catalog: &Catalog, today: time::Date, live: &dyn Fn(&Model) -> Live) -> Self {
        let ask = grid::typical(Choice::tier(Tier::Standard, Prefer::default()), today);
        let providers = catalog.providers().iter();
        let mut found: Vec<_> = providers
            .map(|provider| (provider.name.clone(), [Costs::default(); 3]))
            .collect();
        for model in catalog.models().iter().filter(|model| model.is_chat()) {
            let now = live(model);
            let is_gone = matches!(model.age(today), Age::Retired { .. });
            if now.standing == Standing::Unconfigured || is_gone {
                continue;
            }
            let cost = hold::expected_cost(model, &ask, now.output_mean);
            let of_theirs = found.iter_mut().find(|(name, _)| *name == model.provider);
            if let Some((_, costs)) = of_theirs {
                for tier in &model.tiers {
                    costs[*tier as usize].add(cost);
                }
            }
        }
        Self(found)
    }

    /// The price of each tier without the blocked providers: with `cheap` the least, else the mean.
    pub fn prices(&self, prefer: Prefer, blocked: &[ProviderName]) -> Prices {
        let mut all = [Costs::default(); 3];
        let open = self.0.iter().filter(|(name, _)| !blocked.contains(name));
        for (_, costs) in open {
            for (all, costs) in all.iter_mut().zip(costs) {
                all.join(*costs);
            }
        }
        Prices(all.map(|costs| match prefer {
            Prefer::Cheap => costs.least,
            Prefer::Fast | Prefer::Balanced | Prefer::Quality | Prefer::Coding => costs.mean(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::catalog::Layer;

    const EARLY: time::Date = date!(2025 - 12 - 01);
    const LATE: time::Date = date!(2100 - 01 - 01);

    fn prior(model: &Model) -> Live {
        Live::prior(model, Standing::Flowing)
    }

    /// The mean, or the least, of all models that count, one by one.
    fn walked(catalog: &Catalog, tier: Tier, prefer: Prefer, blocked: &[ProviderName]) -> i64 {
        let ask = grid::typical(Choice::tier(tier, prefer), EARLY);
        let models = catalog.models().iter().filter(|model| {
            model.is_chat() && model.tiers.contains(&tier) && !blocked.contains(&model.provider)
        });
        let costs: Vec<i64> = models
            .map(|model| hold::expected_cost(model, &ask, prior(model).output_mean).get())
            .collect();
        match prefer {
            Prefer::Cheap => *costs.iter().min().unwrap(),
            Prefer::Fast | Prefer::Balanced | Prefer::Quality | Prefer::Coding => {
                costs.iter().sum::<i64>() / i64::try_from(costs.len()).unwrap()
            }
        }
    }

    #[test]
    fn providers_added_up_are_what_all_models_make() {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let prepared = TierPrices::of(&catalog, EARLY, &prior);
        let names = catalog.providers().iter().map(|row| row.name.clone());
        let names: Vec<ProviderName> = names.collect();
        let blocked: Vec<&[ProviderName]> = names.chunks(1).chain([&[][..]]).collect();
        for prefer in Prefer::ALL {
            for blocked in &blocked {
                let Prices(prices) = prepared.prices(prefer, blocked);
                for tier in Tier::ALL {
                    let price = prices[tier as usize].unwrap().get();
                    assert_eq!(price, walked(&catalog, tier, prefer, blocked));
                }
            }
        }
        assert_eq!(prepared.prices(Prefer::Balanced, &names).0, [None; 3]);
    }

    #[test]
    fn who_has_no_key_or_has_ended_does_not_count() {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let unconfigured = |model: &Model| Live::prior(model, Standing::Unconfigured);
        let nobody = TierPrices::of(&catalog, EARLY, &unconfigured);
        assert_eq!(nobody.prices(Prefer::Cheap, &[]).0, [None; 3]);
        let mut models = catalog.models().iter();
        assert!(models.any(|model| matches!(model.age(LATE), Age::Retired { .. })));
        let prices = |today| TierPrices::of(&catalog, today, &prior).prices(Prefer::Balanced, &[]);
        assert_ne!(prices(EARLY), prices(LATE));
    }

    #[test]
    fn prices_beyond_all_bounds_stay_within_theirs() {
        let mut costs = Costs::default();
        (0..3).for_each(|_| costs.add(Picodollars::MAX));
        assert_eq!(costs.mean(), Some(Picodollars::MAX));
        assert_eq!(Costs::default().mean(), None);
    }
}
