//! Takes a row's keys one by one, says what is wrong with each, and finds the keys nobody asked for.

use super::layer::Row;
use super::problem::{Place, Problems, quote};
use super::value::{Cell, Table, Value};

/// Reads one table: a row, or a table inside one.
pub(super) struct Reader<'a> {
    label: &'a str,
    /// Keys of the tables around this one, with a dot after each.
    prefix: String,
    place: &'a Place,
    cells: &'a Table,
    asked: Vec<&'static str>,
    problems: &'a mut Problems,
}

impl<'a> Reader<'a> {
    pub(super) fn of_row(row: &'a Row, problems: &'a mut Problems) -> Self {
        Self::new(&row.label, String::new(), &row.place, &row.cells, problems)
    }

    fn new(
        label: &'a str,
        prefix: String,
        place: &'a Place,
        cells: &'a Table,
        problems: &'a mut Problems,
    ) -> Self {
        Self {
            label,
            prefix,
            place,
            cells,
            asked: Vec::new(),
            problems,
        }
    }

    /// The key's value; `None` when it is not there or wrong, which is then a problem.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        self.asked.push(key);
        match read(&self.cells.get(key)?.value) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.problem(key, &reason);
                None
            }
        }
    }

    /// As [`Reader::optional`], for a key that has to be there.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if !self.has(key) {
            self.problem(key, "missing");
        }
        self.optional(key, read)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.cells.contains_key(key)
    }

    /// Reads a table inside this one.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        self.asked.push(key);
        let cell = self.cells.get(key)?;
        let prefix = format!("{}{key}.", self.prefix);
        read_table(self.label, prefix, cell, self.problems, read)
    }

    /// Reads a list of tables inside this one. `None` when one of them is wrong.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.asked.push(key);
        let Some(cell) = self.cells.get(key) else {
            return Some(Vec::new());
        };
        let Value::List(list) = &cell.value else {
            self.problem(key, "not a list of tables");
            return None;
        };
        let read_one = |cell| {
            let prefix = format!("{}{key}.", self.prefix);
            read_table(self.label, prefix, cell, self.problems, &read)
        };
        let all: Vec<Option<T>> = list.iter().map(read_one).collect();
        all.into_iter().collect()
    }

    /// Reports a problem with a key, or with the whole table when the key is not there.
    pub(super) fn problem(&mut self, key: &str, reason: &str) {
        let place = self.cells.get(key).map_or(self.place, |cell| &cell.place);
        let reason = format!("{}{key}: {reason}", self.prefix);
        self.problems.add(place, self.label, reason);
    }

    /// Reports the keys that were not asked for.
    pub(super) fn finish(self) {
        for (key, cell) in self.cells {
            if !self.asked.contains(&key.as_str()) {
                let key = quote(key);
                let reason = format!("{}{}: unknown key", self.prefix, key.trim_matches('"'));
                self.problems.add(&cell.place, self.label, reason);
            }
        }
    }
}

/// Reads a table; `prefix` holds the keys around it, with a dot after each.
pub(super) fn read_table<T>(
    label: &str,
    prefix: String,
    cell: &Cell,
    problems: &mut Problems,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Option<T> {
    let Value::Table(table) = &cell.value else {
        let key = prefix.trim_end_matches('.');
        problems.add(&cell.place, label, format!("{key}: not a table"));
        return None;
    };
    let mut reader = Reader::new(label, prefix, &cell.place, table, problems);
    let value = read(&mut reader);
    reader.finish();
    value
}
