//! Facts: every provider and model, their prices, windows and abilities. Pure.

mod ability;
mod age;
pub mod alias;
pub mod diff;
mod field;
mod layer;
pub mod load;
pub mod model;
pub mod price;
mod problem;
mod reader;
mod row;
pub mod suffix;
mod tier;
mod tokenizer;
mod value;

pub use ability::{Abilities, Ability, Trait};
pub use age::Age;
pub use alias::{Target, Unknown, provider_alias};
pub use layer::Layer;
pub use load::Catalog;
pub use model::{
    Dialect, Endpoint, KeyNeed, Model, ModelId, OnDisconnect, Provider, ProviderName, Timeouts,
};
pub use price::{Cost, Price, Rates};
pub use problem::{CatalogError, Problem};
pub use tier::{Prefer, Tier, Weights};
pub use tokenizer::{Encoding, ImageRule, Tokenizer, ToolForm};
