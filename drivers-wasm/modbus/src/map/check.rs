//! From the text of a map to a map that can be used, with the entry named that is wrong.

use std::collections::BTreeSet;

use uzel_driver_sdk::{Aggregate, ArchiveKind};

use super::text::{Access, ArchiveEntry, Class, Entry, File, Place, StampEntry, StampPlace};
use super::{Archive, Expected, Layout, Map, MapError, Name, Power, Range, Rule, Scale, Setting, Source, Stamp, Value};
use crate::number::Type;
use uzel_driver_sdk::modbus::pdu::{Area, MOST_REGISTERS};

/// The version of the format that this driver reads.
const VERSION: u32 = 1;
/// Silence before a question at most, milliseconds.
const MOST_PAUSE_MS: u32 = 1_000;
/// Columns of one declaration, as the contract bounds them.
const MOST_COLUMNS: usize = 256;
/// Records of an archive: more than any register space holds.
const MOST_RECORDS: u32 = 65_535;
/// Registers of a record that fit into one answer of function 20 too.
const MOST_RECORD: u16 = 120;

type Checked<T> = Result<T, MapError>;

/// Reads the text of a map.
pub fn parse(text: &str) -> Checked<Map> {
    let file = File::parse(text)?;
    if file.version != VERSION {
        let (got, want) = (file.version, VERSION);
        return Err(MapError::Version { got, want });
    }
    if !(1..=MOST_REGISTERS).contains(&file.max_registers) {
        let what = format!("is {}, expected 1 to {MOST_REGISTERS}", file.max_registers);
        return Err(fault("max_registers", what));
    }
    let asked = file.device.iter().flatten().flatten();
    if file.identify.is_empty() && asked.count() == 0 {
        return Err(fault(
            "identify",
            "a map needs at least one rule by which its device is known",
        ));
    }
    let values = named(&file.value, "value", None)?;
    let mut settings = Vec::new();
    for entry in &file.setting {
        settings.push(setting(entry)?);
    }
    let mut archives = Vec::new();
    for entry in &file.archive {
        archives.push(archive(entry, file.clock.is_some())?);
    }
    Ok(Map {
        name: file.name,
        max_registers: file.max_registers,
        gap: file.gap,
        pause_ms: file.pause_ms.min(MOST_PAUSE_MS),
        write: file.write,
        device: file.device,
        rules: file.identify.iter().map(rule).collect::<Checked<_>>()?,
        serial: file.serial.as_ref().map(|entry| source("serial", entry)).transpose()?,
        firmware: file
            .firmware
            .as_ref()
            .map(|entry| source("firmware", entry))
            .transpose()?,
        clock: file
            .clock
            .as_ref()
            .map(|entry| stamp("clock", entry, None))
            .transpose()?,
        values,
        archives,
        settings,
    })
}

fn fault(place: impl Into<String>, what: impl Into<String>) -> MapError {
    MapError::Entry {
        place: place.into(),
        what: what.into(),
    }
}

/// `h:0x10`: the letter of the table and the address on the wire.
fn address(place: &str, key: &str, text: &str) -> Checked<(Area, u16)> {
    let wrong = || {
        let what = format!("{key} is {text:?}, expected h: (03), i: (04), c: (01) or d: (02) and 0 to 65535");
        fault(place, what)
    };
    let (letter, number) = text.split_once(':').ok_or_else(wrong)?;
    let areas = [Area::Holding, Area::Input, Area::Coil, Area::Discrete];
    let area = areas.into_iter().find(|area| letter == area.letter().to_string());
    let at = number
        .strip_prefix("0x")
        .map_or_else(|| number.parse(), |hex| u16::from_str_radix(hex, 16));
    Ok((area.ok_or_else(wrong)?, at.map_err(|_| wrong())?))
}

/// An absolute address.
fn absolute(place: &str, key: &str, at: Option<&Place>) -> Checked<(Area, u16)> {
    match at {
        Some(Place::Address(text)) => address(place, key, text),
        Some(Place::Offset(offset)) => address(place, key, &offset.to_string()),
        None => Err(fault(place, format!("{key} is missing"))),
    }
}

fn source(place: &str, entry: &Entry) -> Checked<Source> {
    let (area, at) = absolute(place, "at", entry.at.as_ref())?;
    source_at(place, entry, area, at)
}

fn source_at(place: &str, entry: &Entry, area: Area, at: u16) -> Checked<Source> {
    let registers = match (entry.kind.registers(), entry.length) {
        (Some(registers), None) => registers,
        (None, Some(length @ 1..=MOST_REGISTERS)) => length,
        (None, None) => return Err(fault(place, "length is missing: how many registers the text takes")),
        (_, Some(length)) => {
            return Err(fault(
                place,
                format!("length is {length}, expected 1 to 125, and only of a text"),
            ));
        }
    };
    if area.is_bits() && entry.kind != Type::Bit {
        return Err(fault(place, "coils and discrete inputs are of type bit"));
    }
    if entry.bit > 15 {
        return Err(fault(place, format!("bit is {}, expected 0 to 15", entry.bit)));
    }
    if at.checked_add(registers - 1).is_none() {
        return Err(fault(
            place,
            format!("{registers} registers from {at} on end behind 65535"),
        ));
    }
    Ok(Source {
        area,
        at,
        registers,
        kind: entry.kind,
        order: entry.order,
        bit: entry.bit,
        absent: entry.absent.clone(),
        scale: scale(place, entry)?,
    })
}

fn scale(place: &str, entry: &Entry) -> Checked<Scale> {
    let power = match (&entry.decimals_at, &entry.power_at) {
        (None, None) => None,
        (Some(at), None) => Some((absolute(place, "decimals_at", Some(at))?, true)),
        (None, Some(at)) => Some((absolute(place, "power_at", Some(at))?, false)),
        (Some(_), Some(_)) => return Err(fault(place, "decimals_at and power_at are two words for one thing")),
    };
    let is_plain = entry.decimals == 0 && entry.multiply.is_none() && power.is_none();
    if !is_plain && !entry.kind.is_whole() {
        let what = match entry.kind {
            Type::F32 | Type::F64 => "a float has no decimals and no multiplier: it leaves as the device keeps it",
            _ => "only whole numbers have decimals or a multiplier",
        };
        return Err(fault(place, what));
    }
    if entry.decimals > 15 {
        return Err(fault(
            place,
            format!("decimals is {}, expected 0 to 15", entry.decimals),
        ));
    }
    Ok(Scale {
        multiply: entry.multiply.unwrap_or(1),
        decimals: entry.decimals,
        power: power.map(|((area, at), is_decimals)| Power {
            area,
            at,
            is_decimals,
            add: entry.power_add,
        }),
    })
}

fn rule(entry: &Entry) -> Checked<Rule> {
    let place = entry
        .id
        .as_ref()
        .map_or("identify".to_owned(), |id| format!("identify {id}"));
    let source = source(&place, entry)?;
    let expected = match (&entry.is, &entry.text, entry.min, entry.max) {
        (Some(list), None, None, None) if !list.is_empty() => Expected::OneOf(list.clone()),
        (None, Some(text), None, None) => Expected::Text(text.clone()),
        (None, None, Some(min), Some(max)) if min <= max => Expected::Between(min, max),
        _ => {
            return Err(fault(
                place,
                "expected one of: is = [numbers], text = \"…\", min and max",
            ));
        }
    };
    Ok(Rule { source, expected })
}

/// Values, or the fields of a record of `record` registers.
fn named(entries: &[Entry], list: &str, record: Option<u16>) -> Checked<Vec<Value>> {
    let mut seen = BTreeSet::new();
    let mut values = Vec::new();
    for entry in entries {
        let Some(id) = entry.id.as_ref().filter(|id| (1..=64).contains(&id.len())) else {
            return Err(fault(list, "id is missing, or longer than 64 bytes"));
        };
        let place = format!("{list} {id}");
        if !seen.insert((id, entry.point, entry.tariff)) {
            return Err(fault(place, "there are two of this id, point and tariff"));
        }
        let source = match record {
            None => source(&place, entry)?,
            Some(length) => field(&place, entry, length)?,
        };
        let name = name(id, entry, record.is_some());
        values.push(Value {
            name,
            source,
            class: entry.class,
        });
    }
    if values.len() > MOST_COLUMNS {
        return Err(fault(
            list,
            format!("there are {}, expected {MOST_COLUMNS} at most", values.len()),
        ));
    }
    Ok(values)
}

fn field(place: &str, entry: &Entry, length: u16) -> Checked<Source> {
    let Some(Place::Offset(at)) = entry.at else {
        return Err(fault(
            place,
            "at is the number of registers from the start of the record",
        ));
    };
    let source = source_at(place, entry, Area::Holding, at)?;
    if u32::from(at) + u32::from(source.registers) > u32::from(length) {
        let what = format!(
            "{} registers from {at} on end behind the {length} of a record",
            source.registers
        );
        return Err(fault(place, what));
    }
    Ok(source)
}

fn name(id: &str, entry: &Entry, is_archived: bool) -> Name {
    let is_state = matches!(entry.kind, Type::Bits16 | Type::Bits32 | Type::Bit | Type::Text);
    let usual = match (is_state, entry.class, is_archived) {
        (true, ..) => Aggregate::State,
        (_, Class::Total, _) => Aggregate::Total,
        (_, _, true) => Aggregate::Sum,
        _ => Aggregate::Instant,
    };
    Name {
        id: id.to_owned(),
        quantity: entry.quantity.clone().unwrap_or_else(|| "other".to_owned()),
        unit: entry.unit.clone().unwrap_or_default(),
        point: entry.point,
        tariff: entry.tariff,
        pipe: entry.pipe.clone(),
        aggregate: entry.aggregate.unwrap_or(usual),
    }
}

fn stamp(place: &str, entry: &StampEntry, record: Option<u16>) -> Checked<Stamp> {
    let layout = Layout::parse(&entry.layout).ok_or_else(|| {
        let what = format!(
            "stamp is {:?}, expected unix, registers:, bytes: or bcd: with Y M D h m s -",
            entry.layout
        );
        fault(place, what)
    })?;
    let (area, at) = match (&entry.at, record) {
        (Place::Offset(at), Some(_)) => (Area::Holding, *at),
        (at, None) => absolute(place, "at", Some(at))?,
        (Place::Address(text), Some(_)) => {
            let what = format!("at of the stamp is {text:?}, expected a number of registers");
            return Err(fault(place, what));
        }
    };
    let end = u32::from(at) + u32::from(layout.registers());
    if record.is_some_and(|length| end > u32::from(length)) || end > 65_536 {
        return Err(fault(place, "the stamp ends behind the registers there are"));
    }
    Ok(Stamp {
        area,
        at,
        layout,
        order: entry.order,
    })
}

fn kind(text: &str) -> Option<ArchiveKind> {
    Some(match text {
        "hourly" => ArchiveKind::Hourly,
        "daily" => ArchiveKind::Daily,
        "monthly" => ArchiveKind::Monthly,
        _ => return None,
    })
}

fn archive(entry: &ArchiveEntry, has_clock: bool) -> Checked<Archive> {
    let place = format!("archive {}", entry.kind);
    let place = place.as_str();
    let missing = |key: &str| fault(place, format!("{key} is missing"));
    let kind = kind(&entry.kind).ok_or_else(|| fault(place, "kind is none of hourly, daily, monthly"))?;
    if !(1..=MOST_RECORDS).contains(&entry.depth) {
        return Err(fault(
            place,
            format!("depth is {}, expected 1 to {MOST_RECORDS}", entry.depth),
        ));
    }
    if !(1..=MOST_RECORD).contains(&entry.length) {
        return Err(fault(
            place,
            format!("length is {}, expected 1 to {MOST_RECORD}", entry.length),
        ));
    }
    let stamp = match &entry.stamp {
        None => return Err(missing("stamp")),
        Some(StampPlace::Word(word)) if word == "clock" && has_clock && entry.newest.is_none() => None,
        Some(StampPlace::Word(word)) => {
            let what =
                format!("stamp is {word:?}: \"clock\" needs a clock and numbers that count back from the newest");
            return Err(fault(place, what));
        }
        Some(StampPlace::Entry(at)) => Some(stamp(place, at, Some(entry.length))?),
    };
    let (area, at) = match (entry.access, &entry.at) {
        (Access::File, None) => (Area::Holding, 0),
        (Access::File, Some(_)) => return Err(fault(place, "a file has no at: records are numbered from first on")),
        (_, at) => absolute(place, "at", at.as_ref())?,
    };
    let select = match entry.access {
        Access::Select if entry.echo.is_none() => return Err(missing("echo")),
        Access::Select => absolute(place, "select", entry.select.as_ref())?.1,
        _ => 0,
    };
    if entry.echo.is_some_and(|echo| echo >= entry.length) {
        return Err(fault(place, "echo is behind the registers of a record"));
    }
    if entry.access == Access::File && entry.file.is_none() {
        return Err(missing("file"));
    }
    let fields = named(&entry.field, place, Some(entry.length))?;
    if fields.is_empty() {
        return Err(fault(place, "it has no field"));
    }
    let stride = entry.stride.unwrap_or(if entry.access == Access::Registers {
        entry.length
    } else {
        1
    });
    let last = u64::from(at) + u64::from(entry.depth - 1) * u64::from(stride) + u64::from(entry.length);
    if entry.access == Access::Registers && last > 65_536 {
        return Err(fault(
            place,
            format!("the last record ends at register {last}, expected 65536 at most"),
        ));
    }
    let header = |key: &str, entry: &Option<Entry>| {
        let place = format!("{place} {key}");
        entry.as_ref().map(|entry| source(&place, entry)).transpose()
    };
    Ok(Archive {
        kind,
        depth: entry.depth,
        label: entry.label,
        access: entry.access,
        at,
        area,
        stride,
        length: entry.length,
        file: entry.file.unwrap_or_default(),
        first: entry.first,
        newest: header("newest", &entry.newest)?,
        count: header("count", &entry.count)?,
        select,
        echo: entry.echo.unwrap_or_default(),
        stamp,
        fields,
    })
}

fn setting(entry: &Entry) -> Checked<Setting> {
    let id = entry.id.clone().ok_or_else(|| fault("setting", "id is missing"))?;
    let place = format!("setting {id}");
    let source = source(&place, entry)?;
    let range = match (entry.min, entry.max, &entry.min_at, &entry.max_at) {
        (None, None, None, None) => Range::ReadOnly,
        (Some(min), Some(max), None, None) if min <= max && min.fract() == 0.0 && max.fract() == 0.0 => {
            Range::Digits(min as i64, max as i64)
        }
        (None, None, min @ Some(_), max @ Some(_)) => {
            let min = absolute(&place, "min_at", min.as_ref())?;
            let max = absolute(&place, "max_at", max.as_ref())?;
            Range::Registers(min.1, max.1)
        }
        _ => {
            return Err(fault(
                place,
                "a range is min and max in whole digits, or min_at and max_at",
            ));
        }
    };
    let is_writable = range != Range::ReadOnly;
    if is_writable && (source.area != Area::Holding || !matches!(source.kind, Type::U16 | Type::I16)) {
        return Err(fault(place, "only one holding register of type u16 or i16 is written"));
    }
    Ok(Setting {
        title: entry.title.clone().unwrap_or_else(|| id.clone()),
        unit: entry.unit.clone().unwrap_or_default(),
        id,
        source,
        range,
    })
}
