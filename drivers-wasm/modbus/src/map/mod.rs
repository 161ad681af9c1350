//! A register map: what a device has where, and what it is called. Read from a text by [`text`], checked by [`check`].

mod check;
mod keys;
mod stamp;
mod text;

pub use check::parse;
pub use stamp::{Layout, Shown, Stamp};
pub use text::{Access, Class, Label, WriteFunction};

use uzel_driver_sdk::{Aggregate, ArchiveKind};

use crate::number::{Number, Order, Type, decode};
use uzel_driver_sdk::modbus::pdu::{Area, Span};

/// Why a text is no map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    #[error("map, line {line}: {what}")]
    Text { line: usize, what: String },
    #[error("map: version is {got}, this driver reads version {want}")]
    Version { got: u32, want: u32 },
    #[error("map: {place}: {what}")]
    Entry { place: String, what: String },
}

/// A whole map.
#[derive(Debug, Clone)]
pub struct Map {
    pub name: String,
    /// Registers of one read at most.
    pub max_registers: u16,
    /// Unused registers between two values that are read with them.
    pub gap: u16,
    /// Silence before a question, milliseconds.
    pub pause_ms: u32,
    pub write: WriteFunction,
    pub rules: Vec<Rule>,
    /// What maker, product and revision must begin with; none: nothing is required of them.
    pub device: Option<[Option<String>; 3]>,
    pub serial: Option<Source>,
    pub firmware: Option<Source>,
    pub clock: Option<Stamp>,
    pub values: Vec<Value>,
    pub archives: Vec<Archive>,
    pub settings: Vec<Setting>,
}

/// Where one number is, and how it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub area: Area,
    pub at: u16,
    pub registers: u16,
    pub kind: Type,
    pub order: Order,
    pub bit: u8,
    pub absent: Vec<i64>,
    pub scale: Scale,
}

/// How digits become a number: digits · `multiply` / 10^decimals.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    pub multiply: i64,
    pub decimals: u8,
    /// The device itself says how many decimals there are, in this register.
    pub power: Option<Power>,
}

/// A register that holds a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    pub area: Area,
    pub at: u16,
    /// It counts decimals; otherwise it is the exponent.
    pub is_decimals: bool,
    /// Added to what the register holds.
    pub add: i16,
}

impl Source {
    pub fn span(&self) -> Span {
        Span {
            area: self.area,
            at: self.at,
            count: self.registers,
        }
    }

    /// Decimals that are known without the device.
    pub fn decimals(&self) -> Option<u8> {
        let is_known = self.kind.is_whole() && self.scale.power.is_none();
        is_known.then_some(self.scale.decimals)
    }

    /// The number in its bytes: registers, or one bit.
    pub fn decode(&self, bytes: &[u8]) -> Number {
        if self.area.is_bits() {
            return Number::Whole(i64::from(bytes.first().is_some_and(|byte| byte & 1 == 1)));
        }
        decode(self.kind, self.order, self.bit, &self.absent, bytes)
    }
}

/// What must stand in a register of the device that the map is for.
#[derive(Debug, Clone)]
pub struct Rule {
    pub source: Source,
    pub expected: Expected,
}

/// What is expected of a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    OneOf(Vec<i64>),
    Text(String),
    Between(f64, f64),
}

/// What a value is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub id: String,
    pub quantity: String,
    pub unit: String,
    pub point: u8,
    pub tariff: u8,
    pub pipe: Option<String>,
    pub aggregate: Aggregate,
}

/// A value of the present.
#[derive(Debug, Clone)]
pub struct Value {
    pub name: Name,
    pub source: Source,
    pub class: Class,
}

/// A ring or row of records.
#[derive(Debug, Clone)]
pub struct Archive {
    pub kind: ArchiveKind,
    pub depth: u32,
    pub label: Label,
    pub access: Access,
    /// First register of the first record, or of the window that shows the selected one; of a file the record number.
    pub at: u16,
    pub area: Area,
    pub stride: u16,
    /// Registers of a record.
    pub length: u16,
    pub file: u16,
    /// Number of the first record.
    pub first: u16,
    /// Holds the number of the newest record; none: numbers count back from the newest.
    pub newest: Option<Source>,
    /// Holds how many records there are.
    pub count: Option<Source>,
    /// The register to which the number is written.
    pub select: u16,
    /// Registers from the start of a record to the one that repeats the number.
    pub echo: u16,
    /// Its `at` counts from the start of a record; none: the meter's clock decides.
    pub stamp: Option<Stamp>,
    pub fields: Vec<Value>,
}

/// Something of the device that can be looked at and, if it has a range, changed.
#[derive(Debug, Clone)]
pub struct Setting {
    pub id: String,
    pub title: String,
    pub unit: String,
    pub source: Source,
    pub range: Range,
}

/// Between which digits a setting may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    ReadOnly,
    Digits(i64, i64),
    /// The limits stand in registers, in digits of the same kind.
    Registers(u16, u16),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first line of what is wrong with a map.
    fn fault(text: &str) -> String {
        parse(text).map(|_| ()).unwrap_err().to_string()
    }

    const HEAD: &str = "version = 1\nname = \"x\"\n[[identify]]\nat = \"h:1\"\ntype = \"u16\"\nis = [1]\n";

    #[test]
    fn a_wrong_map_is_refused_with_line_or_entry() {
        let entry = |entry: &str| format!("{HEAD}[[value]]\n{entry}\n");
        let cases = [
            ("version = 1\nname = ".to_owned(), "map, line 2: "),
            (
                "version = 2\nname = \"x\"".to_owned(),
                "version is 2, this driver reads version 1",
            ),
            (
                "version = 1\nname = \"x\"".to_owned(),
                "identify: a map needs at least one rule",
            ),
            (
                format!("{HEAD}colour = 1"),
                "map, line 7: key `colour` is not known here",
            ),
            (entry("id = \"a\"\ntype = \"u16\""), "value a: at is missing"),
            (
                entry("id = \"a\"\nat = \"40001\"\ntype = \"u16\""),
                "value a: at is \"40001\", expected",
            ),
            (
                entry("id = \"a\"\nat = \"h:70000\"\ntype = \"u16\""),
                "value a: at is \"h:70000\"",
            ),
            (
                entry("id = \"a\"\nat = \"h:65535\"\ntype = \"u32\""),
                "value a: 2 registers from 65535 on end behind 65535",
            ),
            (
                entry("id = \"a\"\nat = \"h:1\"\ntype = \"u24\""),
                "map, line 10: type is \"u24\", expected one of u16",
            ),
            (
                entry("id = \"a\"\nat = \"h:1\"\ntype = \"text\""),
                "value a: length is missing",
            ),
            (
                entry("id = \"a\"\nat = \"h:1\"\ntype = \"f32\"\ndecimals = 2"),
                "value a: a float has no decimals",
            ),
            (
                entry("id = \"a\"\nat = \"h:1\"\ntype = \"u16\"\ndecimals = 16"),
                "value a: decimals is 16",
            ),
            (entry("at = \"h:1\"\ntype = \"u16\""), "value: id is missing"),
            (
                format!(
                    "{}[[value]]\nid = \"a\"\nat = \"h:2\"\ntype = \"u16\"\n",
                    entry("id = \"a\"\nat = \"h:1\"\ntype = \"u16\"")
                ),
                "value a: there are two of this id",
            ),
        ];
        for (text, want) in cases {
            let got = fault(&text);
            assert!(got.contains(want), "{want}: {got}");
        }
    }

    #[test]
    fn archives_are_checked_too() {
        let stamp = "stamp = { at = 0, as = \"unix\" }\nfield = [{ id = \"V\", at = 2, type = \"u32\" }]\n";
        let archive =
            |keys: &str| format!("{HEAD}[[archive]]\nkind = \"hourly\"\nlabel = \"end\"\ndepth = 10\n{keys}\n");
        let whole = "access = \"registers\"\nat = \"h:100\"\nlength = 4\n";
        assert!(parse(&archive(&format!("{whole}{stamp}"))).is_ok());
        let cases = [
            (format!("{whole}field = []"), "archive hourly: stamp is missing"),
            (
                format!("{whole}stamp = {{ at = 0, as = \"unix\" }}"),
                "archive hourly: it has no field",
            ),
            (
                format!("access = \"registers\"\nat = \"h:100\"\nlength = 3\n{stamp}"),
                "archive hourly V: 2 registers from 2 on end behind the 3 of a record",
            ),
            (
                format!("access = \"registers\"\nat = \"h:100\"\nlength = 126\n{stamp}"),
                "archive hourly: length is 126, expected 1 to 120",
            ),
            (
                format!("access = \"select\"\nat = \"h:100\"\nlength = 4\n{stamp}"),
                "archive hourly: echo is missing",
            ),
            (
                format!("access = \"file\"\nlength = 4\n{stamp}"),
                "archive hourly: file is missing",
            ),
            (
                format!(
                    "{whole}stamp = {{ at = 0, as = \"bcd:hh\" }}\nfield = [{{ id = \"V\", at = 2, type = \"u32\" }}]"
                ),
                "archive hourly: stamp is \"bcd:hh\"",
            ),
        ];
        for (keys, want) in cases {
            let got = fault(&archive(&keys));
            assert!(got.contains(want), "{want}: {got}");
        }
    }
}
