//! Where every model stands, row by row, for `/metrics` and `/status`.

use std::time::Instant;

use super::state::Shown;
use crate::actors::catalog::World;

/// Every state's name.
pub const STATES: [&str; 4] = ["flowing", "tripped", "probing", "unconfigured"];

/// One model.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who runs it.
    pub provider: String,
    /// Its catalog id.
    pub model: String,
    /// Its state, since when and why.
    pub shown: Shown,
}

/// Every model, in catalog order.
pub fn all(world: &World) -> Vec<Row> {
    let now = Instant::now();
    let models = world.catalog.models().iter();
    models
        .map(|model| Row {
            provider: model.provider.to_string(),
            model: model.id.to_string(),
            shown: Shown::of_model(world, model, now),
        })
        .collect()
}
