//! Tier × prefer: who would run now, in every cell.

/// The grid.
pub struct Grid {
    /// The directions: its columns.
    pub prefers: Vec<&'static str>,
    /// The tiers.
    pub rows: Vec<GridRow>,
}

/// One tier.
pub struct GridRow {
    /// Its name.
    pub tier: &'static str,
    /// A cell for each direction.
    pub cells: Vec<Cell>,
}

/// One tier in one direction.
pub struct Cell {
    /// The direction.
    pub prefer: &'static str,
    /// Who would run; `None` when nobody could.
    pub pick: Option<Pick>,
}

/// A model that would run, in words.
pub struct Pick {
    /// Its catalog id.
    pub id: String,
    /// Who runs it.
    pub provider: String,
    /// USD for a million tokens in and out, or that it is free.
    pub price: String,
    /// Expected time to the first token.
    pub first_token: String,
    /// Expected tokens a second.
    pub speed: String,
}
