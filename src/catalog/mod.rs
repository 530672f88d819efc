//! Facts: every provider and model, their prices, windows and abilities. Pure.

pub mod alias;
mod field;
mod layer;
pub mod load;
pub mod model;
pub mod price;
mod problem;
mod reader;
mod row;
mod value;

pub use alias::{Target, Unknown, provider_alias};
pub use layer::Layer;
pub use load::Catalog;
pub use model::{
    Abilities, Ability, Dialect, Endpoint, KeyNeed, Model, ModelId, OnDisconnect, Prefer, Provider,
    ProviderName, Tier, Timeouts, Trait, Weights,
};
pub use price::{Cost, Price};
pub use problem::{CatalogError, Problem};
