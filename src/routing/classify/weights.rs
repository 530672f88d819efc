//! The file that the model is read from: checked as a whole before any of it is used.
//!
//! Little-endian, in this order; `tools/train` writes it.
//!
//! | Part | Form |
//! |---|---|
//! | mark | `MRAUTO01` |
//! | description | `u32` length, JSON: version, names of the features, dimensions, sources and licences |
//! | grams | `u32` count; of each a hash `u32`, ascending; then a weight `i32`; then coordinates `i8` |
//! | centres | an `i32` for each feature |
//! | line | bias `i32`; an `i32` for each feature |
//! | trees | `u32` count; of each `u16` nodes, of each node input `u16`, threshold `i32`, children `u16` `u16`, value `i32` |
//! | curves, three | `u16` knots, of each margin `i32`, height `u16` |
//! | checksum | SHA-256 of all before it |

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::curve::{Curve, Knot};
use super::features::{COUNT, NAMES};
use super::forest::{Forest, Node};
use super::grams::Grams;
use super::model::Model;

const MARK: &[u8; 8] = b"MRAUTO01";
const CHECKSUM_BYTES: usize = 32;
const MOST_GRAMS: u32 = 1 << 17;
const MOST_DIMENSIONS: usize = 64;
const MOST_TREES: u32 = 1024;

/// Why a file of weights is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// It is something else, or of another version.
    #[error("these are no classifier weights of this version; write them with tools/train")]
    Foreign,
    /// Its checksum does not match.
    #[error("the checksum does not match: the file is damaged or cut off; copy it again")]
    Damaged,
    /// It was trained on other features than this program reads.
    #[error(
        "they were trained for other features ({found}, here {expected}); train them again with this version"
    )]
    Features {
        /// What the file names.
        found: String,
        /// What this program has in its place.
        expected: String,
    },
    /// A part of it makes no sense.
    #[error("{0} cannot be right; write the file again with tools/train")]
    Wrong(&'static str),
}

#[derive(Deserialize)]
struct Description {
    version: String,
    features: Vec<String>,
    dimensions: usize,
}

/// Reads a whole file.
pub fn parse(bytes: &[u8]) -> Result<Model, WeightsError> {
    let parts = bytes.strip_prefix(MARK).ok_or(WeightsError::Foreign)?;
    let (parts, checksum) = parts
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(WeightsError::Damaged)?;
    let hash = Sha256::digest(&bytes[..bytes.len() - CHECKSUM_BYTES]);
    if hash.as_slice() != checksum {
        return Err(WeightsError::Damaged);
    }
    let mut file = File(parts);
    let described = file.description()?;
    let grams = file.grams(described.dimensions)?;
    let centres = file.for_each_feature()?;
    let bias = file.i32()?;
    let line = file.for_each_feature()?;
    let forest = file.forest(COUNT + described.dimensions)?;
    let curves = [file.curve()?, file.curve()?, file.curve()?];
    if !file.0.is_empty() {
        return Err(WeightsError::Wrong("what stands after the last curve"));
    }
    Ok(Model {
        version: described.version,
        grams,
        centres,
        bias,
        line,
        forest,
        curves,
    })
}

/// What has not been read yet.
struct File<'a>(&'a [u8]);

impl<'a> File<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], WeightsError> {
        let (taken, rest) = self
            .0
            .split_at_checked(bytes)
            .ok_or(WeightsError::Wrong("its length"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let taken = self.take(N)?;
        <[u8; N]>::try_from(taken).map_err(|_| WeightsError::Wrong("its length"))
    }

    fn u16(&mut self) -> Result<u16, WeightsError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, WeightsError> {
        self.array().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Result<i32, WeightsError> {
        self.array().map(i32::from_le_bytes)
    }

    fn description(&mut self) -> Result<Description, WeightsError> {
        let length = self.u32()? as usize;
        let json = self.take(length)?;
        let described: Description =
            serde_json::from_slice(json).map_err(|_| WeightsError::Wrong("the description"))?;
        if described.dimensions > MOST_DIMENSIONS {
            return Err(WeightsError::Wrong("the number of dimensions"));
        }
        let found = &described.features;
        let place = (0..COUNT.max(found.len()))
            .find(|&i| found.get(i).map(String::as_str) != NAMES.get(i).copied());
        match place {
            None => Ok(described),
            Some(i) => Err(WeightsError::Features {
                found: found.get(i).cloned().unwrap_or_else(|| "none".to_owned()),
                expected: (*NAMES.get(i).unwrap_or(&"none")).to_owned(),
            }),
        }
    }

    fn grams(&mut self, dimensions: usize) -> Result<Grams, WeightsError> {
        let count = self.u32()?;
        if count > MOST_GRAMS {
            return Err(WeightsError::Wrong("the number of grams"));
        }
        let count = count as usize;
        let hashes = (0..count)
            .map(|_| self.u32())
            .collect::<Result<Vec<_>, _>>()?;
        if !hashes.is_sorted_by(|a, b| a < b) {
            return Err(WeightsError::Wrong("the order of grams"));
        }
        let weights = (0..count)
            .map(|_| self.i32())
            .collect::<Result<Vec<_>, _>>()?;
        let coordinates = self.take(count * dimensions)?;
        let coordinates = coordinates.iter().map(|byte| byte.cast_signed()).collect();
        Ok(Grams::new(&hashes, weights, coordinates, dimensions))
    }

    fn for_each_feature(&mut self) -> Result<[i32; COUNT], WeightsError> {
        let mut values = [0; COUNT];
        for value in &mut values {
            *value = self.i32()?;
        }
        Ok(values)
    }

    fn curve(&mut self) -> Result<Curve, WeightsError> {
        let count = self.u16()?;
        let mut knots = Vec::with_capacity(count.into());
        for _ in 0..count {
            knots.push(Knot {
                margin: self.i32()?,
                height: self.u16()?,
            });
        }
        Curve::new(knots).ok_or(WeightsError::Wrong("a curve"))
    }

    fn forest(&mut self, inputs: usize) -> Result<Forest, WeightsError> {
        let trees = self.u32()?;
        if trees > MOST_TREES {
            return Err(WeightsError::Wrong("the number of trees"));
        }
        let mut forest = Forest::default();
        for _ in 0..trees {
            let count = self.u16()?;
            let mut nodes = Vec::with_capacity(count.into());
            for _ in 0..count {
                nodes.push(Node {
                    input: self.u16()?,
                    threshold: self.i32()?,
                    below: self.u16()?,
                    above: self.u16()?,
                    value: self.i32()?,
                });
            }
            if !forest.plant(nodes, inputs) {
                return Err(WeightsError::Wrong("a tree"));
            }
        }
        Ok(forest)
    }
}
