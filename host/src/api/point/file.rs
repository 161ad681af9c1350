//! The archive of a point as files, in the language of whoever asks.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::IntoParams;

use super::gather::{ArchiveQuery, Gathered, Row, gather};
use crate::api::ApiState;
use crate::api::catalog::Drivers;
use crate::api::driver::unit_word;
use crate::api::dto::Instant;
use crate::api::extract::{Path, Query};
use crate::api::problem::Problem;
use crate::export::{self, Cell, Head, Lang, Sheet};
use crate::model::Quality;

/// Which part of the archive of a point, and for whom.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FileQuery {
    /// `hourly`, `daily`, `ten-days`, `monthly`, `yearly`, `minutes-30`, `current` or `totals`.
    kind: String,
    /// Intervals that start from here on.
    from: Instant,
    /// Intervals that start before.
    to: Instant,
    /// Keys of series between commas: only the columns that have one of them.
    series: Option<String>,
    /// `ru` or `en`; English without it.
    lang: Option<String>,
}

/// A file before it is bytes.
struct File {
    sheet: Sheet,
    lang: Lang,
    name: String,
}

/// The archive of a point as text for spreadsheets: times of the site, numbers as the language writes them.
#[utoipa::path(get, path = "/points/{id}/archive.csv", operation_id = "point_archive_csv", tag = "places", params(("id" = i64, Path), FileQuery),
    responses((status = OK, body = String, content_type = "text/csv")))]
pub(super) async fn csv(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<FileQuery>,
) -> Result<impl IntoResponse, Problem> {
    let file = file(&state, id, query).await?;
    let bytes = export::csv(&file.sheet, file.lang).into_bytes();
    Ok(attachment("text/csv; charset=utf-8", &file.name, "csv", bytes))
}

/// The archive of a point as a workbook.
#[utoipa::path(get, path = "/points/{id}/archive.xlsx", operation_id = "point_archive_xlsx", tag = "places", params(("id" = i64, Path), FileQuery),
    responses((status = OK, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
pub(super) async fn xlsx(
    State(state): State<ApiState>,
    Path(id): Path<i64>,
    Query(query): Query<FileQuery>,
) -> Result<impl IntoResponse, Problem> {
    let file = file(&state, id, query).await?;
    let (sheet, lang) = (file.sheet, file.lang);
    // A year of hours takes a processor some tenths of a second.
    let written = tokio::task::spawn_blocking(move || export::xlsx(&sheet, lang)).await;
    let bytes = written
        .map_err(|error| Problem::refused(error.to_string()))?
        .map_err(|error| Problem::refused(error.to_string()))?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(attachment(kind, &file.name, "xlsx", bytes))
}

fn attachment(kind: &'static str, name: &str, extension: &str, bytes: Vec<u8>) -> impl IntoResponse + use<> {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{extension}\""),
        ),
    ];
    (headers, bytes)
}

async fn file(state: &ApiState, id: i64, query: FileQuery) -> Result<File, Problem> {
    let lang: Lang = query
        .lang
        .as_deref()
        .unwrap_or("en")
        .parse()
        .map_err(|error| Problem::bad_query(format!("lang is {error}")))?;
    let query = ArchiveQuery {
        kind: query.kind,
        from: query.from,
        to: query.to,
        series: query.series,
    };
    let gathered = gather(state, id, &query).await?;
    let zone = state.store.zone_of_point(id).await?.unwrap_or_else(|| "UTC".to_owned());
    let tz = TimeZone::get(&zone).unwrap_or(TimeZone::UTC);
    let point = state.store.point(id).await?;
    let (site, name) = point.map_or_else(Default::default, |point| (point.site.1, point.name));
    let drivers = Drivers::of(state.drivers.as_ref());
    let words = Words::of(lang);
    let day = |at: Timestamp| at.to_zoned(tz.clone()).strftime("%Y-%m-%d").to_string();
    let last = Timestamp::from_second(gathered.to.as_second() - 1).unwrap_or(gathered.to);
    let facts = vec![
        (words.site.to_owned(), site),
        (words.point.to_owned(), name.clone()),
        (words.archive.to_owned(), gathered.kind.to_string()),
        (
            words.period.to_owned(),
            format!("{} … {}", day(gathered.from), day(last)),
        ),
        (words.zone.to_owned(), zone),
        (words.devices.to_owned(), devices(&gathered)),
        (
            words.gaps.to_owned(),
            gathered.gaps.iter().map(|gap| gap.intervals).sum::<i64>().to_string(),
        ),
    ];
    Ok(File {
        name: format!("point-{id}-{}-{}-{}", gathered.kind, day(gathered.from), day(last)),
        sheet: Sheet {
            title: name,
            facts,
            heads: heads(&gathered, lang, &words),
            rows: gathered
                .rows
                .iter()
                .map(|row| cells(row, &gathered, &drivers, &tz, lang, &words))
                .collect(),
        },
        lang,
    })
}

fn devices(gathered: &Gathered) -> String {
    let shown = gathered.devices.iter().map(|device| match &device.serial {
        Some(serial) => format!("{} ({serial})", device.name),
        None => device.name.clone(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn heads(gathered: &Gathered, lang: Lang, words: &Words) -> Vec<Head> {
    let mut heads = vec![Head::of(words.start), Head::of(words.end)];
    heads.extend(gathered.columns.iter().map(|joined| Head {
        name: joined.column.id.clone(),
        unit: unit_word(&joined.column.unit, lang == Lang::Ru),
        decimals: joined.column.decimals,
    }));
    heads.extend([Head::of(words.abnormal), Head::of(words.quality)]);
    heads
}

fn cells(row: &Row, gathered: &Gathered, drivers: &Drivers, tz: &TimeZone, lang: Lang, words: &Words) -> Vec<Cell> {
    let time = |at: i64| -> Cell {
        let at = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
        let civil: DateTime = at.to_zoned(tz.clone()).datetime();
        Cell::Time(civil)
    };
    let mut cells = vec![time(row.strip.starts_at), time(row.strip.ends_at)];
    cells.extend(
        row.strip
            .numbers
            .iter()
            .map(|number| number.map_or(Cell::Empty, Cell::Number)),
    );
    let mut qualities = Vec::new();
    for (column, odd) in &row.odd {
        if let (Some(text), Some(cell)) = (&odd.text, cells.get_mut(column + 2)) {
            *cell = Cell::Text(text.clone());
        }
        if odd.quality != Quality::Good {
            let name = gathered
                .columns
                .get(*column)
                .map_or("", |joined| joined.column.id.as_str());
            let code = odd.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            qualities.push(format!("{name}: {}{code}", words.quality_of(odd.quality)));
        }
    }
    cells.push(text(conditions(row, gathered, drivers, lang)));
    cells.push(text(qualities));
    cells
}

fn text(all: Vec<String>) -> Cell {
    if all.is_empty() {
        Cell::Empty
    } else {
        Cell::Text(all.join("; "))
    }
}

/// Code and words of each situation.
fn conditions(row: &Row, gathered: &Gathered, drivers: &Drivers, lang: Lang) -> Vec<String> {
    let device = gathered.devices.get(row.device);
    row.conditions
        .iter()
        .map(|condition| {
            let known = device.and_then(|of| drivers.condition(&of.driver, of.model.as_deref(), &condition.code));
            match known {
                Some(title) => format!("{} {}", condition.code, title.of(lang == Lang::Ru)),
                None => condition.code.clone(),
            }
        })
        .collect()
}

/// Heads and words of the files.
struct Words {
    site: &'static str,
    point: &'static str,
    archive: &'static str,
    period: &'static str,
    zone: &'static str,
    devices: &'static str,
    gaps: &'static str,
    start: &'static str,
    end: &'static str,
    abnormal: &'static str,
    quality: &'static str,
    qualities: [&'static str; 4],
}

impl Words {
    fn of(lang: Lang) -> Self {
        match lang {
            Lang::Ru => Self {
                site: "Объект",
                point: "Точка учёта",
                archive: "Архив",
                period: "Период",
                zone: "Время",
                devices: "Приборы",
                gaps: "Не хватает интервалов",
                start: "начало",
                end: "конец",
                abnormal: "НС",
                quality: "качество",
                qualities: ["хорошее", "сомнительно", "договорное значение", "значения нет"],
            },
            Lang::En => Self {
                site: "Site",
                point: "Point",
                archive: "Archive",
                period: "Period",
                zone: "Time",
                devices: "Devices",
                gaps: "Intervals missing",
                start: "start",
                end: "end",
                abnormal: "abnormal",
                quality: "quality",
                qualities: ["good", "doubtful", "contract value", "no value"],
            },
        }
    }

    fn quality_of(&self, quality: Quality) -> &'static str {
        let [good, doubtful, substituted, absent] = self.qualities;
        match quality {
            Quality::Good => good,
            Quality::Doubtful => doubtful,
            Quality::Substituted => substituted,
            Quality::Absent => absent,
        }
    }
}
