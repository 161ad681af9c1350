//! The tables of the VKT-9 note: registers of now and of totals, blocks of archives in layout 1.1.

use uzel_driver_sdk::Aggregate;

use crate::field::{Field, Kind, Order, Spec, fields};
use crate::question::{Block, Question};

/// Registers of now: heat system 1, common, extra channels 7 to 9, heat system 2. The two whose answers look alike are as far
/// apart as can be.
pub const REGISTERS: [Question; 4] = [
    Question::registers(30_119, 108),
    Question::registers(30_042, 17),
    Question::registers(30_075, 28),
    Question::registers(30_243, 108),
];
/// Where each begins in the data of all, bytes.
const BEGINS: [usize; 4] = [0, COMMON, 250, 306];
/// Where the common registers begin.
pub const COMMON: usize = 216;
/// The unit of heat among the common registers, byte.
pub const HEAT_UNIT: usize = 32;

const COMMON_NOW: [Spec; 7] = [
    ("W", 8, Kind::Float),
    ("tхв", 20, Kind::Hundredths),
    ("Pхв", 22, Kind::TenThousandths),
    ("tвозд", 24, Kind::Hundredths),
    ("НСап", 26, Kind::Flags),
    ("НСобщ", 28, Kind::Flags),
    ("Выходы", 30, Kind::Flags),
];

const COMMON_TOTALS: [Spec; 3] = [("Q", 0, Kind::Whole), ("Tвкл", 12, Kind::Long), ("Tэп", 16, Kind::Long)];

const EXTRA_NOW: [Spec; 4] = [
    ("G7", 24, Kind::Float),
    ("G8", 28, Kind::Float),
    ("G9", 32, Kind::Float),
    ("НСдоп", 54, Kind::Flags),
];

const EXTRA_TOTALS: [Spec; 6] = [
    ("V7", 0, Kind::Whole),
    ("V8", 8, Kind::Whole),
    ("V9", 16, Kind::Whole),
    ("T7", 36, Kind::Long),
    ("T8", 40, Kind::Long),
    ("T9", 44, Kind::Long),
];

const SYSTEM_NOW: [Spec; 21] = [
    ("Wо", 120, Kind::Float),
    ("Wгвс", 124, Kind::Float),
    ("Gm1", 128, Kind::Float),
    ("Gm2", 132, Kind::Float),
    ("Gm3", 136, Kind::Float),
    ("dGm", 140, Kind::Float),
    ("Gv1", 144, Kind::Float),
    ("Gv2", 148, Kind::Float),
    ("Gv3", 152, Kind::Float),
    ("НСк", 188, Kind::LongFlags),
    ("НС", 192, Kind::Flags),
    ("t1", 194, Kind::Hundredths),
    ("t2", 196, Kind::Hundredths),
    ("t3", 198, Kind::Hundredths),
    ("dt1", 200, Kind::Hundredths),
    ("dt2", 202, Kind::Hundredths),
    ("dt3", 204, Kind::Hundredths),
    ("P1", 206, Kind::TenThousandths),
    ("P2", 208, Kind::TenThousandths),
    ("P3", 210, Kind::TenThousandths),
    ("СП", 212, Kind::Byte),
];

/// Amounts of a heat system, in their order.
const AMOUNTS: [&str; 15] = [
    "Qо", "Qгвс", "M1", "M2", "M3", "M1R", "M2R", "M3R", "dM", "V1", "V2", "V3", "V1R", "V2R", "V3R",
];

/// Times of a heat system, in their order.
const TIMES: [&str; 8] = ["Tраб", "Tост", "Tраб.шт", "Tmin", "Tmax", "Tdt", "Tф", "Tпуст"];

/// The common block. The pressure of cold water is left out: its unit in archives is not certain.
const COMMON_BLOCK: [Spec; 14] = [
    ("Q", 4, Kind::Float),
    ("tхв", 8, Kind::Hundredths),
    ("tвозд", 12, Kind::Hundredths),
    ("Tвкл", 14, Kind::Short),
    ("Tвыкл", 16, Kind::Short),
    ("НСап", 18, Kind::Flags),
    ("НСобщ", 20, Kind::Flags),
    ("V7", 22, Kind::Float),
    ("V8", 26, Kind::Float),
    ("V9", 30, Kind::Float),
    ("T7", 34, Kind::Short),
    ("T8", 36, Kind::Short),
    ("T9", 38, Kind::Short),
    ("НСдоп", 40, Kind::Flags),
];

const SYSTEM_BLOCK: [Spec; 12] = [
    ("t1", 60, Kind::Hundredths),
    ("t2", 62, Kind::Hundredths),
    ("t3", 64, Kind::Hundredths),
    ("dt1", 66, Kind::Hundredths),
    ("dt2", 68, Kind::Hundredths),
    ("dt3", 70, Kind::Hundredths),
    ("P1", 72, Kind::TenThousandths),
    ("P2", 74, Kind::TenThousandths),
    ("P3", 76, Kind::TenThousandths),
    ("НСк", 94, Kind::LongFlags),
    ("НС", 98, Kind::Flags),
    ("СП", 100, Kind::Byte),
];
/// The unit of heat in a block of a heat system, byte.
pub const BLOCK_HEAT_UNIT: usize = 101;
const FIRST_TIME_TOTAL: usize = 156;
const FIRST_TIME: usize = 78;

/// Names one behind the other, each of `size` bytes.
fn in_order(names: &[&'static str], first: usize, size: usize, kind: Kind) -> Vec<Spec> {
    let specs = (0..).zip(names);
    specs.map(|(place, name)| (*name, first + place * size, kind)).collect()
}

/// What the meter measures now.
pub fn now() -> Vec<Field> {
    let [first, common, extra, second] = BEGINS;
    let of = |table: &[Spec], point, begin| fields(table, point, begin, Order::HighFirst, Aggregate::Instant);
    [
        of(&COMMON_NOW, 0, common),
        of(&EXTRA_NOW, 0, extra),
        of(&SYSTEM_NOW, 1, first),
        of(&SYSTEM_NOW, 2, second),
    ]
    .concat()
}

/// Integrators.
pub fn totals() -> Vec<Field> {
    let [first, common, extra, second] = BEGINS;
    let of = |table: &[Spec], point, begin| fields(table, point, begin, Order::HighFirst, Aggregate::Total);
    let mut system = in_order(&AMOUNTS, 0, 8, Kind::Whole);
    system.extend(in_order(&TIMES, FIRST_TIME_TOTAL, 4, Kind::Long));
    [
        of(&COMMON_TOTALS, 0, common),
        of(&EXTRA_TOTALS, 0, extra),
        of(&system, 1, first),
        of(&system, 2, second),
    ]
    .concat()
}

/// An archive record: the common block, then those of the heat systems that the meter has.
pub fn record(systems: &[u8]) -> Vec<Field> {
    let of = |table: &[Spec], point, begin| fields(table, point, begin, Order::LowFirst, Aggregate::Sum);
    let mut all = of(&COMMON_BLOCK, 0, 0);
    let mut system = in_order(&AMOUNTS, 0, 4, Kind::Float);
    system.extend(SYSTEM_BLOCK);
    system.extend(in_order(&TIMES, FIRST_TIME, 2, Kind::Short));
    for (place, point) in systems.iter().enumerate() {
        let begin = Block::Common.size() + place * Block::First.size();
        all.extend(of(&system, *point, begin));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_within_their_registers_and_are_told_apart() {
        let ends: Vec<usize> = REGISTERS
            .iter()
            .zip(BEGINS)
            .map(|(question, begin)| match question {
                Question::Registers { count, .. } => begin + 2 * usize::from(*count),
                _ => 0,
            })
            .collect();
        assert_eq!(ends, [216, 250, 306, 522]);
        for (fields, size) in [
            (now(), 522),
            (totals(), 522),
            (record(&[1, 2]), 256),
            (record(&[2]), 150),
        ] {
            assert!(crate::field::row(&fields, &vec![0; size]).is_some());
            let mut keys: Vec<_> = fields.iter().map(|field| (field.id, field.point)).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), fields.len());
        }
    }
}
