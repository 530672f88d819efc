//! TOML values that remember where they stand, so that a message can name file and line.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problems};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// Values by key.
pub(super) type Table = BTreeMap<String, Cell>;

/// A TOML value, as far as a catalog uses them.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    Date(time::Date),
    List(Vec<Cell>),
    Table(Table),
    /// A time of day, or a number out of range.
    Unusable,
}

/// Reads a file's text. Syntax errors are reported, one a line; then there is no table.
pub(super) fn parse(file: &Arc<str>, text: &str, problems: &mut Problems) -> Option<Table> {
    let lines = Lines::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut last_line = 0;
    for error in &errors {
        let place = lines.place(error.span().map_or(0, |span| span.start));
        // What follows an error on its line is mostly an echo of it.
        if place.line != last_line {
            problems.add(&place, "", error.message());
            last_line = place.line;
        }
    }
    errors.is_empty().then(|| lines.table(table.into_inner()))
}

/// Finds the line of a byte offset.
struct Lines<'a> {
    file: &'a Arc<str>,
    /// The offset of each line's first byte, ascending.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a Arc<str>, text: &str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(index, _)| index + 1);
        Self {
            file,
            starts: std::iter::once(0).chain(after_breaks).collect(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        Place {
            file: Arc::clone(self.file),
            line: self.starts.partition_point(|start| *start <= offset),
        }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let entry = |(key, value): (Spanned<_>, _)| {
            let place = self.place(key.span().start);
            let value = self.value(value);
            (String::from(key.into_inner()), Cell { place, value })
        };
        table.into_iter().map(entry).collect()
    }

    fn cell(&self, value: Spanned<DeValue<'_>>) -> Cell {
        Cell {
            place: self.place(value.span().start),
            value: self.value(value),
        }
    }

    fn value(&self, value: Spanned<DeValue<'_>>) -> Value {
        match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map_or(Value::Unusable, Value::Integer),
            DeValue::Float(float) => float.as_str().parse().map_or(Value::Unusable, Value::Float),
            DeValue::Boolean(flag) => Value::Flag(flag),
            DeValue::Datetime(when) => date(when).map_or(Value::Unusable, Value::Date),
            DeValue::Array(list) => {
                Value::List(list.into_iter().map(|value| self.cell(value)).collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}

/// A date without a time of day.
fn date(when: toml::value::Datetime) -> Option<time::Date> {
    let date = when.date.filter(|_| when.time.is_none())?;
    let month = time::Month::try_from(date.month).ok()?;
    time::Date::from_calendar_date(i32::from(date.year), month, date.day).ok()
}
