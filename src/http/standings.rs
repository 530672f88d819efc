//! Where every model stands, row by row, for `/metrics` and `/status`.

use std::time::Instant;

use crate::actors::catalog::World;
use crate::routing::Standing;

/// Every state's name.
pub const STATES: [&str; 4] = ["flowing", "tripped", "probing", "unconfigured"];

/// One model.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who runs it.
    pub provider: String,
    /// Its catalog id.
    pub model: String,
    /// The state's name.
    pub state: &'static str,
    /// What follows, for people; empty while it flows.
    pub outlook: String,
}

/// Every model, in catalog order.
pub fn all(world: &World) -> Vec<Row> {
    let now = Instant::now();
    let models = world.catalog.models().iter();
    models
        .map(|model| {
            let standing = world.live(model, now).standing;
            Row {
                provider: model.provider.to_string(),
                model: model.id.to_string(),
                state: standing.as_str(),
                outlook: outlook(standing),
            }
        })
        .collect()
}

fn outlook(standing: Standing) -> String {
    match standing {
        Standing::Flowing => String::new(),
        Standing::Unconfigured => "its provider has no key here".to_owned(),
        Standing::Tripped(wait) => format!(
            "left alone after failures; a probe goes out in {} s",
            wait.as_secs() + 1
        ),
        Standing::Probing => "one request at a time finds out whether it is well again".to_owned(),
    }
}
