//! What a simulated meter holds, in the words that the host should have for it.

mod iec;
mod mbus;
mod spbus;
mod spe;
mod spt943;
mod vkt4;
mod vkt5;
mod vkt7;
mod vkt9;

use std::collections::BTreeSet;

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
                vkt7::held(record, kind, at_end)
            };
            plain.iter().map(with_totals).collect()
        }
        Model::Vkt5 => plain.iter().map(vkt5::held).collect(),
        Model::Vkt4 => plain.iter().map(vkt4::held).collect(),
        Model::Vkt9 => plain.iter().map(|record| vkt9::held(record, kind)).collect(),
        Model::Spe => plain.iter().map(spe::held).collect(),
        Model::Primer => plain.iter().map(primer).collect(),
        Model::Tagged => plain.iter().map(|record| tagged(record, kind)).collect(),
        Model::Spbus => plain.iter().map(spbus::held).collect(),
        Model::Register => plain.iter().map(register).collect(),
        Model::Sml => plain.iter().map(|record| iec::sml(record, kind)).collect(),
        Model::Iec => plain.iter().map(|record| iec::iec(record, kind)).collect(),
        Model::Tsrv(model) => plain.iter().map(|record| tsrv(model, record, kind)).collect(),
        Model::Dlms => plain.iter().map(dlms).collect(),
        Model::Spt943 => plain.iter().map(|record| spt943::held(record, kind)).collect(),
        Model::Mbus if matches!(kind, RecordKind::Archive(_)) => {
            let due = truth(TruthKind::TotalsArchive);
            mbus::months(plain.iter().chain(due.iter().filter(|_| !plain.is_empty())))
        }
        Model::Mbus => {
            let kept: Vec<_> = [TruthKind::TotalsArchive, TruthKind::Monthly].map(truth).into();
            plain.iter().map(|record| mbus::moment(record, kind, &kept)).collect()
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
