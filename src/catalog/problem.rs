//! What is wrong with a catalog: gathered, so that an operator sees all of it at once.

use std::fmt;
use std::sync::Arc;

/// Problems listed; the rest are counted.
const MOST_LISTED: usize = 50;
/// Characters of a file's own text that a message repeats.
const MOST_QUOTED: usize = 80;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: Arc<str>,
    /// 1-based.
    pub(super) line: usize,
}

/// One thing that is wrong with a catalog file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// The line, 1-based.
    pub line: usize,
    /// The row, such as `model "gpt-4.1"`; empty for the file itself.
    pub row: String,
    /// What is wrong, starting with the key where there is one.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.row.is_empty() {
            write!(f, "{}: ", self.row)?;
        }
        f.write_str(&self.reason)
    }
}

/// A catalog that cannot be used: the operator's files have to be corrected. Printed one problem a
/// line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CatalogError {
    problems: Vec<Problem>,
    unlisted: usize,
}

impl CatalogError {
    /// The problems, in the order in which they were found. At most 50.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        match self.unlisted {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    listed: Vec<Problem>,
    unlisted: usize,
}

impl Problems {
    pub(super) fn add(&mut self, place: &Place, row: &str, reason: impl Into<String>) {
        if self.listed.len() >= MOST_LISTED {
            self.unlisted += 1;
            return;
        }
        self.listed.push(Problem {
            file: place.file.to_string(),
            line: place.line,
            row: row.to_owned(),
            reason: reason.into(),
        });
    }

    /// The error, if anything was wrong.
    pub(super) fn check(&mut self) -> Result<(), CatalogError> {
        if self.listed.is_empty() {
            return Ok(());
        }
        Err(CatalogError {
            problems: std::mem::take(&mut self.listed),
            unlisted: self.unlisted,
        })
    }
}

/// Text from a file, escaped and bounded, for a message.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(MOST_QUOTED) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
