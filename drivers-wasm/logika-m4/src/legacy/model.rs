//! The meters of this dialect: where each keeps what (M4 note, sections 6 to 9 and 11).

use super::abnormal::{self, Abnormal};
use super::lists;
use super::settings::Known;
use crate::ident::Device;

/// What a quantity is: its unit and its meaning follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Temperature,
    /// Of a gas pipe: its unit is that of the setting with its name.
    OwnPressure,
    Difference,
    Pressure,
    Flow,
    Volume,
    Mass,
    Heat,
    Time,
}

/// One r32 number of a block: the maker's name, its offset, its pipe.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub id: &'static str,
    pub at: usize,
    pub kind: Kind,
    pub pipe: Option<&'static str>,
}

/// Where НС and СП stand in a block.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// First byte of НС, and how many there are.
    pub ns: usize,
    pub ns_len: usize,
    pub scheme: Option<usize>,
}

/// Three bytes НС and one СП: how most blocks begin.
const USUAL: Head = Head {
    ns: 0,
    ns_len: 3,
    scheme: Some(3),
};

/// Where the live values of heat input 1 are in RAM.
#[derive(Debug)]
pub struct Live {
    /// Where offsets of fields are counted from.
    pub ram: u16,
    /// From one heat input to the next.
    pub step: u16,
    /// What is read: offset, bytes, and how many of them are state before the numbers.
    pub pieces: &'static [(u16, u8, usize)],
    pub head: Head,
    pub fields: &'static [Field],
    /// НС in a place of its own: common, 8 bits, then 16 bits for each heat input.
    pub ns: Option<u16>,
}

/// Totals that do not lie in one row.
#[derive(Debug, Clone, Copy)]
pub enum Scattered {
    /// Flash and RAM address of each.
    Places(&'static [(u16, u16)]),
    /// Three r32 numbers in flash, to be added, one total behind the other; nothing in RAM.
    Threes,
}

/// Where the totals of heat input 1 are: i32r32 in flash, the growth since the last full hour as r32 in RAM.
#[derive(Debug)]
pub struct Totals {
    pub scattered: Option<Scattered>,
    pub flash: u16,
    pub flash_step: u16,
    pub ram: u16,
    pub ram_step: u16,
    /// In their order; `at` counts places, not bytes.
    pub fields: &'static [Field],
}

/// How settings are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Entries of 16 bytes with a text; ЕИ chooses the units.
    Entries,
    /// The same; each pressure has a setting for its unit: `(number, name)`.
    EntriesAndUnits(&'static [(u16, &'static str)]),
    /// Numbers of 4 bytes from the start of flash, and neither units nor a report day.
    Words,
}

/// Numbers of the settings that a driver needs.
#[derive(Debug)]
pub struct Numbers {
    pub report_day: u16,
    pub report_hour: u16,
    pub time: u16,
    pub date: u16,
}

/// One model.
#[derive(Debug)]
pub struct Model {
    pub id: &'static str,
    /// Heat inputs.
    pub inputs: u8,
    pub slow_wake: bool,
    /// The session is forgotten after so long.
    pub session_s: u16,
    pub max_baud: u32,
    /// The first flash page says who the meter is, with the serial number where that is public.
    pub has_first_page: bool,
    pub has_serial: bool,
    /// RAM address of the clock.
    pub clock: u16,
    /// A day is called by its own date, not by that on which it closes.
    pub day_by_start: bool,
    /// Data bytes of a record in replies to 48, and to 59, 41 and 4D.
    pub hour_len: usize,
    pub record_len: usize,
    pub head: Head,
    pub hour: &'static [Field],
    pub record: &'static [Field],
    /// НС bits below this belong to the device.
    pub common_bits: u32,
    pub kept: Kept,
    /// Records in the hour, day, ten-day and month rings; 0 where there is none.
    pub depths: [u32; 4],
    pub live: Live,
    pub totals: Totals,
    pub numbers: Numbers,
    pub settings: &'static [Known],
    /// The documented bits of НС.
    pub abnormal: &'static [Abnormal],
}

/// The model that speaks this dialect as `device`, if it does.
pub fn model(device: Device) -> Option<&'static Model> {
    match device {
        Device::Spt941 => Some(&super::odd::SPT941),
        Device::Spg741 => Some(&super::odd::SPG741),
        Device::Spt941_10 => Some(&SPT941_10),
        Device::Spt942 => Some(&SPT942),
        Device::Spt943 => Some(&SPT943),
        _ => None,
    }
}

pub(super) const SUPPLY: Option<&str> = Some("supply");
pub(super) const RETURN: Option<&str> = Some("return");
pub(super) const THIRD: Option<&str> = Some("third");

pub(super) const fn f(id: &'static str, at: usize, kind: Kind, pipe: Option<&'static str>) -> Field {
    Field { id, at, kind, pipe }
}

/// Volumes and masses of three pipes, heat, time of counting: a number every `step` from `at`.
pub(super) const fn amounts(at: usize, step: usize) -> [Field; 8] {
    [
        f("V1", at, Kind::Volume, SUPPLY),
        f("V2", at + step, Kind::Volume, RETURN),
        f("V3", at + 2 * step, Kind::Volume, THIRD),
        f("M1", at + 3 * step, Kind::Mass, SUPPLY),
        f("M2", at + 4 * step, Kind::Mass, RETURN),
        f("M3", at + 5 * step, Kind::Mass, THIRD),
        f("Q", at + 6 * step, Kind::Heat, None),
        f("Tи", at + 7 * step, Kind::Time, None),
    ]
}

pub(super) const fn join<const A: usize, const B: usize, const N: usize>(a: [Field; A], b: [Field; B]) -> [Field; N] {
    let mut all = [f("", 0, Kind::Time, None); N];
    let mut at = 0;
    while at < N {
        all[at] = if at < A { a[at] } else { b[at - A] };
        at += 1;
    }
    all
}

pub(super) const TEMPERATURES: [Field; 2] = [
    f("t1", 4, Kind::Temperature, SUPPLY),
    f("t2", 8, Kind::Temperature, RETURN),
];
const PRESSURES_AND_TEMPERATURES: [Field; 4] = [
    f("P1", 4, Kind::Pressure, SUPPLY),
    f("P2", 8, Kind::Pressure, RETURN),
    f("t1", 12, Kind::Temperature, SUPPLY),
    f("t2", 16, Kind::Temperature, RETURN),
];
const MORE_TEMPERATURES: [Field; 3] = [
    f("t3", 20, Kind::Temperature, THIRD),
    f("tх", 24, Kind::Temperature, Some("cold")),
    f("tв", 28, Kind::Temperature, Some("air")),
];
const FLOWS: [Field; 3] = [
    f("G1", 4, Kind::Flow, SUPPLY),
    f("G2", 8, Kind::Flow, RETURN),
    f("G3", 12, Kind::Flow, THIRD),
];
const LIVE_PAIR: [Field; 5] = [
    f("P1", 16, Kind::Pressure, SUPPLY),
    f("P2", 20, Kind::Pressure, RETURN),
    f("t1", 24, Kind::Temperature, SUPPLY),
    f("t2", 28, Kind::Temperature, RETURN),
    f("dt", 32, Kind::Difference, None),
];

/// Where most keep their clock.
pub(super) const CLOCK: u16 = 0xf3;

pub(super) const AMOUNTS: [Field; 8] = amounts(0, 1);

static SPT941_10: Model = Model {
    id: "spt941.10",
    inputs: 1,
    slow_wake: false,
    session_s: 120,
    max_baud: 19_200,
    has_first_page: true,
    has_serial: true,
    clock: CLOCK,
    day_by_start: false,
    hour_len: 64,
    record_len: 64,
    head: USUAL,
    hour: &join::<2, 8, 10>(TEMPERATURES, amounts(12, 4)),
    common_bits: 8,
    kept: Kept::Entries,
    record: &join::<2, 8, 10>(TEMPERATURES, amounts(12, 4)),
    depths: [1_080, 365, 0, 12],
    live: Live {
        ram: 0x200,
        step: 0,
        pieces: &[(0, 28, 4)],
        head: USUAL,
        fields: &join::<3, 3, 6>(
            FLOWS,
            [
                f("t1", 16, Kind::Temperature, SUPPLY),
                f("t2", 20, Kind::Temperature, RETURN),
                f("dt", 24, Kind::Difference, None),
            ],
        ),
        ns: None,
    },
    totals: Totals {
        scattered: None,
        flash: 0x424a,
        flash_step: 0,
        ram: 0x520,
        ram_step: 0,
        fields: &AMOUNTS,
    },
    numbers: Numbers {
        report_day: 4,
        report_hour: 5,
        time: 2,
        date: 3,
    },
    abnormal: &abnormal::SPT941_10,
    settings: &lists::SPT941_10,
};

static SPT942: Model = Model {
    id: "spt942",
    inputs: 2,
    slow_wake: true,
    session_s: 1_800,
    max_baud: 9_600,
    has_first_page: true,
    has_serial: false,
    clock: CLOCK,
    day_by_start: false,
    hour_len: 64,
    record_len: 64,
    head: USUAL,
    hour: &join::<4, 8, 12>(PRESSURES_AND_TEMPERATURES, amounts(20, 4)),
    common_bits: 8,
    kept: Kept::Entries,
    record: &join::<4, 8, 12>(PRESSURES_AND_TEMPERATURES, amounts(20, 4)),
    depths: [1_080, 185, 0, 48],
    live: Live {
        ram: 0x220,
        step: 36,
        pieces: &[(0, 36, 4)],
        head: USUAL,
        fields: &join::<3, 5, 8>(FLOWS, LIVE_PAIR),
        ns: Some(136),
    },
    totals: Totals {
        scattered: None,
        flash: 0x483e,
        flash_step: 5_486,
        ram: 0x29c,
        ram_step: 52,
        fields: &AMOUNTS,
    },
    numbers: Numbers {
        report_day: 5,
        report_hour: 6,
        time: 2,
        date: 3,
    },
    abnormal: &abnormal::SPT942,
    settings: &lists::SPT942,
};

static SPT943: Model = Model {
    id: "spt943",
    inputs: 2,
    slow_wake: false,
    session_s: 120,
    max_baud: 19_200,
    has_first_page: true,
    has_serial: true,
    clock: CLOCK,
    day_by_start: false,
    hour_len: 68,
    record_len: 68,
    head: USUAL,
    hour: &join::<15, 1, 16>(
        join::<7, 8, 15>(
            join::<4, 3, 7>(PRESSURES_AND_TEMPERATURES, MORE_TEMPERATURES),
            amounts(32, 4),
        ),
        [f("Qг", 64, Kind::Heat, Some("dhw"))],
    ),
    common_bits: 8,
    kept: Kept::Entries,
    record: &join::<15, 1, 16>(
        join::<7, 8, 15>(
            join::<4, 3, 7>(PRESSURES_AND_TEMPERATURES, MORE_TEMPERATURES),
            amounts(32, 4),
        ),
        [f("Qг", 64, Kind::Heat, Some("dhw"))],
    ),
    depths: [1_080, 365, 0, 48],
    live: Live {
        ram: 0x200,
        step: 48,
        pieces: &[(0, 48, 4)],
        head: USUAL,
        fields: &join::<8, 3, 11>(
            join::<3, 5, 8>(FLOWS, LIVE_PAIR),
            [
                f("t3", 36, Kind::Temperature, THIRD),
                f("tх", 40, Kind::Temperature, Some("cold")),
                f("tв", 44, Kind::Temperature, Some("air")),
            ],
        ),
        ns: None,
    },
    totals: Totals {
        scattered: None,
        flash: 0x424a,
        flash_step: 9_521,
        ram: 0x520,
        ram_step: 72,
        fields: &join::<8, 1, 9>(AMOUNTS, [f("Qг", 8, Kind::Heat, Some("dhw"))]),
    },
    numbers: Numbers {
        report_day: 3,
        report_hour: 4,
        time: 1,
        date: 2,
    },
    abnormal: &abnormal::SPT943,
    settings: &lists::SPT943,
};
