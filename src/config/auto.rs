//! `[auto]`: other weights for the classifier, and how requests are to be shared among the tiers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[auto]`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auto {
    /// A file of weights in place of the built-in ones.
    pub weights: Option<PathBuf>,
    /// The wanted share of each tier. Without it price and chance of success alone decide.
    pub share: Option<Share>,
}

/// `auto.share`: percent of requests for `auto`; a hundred together.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Percent for economy.
    pub economy: u8,
    /// Percent for standard.
    pub standard: u8,
    /// Percent for premium.
    pub premium: u8,
}

impl Share {
    /// Whether all of them make a hundred.
    pub(super) fn is_whole(self) -> bool {
        let sum = [self.economy, self.standard, self.premium].map(u32::from);
        sum.iter().sum::<u32>() == 100
    }
}
