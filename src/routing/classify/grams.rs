//! Words and pairs of words that the model knows: their weights, and where they stand in a small
//! space of meanings.

/// Bits of the filter: a power of two, about ten times the number of grams.
const FILTER_BITS: usize = 1 << 18;

/// The known grams, found by their hash.
#[derive(Debug, Clone)]
pub struct Grams {
    /// Hash and number from one; open addressing, at most half full.
    slots: Vec<(u32, u32)>,
    /// A bit for every hash, which most unknown grams miss: it is read sooner than the slots.
    filter: Vec<u64>,
    weights: Vec<i32>,
    coordinates: Vec<i8>,
    dimensions: usize,
}

impl Grams {
    /// Lays out the table. `hashes` are distinct; each has its weights and coordinates.
    pub(super) fn new(
        hashes: &[u32],
        weights: Vec<i32>,
        coordinates: Vec<i8>,
        dimensions: usize,
    ) -> Self {
        let mut slots = vec![(0, 0); (2 * hashes.len()).next_power_of_two().max(2)];
        let mut filter = vec![0; FILTER_BITS / 64];
        for (&hash, number) in hashes.iter().zip(1..) {
            let (word, bit) = place(hash);
            filter[word] |= bit;
            let mut slot = hash as usize % slots.len();
            while slots[slot].1 != 0 {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = (hash, number);
        }
        Self {
            slots,
            filter,
            weights,
            coordinates,
            dimensions,
        }
    }

    /// Dimensions of the space.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn find(&self, hash: u32) -> Option<usize> {
        let (word, bit) = place(hash);
        if self.filter[word] & bit == 0 {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            match self.slots[slot] {
                (_, 0) => return None,
                (found, number) if found == hash => return Some(number as usize - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}

/// Where the filter has a hash.
const fn place(hash: u32) -> (usize, u64) {
    // The slots are found by the lower bits.
    let place = (hash >> 14) as usize % FILTER_BITS;
    (place / 64, 1 << (place % 64))
}

/// The grams of one conversation, each counted once.
pub struct Tally<'a> {
    grams: &'a Grams,
    seen: Vec<u64>,
    known: u32,
    weight: i64,
    sums: Vec<i32>,
}

impl<'a> Tally<'a> {
    /// Nothing read yet.
    pub fn new(grams: &'a Grams) -> Self {
        Self {
            grams,
            seen: vec![0; grams.weights.len().div_ceil(64)],
            known: 0,
            weight: 0,
            sums: vec![0; grams.dimensions],
        }
    }

    /// Takes a gram in.
    pub fn add(&mut self, hash: u32) {
        let Some(at) = self.grams.find(hash) else {
            return;
        };
        let mask = 1u64 << (at % 64);
        if self.seen[at / 64] & mask != 0 {
            return;
        }
        self.seen[at / 64] |= mask;
        self.known += 1;
        self.weight += i64::from(self.grams.weights[at]);
        let from = at * self.grams.dimensions;
        let coordinates = &self.grams.coordinates[from..from + self.grams.dimensions];
        for (sum, coordinate) in self.sums.iter_mut().zip(coordinates) {
            *sum += i32::from(*coordinate);
        }
    }

    /// How many known grams there were.
    pub fn known(&self) -> u32 {
        self.known
    }

    /// What they add to the margin: the sum of their weights over the root of their number.
    pub fn margin(&self) -> i64 {
        let root = (u64::from(self.known.max(1)) << 24).isqrt();
        let root = i64::try_from(root).unwrap_or(i64::MAX);
        (self.weight << 12).div_euclid(root)
    }

    /// The direction in the space, each coordinate in thousandths.
    pub fn direction(&self, out: &mut [i32]) {
        let square: i64 = self.sums.iter().map(|&sum| i64::from(sum).pow(2)).sum();
        let length = i64::try_from(square.unsigned_abs().isqrt())
            .unwrap_or(i64::MAX)
            .max(1);
        for (out, &sum) in out.iter_mut().zip(&self.sums) {
            *out = i32::try_from((i64::from(sum) * 1000).div_euclid(length)).unwrap_or(0);
        }
    }
}
