//! Records as the host has them: from a session's sink, or from the database.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sqlx::{Row as _, SqlitePool};
use system_tests::session::{Table, Taken};
use uzel::model::{ClockRule, Quality, Record, RecordKind, Value};

/// One record, in meter time.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Archive or moment.
    pub kind: RecordKind,
    /// Start of the interval.
    pub start: DateTime,
    /// Its end.
    pub end: DateTime,
    /// As the device showed it.
    pub label: Option<DateTime>,
    /// Values.
    pub cells: Vec<SeenCell>,
    /// Heat input, code, column.
    pub conditions: Vec<Told>,
}

/// One value.
#[derive(Debug, Clone)]
pub struct SeenCell {
    /// Column.
    pub id: String,
    /// Heat input.
    pub input: u8,
    /// Tariff zone.
    pub tariff: u8,
    /// The meter's unit.
    pub unit: String,
    /// Decimals that the column has; none for the meter's own floats.
    pub decimals: Option<u8>,
    /// A number.
    pub value: Option<f64>,
    /// Digits and decimals, where the host still has them.
    pub digits: Option<(i64, u8)>,
    /// Flags or text.
    pub text: Option<String>,
    /// How good it is.
    pub quality: Quality,
    /// The meter's own word for that.
    pub code: Option<String>,
}

/// What a session gave; its meter's zone is UTC.
pub fn from_taken(taken: &Taken) -> Vec<Seen> {
    let tables = taken.tables.iter();
    tables
        .flat_map(|table| table.records.iter().map(|record| of_record(table, record)))
        .collect()
}

fn of_record(table: &Table, record: &Record) -> Seen {
    let civil = |at: Timestamp| TimeZone::UTC.to_datetime(at);
    let cells = table.columns.iter().zip(&record.cells).map(|(column, cell)| SeenCell {
        id: column.id.clone(),
        input: column.point,
        tariff: column.tariff,
        unit: column.unit.clone(),
        decimals: column.decimals,
        value: cell.value.number(),
        digits: match cell.value {
            Value::Fixed { digits, decimals } => Some((digits, decimals)),
            _ => None,
        },
        text: match &cell.value {
            Value::Bits(bits) => Some(format!("{bits:#x}")),
            Value::Text(text) => Some(text.clone()),
            _ => None,
        },
        quality: cell.quality,
        code: cell.code.clone(),
    });
    let conditions = record.conditions.iter().map(|condition| {
        let column = condition.column.and_then(|at| table.columns.get(usize::from(at)));
        (
            condition.point,
            condition.code.clone(),
            column.map(|column| column.id.clone()),
        )
    });
    Seen {
        kind: record.kind,
        start: civil(record.starts_at),
        end: civil(record.ends_at),
        label: record.label,
        cells: cells.collect(),
        conditions: conditions.collect(),
    }
}

/// The current versions of a device's records of one kind, oldest first, through the views that people use; current
/// values and totals together.
pub async fn from_store(pool: &SqlitePool, device: i64, kind: RecordKind, clock: &ClockRule) -> Vec<Seen> {
    from_store_since(pool, device, kind, clock, Timestamp::MIN).await
}

/// The same of those that begin at `since` or later.
pub async fn from_store_since(
    pool: &SqlitePool,
    device: i64,
    kind: RecordKind,
    clock: &ClockRule,
    since: Timestamp,
) -> Vec<Seen> {
    const VALUES: &str = "select archive, record_id, starts_at, ends_at, label, column_id, input, tariff, unit, decimals, value, \
        text, quality, quality_code from ";
    const OF_DEVICE: &str = " where device_id = ? and starts_at >= ? order by starts_at, record_id";
    let view = match kind.to_string().as_str() {
        "hourly" => "v_record_hourly",
        "daily" => "v_record_daily",
        "monthly" => "v_record_monthly",
        "minutes-30" => "(select * from v_record where archive = 'minutes-30')",
        _ => "(select * from v_record where archive in ('current', 'totals'))",
    };
    let text = format!("{VALUES}{view}{OF_DEVICE}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(text))
        .bind(device)
        .bind(since.as_second())
        .fetch_all(pool)
        .await
        .expect("the view is there");
    let mut told = conditions(pool, device).await;
    let mut seen: Vec<(i64, Seen)> = Vec::new();
    for row in rows {
        let record: i64 = row.get("record_id");
        if seen.last().is_none_or(|(last, _)| *last != record) {
            let civil = |name| clock.civil(Timestamp::from_second(row.get(name)).expect("an instant"));
            let label: Option<&str> = row.get("label");
            let label = label.map(|label| label.parse().expect("a civil time"));
            let (start, end) = (civil("starts_at"), civil("ends_at"));
            let kind = row.get::<&str, _>("archive").parse().expect("a kind");
            let (cells, conditions) = (Vec::new(), told.remove(&record).unwrap_or_default());
            seen.push((
                record,
                Seen {
                    kind,
                    start,
                    end,
                    label,
                    cells,
                    conditions,
                },
            ));
        }
        let Some((_, last)) = seen.last_mut() else { continue };
        last.cells.push(SeenCell {
            id: row.get("column_id"),
            input: row.get("input"),
            tariff: row.get("tariff"),
            unit: row.get("unit"),
            decimals: row.get("decimals"),
            value: row.get("value"),
            digits: None,
            text: row.get("text"),
            quality: row.get::<&str, _>("quality").parse().expect("a quality"),
            code: row.get("quality_code"),
        });
    }
    seen.into_iter().map(|(_, seen)| seen).collect()
}

/// Heat input, code, column.
type Told = (u8, String, Option<String>);

/// The conditions of a device's records, by record.
async fn conditions(pool: &SqlitePool, device: i64) -> HashMap<i64, Vec<Told>> {
    let query = "select x.record_id, x.input, x.code, c.column_id from record r join condition x on x.record_id = r.id \
        left join series c on c.id = x.series_id where r.device_id = ? order by x.record_id, x.ordinal";
    let rows = sqlx::query(query)
        .bind(device)
        .fetch_all(pool)
        .await
        .expect("the tables are there");
    let mut told: HashMap<i64, Vec<Told>> = HashMap::new();
    for row in rows {
        let one = (row.get(1), row.get(2), row.get(3));
        told.entry(row.get(0)).or_default().push(one);
    }
    told
}
