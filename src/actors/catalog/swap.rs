//! What swaps the published snapshot: a reload of catalog and weights, or a catalog that the operator applies.
//! Either takes all of it or changes nothing.

use std::sync::Arc;

use actix::{Context, Handler, Message, MessageResult};

use super::{CatalogKeeper, ReloadError, laid_over};
use crate::actors::overlay::{self, OverlayError};
use crate::actors::statistics::KeepStatistics;
use crate::catalog::{Catalog, CatalogError};

/// Reads the catalog's file and the weights of `auto` again and takes both, or refuses and changes
/// nothing.
#[derive(Message)]
#[rtype(result = "Result<Reloaded, ReloadError>")]
pub struct Reload;

/// What a reload published.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// How many models.
    pub models: usize,
    /// How many providers.
    pub providers: usize,
    /// The price version.
    pub version: String,
    /// The version of the weights.
    pub weights: String,
}

/// Puts a text into the operator's catalog file and swaps the snapshot, or refuses and changes nothing.
/// Answers with the price version.
#[derive(Message)]
#[rtype(result = "Result<String, ApplyError>")]
pub struct Apply {
    /// The TOML of the whole file.
    pub text: String,
    /// The digest that the file had when the text was checked.
    pub before: String,
}

/// Why a catalog was not applied. File and catalog are what they were.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// There is no file to put it into.
    #[error("no catalog file is configured")]
    NoFile,
    /// Its rows are wrong.
    #[error(transparent)]
    Rows(#[from] CatalogError),
    /// The file was not replaced.
    #[error(transparent)]
    File(#[from] OverlayError),
}

impl CatalogKeeper {
    fn reload(&mut self) -> Result<Reloaded, ReloadError> {
        let catalog = self.source.load()?;
        let model = self.weights.read()?;
        let reloaded = Reloaded {
            models: catalog.models().len(),
            providers: catalog.providers().len(),
            version: catalog.version().to_owned(),
            weights: model.version().to_owned(),
        };
        self.publish(catalog);
        self.weights.hand_over(model);
        tracing::info!(
            weights = reloaded.weights,
            "weights of the classifier published"
        );
        Ok(reloaded)
    }

    fn apply(&mut self, apply: Apply) -> Result<String, ApplyError> {
        let path = self.source.overlay.clone().ok_or(ApplyError::NoFile)?;
        let catalog = laid_over(&path.display().to_string(), apply.text.clone())?;
        overlay::replace(&path, &apply.text, &apply.before)?;
        let version = catalog.version().to_owned();
        self.publish(catalog);
        Ok(version)
    }

    /// Builds a checked catalog's snapshot and swaps it in.
    fn publish(&mut self, catalog: Catalog) {
        let world = self.build(catalog);
        tracing::info!(
            models = world.catalog.models().len(),
            version = world.catalog.version(),
            "catalog published"
        );
        self.published.store(Arc::new(world));
        if let Some(archivist) = &self.archivist {
            archivist.do_send(KeepStatistics);
        }
    }
}

impl Handler<Reload> for CatalogKeeper {
    type Result = MessageResult<Reload>;

    fn handle(&mut self, _: Reload, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.reload())
    }
}

impl Handler<Apply> for CatalogKeeper {
    type Result = MessageResult<Apply>;

    fn handle(&mut self, apply: Apply, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.apply(apply))
    }
}
