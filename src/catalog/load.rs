//! (being written)
/// placeholder
pub struct Catalog;
/// placeholder
pub struct CatalogError;
