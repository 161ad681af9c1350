//! Values on their way into the table, many rows a statement.

use std::mem;

use sqlx::Arguments as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;

use super::error::StoreError;
use super::rows::{MOST_ROWS, Rows};
use crate::model::{Cell, Quality, Value};

/// Most cells are a number that is good: they need three parameters.
static INSERT_GOOD: Rows = Rows::new("insert into value (record_id, series_id, value) values", 3, "");
static INSERT_ANY: Rows = Rows::new(
    "insert into value (record_id, series_id, value, text, quality, code) values",
    6,
    "",
);

/// A cell as the table holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredCell {
    pub(super) value: Option<f64>,
    pub(super) text: Option<String>,
    pub(super) quality: i64,
    pub(super) code: Option<String>,
}

/// Values that wait for a full statement.
#[derive(Default)]
pub(super) struct Pending {
    good: Vec<(i64, i64, f64)>,
    any: Vec<(i64, i64, StoredCell)>,
}

impl StoredCell {
    pub(super) fn of(cell: &Cell) -> Self {
        Self {
            value: number(&cell.value),
            text: text(&cell.value),
            quality: quality_number(cell.quality),
            code: cell.code.clone(),
        }
    }

    /// The same, bit for bit.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.value.map(f64::to_bits) == other.value.map(f64::to_bits)
            && self.text == other.text
            && self.quality == other.quality
            && self.code == other.code
    }
}

/// What goes into column `value`. Zero has no sign there, as SQLite keeps none; what is not finite is no number.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.number().filter(|n| n.is_finite()).map(|n| n + 0.0)
}

/// What goes into column `text`.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Bits(bits) => Some(format!("{bits:#x}")),
        Value::Text(text) => Some(text.clone()),
        Value::Absent | Value::Fixed { .. } | Value::Float(_) => None,
    }
}

fn quality_number(quality: Quality) -> i64 {
    match quality {
        Quality::Good => 0,
        Quality::Doubtful => 1,
        Quality::Substituted => 2,
        Quality::Absent => 3,
    }
}

/// The quality behind its number. Numbers that are not known are read as absent: the value is not to be trusted.
pub(super) fn quality_of(number: i64) -> Quality {
    match number {
        0 => Quality::Good,
        1 => Quality::Doubtful,
        2 => Quality::Substituted,
        _ => Quality::Absent,
    }
}

impl Pending {
    /// Adds a cell as it came from the meter.
    pub(super) fn push(&mut self, record: i64, series: i64, cell: &Cell) {
        match number(&cell.value) {
            Some(value) if cell.quality == Quality::Good && cell.code.is_none() => {
                self.good.push((record, series, value));
            }
            _ => self.any.push((record, series, StoredCell::of(cell))),
        }
    }

    /// Adds a cell that was stored before.
    pub(super) fn push_stored(&mut self, record: i64, series: i64, cell: StoredCell) {
        self.any.push((record, series, cell));
    }

    /// Whether a full statement waits.
    pub(super) fn is_full(&self) -> bool {
        self.good.len() >= MOST_ROWS || self.any.len() >= MOST_ROWS
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.good.clear();
        self.any.clear();
    }

    /// Writes full statements and leaves the rest.
    pub(super) async fn flush_full(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let keep = self.good.split_off(self.good.len() / MOST_ROWS * MOST_ROWS);
        let full = mem::replace(&mut self.good, keep);
        insert_good(conn, &full).await?;
        if self.any.len() >= MOST_ROWS {
            insert_any(conn, mem::take(&mut self.any)).await?;
        }
        Ok(())
    }

    /// Writes everything.
    pub(super) async fn flush(&mut self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        insert_good(conn, &mem::take(&mut self.good)).await?;
        insert_any(conn, mem::take(&mut self.any)).await
    }
}

async fn insert_good(conn: &mut SqliteConnection, cells: &[(i64, i64, f64)]) -> Result<(), StoreError> {
    for (sql, piece) in INSERT_GOOD.pieces(cells) {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(piece.len() * 3, 0);
        for (record, series, value) in piece {
            add(&mut arguments, *record)?;
            add(&mut arguments, *series)?;
            add(&mut arguments, *value)?;
        }
        execute(conn, sql, arguments).await?;
    }
    Ok(())
}

async fn insert_any(conn: &mut SqliteConnection, cells: Vec<(i64, i64, StoredCell)>) -> Result<(), StoreError> {
    for (sql, piece) in INSERT_ANY.pieces(&cells) {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(piece.len() * 6, 0);
        for (record, series, cell) in piece {
            add(&mut arguments, *record)?;
            add(&mut arguments, *series)?;
            add(&mut arguments, cell.value)?;
            add(&mut arguments, cell.text.clone())?;
            add(&mut arguments, cell.quality)?;
            add(&mut arguments, cell.code.clone())?;
        }
        execute(conn, sql, arguments).await?;
    }
    Ok(())
}

async fn execute(conn: &mut SqliteConnection, sql: &'static str, arguments: SqliteArguments) -> Result<(), StoreError> {
    sqlx::query_with(sql, arguments)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(StoreError::of("insert values"))
}

/// Adds one parameter of a statement.
pub(super) fn add<T>(arguments: &mut SqliteArguments, value: T) -> Result<(), StoreError>
where
    T: for<'q> sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    arguments
        .add(value)
        .map_err(|source| StoreError::of("bind a parameter")(sqlx::Error::Encode(source)))
}
