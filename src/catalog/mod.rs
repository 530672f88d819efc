//! Facts: every provider and model, their prices, windows and abilities. Pure.

pub mod alias;
pub mod load;
pub mod model;
pub mod price;

pub use load::{Catalog, CatalogError};
pub use model::{
    Abilities, Ability, Dialect, Endpoint, Model, ModelId, Prefer, Provider, ProviderName, Tier,
    Timeouts, Trait,
};
pub use price::{Cost, Price};
