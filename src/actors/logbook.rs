//! What came of attempts and when something was left alone, shared by the providers' actors, who
//! write it, and the status page. Locked for one note or one look, never while awaiting.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::breaker::{Reason, State, Status};
use super::clock::now_ms;
use crate::catalog::{ModelId, ProviderName};
use crate::routing::Ended;
use crate::routing::uptime::{Kept, Row, Uptime};
use crate::store::{Db, HistoryKey, StoreError, keep_history, read_history};

/// The history of attempts.
#[derive(Default)]
pub struct Logbook(Mutex<Uptime>);

impl Logbook {
    /// Reads what earlier runs have written.
    pub fn read(db: &Db) -> Result<Self, StoreError> {
        let rows = read_history::<Kept>(db)?.into_iter();
        let rows = rows.filter_map(|(key, kept)| Some((row(key)?, kept)));
        Ok(Self(Mutex::new(Uptime::restore(rows, now_ms()))))
    }

    /// What is told.
    pub fn uptime(&self) -> MutexGuard<'_, Uptime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of how an attempt ended.
    pub fn note(&self, provider: &ProviderName, model: &ModelId, ended: Ended) {
        self.uptime().record(provider, model, ended, now_ms());
    }

    /// Takes note of a change of state. What rests flows again by itself, and is no outage.
    pub fn note_change(&self, provider: &ProviderName, model: &str, before: State, after: Status) {
        match (is_down(before), is_down(after.state)) {
            (false, true) => {
                let reason = after.reason.map_or("", Reason::as_str);
                self.uptime().begin(provider, model, reason, now_ms());
            }
            (true, false) => self.uptime().recover(provider, model, now_ms()),
            (true, true) | (false, false) => {}
        }
    }

    /// Writes what has changed.
    pub fn write(&self, db: &Db) -> Result<(), StoreError> {
        let changes = self.uptime().take_changes(now_ms());
        keep_history(db, changes.into_iter().map(|(row, kept)| (key(row), kept)))
    }
}

const fn is_down(state: State) -> bool {
    match state {
        State::Tripped { .. } | State::Probing => true,
        State::Flowing | State::Resting { .. } => false,
    }
}

fn key(row: Row) -> HistoryKey {
    let (kind, at, name) = match row {
        Row::Day(day, provider) => (b'd', day, provider),
        Row::Hour(hour, model) => (b'h', hour, model),
        Row::Outage(begun_ms, subject) => (b'o', begun_ms, subject),
    };
    HistoryKey { kind, at, name }
}

fn row(key: HistoryKey) -> Option<Row> {
    let HistoryKey { kind, at, name } = key;
    match kind {
        b'd' => Some(Row::Day(at, name)),
        b'h' => Some(Row::Hour(at, name)),
        b'o' => Some(Row::Outage(at, name)),
        _ => None,
    }
}
