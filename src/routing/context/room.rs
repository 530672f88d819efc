//! The least room that some models have, kept where they are kept, so that a request need not ask each of them.

use std::sync::Arc;

use super::{Limits, Need};
use crate::catalog::{Encoding, Model, Tokenizer};
use crate::routing::ask::Spend;

/// What is to be known of some models before a prompt is counted for them.
#[derive(Debug, Default)]
pub struct Rooms {
    /// Those that cost nothing, by how they count.
    free: Vec<Room>,
    /// How many cost something.
    paid: usize,
    /// Whether a model counts in each of [`Encoding::ALL`].
    encodings: [bool; Encoding::ALL.len()],
}

/// The least that models which count alike have room for.
#[derive(Debug)]
struct Room {
    tokenizer: Arc<Tokenizer>,
    limits: Limits,
    /// The longest answer that is expected of one of them, in tokens.
    expected_output: u64,
}

impl Rooms {
    /// Looks through models. `expected_output` is what is learned of a model's answers, in tokens.
    pub fn of(models: &[Arc<Model>], expected_output: &dyn Fn(&Model) -> u64) -> Self {
        let mut rooms = Self::default();
        for model in models {
            rooms.encodings[model.tokenizer.encoding as usize] = true;
            if model.free {
                rooms.add(model, expected_output(model));
            } else {
                rooms.paid += 1;
            }
        }
        rooms
    }

    fn add(&mut self, model: &Model, expected_output: u64) {
        let limits = Limits::of(model);
        let counts_so = |room: &&mut Room| {
            Arc::ptr_eq(&room.tokenizer, &model.tokenizer) || room.tokenizer == model.tokenizer
        };
        match self.free.iter_mut().find(counts_so) {
            Some(room) => {
                room.limits = room.limits.strictest(limits);
                room.expected_output = room.expected_output.max(expected_output);
            }
            None => self.free.push(Room {
                tokenizer: Arc::clone(&model.tokenizer),
                limits,
                expected_output,
            }),
        }
    }

    /// Whether none but free models can serve, and a request fits every one of them.
    pub fn are_free_and_fit(&self, need: &Need, spend: Spend) -> bool {
        let free = match spend {
            Spend::FreeOnly => true,
            Spend::Any => self.paid == 0,
        };
        let fits =
            |room: &Room| need.fits_within(&room.tokenizer, room.limits, room.expected_output);
        free && self.free.iter().all(fits)
    }

    /// The encodings that the models count in.
    pub fn encodings(&self) -> impl Iterator<Item = Encoding> {
        let used = |encoding: &Encoding| self.encodings[*encoding as usize];
        Encoding::ALL.into_iter().filter(used)
    }
}
