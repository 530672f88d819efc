//! Catalog files laid over one another: a later row changes the keys it names in an earlier one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::problem::{Place, Problems, quote};
use super::value::{Cell, Table, Value, parse};

/// Bytes of one file.
const MOST_BYTES: usize = 4 << 20;

/// The text of the catalog that comes with the program.
pub(super) const BUILTIN: &str = include_str!("../../data/catalog.toml");

/// One catalog file.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The file's name, for messages.
    pub name: String,
    /// Its TOML.
    pub text: String,
}

impl Layer {
    /// The catalog that comes with the program.
    pub fn builtin() -> Self {
        Self {
            name: "data/catalog.toml".to_owned(),
            text: BUILTIN.to_owned(),
        }
    }
}

/// A `[[provider]]` or `[[model]]` row, all layers together.
#[derive(Debug)]
pub(super) struct Row {
    /// The row as messages name it.
    pub(super) label: String,
    /// Its name or id as first written.
    pub(super) key: String,
    /// Where it was first written.
    pub(super) place: Place,
    /// The layer, counted from 0, that wrote it first.
    pub(super) first_layer: usize,
    /// The layer that wrote it last, and where.
    last: (usize, Place),
    pub(super) cells: Table,
}

/// An alias: what it names, and which layer says so.
#[derive(Debug)]
pub(super) struct Alias {
    pub(super) target: Cell,
    pub(super) layer: usize,
}

/// All layers together, not yet read as models and providers.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) providers: Rows,
    pub(super) models: Rows,
    pub(super) tokenizers: Rows,
    /// By name in lower case.
    pub(super) aliases: BTreeMap<String, Alias>,
    pub(super) weights: Option<Cell>,
}

impl Draft {
    /// Reads the layers in order. What is wrong with one does not keep the others from being read.
    pub(super) fn merge(layers: &[Layer], problems: &mut Problems) -> Self {
        let mut draft = Self::default();
        for (number, layer) in layers.iter().enumerate() {
            let file = Arc::from(layer.name.as_str());
            if layer.text.len() > MOST_BYTES {
                let place = Place { file, line: 1 };
                problems.add(&place, "", format!("larger than {MOST_BYTES} bytes"));
            } else if let Some(table) = parse(&file, &layer.text, problems) {
                draft.lay(table, number, problems);
            }
        }
        draft
    }

    fn lay(&mut self, table: Table, layer: usize, problems: &mut Problems) {
        for (key, cell) in table {
            match key.as_str() {
                "provider" => self.providers.lay(PROVIDER, cell, layer, problems),
                "model" => self.models.lay(MODEL, cell, layer, problems),
                "tokenizer" => self.tokenizers.lay(TOKENIZER, cell, layer, problems),
                "alias" => self.lay_aliases(cell, layer, problems),
                "weights" => match &mut self.weights {
                    Some(base) => lay_cell(base, cell),
                    None => self.weights = Some(cell),
                },
                other => problems.add(
                    &cell.place,
                    "",
                    format!(
                        "{}: unknown key; a catalog has [[provider]], [[model]], [[tokenizer]], [alias] and [weights]",
                        quote(other).trim_matches('"')
                    ),
                ),
            }
        }
    }

    fn lay_aliases(&mut self, cell: Cell, layer: usize, problems: &mut Problems) {
        let Value::Table(table) = cell.value else {
            problems.add(&cell.place, "", "alias: not a table; write [alias]");
            return;
        };
        for (name, target) in table {
            let place = target.place.clone();
            let alias = Alias { target, layer };
            let earlier = self.aliases.insert(name.to_ascii_lowercase(), alias);
            if let Some(earlier) = earlier.filter(|earlier| earlier.layer == layer) {
                let line = earlier.target.place.line;
                let label = format!("alias {}", quote(&name));
                problems.add(&place, &label, format!("already stands on line {line}"));
            }
        }
    }
}

/// What rows of one kind are called and which key names them.
struct Kind {
    word: &'static str,
    key: &'static str,
}

const PROVIDER: Kind = Kind {
    word: "provider",
    key: "name",
};
const TOKENIZER: Kind = Kind {
    word: "tokenizer",
    key: "name",
};
const MODEL: Kind = Kind {
    word: "model",
    key: "id",
};

/// Rows of one kind, in the order in which they were first written.
#[derive(Debug, Default)]
pub(super) struct Rows {
    list: Vec<Row>,
    /// By key in lower case.
    index: HashMap<String, usize>,
}

impl Rows {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.list.iter()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Row> {
        let index = self.index.get(&key.to_ascii_lowercase())?;
        self.list.get(*index)
    }

    fn lay(&mut self, kind: Kind, cell: Cell, layer: usize, problems: &mut Problems) {
        let Value::List(rows) = cell.value else {
            let Kind { word, .. } = kind;
            let reason = format!("{word}: not a list of tables; write [[{word}]]");
            problems.add(&cell.place, "", reason);
            return;
        };
        for row in rows {
            self.lay_row(&kind, row, layer, problems);
        }
    }

    fn lay_row(&mut self, kind: &Kind, cell: Cell, layer: usize, problems: &mut Problems) {
        let Cell { place, value } = cell;
        let Value::Table(mut cells) = value else {
            problems.add(&place, kind.word, "not a table");
            return;
        };
        let Some(Value::Text(key)) = cells.get(kind.key).map(|cell| &cell.value) else {
            let reason = format!("{}: missing, or not a text", kind.key);
            problems.add(&place, kind.word, reason);
            return;
        };
        let key = key.clone();
        let label = format!("{} {}", kind.word, quote(&key));
        let known = self.index.get(&key.to_ascii_lowercase());
        let Some(base) = known.and_then(|index| self.list.get_mut(*index)) else {
            self.index.insert(key.to_ascii_lowercase(), self.list.len());
            self.list.push(Row {
                label,
                key,
                place: place.clone(),
                first_layer: layer,
                last: (layer, place),
                cells,
            });
            return;
        };
        if base.last.0 == layer {
            let line = base.last.1.line;
            problems.add(&place, &label, format!("already stands on line {line}"));
            return;
        }
        base.last = (layer, place);
        cells.remove(kind.key);
        lay_table(&mut base.cells, cells);
    }
}

fn lay_table(base: &mut Table, over: Table) {
    for (key, cell) in over {
        match base.get_mut(&key) {
            Some(earlier) => lay_cell(earlier, cell),
            None => {
                base.insert(key, cell);
            }
        }
    }
}

/// Tables are merged key by key; anything else is replaced.
fn lay_cell(base: &mut Cell, over: Cell) {
    match (&mut base.value, over.value) {
        (Value::Table(earlier), Value::Table(later)) => lay_table(earlier, later),
        (earlier, later) => {
            *earlier = later;
            base.place = over.place;
        }
    }
}
