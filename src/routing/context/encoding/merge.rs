//! How many tokens a piece is, in time linear in its bytes.
//!
//! Byte-pair encoding merges the pair of lowest rank until none is left. The result is the only
//! sequence of tokens of which each two neighbours stay apart when merged on their own, so it can be
//! found from left to right: the longest token that may stand behind the last one, and a step back when
//! there is none. (The method of GitHub's crate `bpe`, MIT.)

use super::table::{NONE, Table};

/// Counts pieces; keeps its memory from one to the next.
pub(super) struct Counter<'a> {
    table: &'a Table,
    tokens: Vec<u32>,
    /// Places of the piece at which no token can begin.
    dead: Vec<bool>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        Self {
            table,
            tokens: Vec::new(),
            dead: Vec::new(),
        }
    }

    /// Tokens of a piece.
    pub(super) fn count(&mut self, piece: &[u8]) -> u64 {
        let mut token = self.table.longest(piece);
        if self.table.len(token) == piece.len() {
            return 1;
        }
        self.tokens.clear();
        self.dead.clear();
        self.dead.resize(piece.len() + 1, false);
        let mut at = 0;
        while let Some(rest) = piece.get(at..).filter(|rest| !rest.is_empty()) {
            if token == NONE {
                token = self.table.longest(rest);
            }
            let fitting = self.fitting(token, at);
            if fitting != NONE {
                self.tokens.push(fitting);
                at += self.table.len(fitting);
                token = NONE;
                continue;
            }
            if let Some(dead) = self.dead.get_mut(at) {
                *dead = true;
            }
            let Some(last) = self.tokens.pop() else {
                return piece.len() as u64;
            };
            at -= self.table.len(last);
            token = last;
        }
        self.tokens.len() as u64
    }

    /// The longest beginning of a token that may stand at a place.
    fn fitting(&self, mut token: u32, at: usize) -> u32 {
        let last = self.tokens.last();
        while token != NONE {
            let end = at + self.table.len(token);
            let is_open = self.dead.get(end) == Some(&false);
            if is_open && last.is_none_or(|last| stay_apart(self.table, *last, token)) {
                break;
            }
            token = self.table.prefix(token);
        }
        token
    }
}

/// Whether two neighbours stay what they are: undoes their merges, the latest first, and looks whether a
/// merge across the border would have come earlier.
fn stay_apart(table: &Table, mut left: u32, mut right: u32) -> bool {
    // What was undone last: later merges across the border do not matter.
    let mut limit = NONE;
    loop {
        if table.pair(left, right).is_some_and(|merged| merged < limit) {
            return false;
        }
        let (left_half, right_half) = (table.halves(left).1, table.halves(right).0);
        let (left_whole, right_whole) = (left_half == left, right_half == right);
        if left_whole && right_whole {
            return true;
        }
        if right_whole || (left > right && !left_whole) {
            limit = left;
            left = left_half;
        } else {
            limit = right + 1;
            right = right_half;
        }
    }
}
