//! DATA-NOTIFICATION (IEC 62056-53): what a meter says unasked. Its values are known by the logical names that stand beside
//! them; a list without names only where it is one of which somebody wrote down what stands where.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::axdr::Data;
use dlms_cosem_rs::codec::Decode;
use uzel_driver_sdk::bytes::{Reader, Short};

use crate::column::Scale;
use crate::{name, stamp, tree};

pub const TAG: u8 = 0x0F;
/// Bytes of a date-time, and what stands before one: its length, or its tag and length as Kaifa writes them.
const STAMP: usize = 12;
const NO_STAMP: u8 = 0x00;
const OCTETS: u8 = 0x09;
const LENGTH: u8 = 0x0C;
/// Values of one telegram at most: as many as one declaration may have columns.
const ENTRIES_MAX: usize = 256;

/// A value and what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    pub name: Obis,
    pub scale: Option<Scale>,
    pub value: Data<'a>,
}

/// One telegram.
#[derive(Debug, Default)]
pub struct Notification<'a> {
    /// The version of the list, as its maker calls it.
    pub list: Option<&'a [u8]>,
    pub entries: Vec<Entry<'a>>,
    /// A text without a name behind all values: the number of the meter (Netz Niederösterreich, description of the customer
    /// interface, 2022).
    pub number: Option<&'a [u8]>,
}

/// Names of list 2 for three phases of Kaifa behind its version (github:toreamun/amshan, captured of a MA304H3E).
const KAIFA: (&[u8], [Obis; 12]) = (
    b"KFM_001",
    [
        name::DEVICE_ID,
        name::DEVICE_TYPE,
        now(1),
        now(2),
        now(3),
        now(4),
        now(31),
        now(51),
        now(71),
        now(32),
        now(52),
        now(72),
    ],
);

const fn now(quantity: u8) -> Obis {
    Obis::new(1, 0, quantity, 7, 0, 255)
}

/// The scale of values that stand without one, by the version of the list: what captured telegrams of Kaifa and Kamstrup were
/// shown to mean (github:toreamun/amshan).
fn scale(list: Option<&[u8]>, name: Obis) -> Option<Scale> {
    let (energy, current, voltage) = match list? {
        b"KFM_001" => (0, -3, -1),
        b"Kamstrup_V0001" => (1, -2, 0),
        _ => return None,
    };
    let [1, _, quantity, processing, 0, 255] = name.0 else {
        return None;
    };
    let (power, unit) = match (quantity, processing) {
        (1 | 2, 7) => (0, 27),
        (3 | 4, 7) => (0, 29),
        (1 | 2, 8) => (energy, 30),
        (3 | 4, 8) => (energy, 32),
        (31 | 51 | 71, 7) => (current, 33),
        (32 | 52 | 72, 7) => (voltage, 35),
        _ => return None,
    };
    Some(Scale { power, unit })
}

/// Reads a telegram whole, or says why nothing of it is taken.
pub fn parse(apdu: &[u8]) -> Result<Notification<'_>, String> {
    let short = |short: Short| format!("a telegram {short}");
    let mut reader = Reader::new(apdu);
    match reader.u8().map_err(short)? {
        TAG => {}
        other => return Err(format!("a telegram begins with {other:02x}, expected 0f")),
    }
    reader.take(4).map_err(short)?;
    let head = match reader.rest() {
        [NO_STAMP, ..] => 1,
        [LENGTH, ..] => 1 + STAMP,
        [OCTETS, LENGTH, ..] => 2 + STAMP,
        _ => return Err("a telegram has no date-time and says nothing of it".to_owned()),
    };
    let head = reader.take(head).map_err(short)?;
    tree::check(reader.rest())?;
    let body = Data::from_bytes(reader.rest()).map_err(|error| format!("a telegram that is none: {error}"))?;
    let mut told = Notification::default();
    let mut unnamed = Vec::new();
    told.take(&body, &mut unnamed)?;
    told.place(&unnamed)?;
    if told.entries.is_empty() {
        return Err("a telegram has no values with logical names".to_owned());
    }
    let is_clock = |entry: &Entry<'_>| clock(entry).is_some();
    if let Some((_, stamp)) = head.split_last_chunk::<STAMP>()
        && !told.entries.iter().any(is_clock)
    {
        told.push(name::CLOCK, None, Data::OctetString(stamp));
    }
    let list = told.list;
    for entry in &mut told.entries {
        entry.scale = entry.scale.or_else(|| scale(list, entry.name));
    }
    Ok(told)
}

/// The civil time of a clock, in seconds; none where the entry is something else.
pub fn clock(entry: &Entry<'_>) -> Option<i64> {
    let [0, _, 1, 0, 0, 255] = entry.name.0 else {
        return None;
    };
    stamp::moment(&entry.value)
}

impl<'a> Notification<'a> {
    fn push(&mut self, name: Obis, scale: Option<Scale>, value: Data<'a>) {
        match (name.0, value.as_bytes()) {
            ([1, _, 0, 2, 129, 255], Some(list)) => self.list = Some(list),
            _ if value == Data::Null || value.as_seq().is_some() || self.entries.len() >= ENTRIES_MAX => {}
            _ => self.entries.push(Entry { name, scale, value }),
        }
    }

    /// Takes what has a name: structures of name, value and scale, or names before their values one after another.
    fn take(&mut self, body: &Data<'a>, unnamed: &mut Vec<Data<'a>>) -> Result<(), String> {
        let items = body.as_seq().ok_or("a telegram is no list")?;
        let items: Result<Vec<Data<'a>>, _> = items.iter().collect();
        let items = items.map_err(|error| format!("a telegram that is none: {error}"))?;
        let mut items = items.into_iter().peekable();
        while let Some(item) = items.next() {
            if let Some(name) = logical_name(&item) {
                let value = items.next().ok_or("the last name of a telegram has no value")?;
                let scale = items.peek().and_then(scaler_unit);
                if scale.is_some() {
                    items.next();
                }
                self.push(name, scale, value);
                self.number = None;
            } else if let Some(parts) = item.as_structure() {
                let field = |place| parts.get(place).ok();
                let name = field(0).as_ref().and_then(logical_name);
                let (Some(name), Some(value)) = (name, field(1)) else {
                    return Err("a telegram has a structure without a logical name".to_owned());
                };
                self.push(name, field(2).as_ref().and_then(scaler_unit), value);
            } else if item != Data::Null {
                let text = item.as_bytes().filter(|_| stamp::moment(&item).is_none());
                if self.entries.is_empty() {
                    self.list = self.list.or(text);
                } else {
                    self.number = text;
                }
                unnamed.push(item);
            }
        }
        Ok(())
    }

    /// What stands there without a name: a known list of such, or texts alone.
    fn place(&mut self, unnamed: &[Data<'a>]) -> Result<(), String> {
        let (version, names) = &KAIFA;
        if let [first, rest @ ..] = unnamed
            && self.entries.is_empty()
            && first.as_bytes() == Some(version)
            && rest.len() == names.len()
        {
            for (name, value) in names.iter().zip(rest) {
                self.push(*name, None, *value);
            }
            return Ok(());
        }
        if unnamed.iter().any(|value| value.as_bytes().is_none()) {
            return Err("a telegram has values without logical names".to_owned());
        }
        Ok(())
    }
}

/// Six bytes, of which the last is the one of a value of now.
fn logical_name(value: &Data<'_>) -> Option<Obis> {
    match value {
        Data::OctetString(bytes) => <[u8; 6]>::try_from(*bytes)
            .ok()
            .filter(|name| name.last() == Some(&255))
            .map(Obis),
        _ => None,
    }
}

fn scaler_unit(value: &Data<'_>) -> Option<Scale> {
    let parts = value.as_structure()?;
    match (parts.len(), parts.get(0).ok()?, parts.get(1).ok()?) {
        (2, Data::Integer(power), Data::Enum(unit)) => Some(Scale { power, unit }),
        _ => None,
    }
}
