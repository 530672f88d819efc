//! The generations that ended last, so that a repeated message changes nothing.

use std::collections::VecDeque;

use super::settle::Settled;
use crate::ids::{GenerationId, IdMap};

/// How many are remembered. A message is repeated within a request's life, not 30,000 later; one
/// that is older finds no hold and changes nothing either.
const MOST: usize = 1 << 15;

/// How a generation ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// Charged.
    Settled(Settled),
    /// Its hold was given back, or there was none.
    Unpaid,
}

/// The last generations that ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    ends: IdMap<GenerationId, End>,
    order: VecDeque<GenerationId>,
}

impl Ended {
    pub(super) fn get(&self, generation: GenerationId) -> Option<End> {
        self.ends.get(&generation).copied()
    }

    pub(super) fn insert(&mut self, generation: GenerationId, end: End) {
        if self.ends.insert(generation, end).is_some() {
            return;
        }
        self.order.push_back(generation);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.ends.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let mut ended = Ended::default();
        let first = GenerationId::new();
        ended.insert(first, End::Unpaid);
        ended.insert(first, End::Unpaid);
        for _ in 1..MOST {
            ended.insert(GenerationId::new(), End::Unpaid);
        }
        assert!(ended.get(first).is_some());
        ended.insert(GenerationId::new(), End::Unpaid);
        assert!(ended.get(first).is_none());
        assert_eq!((ended.ends.len(), ended.order.len()), (MOST, MOST));
    }
}
