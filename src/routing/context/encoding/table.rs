//! The tokens of an encoding, laid out for finding the longest one and for undoing merges.
//!
//! A data file holds the 256 bytes in the order of their ranks, the number of nodes, and of every
//! further token the two that it is merged from, in the order of ranks. A trie of all tokens is one
//! hash table of (node, byte).

/// No token, no node.
pub(super) const NONE: u32 = u32::MAX;
/// Bytes of the file before the merges.
const HEAD: usize = 256 + 4;
/// Knuth's multiplier: 2^64 ÷ the golden ratio.
const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;

/// An encoding's tokens.
#[derive(Debug)]
pub(super) struct Table {
    /// Of (node, byte) the next node: key in the upper half, node in the lower; `u64::MAX` is free.
    edges: Vec<u64>,
    /// The token that ends at a node.
    ends: Vec<u32>,
    /// The two tokens that a token is merged from; a byte's are itself.
    halves: Vec<(u32, u32)>,
    /// The longest token that a token begins with.
    prefixes: Vec<u32>,
    lengths: Vec<u8>,
    /// Tokens by the two that they are merged from.
    pairs: Vec<u32>,
}

impl Table {
    /// Lays out the tokens of a data file.
    pub(super) fn load(file: &[u8]) -> Self {
        let (head, merges) = file.split_at(HEAD.min(file.len()));
        let count = head.get(256..).and_then(|count| count.try_into().ok());
        let nodes = u32::from_le_bytes(count.unwrap_or_default()) as usize;
        let tokens = 256 + merges.len() / 6;
        let mut build = Build::new(nodes, tokens);
        for byte in head.iter().take(256) {
            build.byte(*byte);
        }
        let (merges, _) = merges.as_chunks::<6>();
        for [a, b, c, x, y, z] in merges {
            let left = u32::from_le_bytes([*a, *b, *c, 0]);
            let right = u32::from_le_bytes([*x, *y, *z, 0]);
            build.merge(left, right);
        }
        build.finish()
    }

    /// The longest token that a text begins with.
    #[inline]
    pub(super) fn longest(&self, text: &[u8]) -> u32 {
        let (mut node, mut found) = (0, NONE);
        for byte in text {
            node = edge(&self.edges, node, *byte).unwrap_or(NONE);
            if node == NONE {
                break;
            }
            match get(&self.ends, node) {
                NONE => {}
                token => found = token,
            }
        }
        found
    }

    /// The longest token that a token begins with, itself excepted.
    pub(super) fn prefix(&self, token: u32) -> u32 {
        get(&self.prefixes, token)
    }

    /// Bytes of a token.
    pub(super) fn len(&self, token: u32) -> usize {
        usize::from(self.lengths.get(token as usize).copied().unwrap_or(1))
    }

    /// The two tokens that a token is merged from; a byte's are itself.
    pub(super) fn halves(&self, token: u32) -> (u32, u32) {
        let halves = self.halves.get(token as usize);
        halves.copied().unwrap_or((token, token))
    }

    /// The token that two are merged to.
    pub(super) fn pair(&self, left: u32, right: u32) -> Option<u32> {
        let mut at = place(pair_key(left, right), self.pairs.len());
        loop {
            let token = *self.pairs.get(at)?;
            if token == NONE || self.halves(token) == (left, right) {
                return (token != NONE).then_some(token);
            }
            at = next(at, self.pairs.len());
        }
    }
}

/// A table that is being laid out.
struct Build {
    table: Table,
    /// Nodes above nodes, and nodes at which tokens end.
    parents: Vec<u32>,
    nodes: Vec<u32>,
    /// The bytes of all tokens, and where each begins.
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl Build {
    fn new(nodes: usize, tokens: usize) -> Self {
        let mut ends = Vec::with_capacity(nodes);
        ends.push(NONE);
        let table = Table {
            edges: vec![u64::MAX; nodes * 3 / 2],
            ends,
            halves: Vec::with_capacity(tokens),
            prefixes: Vec::with_capacity(tokens),
            lengths: Vec::with_capacity(tokens),
            pairs: vec![NONE; tokens * 3 / 2],
        };
        Self {
            table,
            parents: vec![NONE],
            nodes: Vec::with_capacity(tokens),
            bytes: Vec::new(),
            starts: Vec::with_capacity(tokens),
        }
    }

    fn byte(&mut self, byte: u8) {
        let token = small(self.nodes.len());
        self.starts.push(small(self.bytes.len()));
        self.bytes.push(byte);
        let node = self.child(0, byte);
        self.end(node, (token, token), 1);
    }

    fn merge(&mut self, left: u32, right: u32) {
        let token = small(self.nodes.len());
        let start = self.bytes.len();
        let mut node = get(&self.nodes, left);
        for half in [left, right] {
            let from = get(&self.starts, half) as usize;
            let until = from + self.table.len(half);
            if until > start {
                return; // halves come before what they are merged to
            }
            self.bytes.extend_from_within(from..until);
        }
        for at in start + self.table.len(left)..self.bytes.len() {
            let byte = self.bytes.get(at).copied().unwrap_or_default();
            node = self.child(node, byte);
        }
        self.starts.push(small(start));
        self.end(node, (left, right), self.bytes.len() - start);
        let mut at = place(pair_key(left, right), self.table.pairs.len());
        while get(&self.table.pairs, small(at)) != NONE {
            at = next(at, self.table.pairs.len());
        }
        if let Some(slot) = self.table.pairs.get_mut(at) {
            *slot = token;
        }
    }

    fn end(&mut self, node: u32, halves: (u32, u32), len: usize) {
        if let Some(end) = self.table.ends.get_mut(node as usize) {
            *end = small(self.nodes.len());
        }
        self.nodes.push(node);
        self.table.halves.push(halves);
        let len = u8::try_from(len).unwrap_or(u8::MAX);
        self.table.lengths.push(len);
    }

    /// The node behind a node and a byte, made if there is none yet.
    fn child(&mut self, node: u32, byte: u8) -> u32 {
        let free = match edge(&self.table.edges, node, byte) {
            Ok(child) => return child,
            Err(free) => free,
        };
        let child = small(self.table.ends.len());
        if let Some(slot) = self.table.edges.get_mut(free) {
            *slot = edge_key(node, byte) << 32 | u64::from(child);
        }
        self.table.ends.push(NONE);
        self.parents.push(node);
        child
    }

    fn finish(mut self) -> Table {
        for node in &self.nodes {
            let mut above = get(&self.parents, *node);
            while above != NONE && get(&self.table.ends, above) == NONE {
                above = get(&self.parents, above);
            }
            self.table.prefixes.push(get(&self.table.ends, above));
        }
        self.table
    }
}

/// The node behind a node and a byte, else the free place where it would be.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the lower half of a slot is the node"
)]
fn edge(edges: &[u64], node: u32, byte: u8) -> Result<u32, usize> {
    let key = edge_key(node, byte);
    let mut at = place(key, edges.len());
    loop {
        match edges.get(at) {
            Some(&slot) if slot >> 32 == key => return Ok(slot as u32),
            Some(&u64::MAX) | None => return Err(at),
            Some(_) => at = next(at, edges.len()),
        }
    }
}

fn edge_key(node: u32, byte: u8) -> u64 {
    u64::from(node) << 8 | u64::from(byte)
}

fn pair_key(left: u32, right: u32) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

/// A key's place in a hash table of so many places.
#[inline]
fn place(key: u64, places: usize) -> usize {
    let scattered = u128::from(key.wrapping_mul(SCATTER)) * places as u128;
    usize::try_from(scattered >> 64).unwrap_or(0)
}

#[inline]
fn next(at: usize, places: usize) -> usize {
    if at + 1 < places { at + 1 } else { 0 }
}

#[inline]
fn get(values: &[u32], at: u32) -> u32 {
    values.get(at as usize).copied().unwrap_or(NONE)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}
