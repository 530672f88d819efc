//! Counts of texts: exact up to a bound, beyond it by a stratified sample whose size is fixed.
//!
//! A large prompt is cut into blocks, each looked at roughly; blocks of like texture form a stratum.
//! Of every stratum some blocks are counted exactly, and how the exact count stands to the rough one
//! in them corrects the rough count of all (a ratio estimate; Cochran, Sampling Techniques, ch. 6).
//! One standard error is added, so that the result errs upwards.

use super::encoding::{blocks, count};
use super::memo::{self, Key};
use super::rough::{Glance, glance};
use crate::catalog::Encoding;

/// Bytes that are counted exactly.
pub const EXACT_BYTES: usize = 48 << 10;
/// Bytes of the sample beyond.
const SAMPLE_BYTES: usize = 32 << 10;
/// Bytes of a block.
const BLOCK: usize = 512;
/// Blocks of a stratum that are counted at the least; smaller strata are counted whole.
const LEAST: usize = 6;
/// Blocks that tell whether a stratum is of one piece, and the standard error that says so.
const ALIKE: usize = 16;
const ALIKE_ERROR: f64 = 0.002;
/// Strata: eight densities, with or without spaces, with or without many wide characters.
const STRATA: usize = 32;

/// Tokens of all of an account's texts together.
pub fn total(account: &str, encoding: Encoding, texts: &[&str]) -> u64 {
    if size(texts) <= EXACT_BYTES {
        exact(account, encoding, texts).sum()
    } else {
        many(account, encoding, texts).iter().sum()
    }
}

/// Tokens of each of an account's texts. A text that was counted before is not counted again. When
/// the others are too large to be counted exactly, each has its share of their total by a rough count.
pub fn each(account: &str, encoding: Encoding, texts: &[&str]) -> Vec<u64> {
    if size(texts) <= EXACT_BYTES {
        exact(account, encoding, texts).collect()
    } else {
        many(account, encoding, texts)
    }
}

fn size(texts: &[&str]) -> usize {
    texts.iter().map(|text| text.len()).sum()
}

/// Most prompts: one text after the other, without a list.
fn exact(account: &str, encoding: Encoding, texts: &[&str]) -> impl Iterator<Item = u64> {
    texts.iter().map(move |text| {
        let key = memo::key(account, encoding, text);
        let known = key.and_then(memo::recall);
        known.unwrap_or_else(|| kept(key, count(encoding, text)))
    })
}

fn many(account: &str, encoding: Encoding, texts: &[&str]) -> Vec<u64> {
    let keys: Vec<Option<Key>> = texts
        .iter()
        .map(|text| memo::key(account, encoding, text))
        .collect();
    let known: Vec<Option<u64>> = keys.iter().map(|key| memo::recall((*key)?)).collect();
    let fresh: Vec<&str> = texts
        .iter()
        .zip(&known)
        .filter_map(|(text, known)| known.is_none().then_some(*text))
        .collect();
    let mut counts = fresh_counts(encoding, &fresh).into_iter();
    let tokens = |(known, key): (&Option<u64>, &Option<Key>)| {
        known.unwrap_or_else(|| kept(*key, counts.next().unwrap_or_default()))
    };
    known.iter().zip(&keys).map(tokens).collect()
}

/// A count, which is remembered if its text is one of those that are.
fn kept(key: Option<Key>, tokens: u64) -> u64 {
    if let Some(key) = key {
        memo::store(key, tokens);
    }
    tokens
}

fn fresh_counts(encoding: Encoding, texts: &[&str]) -> Vec<u64> {
    let bytes = size(texts);
    if bytes <= EXACT_BYTES {
        return texts.iter().map(|text| count(encoding, text)).collect();
    }
    let rough: Vec<u64> = texts.iter().map(|text| glance(text).tokens).collect();
    let whole = rough.iter().sum::<u64>().max(1);
    let total = sampled(encoding, texts, bytes);
    let share = |rough: &u64| u128::from(*rough) * u128::from(total);
    rough
        .iter()
        .map(|rough| u64::try_from(share(rough).div_ceil(u128::from(whole))).unwrap_or(u64::MAX))
        .collect()
}

/// Blocks of like texture.
#[derive(Default)]
struct Stratum<'a> {
    blocks: Vec<(&'a str, u64)>,
}

fn sampled(encoding: Encoding, texts: &[&str], bytes: usize) -> u64 {
    let mut strata: [Stratum<'_>; STRATA] = std::array::from_fn(|_| Stratum::default());
    for block in texts.iter().flat_map(|text| blocks(text, BLOCK)) {
        let seen = glance(block);
        if let Some(stratum) = strata.get_mut(texture(&seen, block.len())) {
            stratum.blocks.push((block, seen.tokens));
        }
    }
    // Every `stride`-th block, so that the sample has about SAMPLE_BYTES.
    let stride = bytes.div_ceil(SAMPLE_BYTES).max(1);
    let (mut tokens, mut variance) = (0.0, 0.0);
    for stratum in strata.iter().filter(|stratum| !stratum.blocks.is_empty()) {
        let (mean, spread) = stratum.tokens(encoding, stride);
        tokens += mean;
        variance += spread;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "finite, not negative, and no more than the bytes of a body"
    )]
    let estimate = (tokens + f64::sqrt(variance)).ceil() as u64;
    estimate.min(bytes as u64)
}

/// Which stratum a block belongs to.
fn texture(seen: &Glance, bytes: usize) -> usize {
    let bytes = bytes as u64;
    let density = (seen.tokens * 12 / bytes.max(1)).min(7);
    let spaceless = u64::from(seen.space * 20 < bytes);
    let wide = u64::from(seen.wide * 4 > bytes);
    usize::try_from(density + 8 * spaceless + 16 * wide).unwrap_or(0)
}

impl Stratum<'_> {
    /// Estimated tokens of the stratum and the variance of that estimate. A few blocks are enough
    /// where they are all alike.
    fn tokens(&self, encoding: Encoding, stride: usize) -> (f64, f64) {
        let stride = stride.min(self.blocks.len() / LEAST).max(1);
        let wide = (self.blocks.len() / ALIKE).max(stride);
        let (tokens, variance) = self.estimate(encoding, wide);
        if wide == stride || f64::sqrt(variance) <= tokens * ALIKE_ERROR {
            return (tokens, variance);
        }
        self.estimate(encoding, stride)
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "a body has far fewer than 2^52 tokens"
    )]
    fn estimate(&self, encoding: Encoding, stride: usize) -> (f64, f64) {
        let picked = self.blocks.iter().skip(stride / 2).step_by(stride);
        let pairs: Vec<(f64, f64)> = picked
            .map(|(block, rough)| (count(encoding, block) as f64, *rough as f64))
            .collect();
        let exact: f64 = pairs.iter().map(|(exact, _)| exact).sum();
        let rough: f64 = pairs.iter().map(|(_, rough)| rough).sum();
        if stride == 1 {
            return (exact, 0.0);
        }
        let whole: f64 = self.blocks.iter().map(|(_, rough)| *rough as f64).sum();
        let ratio = exact / rough.max(1.0);
        let squares: f64 = pairs
            .iter()
            .map(|(exact, rough)| (exact - ratio * rough).powi(2))
            .sum();
        let n = pairs.len() as f64;
        let all = self.blocks.len() as f64;
        // Variance of a ratio estimate, with the correction for a finite population.
        let spread = squares / (n - 1.0).max(1.0) / n * (1.0 - n / all) * all * all;
        (ratio * whole, spread)
    }
}

#[cfg(test)]
mod tests;
