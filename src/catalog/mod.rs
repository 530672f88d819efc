//! Facts: every provider and model, their prices, windows and abilities. Pure.

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
mod tokenizer;
mod value;

pub use age::Age;
pub use alias::{Target, Unknown, provider_alias};
pub use layer::Layer;
pub use load::Catalog;
pub use model::{
    Abilities, Ability, Dialect, Endpoint, KeyNeed, Model, ModelId, OnDisconnect, Prefer, Provider,
    ProviderName, Tier, Timeouts, Trait, Weights,
};
pub use price::{Cost, Price, Rates};
pub use problem::{CatalogError, Problem};
pub use tokenizer::{Encoding, ImageRule, Tokenizer, ToolForm};
