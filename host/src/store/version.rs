//! Records that are already there: the same again, or a new version.
//!
//! A record is compared on what both have. One that brings other content, or columns that the stored one has not,
//! becomes the next version: it takes over what only the stored one has, so the current version is always whole.

use std::collections::{BTreeMap, HashMap};

use sqlx::sqlite::SqliteArguments;
use sqlx::{Row as _, SqliteConnection};

use super::error::StoreError;
use super::record::{self, Put, Stored};
use super::rows::Rows;
use super::value::{StoredCell, add};
use super::writer::Tx;
use crate::model::{Record, RecordKind};

static FIND: Rows = Rows::new(
    "select id, starts_at, ends_at, label, length_s, version from record
     where device_id = ? and kind = ? and current = 1 and starts_at in (values",
    1,
    ")",
);
/// As [`FIND`], every version that a session, or one before it, brought.
static FIND_PAST: Rows = Rows::new(
    "select id, starts_at, ends_at, label, length_s, version from record
     where device_id = ? and kind = ? and session_id <= ? and starts_at in (values",
    1,
    ")",
);
static VALUES: Rows = Rows::new(
    "select record_id, series_id, value, text, quality, code from value where record_id in (values",
    1,
    ")",
);
static CONDITIONS: Rows = Rows::new(
    "select record_id, code, category, effect, input, series_id, duration_s from condition where record_id in (values",
    1,
    ") order by record_id, ordinal",
);

/// Code, category, effect, input, series, duration.
type StoredCondition = (String, Option<String>, Option<String>, u8, Option<i64>, Option<u32>);

/// The current version of a record.
pub(super) struct Current {
    id: i64,
    ends_at: i64,
    label: Option<String>,
    length_s: Option<u32>,
    version: i64,
    pub(super) cells: BTreeMap<i64, StoredCell>,
    conditions: Vec<StoredCondition>,
}

/// Why a record is not the same as the stored one.
enum Difference {
    Changed(String),
    ColumnsAdded(String),
}

/// Compares `records` with what is there and stores those that differ as new versions.
pub(super) async fn settle(tx: &mut Tx, put: &Put, records: &[&Record], stored: &mut Stored) -> Result<(), StoreError> {
    let mut there = load(&mut tx.conn, put, records, false).await?;
    for record in records {
        let key = (record.kind, record.starts_at.as_second());
        let current = there.remove(&key).ok_or_else(|| StoreError::Malformed {
            what: "current versions of a record",
            got: "none".to_owned(),
            want: "one".to_owned(),
        })?;
        match difference(put, record, &current) {
            None => stored.same += 1,
            Some(difference) => {
                add_version(tx, put, record, current, &difference).await?;
                stored.changed += 1;
            }
        }
    }
    Ok(())
}

/// A line for each record that differs from what was stored when the session of `put` had ended.
pub(super) async fn compare(
    conn: &mut SqliteConnection,
    put: &Put,
    records: &[&Record],
) -> Result<Vec<String>, StoreError> {
    let mut there = load(conn, put, records, true).await?;
    let mut lines = Vec::new();
    for record in records {
        let text = match there.remove(&(record.kind, record.starts_at.as_second())) {
            None => "is not stored".to_owned(),
            Some(stored) => match difference(put, record, &stored) {
                None => continue,
                Some(Difference::Changed(text)) => text,
                Some(Difference::ColumnsAdded(columns)) => format!("columns that are not stored: {columns}"),
            },
        };
        lines.push(format!("{} {}: {text}", record.kind, record.starts_at));
    }
    Ok(lines)
}

/// What `records` change of their current versions, a line each.
pub(super) async fn changed(
    conn: &mut SqliteConnection,
    put: &Put,
    records: &[&Record],
) -> Result<Vec<String>, StoreError> {
    let mut there = load(conn, put, records, false).await?;
    let mut lines = Vec::new();
    for record in records {
        let stored = there.remove(&(record.kind, record.starts_at.as_second()));
        if let Some(Difference::Changed(text)) = stored.and_then(|stored| difference(put, record, &stored)) {
            lines.push(format!("{} {}: {text}", record.kind, record.starts_at));
        }
    }
    Ok(lines)
}

/// The current versions of `records`, or with `past` those after the session of `put`.
pub(super) async fn load(
    conn: &mut SqliteConnection,
    put: &Put,
    records: &[&Record],
    past: bool,
) -> Result<HashMap<(RecordKind, i64), Current>, StoreError> {
    let mut starts: HashMap<RecordKind, Vec<i64>> = HashMap::new();
    for record in records {
        starts
            .entry(record.kind)
            .or_default()
            .push(record.starts_at.as_second());
    }
    let mut found = Found::new();
    for (kind, starts) in starts {
        find(conn, put, kind, &starts, past, &mut found).await?;
    }
    if past {
        // In the order of their keys, so that of each record the newest version is left.
        let newest: HashMap<_, _> = found.iter().map(|(id, (key, _))| (*key, *id)).collect();
        found.retain(|id, (key, _)| newest.get(key) == Some(id));
    }
    let ids: Vec<i64> = found.keys().copied().collect();
    load_cells(conn, &ids, &mut found).await?;
    load_conditions(conn, &ids, &mut found).await?;
    Ok(found.into_values().collect())
}

/// Current versions by their keys.
type Found = BTreeMap<i64, ((RecordKind, i64), Current)>;

async fn find(
    conn: &mut SqliteConnection,
    put: &Put,
    kind: RecordKind,
    starts: &[i64],
    past: bool,
    found: &mut Found,
) -> Result<(), StoreError> {
    let statement = if past { &FIND_PAST } else { &FIND };
    for (sql, piece) in statement.pieces(starts) {
        let mut arguments = SqliteArguments::default();
        add(&mut arguments, put.batch.device.0)?;
        add(&mut arguments, kind.to_string())?;
        if past {
            add(&mut arguments, put.batch.session.0)?;
        }
        for start in piece {
            add(&mut arguments, *start)?;
        }
        let rows = sqlx::query_with(sql, arguments)
            .fetch_all(&mut *conn)
            .await
            .map_err(StoreError::of("find records"))?;
        for row in rows {
            let current = Current {
                id: row.get(0),
                ends_at: row.get(2),
                label: row.get(3),
                length_s: row.get(4),
                version: row.get(5),
                cells: BTreeMap::new(),
                conditions: Vec::new(),
            };
            found.insert(current.id, ((kind, row.get(1)), current));
        }
    }
    Ok(())
}

async fn load_cells(conn: &mut SqliteConnection, ids: &[i64], found: &mut Found) -> Result<(), StoreError> {
    for (sql, piece) in VALUES.pieces(ids) {
        let rows = sqlx::query_with(sql, numbers(piece)?)
            .fetch_all(&mut *conn)
            .await
            .map_err(StoreError::of("read the values of records"))?;
        for row in rows {
            let cell = StoredCell {
                value: row.get(2),
                text: row.get(3),
                quality: row.get(4),
                code: row.get(5),
            };
            if let Some((_, current)) = found.get_mut(&row.get(0)) {
                current.cells.insert(row.get(1), cell);
            }
        }
    }
    Ok(())
}

async fn load_conditions(conn: &mut SqliteConnection, ids: &[i64], found: &mut Found) -> Result<(), StoreError> {
    for (sql, piece) in CONDITIONS.pieces(ids) {
        let rows = sqlx::query_with(sql, numbers(piece)?)
            .fetch_all(&mut *conn)
            .await
            .map_err(StoreError::of("read the conditions of records"))?;
        for row in rows {
            let condition = (row.get(1), row.get(2), row.get(3), row.get(4), row.get(5), row.get(6));
            if let Some((_, current)) = found.get_mut(&row.get(0)) {
                current.conditions.push(condition);
            }
        }
    }
    Ok(())
}

fn numbers(ids: &[i64]) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    for id in ids {
        add(&mut arguments, *id)?;
    }
    Ok(arguments)
}

fn difference(put: &Put, record: &Record, current: &Current) -> Option<Difference> {
    let columns = put.batch.columns.iter();
    let mut changes = Vec::new();
    let mut added = Vec::new();
    for ((column, series), cell) in columns.zip(put.series.iter()).zip(&record.cells) {
        let new = StoredCell::of(cell);
        match current.cells.get(series) {
            None => added.push(column.id.clone()),
            Some(old) if !old.is_same(&new) => {
                changes.push(format!("{} was {}, is {}", column.id, shown(old), shown(&new)));
            }
            Some(_) => {}
        }
    }
    if record.ends_at.as_second() != current.ends_at {
        changes.push(format!(
            "end was {}, is {}",
            current.ends_at,
            record.ends_at.as_second()
        ));
    }
    let label = record.label.map(|label| label.to_string());
    if label != current.label {
        changes.push(format!("label was {:?}, is {label:?}", current.label));
    }
    if record.length_s != current.length_s {
        changes.push(format!(
            "length was {:?} s, is {:?} s",
            current.length_s, record.length_s
        ));
    }
    let (old, new) = (compared_conditions(put, current), conditions(put, record));
    if old != new {
        let codes = |list: &[StoredCondition]| list.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" ");
        changes.push(format!("conditions were [{}], are [{}]", codes(&old), codes(&new)));
    }
    if !changes.is_empty() {
        Some(Difference::Changed(first_of(&changes)))
    } else if !added.is_empty() {
        Some(Difference::ColumnsAdded(first_of(&added)))
    } else {
        None
    }
}

/// The first few of a list, for people.
fn first_of(list: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = list.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    match list.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown}; and {more} more"),
    }
}

/// A value for people.
pub(super) fn shown(cell: &StoredCell) -> String {
    let value = match (&cell.value, &cell.text) {
        (Some(value), _) => value.to_string(),
        (None, Some(text)) => text.clone(),
        (None, None) => "nothing".to_owned(),
    };
    match (cell.quality, &cell.code) {
        (0, None) => value,
        (quality, code) => {
            let word = super::value::quality_of(quality).word();
            format!("{value} ({word} {})", code.as_deref().unwrap_or_default())
        }
    }
}

fn conditions(put: &Put, record: &Record) -> Vec<StoredCondition> {
    let mut list: Vec<StoredCondition> = record
        .conditions
        .iter()
        .map(|c| {
            let series = c.column.and_then(|column| put.series.get(usize::from(column)).copied());
            let effect = c.effect.map(|effect| effect.word().to_owned());
            (
                c.code.clone(),
                c.category.clone(),
                effect,
                c.point,
                series,
                c.duration_s,
            )
        })
        .collect();
    list.sort();
    list
}

/// Whether a batch with these columns speaks of heat input `input`: it has columns of it, or of no input at all.
fn covers(put: &Put, input: u8) -> bool {
    let columns = &put.batch.columns;
    input == 0 || columns.iter().any(|c| c.point == input) || columns.iter().all(|c| c.point == 0)
}

/// The stored conditions of which this batch speaks too.
fn compared_conditions(put: &Put, current: &Current) -> Vec<StoredCondition> {
    let spoken_of = current.conditions.iter().filter(|condition| covers(put, condition.3));
    let mut list: Vec<StoredCondition> = spoken_of.cloned().collect();
    list.sort();
    list
}

async fn add_version(
    tx: &mut Tx,
    put: &Put,
    record: &Record,
    current: Current,
    difference: &Difference,
) -> Result<(), StoreError> {
    sqlx::query("update record set current = 0 where id = $1")
        .bind(current.id)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("retire a version of a record"))?;
    let id = record::insert_version(tx, put, record, current.version + 1).await?;
    record::put_content(tx, put, id, record).await?;
    let (start, end) = (record.starts_at.as_second(), record.ends_at.as_second());
    record::put_summary(tx, put.batch.device, record.kind, 0, start, end).await?;
    for (series, cell) in current.cells {
        if !put.series.contains(&series) {
            tx.pending.push_stored(id, series, cell);
        }
    }
    let kept: Vec<StoredCondition> = current
        .conditions
        .into_iter()
        .filter(|condition| !covers(put, condition.3))
        .collect();
    keep_conditions(tx, id, record.conditions.len(), kept).await?;
    let (kind, text) = match difference {
        Difference::Changed(text) => ("record-changed", text),
        Difference::ColumnsAdded(text) => ("columns-added", text),
    };
    sqlx::query(
        "insert into incident (device_id, at, kind, old_record_id, new_record_id, session_id, text)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(put.batch.device.0)
    .bind(put.received_at)
    .bind(kind)
    .bind(current.id)
    .bind(id)
    .bind(put.batch.session.0)
    .bind(text)
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of("insert an incident"))?;
    Ok(())
}

/// Conditions of the version before, of inputs that the new one does not speak of.
async fn keep_conditions(
    tx: &mut Tx,
    id: i64,
    first_ordinal: usize,
    kept: Vec<StoredCondition>,
) -> Result<(), StoreError> {
    for (ordinal, condition) in (first_ordinal..).zip(kept) {
        sqlx::query(
            "insert into condition (record_id, ordinal, code, category, effect, input, series_id, duration_s)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id)
        .bind(i64::try_from(ordinal).unwrap_or(i64::MAX))
        .bind(condition.0)
        .bind(condition.1)
        .bind(condition.2)
        .bind(condition.3)
        .bind(condition.4)
        .bind(condition.5)
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("insert a condition"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Fixture;

    #[tokio::test]
    async fn what_is_there_is_found_by_its_key_however_many_records_there_are() {
        let f = Fixture::new().await;
        for (statement, key) in [
            (&FIND, "starts_at=?"),
            (&FIND_PAST, "starts_at=?"),
            (&VALUES, "record_id=?"),
            (&CONDITIONS, "record_id=?"),
        ] {
            for (sql, _) in statement.pieces(&[0; 64]) {
                let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
                let plan = sqlx::raw_sql(sql).fetch_all(&f.store.readers).await.unwrap();
                let steps: Vec<&str> = plan.iter().map(|row| row.get("detail")).collect();
                let is_search = |step: &&str| step.starts_with("SEARCH") && step.contains(key);
                assert!(steps.iter().any(is_search), "{steps:?}");
            }
        }
    }
}
