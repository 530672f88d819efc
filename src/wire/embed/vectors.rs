//! Vectors as 32-bit floats: read from numbers or base64, checked, cut.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::fault::{Fault, FaultClass};
use super::super::json::{self, Kind};
use super::calls::malformed;

/// What one call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    /// One vector for each input, all of the same length.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens as the provider counted them.
    pub tokens: Option<u64>,
}

impl Vectors {
    /// Vectors that are finite and of one length. A count of no tokens is none.
    pub(super) fn new(vectors: Vec<Vec<f32>>, tokens: Option<u64>) -> Result<Self, Fault> {
        let size = vectors.first().map_or(0, Vec::len);
        if size == 0 {
            return Err(Fault::ours(
                FaultClass::Empty,
                "the provider sent an empty vector",
            ));
        }
        if vectors.iter().any(|vector| vector.len() != size) {
            return Err(malformed(&"they differ in length"));
        }
        if vectors.iter().flatten().any(|number| !number.is_finite()) {
            return Err(malformed(&"a number is not finite"));
        }
        Ok(Self {
            vectors,
            tokens: tokens.filter(|count| *count > 0),
        })
    }

    /// The length of the vectors.
    pub fn size(&self) -> usize {
        self.vectors.first().map_or(0, Vec::len)
    }

    /// Fails unless the vectors have the length that was asked for.
    pub(super) fn expect_size(&self, size: u32) -> Result<(), Fault> {
        if self.size() == size as usize {
            return Ok(());
        }
        let (got, size) = (self.size(), size.to_string());
        Err(malformed(&format_args!(
            "{size} dimensions were asked for, {got} came"
        )))
    }

    /// Keeps the first `size` numbers of each vector and brings it to length one again.
    pub(super) fn cut(&mut self, size: u32) -> Result<(), Fault> {
        if self.size() < size as usize {
            return self.expect_size(size);
        }
        for vector in &mut self.vectors {
            vector.truncate(size as usize);
            normalise(vector)?;
        }
        Ok(())
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a vector's numbers have 32 bits"
)]
fn normalise(vector: &mut [f32]) -> Result<(), Fault> {
    let squares = vector.iter().map(|x| f64::from(*x) * f64::from(*x));
    let length = squares.sum::<f64>().sqrt();
    if length == 0.0 {
        return Err(malformed(&"nothing is left of a vector that was cut"));
    }
    for number in vector {
        *number = (f64::from(*number) / length) as f32;
    }
    Ok(())
}

/// Reads one vector: an array of numbers, or little-endian floats in base64.
pub(super) fn read(raw: &str) -> Result<Vec<f32>, Fault> {
    match Kind::of(raw) {
        Kind::Array => numbers(raw),
        Kind::String => floats(&json::string(raw).unwrap_or_default()),
        Kind::Null | Kind::Bool | Kind::Number | Kind::Object => {
            Err(malformed(&"a vector is neither an array nor a string"))
        }
    }
}

/// The text is JSON, so what stands between commas is a number or refused. Each is rounded once,
/// from its decimal digits to 32 bits.
fn numbers(raw: &str) -> Result<Vec<f32>, Fault> {
    let inner = raw
        .strip_prefix('[')
        .and_then(|raw| raw.strip_suffix(']'))
        .unwrap_or_default();
    if inner.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let number = |text: &str| {
        text.trim_ascii()
            .parse::<f32>()
            .map_err(|_| malformed(&"a vector holds something that is no number"))
    };
    inner.split(',').map(number).collect()
}

fn floats(text: &str) -> Result<Vec<f32>, Fault> {
    let bytes = STANDARD.decode(text).map_err(|error| malformed(&error))?;
    let (chunks, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(malformed(&"a base64 vector is not made of 32-bit floats"));
    }
    Ok(chunks.iter().copied().map(f32::from_le_bytes).collect())
}
