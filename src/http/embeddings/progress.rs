//! What one host has given of a request's vectors. It is kept when the host is asked again, and dropped
//! when another one is.

use std::sync::Arc;
use std::time::Instant;

use super::super::ApiError;
use crate::catalog::Model;
use crate::wire::embed::Vectors;
use crate::wire::{Fault, FaultClass, Warning};

/// All vectors of a request.
#[derive(Debug)]
pub struct Success {
    /// Who made them.
    pub model: Arc<Model>,
    /// In the order of the inputs.
    pub vectors: Vec<Vec<f32>>,
    /// Input tokens.
    pub tokens: u64,
    /// Some of the tokens were counted by us.
    pub estimated: bool,
    /// What was left out of the request for this host.
    pub warnings: Vec<Warning>,
    /// When the last attempt went upstream.
    pub dispatched: Instant,
    /// When its last vector came.
    pub answered: Instant,
}

/// What one host has given so far.
pub struct Progress {
    model: Arc<Model>,
    vectors: Vec<Option<Vec<f32>>>,
    tokens: u64,
    estimated: bool,
}

/// A call that failed.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub fault: Fault,
    /// What it was to embed.
    pub inputs: Box<[usize]>,
}

impl Progress {
    /// Nothing yet.
    pub fn new(model: &Arc<Model>, inputs: usize) -> Self {
        Self {
            model: Arc::clone(model),
            vectors: vec![None; inputs],
            tokens: 0,
            estimated: false,
        }
    }

    /// Who makes the vectors.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The inputs that have no vector yet.
    pub fn pending(&self) -> Vec<usize> {
        let missing = self.vectors.iter().enumerate();
        missing
            .filter(|(_, vector)| vector.is_none())
            .map(|(index, _)| index)
            .collect()
    }

    /// Keeps what a call gave. `estimates` stand in for a count that the provider left out.
    pub fn take(
        &mut self,
        inputs: Vec<usize>,
        given: Vectors,
        estimates: &[u64],
    ) -> Result<(), Failed> {
        let known = self.vectors.iter().flatten().next();
        if known.is_some_and(|vector| vector.len() != given.size()) {
            let message = "the provider's vectors differ in length";
            let fault = Fault::ours(FaultClass::Malformed, message);
            let inputs = inputs.into();
            return Err(Failed { fault, inputs });
        }
        let estimated = || {
            let tokens = inputs.iter().filter_map(|index| estimates.get(*index));
            tokens.sum::<u64>()
        };
        self.estimated |= given.tokens.is_none();
        self.tokens = self
            .tokens
            .saturating_add(given.tokens.unwrap_or_else(estimated));
        for (index, vector) in inputs.into_iter().zip(given.vectors) {
            if let Some(place) = self.vectors.get_mut(index) {
                *place = Some(vector);
            }
        }
        Ok(())
    }

    /// All of them, when none is missing.
    pub fn success(self, warnings: Vec<Warning>, dispatched: Instant) -> Result<Success, ApiError> {
        let vectors: Option<Vec<Vec<f32>>> = self.vectors.into_iter().collect();
        Ok(Success {
            model: self.model,
            vectors: vectors.ok_or_else(|| ApiError::internal("an input has no vector"))?,
            tokens: self.tokens,
            estimated: self.estimated,
            warnings,
            dispatched,
            answered: Instant::now(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Catalog, Layer};

    fn given(numbers: usize, tokens: Option<u64>) -> Vectors {
        Vectors {
            vectors: vec![vec![1.0; numbers]],
            tokens,
        }
    }

    #[test]
    fn what_came_is_kept_and_uncounted_tokens_are_estimated() {
        let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
        let mut progress = Progress::new(&catalog.models()[0], 3);
        let estimates = [10, 20, 30];
        assert!(
            progress
                .take(vec![2], given(4, Some(7)), &estimates)
                .is_ok()
        );
        assert_eq!(progress.pending(), [0, 1]);
        let odd = progress.take(vec![0], given(5, Some(1)), &estimates);
        assert_eq!(odd.unwrap_err().fault.class, FaultClass::Malformed);
        assert_eq!(progress.pending(), [0, 1]);
        assert!(progress.take(vec![1], given(4, None), &estimates).is_ok());
        assert!(
            progress
                .take(vec![0], given(4, Some(1)), &estimates)
                .is_ok()
        );
        let success = progress.success(Vec::new(), Instant::now()).unwrap();
        assert_eq!((success.tokens, success.estimated), (28, true));
        assert_eq!(success.vectors.len(), 3);
    }
}
