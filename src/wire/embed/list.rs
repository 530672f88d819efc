//! The answer to an embeddings request, in OpenAI's shape, written piece by piece.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::catalog::Model;
use crate::ids::GenerationId;
use crate::money::Picodollars;
use crate::usage::Usage;

use super::super::json;
use super::Format;

/// As long as a piece becomes before it is handed over.
const PIECE_BYTES: usize = 64 << 10;

/// The pieces of the body. Each vector is given up when it has been written.
#[derive(Debug)]
pub struct List {
    head: Option<String>,
    vectors: std::iter::Enumerate<std::vec::IntoIter<Vec<f32>>>,
    format: Format,
    tail: Option<String>,
}

impl List {
    /// The body for vectors in the order of their inputs. The model is the one that really ran;
    /// `cost` is what was charged.
    pub fn new(
        id: GenerationId,
        model: &Model,
        vectors: Vec<Vec<f32>>,
        format: Format,
        usage: &Usage,
        cost: Picodollars,
    ) -> Self {
        let mut head = format!(r#"{{"object":"list","id":"{id}","model":"#);
        json::push_string(&mut head, model.id.as_str());
        head.push_str(r#","provider":"#);
        json::push_string(&mut head, model.provider.as_str());
        head.push_str(r#","data":["#);
        let estimated = if usage.estimated {
            r#","estimated":true"#
        } else {
            ""
        };
        let tail = format!(
            r#"],"usage":{{"prompt_tokens":{tokens},"total_tokens":{tokens},"cost":{cost}{estimated}}}}}"#,
            tokens = usage.prompt_tokens,
        );
        Self {
            head: Some(head),
            vectors: vectors.into_iter().enumerate(),
            format,
            tail: Some(tail),
        }
    }
}

impl Iterator for List {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        self.tail.as_ref()?;
        let mut piece = self.head.take().unwrap_or_default();
        while piece.len() < PIECE_BYTES {
            match self.vectors.next() {
                Some((index, vector)) => item(&mut piece, index, &vector, self.format),
                None => {
                    piece.push_str(&self.tail.take().unwrap_or_default());
                    break;
                }
            }
        }
        Some(Bytes::from(piece))
    }
}

fn item(out: &mut String, index: usize, vector: &[f32], format: Format) {
    if index > 0 {
        out.push(',');
    }
    let _ = write!(
        out,
        r#"{{"object":"embedding","index":{index},"embedding":"#
    );
    match format {
        Format::Float => numbers(out, vector),
        Format::Base64 => {
            let bytes: Vec<u8> = vector.iter().copied().flat_map(f32::to_le_bytes).collect();
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.push('"');
        }
    }
    out.push('}');
}

/// Numbers with all digits of their 64-bit value, as OpenAI writes them: readers of 64 and of 32
/// bits both get exactly what base64 says.
fn numbers(out: &mut String, vector: &[f32]) {
    out.push('[');
    for (at, number) in vector.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let _ = write!(out, "{:?}", f64::from(*number));
    }
    out.push(']');
}
