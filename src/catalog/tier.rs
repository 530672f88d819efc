//! What a caller names instead of a model: a tier and a direction.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A capability tier, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Small and cheap models, the free ones among them.
    Economy,
    /// Models for most work.
    Standard,
    /// The strongest models.
    Premium,
}

impl Tier {
    /// All tiers, cheapest first.
    pub const ALL: [Self; 3] = [Self::Economy, Self::Standard, Self::Premium];

    /// The name callers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Economy => "economy",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The direction a caller prefers inside a tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// Lowest expected cost of this request.
    Cheap,
    /// Shortest expected time to the end of the answer.
    Fast,
    /// A documented mix of quality, cost and speed.
    #[default]
    Balanced,
    /// Highest quality score.
    Quality,
    /// Highest coding score.
    Coding,
}

impl Prefer {
    /// All directions.
    pub const ALL: [Self; 5] = [
        Self::Cheap,
        Self::Fast,
        Self::Balanced,
        Self::Quality,
        Self::Coding,
    ];

    /// The name callers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cheap => "cheap",
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Quality => "quality",
            Self::Coding => "coding",
        }
    }
}

/// How the balanced ranking weighs a candidate: finite, not negative, not all zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weights {
    /// Weight of the quality score.
    pub quality: f64,
    /// Weight of a low expected cost.
    pub cost: f64,
    /// Weight of a short expected time.
    pub speed: f64,
}
