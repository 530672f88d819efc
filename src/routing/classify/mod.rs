//! `auto`: reads a whole conversation and picks a tier, by a small model that was trained on public
//! outcomes. Pure, integers only, and it says why.

pub mod conversation;
mod curve;
pub mod decide;
mod features;
mod forest;
mod grams;
mod hash;
mod lexicon;
pub mod model;
mod picture;
mod scan;
pub mod shares;
mod texture;
pub mod weights;

pub use conversation::{Conversation, Speaker};
pub use decide::{Circumstances, Prices};
pub use features::NAMES;
pub use model::{Estimate, Model, Signal};
pub use weights::WeightsError;

use crate::catalog::Tier;

/// The weights that are compiled in.
static BUILTIN: &[u8] = include_bytes!("../../../data/auto.bin");

/// The tier for a conversation, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The tier.
    pub tier: Tier,
    /// 0 to 100: how likely economy fails.
    pub score: u8,
    /// How likely economy, standard and premium answer well, in ten-thousandths.
    pub chances: [u16; 3],
    /// What the score is made of, largest contribution first.
    pub signals: Vec<Signal>,
}

impl Verdict {
    /// The verdict on what cannot be read.
    pub fn of_nothing() -> Self {
        Self {
            tier: Tier::Standard,
            score: 50,
            chances: [5_000; 3],
            signals: Vec::new(),
        }
    }
}

/// The model that is compiled in.
pub fn builtin() -> Result<Model, WeightsError> {
    weights::parse(BUILTIN)
}

/// Classifies a conversation. The same conversation in the same circumstances gets the same verdict.
/// Where nothing can be read the tier is standard.
pub fn classify(
    model: &Model,
    conversation: &Conversation,
    circumstances: &Circumstances,
) -> Verdict {
    match model.estimate(conversation) {
        Some(estimate) => Verdict {
            tier: decide::tier(estimate.chances, circumstances),
            score: decide::score(estimate.chances),
            chances: estimate.chances,
            signals: estimate.signals,
        },
        None => Verdict::of_nothing(),
    }
}
