//! Web pages: typed templates over plain views. Pure: whoever serves them gathers what they say.

mod account;
pub mod admin;
pub mod asset;
pub mod chart;
pub mod columns;
pub mod dashboard;
pub mod docs;
mod error;
mod frame;
mod grid;
mod landing;
mod models;
mod panel;
mod playground;
pub mod reference;
pub mod sample;
mod status;
mod typed;
pub mod words;

pub use askama::Template as Page;

pub use account::{Code, Login, Welcome};
pub use chart::{Chart, Period};
pub use columns::{Amount, Columns};
pub use error::Trouble;
pub use frame::{Frame, Here, Viewer};
pub use grid::{Cell, Grid, GridRow, Pick};
pub use landing::{FreeModel, Landing, TierRow};
pub use models::{Choice, Column, ModelPage, ModelRow, Models, Wanted};
pub use panel::Panel;
pub use playground::{Playground, Side};
pub use status::{Incident, ProviderRow, SickModel, Status};
pub use typed::Typed;
