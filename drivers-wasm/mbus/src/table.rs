//! Columns and rows of what was read, for the sink.

use uzel_driver_sdk::{CivilTime, Column, Condition, Failure, LabelRule, Mark, Row, Sink, Value};

use crate::entry::{Cell, Entry};

/// Columns of one declaration at most; wider tables come in several.
const MAX_COLUMNS: usize = 256;

/// Columns with their cells: one row.
#[derive(Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
    cells: Vec<Cell>,
}

impl Table {
    /// Adds an entry; with its storage number in the id unless the row stands for it.
    pub fn push(&mut self, entry: &Entry<'_>, with_storage: bool, medium: Option<u8>) {
        self.columns.push(entry.column(with_storage, medium));
        self.cells.push(entry.cell());
    }

    /// Adds a column with a value.
    pub fn add(&mut self, column: Column, value: Value) {
        self.columns.push(column);
        self.cells.push((value, None));
    }

    /// Whether another table has the same columns.
    pub fn same_columns(&self, other: &Self) -> bool {
        let key = |column: &Column| (column.id.clone(), column.unit.clone(), column.decimals);
        self.columns.iter().map(key).eq(other.columns.iter().map(key))
    }

    /// The same in tables that are not too wide for one declaration.
    pub fn split(self) -> Vec<Self> {
        let mut cells = self.cells.into_iter();
        let part = |columns: &[Column]| Self {
            columns: columns.to_vec(),
            cells: cells.by_ref().take(columns.len()).collect(),
        };
        self.columns.chunks(MAX_COLUMNS).map(part).collect()
    }

    /// Declares the columns.
    pub fn declare(&self, labels: LabelRule, out: &mut dyn Sink) -> Result<(), Failure> {
        out.declare(&self.columns, labels)
    }

    /// The cells as a row.
    pub fn row(self, label: Option<CivilTime>, conditions: Vec<Condition>) -> Row {
        let mut values = Vec::with_capacity(self.cells.len());
        let mut marks = Vec::new();
        for (column, (value, mark)) in (0u16..).zip(self.cells) {
            values.push(value);
            marks.extend(mark.map(|(quality, code)| Mark {
                column,
                quality,
                code: Some(code),
            }));
        }
        Row {
            label,
            other_end: None,
            length_s: None,
            values,
            marks,
            conditions,
        }
    }
}
