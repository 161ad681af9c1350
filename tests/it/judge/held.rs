//! What a simulated meter holds, in the words that the host should have for it.

mod iec;
mod spe;
mod vkt4;
mod vkt5;
mod vkt9;

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use meter_sim::{Handle, TruthKind, TruthNs, TruthRecord, TruthValue, TsrvModel};
use uzel::model::{ArchiveKind, Quality, RecordKind};

use super::seen::{Seen, SeenCell};
use super::tagged::tagged;
use super::tsrv::tsrv;

/// The finest archive of a СПЕ543.
pub const HALF_HOURS: ArchiveKind = ArchiveKind::EveryMinutes(30);

/// Whose columns are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// ВКТ-7 with kgf/cm², Gcal and m³/h.
    Vkt7,
    /// ВКТ-5 with MPa.
    Vkt5,
    /// ВКТ-4М with pressure sensors.
    Vkt4,
    /// ВКТ-9 with Gcal.
    Vkt9,
    /// СПТ943 with kgf/cm² and Gcal.
    Spt943,
    /// A meter of the extended M4 dialect with kgf/cm² and Gcal.
    Tagged,
    /// A meter of the magistral protocol with kgf/cm² and Gcal.
    Spbus,
    /// СПЕ543, whose finest archive is of half-hours.
    Spe,
    /// An M-Bus slave.
    Mbus,
    /// The invented meter of the example drivers.
    Primer,
    /// The invented meter of the example of a register map.
    Register,
    /// A meter of IEC 62056-21, asked or sending by itself.
    Iec,
    /// A meter that sends SML.
    Sml,
    /// A ТСРВ.
    Tsrv(TsrvModel),
    /// An electricity meter of DLMS/COSEM.
    Dlms,
}

/// One record of a meter.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Start of the interval, meter time.
    pub start: DateTime,
    /// Its end.
    pub end: DateTime,
    /// Heat input, code, column.
    pub conditions: BTreeSet<(u8, String, Option<String>)>,
    pub(super) cells: Vec<HeldCell>,
    /// What may stand here, too: kept values of an M-Bus meter whose dates did not come through.
    pub(super) more: Vec<HeldCell>,
    /// What is right of which the truth tells nothing; none: nothing is.
    pub(super) beside: Option<fn(&SeenCell) -> bool>,
}

#[derive(Debug, Clone)]
pub(super) struct HeldCell {
    id: String,
    input: u8,
    tariff: u8,
    unit: &'static str,
    value: HeldValue,
    quality: Quality,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum HeldValue {
    Number(f64, Option<(i64, u8)>),
    /// What a meter stores in the place of a sensor that it does not have.
    NoSensor,
    Flags(u64),
    Text(String),
    /// A number that the driver leaves out: the input was off for the whole interval.
    OffOr(f64),
    /// The truth does not decide.
    Any,
}

impl Held {
    /// What is wrong with a value, if anything is.
    pub fn contradicts(&self, cell: &SeenCell) -> Option<String> {
        let (id, value) = (&cell.id, cell.value);
        let same =
            |held: &&HeldCell| (held.id.as_str(), held.input, held.tariff) == (id.as_str(), cell.input, cell.tariff);
        let Some(held) = self.cells.iter().chain(&self.more).find(same) else {
            if self.beside.is_some_and(|is_right| is_right(cell)) {
                return None;
            }
            return Some(format!("{id} of input {}: the meter has no such value", cell.input));
        };
        let is_absent = value.is_none() && cell.text.is_none() && cell.quality == Quality::Absent;
        let is_true = match &held.value {
            HeldValue::Number(number, digits) => {
                let digits_agree = cell.digits.is_none() || digits.is_none() || cell.digits == *digits;
                let decimals_agree = digits.is_none_or(|(_, decimals)| cell.decimals == Some(decimals));
                value == Some(*number) && digits_agree && decimals_agree
            }
            HeldValue::NoSensor => is_absent,
            HeldValue::Flags(bits) => cell.text.as_deref() == Some(&*format!("{bits:#x}")),
            HeldValue::Text(text) => cell.text.as_ref() == Some(text),
            HeldValue::OffOr(number) => is_absent || value == Some(*number),
            HeldValue::Any => true,
        };
        let is_as_good = is_absent || held.value == HeldValue::Any || cell.quality == held.quality;
        if is_true && is_as_good && cell.unit == held.unit {
            return None;
        }
        Some(format!(
            "{id} of input {}: {cell:?}, the meter has {held:?}",
            cell.input
        ))
    }

    /// Values that a record should have and has not.
    pub fn lacking(&self, seen: &Seen) -> Vec<String> {
        let has = |held: &&HeldCell| {
            let key =
                |cell: &&SeenCell| (cell.id.as_str(), cell.input, cell.tariff) == (&held.id, held.input, held.tariff);
            seen.cells.iter().any(|cell| key(&cell))
        };
        let lacking = self.cells.iter().filter(|held| !has(held));
        lacking
            .map(|held| format!("no {} of input {}", held.id, held.input))
            .collect()
    }
}

/// All records of a kind, oldest first.
pub fn records(model: Model, meter: &Handle, place: usize, kind: RecordKind) -> Vec<Held> {
    let truth = |kind| meter.truth_of(place, kind);
    let plain = match kind {
        RecordKind::Current => truth(TruthKind::Current),
        RecordKind::Totals => truth(TruthKind::TotalsNow),
        RecordKind::Archive(finest) if finest == finest_of(model) => truth(TruthKind::Hourly),
        RecordKind::Archive(ArchiveKind::Hourly | ArchiveKind::EveryMinutes(_)) => return Vec::new(),
        RecordKind::Archive(ArchiveKind::Daily) => truth(TruthKind::Daily),
        _ => truth(TruthKind::Monthly),
    };
    match model {
        Model::Vkt7 => {
            let totals = truth(TruthKind::TotalsArchive);
            let is_monthly = kind == RecordKind::Archive(ArchiveKind::Monthly);
            let with_totals = |record: &TruthRecord| {
                let at_end = totals.iter().find(|total| is_monthly && total.end == record.end);
                vkt7(record, kind, at_end)
            };
            plain.iter().map(with_totals).collect()
        }
        Model::Vkt5 => plain.iter().map(vkt5::held).collect(),
        Model::Vkt4 => plain.iter().map(vkt4::held).collect(),
        Model::Vkt9 => plain.iter().map(|record| vkt9::held(record, kind)).collect(),
        Model::Spe => plain.iter().map(spe::held).collect(),
        Model::Primer => plain.iter().map(primer).collect(),
        Model::Tagged => plain.iter().map(|record| tagged(record, kind)).collect(),
        Model::Spbus => plain.iter().map(spbus).collect(),
        Model::Register => plain.iter().map(register).collect(),
        Model::Sml => plain.iter().map(|record| iec::sml(record, kind)).collect(),
        Model::Iec => plain.iter().map(|record| iec::iec(record, kind)).collect(),
        Model::Tsrv(model) => plain.iter().map(|record| tsrv(model, record, kind)).collect(),
        Model::Dlms => plain.iter().map(dlms).collect(),
        Model::Spt943 => plain.iter().map(|record| spt943(record, kind)).collect(),
        Model::Mbus if matches!(kind, RecordKind::Archive(_)) => {
            let due = truth(TruthKind::TotalsArchive);
            mbus_months(plain.iter().chain(due.iter().filter(|_| !plain.is_empty())))
        }
        Model::Mbus => {
            let kept: Vec<_> = [TruthKind::TotalsArchive, TruthKind::Monthly].map(truth).into();
            plain.iter().map(|record| mbus_moment(record, kind, &kept)).collect()
        }
    }
}

/// The archive of the shortest intervals.
fn finest_of(model: Model) -> ArchiveKind {
    match model {
        Model::Spe => HALF_HOURS,
        _ => ArchiveKind::Hourly,
    }
}

pub(super) fn number(truth: &TruthValue) -> HeldValue {
    truth
        .value
        .map_or(HeldValue::NoSensor, |value| HeldValue::Number(value, truth.digits))
}

fn register(record: &TruthRecord) -> Held {
    let cells = record.values.iter().map(|truth| {
        let (unit, value) = match truth.name {
            "t1" | "t2" => ("Cel", number(truth)),
            "V" => ("m3", number(truth)),
            "G" => ("m3/h", number(truth)),
            "Q" => ("Gcal", number(truth)),
            _ => ("", HeldValue::Flags(5)),
        };
        cell(truth.name, truth.input, unit, value, Quality::Good)
    });
    Held {
        start: record.start,
        end: record.end,
        conditions: BTreeSet::new(),
        cells: cells.collect(),
        ..Held::default()
    }
}

/// Group D of a logical name is 8 for counters, whose group E is the tariff; C is 96 for a status, whose bits tell.
fn dlms(record: &TruthRecord) -> Held {
    let cells = record.values.iter().map(|truth| {
        let groups: Vec<u8> = truth.name.split('.').filter_map(|group| group.parse().ok()).collect();
        let (unit, tariff) = match groups.as_slice() {
            [1, 0, 3, 8, _] => ("varh", 0),
            [1, 0, _, 8, tariff] => ("Wh", *tariff),
            [1, 0, 32, ..] => ("V", 0),
            [1, 0, 31, ..] => ("A", 0),
            [1, 0, 14, ..] => ("Hz", 0),
            [1, ..] => ("W", 0),
            _ => ("", 0),
        };
        let value = match (unit, truth.digits) {
            ("", Some((bits, _))) => HeldValue::Flags(bits.unsigned_abs()),
            _ => number(truth),
        };
        HeldCell {
            tariff,
            ..cell(truth.name, truth.input, unit, value, Quality::Good)
        }
    });
    let told = record
        .ns
        .iter()
        .map(|ns| (ns.input, format!("bit {}", ns.code), ns.name.map(str::to_owned)));
    Held {
        start: record.start,
        end: record.end,
        conditions: told.collect(),
        cells: cells.collect(),
        ..Held::default()
    }
}

fn primer(record: &TruthRecord) -> Held {
    let unit = |name: &str| match name {
        "t1" | "t2" => "Cel",
        "V" => "m3",
        "G" => "m3/h",
        "T" => "h",
        _ => "Gcal",
    };
    let cells = record.values.iter().map(|truth| {
        let value = number(truth);
        cell(truth.name, truth.input, unit(truth.name), value, Quality::Good)
    });
    let condition = |ns: &TruthNs| {
        let letter = char::from_u32(ns.code).expect("its codes are letters");
        (ns.input, letter.to_string(), ns.name.map(str::to_owned))
    };
    Held {
        start: record.start,
        end: record.end,
        conditions: record.ns.iter().map(condition).collect(),
        cells: cells.collect(),
        ..Held::default()
    }
}

fn vkt7(record: &TruthRecord, kind: RecordKind, totals: Option<&TruthRecord>) -> Held {
    let mut cells = Vec::new();
    let get = |name, input| {
        let found = record
            .values
            .iter()
            .find(|value| (value.name, value.input) == (name, input));
        found.and_then(|value| value.value)
    };
    for truth in &record.values {
        let concerned = |ns: &&TruthNs| ns.input == truth.input && ns.name == Some(truth.name);
        let is_doubtful = record.ns.iter().any(|ns| concerned(&ns));
        let is_mean = matches!(truth.name, "t1" | "t2" | "t3" | "P1" | "P2" | "dt");
        let was_off = get("ВНР", truth.input) == Some(0.0) && get("ВОС", truth.input) == Some(0.0);
        let value = match truth.value {
            Some(value) if is_mean && was_off => HeldValue::OffOr(value),
            _ => number(truth),
        };
        let quality = if is_doubtful { Quality::Doubtful } else { Quality::Good };
        cells.push(cell(truth.name, truth.input, vkt7_unit(truth.name), value, quality));
    }
    for total in totals.iter().flat_map(|totals| &totals.values) {
        let id = format!("{} итог", total.name);
        cells.push(cell(
            &id,
            total.input,
            vkt7_unit(total.name),
            number(total),
            Quality::Good,
        ));
    }
    if kind != RecordKind::Totals {
        let inputs: BTreeSet<u8> = record
            .values
            .iter()
            .map(|value| value.input)
            .filter(|input| *input > 0)
            .collect();
        for input in inputs {
            let has_ns = record.ns.iter().any(|ns| ns.input == input);
            // An hour without power has the sign, and no element has a code.
            let is_normal = get("ВОС", input) == Some(0.0);
            let sign = match (has_ns, is_normal) {
                (true, _) => HeldValue::Flags(1),
                (false, true) => HeldValue::Flags(0),
                (false, false) => HeldValue::Any,
            };
            cells.push(cell("НС", input, "", sign, Quality::Good));
        }
    }
    let condition = |ns: &TruthNs| (ns.input, format!("{:02X}", ns.code), ns.name.map(str::to_owned));
    Held {
        start: record.start,
        end: record.end,
        conditions: record.ns.iter().map(condition).collect(),
        cells,
        ..Held::default()
    }
}

pub(super) fn cell(id: &str, input: u8, unit: &'static str, value: HeldValue, quality: Quality) -> HeldCell {
    HeldCell {
        id: id.to_owned(),
        input,
        tariff: 0,
        unit,
        value,
        quality,
    }
}

fn vkt7_unit(name: &str) -> &'static str {
    match name {
        "t1" | "t2" | "t3" | "dt" | "tх" | "ta" => "Cel",
        "V1" | "V2" | "V3" => "m3",
        "M1" | "M2" | "M3" | "Мг" => "t",
        "P1" | "P2" | "P3" => "kgf/cm2",
        "Qо" | "Qг" => "Gcal",
        "G1" | "G2" | "G3" => "m3/h",
        _ => "h",
    }
}

fn spt943(record: &TruthRecord, kind: RecordKind) -> Held {
    let unit = |name: &str| match name {
        "t1" | "t2" | "t3" | "dt" | "tх" | "tв" => "Cel",
        "P1" | "P2" => "kgf/cm2",
        "V1" | "V2" | "V3" => "m3",
        "M1" | "M2" | "M3" => "t",
        "G1" | "G2" | "G3" => "m3/h",
        "Tи" => "h",
        _ => "Gcal",
    };
    let mut cells = Vec::new();
    for truth in &record.values {
        let is_sensor = matches!(truth.name, "t1" | "t2" | "t3" | "tх" | "tв" | "P1" | "P2");
        let value = match truth.value {
            Some(0.0) if is_sensor => HeldValue::NoSensor,
            _ => number(truth),
        };
        cells.push(cell(truth.name, truth.input, unit(truth.name), value, Quality::Good));
    }
    let inputs: BTreeSet<u8> = record.values.iter().map(|value| value.input).collect();
    let mut conditions = BTreeSet::new();
    for input in inputs.into_iter().filter(|_| kind != RecordKind::Totals) {
        let codes = record.ns.iter().filter(|ns| ns.input == input).map(|ns| ns.code);
        let bits = codes.clone().fold(0u64, |bits, code| bits | 1 << code);
        cells.push(cell("НС", input, "", HeldValue::Flags(bits), Quality::Good));
        // A number without decimals of its own.
        cells.push(cell("СП", input, "", HeldValue::Number(0.0, None), Quality::Good));
        conditions.extend(codes.map(|code| (input, format!("НС{code:02}"), spt943_column(code, kind))));
    }
    Held {
        start: record.start,
        end: record.end,
        conditions,
        cells,
        ..Held::default()
    }
}

/// The column that a simulated НС is about: 13 is the flow of sensor 1, 21 the masses of both pipes.
fn spt943_column(code: u32, kind: RecordKind) -> Option<String> {
    match (code, kind) {
        (13, RecordKind::Current) => Some("G1".to_owned()),
        (13, _) => Some("V1".to_owned()),
        _ => None,
    }
}

/// Decimals come with every value and are no matter of its column.
fn spbus(record: &TruthRecord) -> Held {
    let unit = |name: &str| match name.rsplit('.').next().unwrap_or(name) {
        "T" | "Tхв" | "Tнв" => "Cel",
        "P" => "kgf/cm2",
        "M" | "Mи" | "dM" => "t",
        "W" | "Wи" | "dW" => "Gcal",
        "V" | "Vo" => "m3",
        "G" => "t/h",
        _ => "h",
    };
    let mut cells = Vec::new();
    for truth in &record.values {
        let is_starred = record.ns.iter().any(|ns| ns.name == Some(truth.name));
        let quality = if is_starred { Quality::Doubtful } else { Quality::Good };
        let value = truth
            .value
            .map_or(HeldValue::NoSensor, |value| HeldValue::Number(value, None));
        cells.push(cell(truth.name, truth.input, unit(truth.name), value, quality));
    }
    let summaries = record
        .ns
        .iter()
        .filter(|ns| ns.name.is_some_and(|name| name.ends_with("НСо")));
    for ns in summaries {
        let name = ns.name.expect("it has a name");
        cells.push(cell(
            name,
            ns.input,
            "",
            HeldValue::Text(ns.code.to_string()),
            Quality::Good,
        ));
    }
    let on_now = record.ns.iter().filter(|ns| ns.name.is_none());
    Held {
        start: record.start,
        end: record.end,
        conditions: on_now.map(|ns| (ns.input, format!("{:02}", ns.code), None)).collect(),
        cells,
        ..Held::default()
    }
}

/// Column and unit of a value; the names of the truth end with their units.
fn mbus_column(name: &str) -> (&'static str, &'static str) {
    match name {
        "energy_kwh" => ("energy", "kWh"),
        "energy_wh" => ("energy", "Wh"),
        "volume_m3" => ("volume", "m3"),
        "on_time_h" => ("on-time", "h"),
        "flow_temperature_c" => ("flow-temperature", "Cel"),
        "return_temperature_c" => ("return-temperature", "Cel"),
        "temperature_difference_k" => ("temperature-difference", "K"),
        "power_kw" => ("power", "kW"),
        "power_w" => ("power", "W"),
        "flow_m3_h" => ("volume-flow", "m3/h"),
        "voltage_v" => ("voltage", "V"),
        "current_a" => ("current", "A"),
        other => panic!("{other} is no value of an M-Bus slave"),
    }
}

fn mbus_cell(truth: &TruthValue) -> HeldCell {
    let (id, unit) = mbus_column(truth.name);
    let id = if truth.input > 0 {
        format!("{id}/{}", truth.input)
    } else {
        id.to_owned()
    };
    HeldCell {
        tariff: truth.input,
        ..cell(&id, 1, unit, number(truth), Quality::Good)
    }
}

/// Counters are totals; what is measured now, and the status byte, are current values. Kept values of which no date came
/// through stand among the totals under their storage number: 1 is the due date, 2 the newest end of a month.
fn mbus_moment(record: &TruthRecord, kind: RecordKind, kept: &[Vec<TruthRecord>]) -> Held {
    let is_total = |name: &str| matches!(mbus_column(name).0, "energy" | "volume" | "on-time");
    let of_kind = |value: &&TruthValue| is_total(value.name) == (kind == RecordKind::Totals);
    let mut cells: Vec<_> = record.values.iter().filter(of_kind).map(mbus_cell).collect();
    if kind == RecordKind::Current {
        cells.push(cell("status", 0, "", HeldValue::Flags(0), Quality::Good));
    }
    let periods = kept.iter().flat_map(|records| records.iter().rev());
    let stored = periods.zip(1u32..).flat_map(|(record, storage)| {
        let name = move |cell: HeldCell| {
            let (name, tariff) = cell
                .id
                .split_once('/')
                .map_or((&*cell.id, ""), |(name, tariff)| (name, tariff));
            let tariff = if tariff.is_empty() {
                String::new()
            } else {
                format!("/{tariff}")
            };
            HeldCell {
                id: format!("{name}@{storage}{tariff}"),
                ..cell
            }
        };
        record.values.iter().map(mbus_cell).map(name)
    });
    Held {
        start: record.start,
        end: record.end,
        conditions: BTreeSet::new(),
        cells,
        more: stored.filter(|_| kind == RecordKind::Totals).collect(),
        beside: None,
    }
}

/// Counters at the ends of months and at the due date, as intervals. A stamp of 23:59 or of a last day means the end of
/// that day; the first day of a month means its begin.
fn mbus_months<'a>(records: impl Iterator<Item = &'a TruthRecord>) -> Vec<Held> {
    let mut months: Vec<Held> = Vec::new();
    for record in records {
        let day = record.end.date();
        let last = if day.day() == 1 && record.end.hour() == 0 {
            day
        } else {
            day.saturating_add(1.day())
        };
        let (start, end) = (last.saturating_sub(1.month()).at(0, 0, 0, 0), last.at(0, 0, 0, 0));
        if months.iter().any(|month| month.end == end) {
            continue;
        }
        let cells = record.values.iter().map(mbus_cell).collect();
        months.push(Held {
            start,
            end,
            conditions: BTreeSet::new(),
            cells,
            ..Held::default()
        });
    }
    months.sort_by_key(|month| month.end);
    months
}
