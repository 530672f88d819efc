//! The model: how likely each tier is to answer a conversation well. Integers only, so that the same
//! conversation gets the same numbers on every machine.

use super::conversation::Conversation;
use super::curve::Curve;
use super::features::{self, COUNT, NAMES};
use super::forest::Forest;
use super::grams::{Grams, Tally};
use super::picture::{Picture, Place};

/// A margin of this much is a hundred points.
const UNIT: f64 = 65_536.0;
/// Contributions that are told at the most.
const MOST_SIGNALS: usize = 8;
/// The name under which the words of what is asked contribute.
const WORDS: &str = "words";
/// The name under which the meaning of these words contributes.
const TOPIC: &str = "topic";

/// Weights, as `data/auto.bin` has them.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) version: String,
    pub(super) grams: Grams,
    /// What each feature usually is, by [`log2`].
    pub(super) centres: [i32; COUNT],
    pub(super) bias: i32,
    /// A slope for the logarithm of each feature.
    pub(super) line: [i32; COUNT],
    pub(super) forest: Forest,
    /// The chance that economy fails, what standard gains over it, and premium over standard.
    pub(super) curves: [Curve; 3],
}

/// What the model says of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// How likely economy, standard and premium answer well, in ten-thousandths; never falling.
    pub chances: [u16; 3],
    /// What moved the first of them most, largest first.
    pub signals: Vec<Signal>,
}

/// One part of a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// What was looked at: a feature, `words` or `topic`.
    pub name: &'static str,
    /// Its value; of `words` and `topic` how many words were known.
    pub value: f64,
    /// What it added to the score, about, in points.
    pub weight: f64,
}

/// What is read of a conversation.
pub struct Reading {
    /// The features, in their order.
    pub features: [u32; COUNT],
    /// The grams of what is asked.
    pub grams: Vec<u32>,
}

/// What training reads of a conversation.
pub fn reading(conversation: &Conversation) -> Reading {
    let mut grams = Vec::new();
    let picture = Picture::of(conversation, &mut |place, gram| {
        if speaks(place) {
            grams.push(gram);
        }
    });
    Reading {
        features: features::features(conversation, &picture),
        grams,
    }
}

/// Whether the words of a place are looked at, beside their number.
const fn speaks(place: Place) -> bool {
    match place {
        Place::Ask | Place::Opening => true,
        Place::System | Place::Answer | Place::Result | Place::Tools => false,
    }
}

impl Model {
    /// Version of the weights.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Estimates a conversation. `None` when nothing in it can be read.
    pub fn estimate(&self, conversation: &Conversation) -> Option<Estimate> {
        let mut tally = Tally::new(&self.grams);
        let picture = Picture::of(conversation, &mut |place, gram| {
            if speaks(place) {
                tally.add(gram);
            }
        });
        let ask = &picture.textures[Place::Ask as usize];
        if ask.words + ask.courtesies == 0 {
            return None;
        }
        let features = features::features(conversation, &picture);
        let mut inputs: Vec<i32> = features
            .iter()
            .map(|&value| i32::try_from(value).unwrap_or(i32::MAX))
            .collect();
        inputs.resize(COUNT + self.grams.dimensions(), 0);
        tally.direction(&mut inputs[COUNT..]);
        let words = tally.margin();
        let mut moved = vec![0; inputs.len()];
        let roots = self.forest.explain(&inputs, &mut moved);
        let trees = roots + moved.iter().sum::<i64>();
        let margin = i64::from(self.bias) + self.line(&features) + trees + words;
        Some(Estimate {
            chances: self.chances(margin),
            signals: self.signals(&features, moved, tally.known(), words),
        })
    }

    /// What the logarithms of the features add to the margin.
    fn line(&self, features: &[u32; COUNT]) -> i64 {
        let terms = self.line.iter().zip(features);
        let sum: i64 = terms
            .map(|(&slope, &value)| i64::from(slope) * i64::from(log2(value)))
            .sum();
        sum >> 8
    }

    /// How likely each tier answers well.
    fn chances(&self, margin: i64) -> [u16; 3] {
        let [fails, standard, premium] = self.curves.each_ref().map(|curve| curve.at(margin));
        let economy = 10_000_u16.saturating_sub(fails);
        let standard = (economy + standard).min(10_000);
        [economy, standard, (standard + premium).min(10_000)]
    }

    /// What moved the margin most. `moved` is what the trees made of each input.
    fn signals(
        &self,
        features: &[u32; COUNT],
        mut moved: Vec<i64>,
        known: u32,
        words: i64,
    ) -> Vec<Signal> {
        for (i, moved) in moved[..COUNT].iter_mut().enumerate() {
            let away = i64::from(log2(features[i]) - self.centres[i]);
            *moved += (i64::from(self.line[i]) * away) >> 8;
        }
        let topic: i64 = moved[COUNT..].iter().sum();
        let of_features = (0..COUNT).map(|i| (NAMES[i], features[i], moved[i]));
        let of_words = [(WORDS, known, words), (TOPIC, known, topic)];
        let mut all: Vec<_> = of_features
            .chain(of_words)
            .filter(|(_, _, moved)| *moved != 0)
            .collect();
        all.sort_by_key(|(_, _, moved)| std::cmp::Reverse(moved.abs()));
        all.truncate(MOST_SIGNALS);
        let signal = |(name, value, moved): (&'static str, u32, i64)| Signal {
            name,
            value: f64::from(value),
            weight: points(moved),
        };
        all.into_iter().map(signal).collect()
    }
}

/// The binary logarithm of `value + 1` in 1/256, a straight line between powers of two.
fn log2(value: u32) -> i32 {
    let value = u64::from(value) + 1;
    let power = value.ilog2();
    let rest = ((value << 8) >> power) - 256;
    i32::try_from(u64::from(power) * 256 + rest).unwrap_or(i32::MAX)
}

/// A margin in points, to the hundredth.
fn points(margin: i64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "margins are far below 2^52")]
    let margin = margin as f64;
    (margin * 10_000.0 / UNIT).round() / 100.0
}
