//! Web pages: typed templates over plain views. Pure: whoever serves them gathers what they say.

mod account;
pub mod asset;
mod error;
mod frame;
mod grid;
mod landing;

pub use askama::Template as Page;

pub use account::{Code, Dashboard, Login, Welcome};
pub use error::Trouble;
pub use frame::{Frame, Here, Viewer};
pub use grid::{Cell, Grid, GridRow, Pick};
pub use landing::{FreeModel, Landing, TierRow};
