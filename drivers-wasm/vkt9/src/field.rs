//! Fields of registers and of archive blocks, as columns and as values.

use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::{Aggregate, Column, Condition, Fixed, Mark, Quality, Row, Value};

/// How a field is stored. Registers have the high byte first, archives the low one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Four registers: a whole part of 32 bits, and a float of what is behind the point.
    Whole,
    Float,
    /// Two signed bytes, hundredths.
    Hundredths,
    /// Two bytes, ten-thousandths.
    TenThousandths,
    /// Counts of two and four bytes.
    Short,
    Long,
    /// Flags of two and four bytes.
    Flags,
    LongFlags,
    /// One byte.
    Byte,
}

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    HighFirst,
    LowFirst,
}

/// A field of a table: the maker's name, the byte where it begins, how it is stored.
pub type Spec = (&'static str, usize, Kind);

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub id: &'static str,
    /// Heat system, 0 for the device.
    pub point: u8,
    pub offset: usize,
    pub kind: Kind,
    pub order: Order,
    pub aggregate: Aggregate,
}

/// The unit of heat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heat {
    Gcal,
    Gj,
}

impl Heat {
    /// 0 is Gcal, all else GJ.
    pub fn of(code: u16) -> Self {
        if code == 0 { Self::Gcal } else { Self::Gj }
    }
}

impl Kind {
    fn size(self) -> usize {
        match self {
            Self::Whole => 8,
            Self::Float | Self::Long | Self::LongFlags => 4,
            Self::Hundredths | Self::TenThousandths | Self::Short | Self::Flags => 2,
            Self::Byte => 1,
        }
    }
}

/// Fields of a table at `offset` of the data. `aggregate` says what amounts are: sums or totals; what is measured is then a
/// mean, and with [`Aggregate::Instant`] everything holds at the moment.
pub fn fields(table: &[Spec], point: u8, offset: usize, order: Order, aggregate: Aggregate) -> Vec<Field> {
    let fields = table.iter().map(|(id, at, kind)| Field {
        id,
        point,
        offset: offset + at,
        kind: *kind,
        order,
        aggregate: match (meaning(id).0, aggregate) {
            ("abnormal" | "scheme" | "status", _) => Aggregate::State,
            ("temperature" | "temperature-difference" | "pressure", Aggregate::Sum) => Aggregate::Mean,
            (quantity, Aggregate::Sum) if quantity.starts_with("time") => Aggregate::Duration,
            (_, aggregate) => aggregate,
        },
    });
    fields.collect()
}

impl Field {
    pub fn column(&self, heat: Heat) -> Column {
        let (quantity, unit) = meaning(self.id);
        let unit = match (unit, heat) {
            ("heat", Heat::Gcal) => "Gcal",
            ("heat", Heat::Gj) => "GJ",
            ("heat/h", Heat::Gcal) => "Gcal/h",
            ("heat/h", Heat::Gj) => "GJ/h",
            (unit, _) => unit,
        };
        Column {
            id: self.id.to_owned(),
            quantity: quantity.to_owned(),
            unit: unit.to_owned(),
            point: self.point,
            tariff: 0,
            pipe: pipe(self.id, self.point).map(str::to_owned),
            aggregate: self.aggregate,
            decimals: match self.kind {
                Kind::Hundredths => Some(2),
                Kind::TenThousandths => Some(4),
                Kind::Short | Kind::Long | Kind::Byte => Some(0),
                Kind::Whole | Kind::Float | Kind::Flags | Kind::LongFlags => None,
            },
        }
    }

    /// The value; none where the data are too short.
    fn value(&self, data: &[u8]) -> Option<Value> {
        let raw = data.get(self.offset..self.offset + self.kind.size())?;
        let pair = |at: usize| raw.get(at..at + 2)?.first_chunk::<2>().copied();
        let four = |at: usize| raw.get(at..at + 4)?.first_chunk::<4>().copied();
        let is_high = self.order == Order::HighFirst;
        let short = |at| {
            pair(at).map(|raw| {
                if is_high {
                    u16::from_be_bytes(raw)
                } else {
                    u16::from_le_bytes(raw)
                }
            })
        };
        let long = |at| {
            four(at).map(|raw| {
                if is_high {
                    u32::from_be_bytes(raw)
                } else {
                    u32::from_le_bytes(raw)
                }
            })
        };
        let real = |number: f64| {
            Some(number)
                .filter(|number| number.is_finite())
                .map_or(Value::Absent, Value::Float)
        };
        let fixed = |digits: i64, decimals| Value::Fixed(Fixed { digits, decimals });
        Some(match self.kind {
            Kind::Whole => {
                let (whole, part) = (long(0)?.cast_signed(), f32::from_bits(long(4)?));
                real(f64::from(whole) + f64::from(part))
            }
            Kind::Float => real(f32::from_bits(long(0)?).into()),
            Kind::Hundredths => fixed(short(0)?.cast_signed().into(), 2),
            Kind::TenThousandths => fixed(short(0)?.into(), 4),
            Kind::Short => fixed(short(0)?.into(), 0),
            Kind::Long => fixed(long(0)?.into(), 0),
            Kind::Flags => Value::Bits(short(0)?.into()),
            Kind::LongFlags => Value::Bits(long(0)?.into()),
            Kind::Byte => fixed((*raw.first()?).into(), 0),
        })
    }
}

/// A row without a label: a value for each field; none where the data are too short. What the meter calls abnormal is told
/// by its own code: no public document says what its bits mean.
pub fn row(fields: &[Field], data: &[u8]) -> Option<Row> {
    let mut row = Row {
        label: None,
        other_end: None,
        length_s: None,
        values: Vec::with_capacity(fields.len()),
        marks: Vec::new(),
        conditions: Vec::new(),
    };
    for (column, field) in (0u16..).zip(fields) {
        let value = field.value(data)?;
        if value == Value::Absent {
            let raw = data
                .get(field.offset..field.offset + field.kind.size())
                .unwrap_or_default();
            row.marks.push(Mark {
                column,
                quality: Quality::Absent,
                code: Some(hex(raw)),
            });
        }
        if let Value::Bits(bits @ 1..) = value
            && meaning(field.id).0 == "abnormal"
        {
            row.conditions.push(Condition {
                code: format!("{} {bits:X}", field.id),
                category: None,
                effect: None,
                point: field.point,
                column: None,
                duration_s: None,
            });
        }
        row.values.push(value);
    }
    Some(row)
}

/// Quantity and unit by the maker's name.
fn meaning(id: &str) -> (&'static str, &'static str) {
    const TIMES: [(&str, &str); 7] = [
        ("Tраб", "time-normal"),
        ("Tост", "time-stopped"),
        ("Tmin", "time-flow-below-min"),
        ("Tmax", "time-flow-above-max"),
        ("Tdt", "time-dt-below-min"),
        ("Tф", "time-failure"),
        ("Tвыкл", "time-power-off"),
    ];
    if let Some((_, quantity)) = TIMES.iter().find(|(name, _)| *name == id) {
        return (quantity, "min");
    }
    match id {
        "Tэп" => ("time-power-off", "min"),
        "СП" => ("scheme", "1"),
        "Выходы" => ("status", ""),
        // Water, gas or electricity: the codes that say which are not public.
        "V7" | "V8" | "V9" | "G7" | "G8" | "G9" => ("other", "1"),
        _ if id.starts_with("НС") => ("abnormal", ""),
        _ if id.starts_with("Gm") || id == "dGm" => ("mass-flow", "t/h"),
        _ if id.starts_with("Gv") => ("volume-flow", "m3/h"),
        _ if id.starts_with("dt") => ("temperature-difference", "Cel"),
        _ if id.starts_with('t') => ("temperature", "Cel"),
        _ if id.starts_with('P') => ("pressure", "MPa"),
        _ if id.starts_with('Q') => ("heat-energy", "heat"),
        _ if id.starts_with('W') => ("power", "heat/h"),
        _ if id.starts_with('M') || id == "dM" => ("mass", "t"),
        _ if id.starts_with('V') => ("volume", "m3"),
        _ => ("time", "min"),
    }
}

fn pipe(id: &str, point: u8) -> Option<&'static str> {
    match id.trim_end_matches('R').chars().next_back() {
        _ if id.ends_with("хв") => Some("cold"),
        _ if id == "tвозд" => Some("air"),
        _ if id.starts_with("dt") || point == 0 => None,
        Some('1') => Some("supply"),
        Some('2') => Some("return"),
        Some('3') => Some("third"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(kind: Kind, order: Order, data: &[u8]) -> Option<Value> {
        let field = fields(&[("Q", 0, kind)], 0, 0, order, Aggregate::Total);
        row(&field, data).and_then(|row| row.values.into_iter().next())
    }

    #[test]
    fn numbers_are_read_in_both_orders() {
        let whole = [0, 0, 3, 0x2c, 0x3f, 0x40, 0, 0];
        assert_eq!(one(Kind::Whole, Order::HighFirst, &whole), Some(Value::Float(812.75)));
        assert_eq!(
            one(Kind::Float, Order::LowFirst, &[0, 0, 0xa0, 0x3f]),
            Some(Value::Float(1.25))
        );
        let minus = Value::Fixed(Fixed {
            digits: -350,
            decimals: 2,
        });
        assert_eq!(
            one(Kind::Hundredths, Order::LowFirst, &[0xa2, 0xfe]),
            Some(minus.clone())
        );
        assert_eq!(one(Kind::Hundredths, Order::HighFirst, &[0xfe, 0xa2]), Some(minus));
        assert_eq!(
            one(Kind::Float, Order::HighFirst, &[0x7f, 0xc0, 0, 0]),
            Some(Value::Absent)
        );
        assert_eq!(one(Kind::Long, Order::HighFirst, &[0, 0, 1]), None, "too short");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..12)) {
            let kinds = [Kind::Whole, Kind::Float, Kind::Hundredths, Kind::TenThousandths, Kind::Short, Kind::Long];
            for kind in kinds.into_iter().chain([Kind::Flags, Kind::LongFlags, Kind::Byte]) {
                for order in [Order::HighFirst, Order::LowFirst] {
                    one(kind, order, &data);
                }
            }
        }
    }
}
