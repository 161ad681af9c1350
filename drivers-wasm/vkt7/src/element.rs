//! The elements of a ВКТ-7 ("Реализация протокола обмена для связи с ВКТ-7", element table).

use uzel_driver_sdk::Aggregate;

/// The most elements that fit in one read list.
pub const MOST: usize = 42;
/// The first and the last property that tells a number of decimals.
pub const DIGITS: std::ops::RangeInclusive<u8> = 57..=76;

/// What is asked of the device: the value type of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Hourly,
    Daily,
    Monthly,
    TotalArchive,
    Current,
    TotalCurrent,
    Properties,
}

impl Source {
    /// The code of the value type on the wire.
    pub fn code(self) -> u8 {
        match self {
            Self::Hourly => 0,
            Self::Daily => 1,
            Self::Monthly => 2,
            Self::TotalArchive => 3,
            Self::Current => 4,
            Self::TotalCurrent => 5,
            Self::Properties => 6,
        }
    }

    /// For the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hourly => "hour",
            Self::Daily => "day",
            Self::Monthly => "month",
            Self::TotalArchive => "total archive",
            Self::Current => "current",
            Self::TotalCurrent => "total current",
            Self::Properties => "properties",
        }
    }

    /// Whether the device has a sensible value of the element here; a senseless one would come with quality 04.
    pub fn holds(self, index: u8) -> bool {
        match self {
            Self::Current => {
                matches!(index, 0..=2 | 9 | 10 | 14..=16 | 19..=24 | 31 | 32 | 36 | 41..=43 | 77 | 78 | 81 | 82)
            }
            Self::TotalCurrent | Self::TotalArchive => {
                matches!(index, 3..=8 | 11..=13 | 17 | 18 | 25..=30 | 33..=35 | 39 | 40 | 81)
            }
            Self::Hourly | Self::Daily | Self::Monthly => {
                matches!(index, 0..=18 | 22..=36 | 39 | 40 | 77..=82)
            }
            Self::Properties => matches!(index, 44..=76),
        }
    }
}

/// How an element is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A mean over the interval: temperature, pressure.
    Mean,
    /// An amount: volume, mass, heat.
    Amount,
    /// A flow, a float of the device.
    Flow,
    /// A time in which the device counted or did not.
    Time,
    /// Whether there is an НС: `*` or space.
    Sign,
    /// Five durations of НС.
    Durations,
    /// The additional input, a float of the device.
    Extra,
}

impl Kind {
    /// What the number means when it is read from `source`.
    pub fn aggregate(self, source: Source) -> Aggregate {
        let totals = matches!(source, Source::TotalCurrent | Source::TotalArchive);
        let now = source == Source::Current;
        match self {
            Self::Sign => Aggregate::State,
            Self::Durations => Aggregate::Duration,
            Self::Amount | Self::Time | Self::Extra if totals => Aggregate::Total,
            Self::Mean | Self::Flow | Self::Amount | Self::Extra if now => Aggregate::Instant,
            Self::Mean | Self::Flow => Aggregate::Mean,
            Self::Amount | Self::Extra => Aggregate::Sum,
            Self::Time => Aggregate::Duration,
        }
    }
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// Number in the table.
    pub index: u8,
    /// The maker's name.
    pub id: &'static str,
    /// Code of the vocabulary; the unit decides for `G` and `DI`.
    pub quantity: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// Size in bytes.
    pub size: u8,
    /// Heat input, 0 for the device as a whole.
    pub point: u8,
    /// Code of the vocabulary.
    pub pipe: Option<&'static str>,
    /// The property that tells its unit, and the one that serves where that is not told.
    pub unit: [u8; 2],
    /// The property that tells its decimals, and the one that serves where that is not told.
    pub digits: Option<[u8; 2]>,
}

/// The element of this number, if it is one that carries a measurement.
pub fn find(index: u8) -> Option<&'static Element> {
    TABLE.iter().find(|element| element.index == index)
}

const SUPPLY: Option<&str> = Some("supply");
const RETURN: Option<&str> = Some("return");
const THIRD: Option<&str> = Some("third");
const DHW: Option<&str> = Some("dhw");

macro_rules! table {
    ($($index:literal $id:literal $quantity:literal $kind:ident $size:literal $point:literal $pipe:expr, $unit:expr, $digits:expr;)*) => {
        &[$(Element {
            index: $index, id: $id, quantity: $quantity, kind: Kind::$kind, size: $size, point: $point,
            pipe: $pipe, unit: $unit, digits: $digits,
        }),*]
    };
}

const TABLE: &[Element] = table! {
    0 "t1" "temperature" Mean 2 1 SUPPLY, [44, 44], Some([57, 57]);
    1 "t2" "temperature" Mean 2 1 RETURN, [44, 44], Some([57, 57]);
    2 "t3" "temperature" Mean 2 1 THIRD, [44, 44], Some([57, 57]);
    3 "V1" "volume" Amount 4 1 SUPPLY, [46, 46], Some([59, 59]);
    4 "V2" "volume" Amount 4 1 RETURN, [46, 46], Some([59, 59]);
    5 "V3" "volume" Amount 4 1 THIRD, [46, 46], Some([59, 59]);
    6 "M1" "mass" Amount 4 1 SUPPLY, [47, 47], Some([60, 60]);
    7 "M2" "mass" Amount 4 1 RETURN, [47, 47], Some([60, 60]);
    8 "M3" "mass" Amount 4 1 THIRD, [47, 47], Some([60, 60]);
    9 "P1" "pressure" Mean 2 1 SUPPLY, [48, 48], Some([61, 61]);
    10 "P2" "pressure" Mean 2 1 RETURN, [48, 48], Some([61, 61]);
    11 "Мг" "mass" Amount 4 1 DHW, [52, 47], Some([65, 60]);
    12 "Qо" "heat-energy" Amount 4 1 None, [53, 53], Some([66, 66]);
    13 "Qг" "heat-energy" Amount 4 1 DHW, [54, 53], Some([66, 66]);
    14 "dt" "temperature-difference" Mean 2 1 None, [49, 44], Some([62, 57]);
    15 "tх" "temperature" Mean 2 0 Some("cold"), [50, 44], Some([63, 57]);
    16 "ta" "temperature" Mean 2 0 Some("air"), [51, 44], Some([64, 57]);
    17 "ВНР" "time-normal" Time 4 1 None, [55, 55], None;
    18 "ВОС" "time-stopped" Time 4 1 None, [56, 55], None;
    19 "G1" "volume-flow" Flow 4 1 SUPPLY, [45, 45], None;
    20 "G2" "volume-flow" Flow 4 1 RETURN, [45, 45], None;
    21 "G3" "volume-flow" Flow 4 1 THIRD, [45, 45], None;
    22 "t1" "temperature" Mean 2 2 SUPPLY, [44, 44], Some([57, 57]);
    23 "t2" "temperature" Mean 2 2 RETURN, [44, 44], Some([57, 57]);
    24 "t3" "temperature" Mean 2 2 THIRD, [44, 44], Some([57, 57]);
    25 "V1" "volume" Amount 4 2 SUPPLY, [46, 46], Some([69, 69]);
    26 "V2" "volume" Amount 4 2 RETURN, [46, 46], Some([69, 69]);
    27 "V3" "volume" Amount 4 2 THIRD, [46, 46], Some([69, 69]);
    28 "M1" "mass" Amount 4 2 SUPPLY, [47, 47], Some([70, 70]);
    29 "M2" "mass" Amount 4 2 RETURN, [47, 47], Some([70, 70]);
    30 "M3" "mass" Amount 4 2 THIRD, [47, 47], Some([70, 70]);
    31 "P1" "pressure" Mean 2 2 SUPPLY, [48, 48], Some([71, 61]);
    32 "P2" "pressure" Mean 2 2 RETURN, [48, 48], Some([71, 61]);
    33 "Мг" "mass" Amount 4 2 DHW, [52, 47], Some([75, 70]);
    34 "Qо" "heat-energy" Amount 4 2 None, [53, 53], Some([76, 76]);
    35 "Qг" "heat-energy" Amount 4 2 DHW, [53, 53], Some([76, 76]);
    36 "dt" "temperature-difference" Mean 2 2 None, [49, 44], Some([72, 57]);
    39 "ВНР" "time-normal" Time 4 2 None, [55, 55], None;
    40 "ВОС" "time-stopped" Time 4 2 None, [56, 55], None;
    41 "G1" "volume-flow" Flow 4 2 SUPPLY, [45, 45], None;
    42 "G2" "volume-flow" Flow 4 2 RETURN, [45, 45], None;
    43 "G3" "volume-flow" Flow 4 2 THIRD, [45, 45], None;
    77 "НС" "abnormal" Sign 1 1 None, [0, 0], None;
    78 "НС" "abnormal" Sign 1 2 None, [0, 0], None;
    79 "ТНС" "time" Durations 10 1 None, [55, 55], None;
    80 "ТНС" "time" Durations 10 2 None, [55, 55], None;
    81 "DI" "other" Extra 4 0 None, [56, 56], None;
    82 "P3" "pressure" Mean 2 0 None, [48, 48], Some([61, 61]);
};

/// The five durations of elements 79 and 80 in their order: condition code, column, quantity, category.
pub const DURATIONS: [(&str, &str, &str, &str); 5] = [
    ("QntNS.1", "ТНС пит", "time-power-off", "power-off"),
    ("QntNS.2", "ТНС G<Gmin", "time-flow-below-min", "flow-below-min"),
    ("QntNS.3", "ТНС G>Gmax", "time-flow-above-max", "flow-above-max"),
    ("QntNS.4", "ТНС датч", "time-failure", "functional-failure"),
    ("QntNS.5", "ТНС dt", "time-dt-below-min", "dt-below-min"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_archive_list_fits_in_one_list_and_one_answer() {
        let held: Vec<_> = TABLE
            .iter()
            .filter(|element| Source::Hourly.holds(element.index))
            .collect();
        assert!(held.len() <= MOST, "{}", held.len());
        let bytes: usize = held.iter().map(|element| usize::from(element.size) + 2).sum();
        assert!(bytes <= 255, "{bytes}");
    }

    #[test]
    fn a_column_is_named_once() {
        let mut names: Vec<_> = TABLE.iter().map(|element| (element.point, element.id)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }
}
