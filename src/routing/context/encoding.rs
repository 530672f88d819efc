//! Exact token counts in the public encodings.
//!
//! Only counted, never decoded: a count needs less than half of what a tokenizer needs. The tables of an
//! encoding are laid out when its first text is counted, and stay: 12 MiB of memory for o200k_base, 9 MiB for
//! cl100k_base.

mod class;
mod merge;
mod split;
mod table;

use std::sync::LazyLock;

use self::class::Classes;
use self::merge::Counter;
use self::table::Table;
use crate::catalog::Encoding;

static CLASSES: LazyLock<Classes> = LazyLock::new(Classes::load);
static O200K: LazyLock<Table> = LazyLock::new(|| Table::load(O200K_FILE));
static CL100K: LazyLock<Table> = LazyLock::new(|| Table::load(CL100K_FILE));

const O200K_FILE: &[u8] = include_bytes!("../../../data/encodings/o200k_base.bin");
const CL100K_FILE: &[u8] = include_bytes!("../../../data/encodings/cl100k_base.bin");

/// Tokens of a text, exactly.
pub fn count(encoding: Encoding, text: &str) -> u64 {
    let mut counter = Counter::new(table(encoding));
    let pieces = split::pieces(encoding, &CLASSES, text);
    pieces.map(|piece| counter.count(piece.as_bytes())).sum()
}

/// Lays out an encoding's tables now, so that no request has to wait for it.
pub fn warm(encoding: Encoding) {
    count(encoding, "");
}

fn table(encoding: Encoding) -> &'static Table {
    match encoding {
        Encoding::O200k => &O200K,
        Encoding::Cl100k => &CL100K,
    }
}

/// A text in blocks of at most `most` bytes, cut where its encoding is cut as well if possible:
/// before a single space with a letter behind it.
pub(super) fn blocks(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (block, left) = rest.split_at(cut(rest, most));
        rest = left;
        Some(block)
    })
}

fn cut(text: &str, most: usize) -> usize {
    if text.len() <= most {
        return text.len();
    }
    let end = text.floor_char_boundary(most.max(4));
    let bytes = text.as_bytes();
    let is_clean = |at: &usize| match bytes.get(at - 1..at + 2) {
        Some([before, b' ', after]) => !before.is_ascii_whitespace() && after.is_ascii_alphabetic(),
        Some(_) | None => false,
    };
    (end - end / 4..end).rev().find(is_clean).unwrap_or(end)
}

#[cfg(test)]
mod tests;
