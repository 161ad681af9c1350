//! The text of a map as TOML has it (docs/modbus-maps.md). Nothing is checked here but keys and their types.

use uzel_driver_sdk::Aggregate;

use super::MapError;
use super::keys::{self, Keys};
use crate::number::{Order, Type};

/// A map file.
#[derive(Debug)]
pub struct File {
    pub version: u32,
    pub name: String,
    pub max_registers: u16,
    pub gap: u16,
    pub pause_ms: u32,
    pub write: WriteFunction,
    pub identify: Vec<Entry>,
    pub device: Option<[Option<String>; 3]>,
    pub serial: Option<Entry>,
    pub firmware: Option<Entry>,
    pub clock: Option<StampEntry>,
    pub value: Vec<Entry>,
    pub archive: Vec<ArchiveEntry>,
    pub setting: Vec<Entry>,
}

/// Which function writes a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WriteFunction {
    /// 06.
    #[default]
    One,
    /// 16.
    Many,
}

/// Whether a value is asked for with the current ones or with the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    #[default]
    Current,
    Total,
}

/// Which end of the interval a record is labelled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Start,
    End,
}

/// How a record is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Each has its registers.
    Registers,
    /// Its number is written to a register, then a window shows it.
    Select,
    /// Function 20.
    File,
}

/// An address: `"h:0x10"`, or within a record a number of registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Offset(u16),
    Address(String),
}

/// A number of the device: a rule, a value, a field of a record, a setting.
#[derive(Debug)]
pub struct Entry {
    pub id: Option<String>,
    pub title: Option<String>,
    pub quantity: Option<String>,
    pub unit: Option<String>,
    pub pipe: Option<String>,
    pub point: u8,
    pub tariff: u8,
    pub class: Class,
    pub aggregate: Option<Aggregate>,
    pub at: Option<Place>,
    pub kind: Type,
    pub order: Order,
    pub length: Option<u16>,
    pub bit: u8,
    pub decimals: u8,
    pub multiply: Option<i64>,
    pub decimals_at: Option<Place>,
    pub power_at: Option<Place>,
    pub power_add: i16,
    pub absent: Vec<i64>,
    pub is: Option<Vec<i64>>,
    pub text: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub min_at: Option<Place>,
    pub max_at: Option<Place>,
}

/// A date and time of the device.
#[derive(Debug)]
pub struct StampEntry {
    pub at: Place,
    pub layout: String,
    pub order: Order,
}

/// A stamp in the record, or the word `"clock"`.
#[derive(Debug)]
pub enum StampPlace {
    Word(String),
    Entry(StampEntry),
}

/// An archive.
#[derive(Debug)]
pub struct ArchiveEntry {
    pub kind: String,
    pub depth: u32,
    pub label: Label,
    pub access: Access,
    pub at: Option<Place>,
    pub stride: Option<u16>,
    pub length: u16,
    pub file: Option<u16>,
    pub first: u16,
    pub newest: Option<Entry>,
    pub count: Option<Entry>,
    pub select: Option<Place>,
    pub echo: Option<u16>,
    pub stamp: Option<StampPlace>,
    pub field: Vec<Entry>,
}

type Checked<T> = Result<T, MapError>;

/// Three and a half characters at 9600 bits per second, and a little.
const PAUSE_MS: u32 = 5;
const MAX_REGISTERS: u16 = 120;

const TYPES: [(&str, Type); 15] = [
    ("u16", Type::U16),
    ("i16", Type::I16),
    ("u32", Type::U32),
    ("i32", Type::I32),
    ("u64", Type::U64),
    ("i64", Type::I64),
    ("f32", Type::F32),
    ("f64", Type::F64),
    ("bcd16", Type::Bcd16),
    ("bcd32", Type::Bcd32),
    ("bcd64", Type::Bcd64),
    ("bits16", Type::Bits16),
    ("bits32", Type::Bits32),
    ("bit", Type::Bit),
    ("text", Type::Text),
];
const ORDERS: [(&str, Order); 4] = [
    ("ABCD", Order::Abcd),
    ("CDAB", Order::Cdab),
    ("BADC", Order::Badc),
    ("DCBA", Order::Dcba),
];
const AGGREGATES: [(&str, Aggregate); 8] = [
    ("instant", Aggregate::Instant),
    ("mean", Aggregate::Mean),
    ("sum", Aggregate::Sum),
    ("minimum", Aggregate::Minimum),
    ("maximum", Aggregate::Maximum),
    ("total", Aggregate::Total),
    ("duration", Aggregate::Duration),
    ("state", Aggregate::State),
];
const WRITES: [(&str, WriteFunction); 2] = [("one", WriteFunction::One), ("many", WriteFunction::Many)];
const CLASSES: [(&str, Class); 2] = [("current", Class::Current), ("total", Class::Total)];
const LABELS: [(&str, Label); 2] = [("start", Label::Start), ("end", Label::End)];
const ACCESSES: [(&str, Access); 3] = [
    ("registers", Access::Registers),
    ("select", Access::Select),
    ("file", Access::File),
];

impl File {
    /// Reads the text of a map.
    pub fn parse(text: &str) -> Checked<Self> {
        keys::parse(text, |keys| {
            Ok(Self {
                version: keys.need("version", keys.number("version")?)?,
                name: keys.need("name", keys.text("name")?)?,
                max_registers: keys.number("max_registers")?.unwrap_or(MAX_REGISTERS),
                gap: keys.number("gap")?.unwrap_or_default(),
                pause_ms: keys.number("pause_ms")?.unwrap_or(PAUSE_MS),
                write: keys.word("write", &WRITES)?.unwrap_or_default(),
                identify: keys.tables("identify", Entry::read)?,
                device: keys.table("device", |keys| {
                    Ok([keys.text("vendor")?, keys.text("product")?, keys.text("revision")?])
                })?,
                serial: keys.table("serial", Entry::read)?,
                firmware: keys.table("firmware", Entry::read)?,
                clock: keys.table("clock", StampEntry::read)?,
                value: keys.tables("value", Entry::read)?,
                archive: keys.tables("archive", ArchiveEntry::read)?,
                setting: keys.tables("setting", Entry::read)?,
            })
        })
    }
}

fn place(keys: &Keys<'_>, key: &'static str) -> Checked<Option<Place>> {
    if keys.is_text(key) {
        return Ok(keys.text(key)?.map(Place::Address));
    }
    Ok(keys.number(key)?.map(Place::Offset))
}

impl Entry {
    fn read(keys: &Keys<'_>) -> Checked<Self> {
        Ok(Self {
            id: keys.text("id")?,
            title: keys.text("title")?,
            quantity: keys.text("quantity")?,
            unit: keys.text("unit")?,
            pipe: keys.text("pipe")?,
            point: keys.number("point")?.unwrap_or_default(),
            tariff: keys.number("tariff")?.unwrap_or_default(),
            class: keys.word("class", &CLASSES)?.unwrap_or_default(),
            aggregate: keys.word("aggregate", &AGGREGATES)?,
            at: place(keys, "at")?,
            kind: keys.need("type", keys.word("type", &TYPES)?)?,
            order: keys.word("order", &ORDERS)?.unwrap_or_default(),
            length: keys.number("length")?,
            bit: keys.number("bit")?.unwrap_or_default(),
            decimals: keys.number("decimals")?.unwrap_or_default(),
            multiply: keys.number("multiply")?,
            decimals_at: place(keys, "decimals_at")?,
            power_at: place(keys, "power_at")?,
            power_add: keys.number("power_add")?.unwrap_or_default(),
            absent: keys.numbers("absent")?.unwrap_or_default(),
            is: keys.numbers("is")?,
            text: keys.text("text")?,
            min: keys.float("min")?,
            max: keys.float("max")?,
            min_at: place(keys, "min_at")?,
            max_at: place(keys, "max_at")?,
        })
    }
}

impl StampEntry {
    fn read(keys: &Keys<'_>) -> Checked<Self> {
        Ok(Self {
            at: keys.need("at", place(keys, "at")?)?,
            layout: keys.need("as", keys.text("as")?)?,
            order: keys.word("order", &ORDERS)?.unwrap_or_default(),
        })
    }
}

impl ArchiveEntry {
    fn read(keys: &Keys<'_>) -> Checked<Self> {
        let stamp = if keys.is_text("stamp") {
            keys.text("stamp")?.map(StampPlace::Word)
        } else {
            keys.table("stamp", StampEntry::read)?.map(StampPlace::Entry)
        };
        Ok(Self {
            kind: keys.need("kind", keys.text("kind")?)?,
            depth: keys.need("depth", keys.number("depth")?)?,
            label: keys.need("label", keys.word("label", &LABELS)?)?,
            access: keys.need("access", keys.word("access", &ACCESSES)?)?,
            at: place(keys, "at")?,
            stride: keys.number("stride")?,
            length: keys.need("length", keys.number("length")?)?,
            file: keys.number("file")?,
            first: keys.number("first")?.unwrap_or_default(),
            newest: keys.table("newest", Entry::read)?,
            count: keys.table("count", Entry::read)?,
            select: place(keys, "select")?,
            echo: keys.number("echo")?,
            stamp,
            field: keys.tables("field", Entry::read)?,
        })
    }
}
