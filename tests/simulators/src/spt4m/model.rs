//! What differs between the meters: identification, what stands under which number, what a record holds
//! (docs/protocols: Logika M4, sections 1, 2, 10 and 11).

use std::time::Duration;

/// A meter of the extended dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum M4Model {
    Spt940,
    Spt941_20,
    Spt943rev3,
    Spt944,
    Spg740,
    Spg742,
    Lgk410,
}

use M4Model::{Lgk410, Spg740, Spg742, Spt940, Spt941_20, Spt943rev3, Spt944};

/// Heat input or gas pipe (0: the device) and the names of its values, in their order.
pub type Part = (u8, &'static [&'static str]);

const REV3_LIVE: &[&str] = &[
    "СП", "G1", "G2", "G3", "P1", "P2", "t1", "t2", "dt", "t3", "tх", "tв", "НС", "ДС",
];
const REV3_TOTALS: &[&str] = &[
    "V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг", "Tи", "Tmin", "Tmax", "Tdt", "Tэп", "Tф", "Tн", "Tш",
];
const REV3_RECORD: &[&str] = &[
    "СП", "P1", "P2", "t1", "t2", "dt", "t3", "tх", "tв", "V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг", "Tи", "Tmin",
    "Tmax", "Tdt", "Tэп", "Tф", "Tн", "Tш", "НС", "ДС",
];
const T941_RECORD: &[&str] = &[
    "СП", "t1", "t2", "dt", "t3", "tх", "t4", "P1", "P2", "P3", "Pх", "P4", "V1", "V2", "V3", "M1", "M2", "M3", "Q",
    "Qг", "Tи", "Tн", "Tш", "СТ1", "СТ2", "СТ3", "СТ4", "СТ5", "СТ6", "СТ7", "СТ8", "СТ9", "СТ10", "СТ11", "СТ12",
    "СТ13", "СТ14", "СТ15", "СТ16", "ДС", "НС",
];
const T941_TOTALS: &[&str] = &[
    "V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг", "Tи", "Tн", "Tш", "СТ1", "СТ2", "СТ3", "СТ4", "СТ5", "СТ6", "СТ7",
    "СТ8", "СТ9", "СТ10", "СТ11", "СТ12", "СТ13", "СТ14", "СТ15", "СТ16",
];
const T940_RECORD: &[&str] = &[
    "СП", "t1", "t2", "dt", "t3", "tх", "P1", "P2", "P3", "Pх", "V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг", "Tи",
    "Tн", "Tш", "Tmin", "Tmax", "Tdt", "Tэп", "Tф", "СТ1", "СТ2", "СТ3", "ДС", "НС",
];
const T944_COMMON: &[&str] = &[
    "СП", "tх", "tв", "t4", "t5", "t6", "Pх", "P4", "P5", "P6", "Qс", "Tи", "Tн", "Tш", "СТ1", "СТ2", "СТ3", "СТ4",
    "СТ5", "СТ6", "СТ7", "СТ8", "СТ9", "СТ10", "СТ11", "СТ12", "СТ13", "СТ14", "СТ15", "СТ16", "СТ17", "СТ18", "СТ19",
    "СТ20", "НС", "ДС",
];
const T944_TIMERS: &[&str] = &[
    "Qс", "Tи", "Tн", "Tш", "СТ1", "СТ2", "СТ3", "СТ4", "СТ5", "СТ6", "СТ7", "СТ8", "СТ9", "СТ10", "СТ11", "СТ12",
    "СТ13", "СТ14", "СТ15", "СТ16", "СТ17", "СТ18", "СТ19", "СТ20",
];
const T944_INPUT: &[&str] = &[
    "СП", "t1", "t2", "dt", "t3", "tог", "P1", "P2", "P3", "V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг",
];
const T944_LIVE: &[&str] = &[
    "СП", "G1", "G2", "G3", "Gм1", "Gм2", "Gм3", "t1", "t2", "dt", "t3", "tог", "P1", "P2", "P3",
];
const AMOUNTS: &[&str] = &["V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг"];

impl M4Model {
    /// ID0, ID1 and VX of the session answer.
    pub fn ident(self) -> [u8; 3] {
        match self {
            Spt940 => [0x92, 0x28, 0x01],
            Spt941_20 => [0x92, 0x29, 0x80],
            Spt943rev3 => [0x54, 0x2B, 0x0A],
            Spt944 => [0x54, 0x2C, 0x10],
            Spg740 => [0x47, 0x28, 0x01],
            Spg742 => [0x47, 0x2A, 0x01],
            Lgk410 => [0x46, 0x0A, 0x01],
        }
    }

    /// What it says of itself under 8224.
    pub fn info(self) -> &'static str {
        match self {
            Spt940 => "SPT940v1.0.0.1.00",
            Spt941_20 => "SPT941.20v1.0.0.1.00",
            Spt943rev3 => "SPT943.1v2.0.0.3.01",
            Spt944 => "SPT944v1.0.0.1.00",
            Spg740 => "SPG740v1.0.0.1.00",
            Spg742 => "SPG742v1.0.0.1.00",
            Lgk410 => "LGK410v1.0",
        }
    }

    /// The pause after which the meter has forgotten the session.
    pub fn session_timeout(self) -> Duration {
        Duration::from_secs(if self == Lgk410 { 1 << 30 } else { 60 })
    }

    pub fn is_gas(self) -> bool {
        matches!(self, Spg740 | Spg742)
    }

    /// Heat inputs or gas pipes.
    pub fn inputs(self) -> u8 {
        if matches!(self, Spt940 | Spt941_20 | Lgk410) {
            1
        } else {
            2
        }
    }

    /// Live values of each channel from the given number on; those of the device begin with Т and Д at 1024.
    pub fn live(self) -> Vec<(u8, u16, Part)> {
        match self {
            Spt940 => vec![(
                0,
                1026,
                (
                    1,
                    &[
                        "СП", "G1", "G2", "G3", "Gм1", "Gм2", "Gм3", "t1", "t2", "dt", "P1", "P2", "ДС", "НС",
                    ],
                ),
            )],
            Spt941_20 => vec![(
                0,
                1026,
                (
                    1,
                    &[
                        "СП", "G1", "G2", "G3", "Gм1", "Gм2", "Gм3", "t1", "t2", "dt", "t3", "tх", "t4", "P1", "P2",
                        "P3", "Pх", "P4", "ДС", "НС",
                    ],
                ),
            )],
            Spt943rev3 => vec![
                (0, 1026, (0, &["tх", "tв", "НС", "ДС"])),
                (1, 1024, (1, REV3_LIVE)),
                (2, 1024, (2, REV3_LIVE)),
            ],
            Spt944 => vec![
                (
                    0,
                    1026,
                    (
                        0,
                        &["СП", "tх", "tв", "t4", "t5", "t6", "Pх", "P4", "P5", "P6", "НС", "ДС"],
                    ),
                ),
                (1, 1024, (1, T944_LIVE)),
                (2, 1024, (2, T944_LIVE)),
            ],
            Spg740 => vec![
                (0, 1026, (0, &["СП", "Q", "Pб", "НС", "ДС"])),
                (1, 1024, (1, &["Qр1", "Q1", "P1", "t1", "Ксж1", "Кпр1", "dP1"])),
                (2, 1024, (2, &["Qр2", "Q2", "P2", "t2", "Ксж2", "Кпр2"])),
            ],
            Spg742 => vec![
                (
                    0,
                    1026,
                    (0, &["СП", "Q", "P3", "dP3", "dP4", "Pб", "V_ч", "Vп_ч", "Tи_ч", "НС"]),
                ),
                (
                    1,
                    1024,
                    (
                        1,
                        &["Qр1", "Q1", "P1", "t1", "dP1", "Vр1_ч", "V1_ч", "dP1д", "Ксж1", "Кпр1"],
                    ),
                ),
                (
                    2,
                    1024,
                    (
                        2,
                        &["Qр2", "Q2", "P2", "t2", "dP2", "Vр2_ч", "V2_ч", "dP2д", "Ксж2", "Кпр2"],
                    ),
                ),
            ],
            Lgk410 => vec![(0, 1024, (1, &["Q", "ДС"]))],
        }
    }

    /// Totals of each channel, from 2048 on.
    pub fn totals(self) -> Vec<(u8, Part)> {
        match self {
            Spt940 => vec![(
                0,
                (
                    1,
                    &[
                        "V1", "V2", "V3", "M1", "M2", "M3", "Q", "Qг", "Tи", "Tн", "Tш", "Tmin", "Tmax", "Tdt", "Tэп",
                        "Tф", "СТ1", "СТ2", "СТ3",
                    ],
                ),
            )],
            Spt941_20 => vec![(0, (1, T941_TOTALS))],
            Spt943rev3 => vec![(0, (0, &["Q"])), (1, (1, REV3_TOTALS)), (2, (2, REV3_TOTALS))],
            Spt944 => vec![(0, (0, T944_TIMERS)), (1, (1, AMOUNTS)), (2, (2, AMOUNTS))],
            Spg740 => vec![
                (0, (0, &["V", "Vп", "Tи", "СТ1", "СТ2"])),
                (1, (1, &["Vр1", "V1"])),
                (2, (2, &["Vр2", "V2"])),
            ],
            Spg742 => vec![
                (0, (0, &["V", "Vп", "Tи"])),
                (1, (1, &["Vр1", "V1"])),
                (2, (2, &["Vр2", "V2"])),
            ],
            Lgk410 => vec![(0, (1, &["Vп", "Vо", "Tв", "Tи"]))],
        }
    }

    /// Archives by channel, and what a record of each holds.
    pub fn archives(self) -> Vec<(u8, Vec<Part>)> {
        match self {
            Spt940 => vec![(0, vec![(1, T940_RECORD)])],
            Spt941_20 => vec![(0, vec![(1, T941_RECORD)])],
            Spt943rev3 => vec![(1, vec![(1, REV3_RECORD)]), (2, vec![(2, REV3_RECORD)])],
            Spt944 => vec![(0, vec![(0, T944_COMMON), (1, T944_INPUT), (2, T944_INPUT)])],
            Spg740 => vec![(
                0,
                vec![
                    (0, &["СП", "Pб", "V", "Vп", "Tи", "СТ1", "СТ2", "НС", "ДС"]),
                    (1, &["P1", "t1", "Vр1", "V1", "Ксж1", "Кпр1", "dP1"]),
                    (2, &["P2", "t2", "Vр2", "V2", "Ксж2", "Кпр2"]),
                ],
            )],
            Spg742 => vec![(
                0,
                vec![
                    (0, &["СП", "P3", "dP3", "dP4", "Pб", "V", "Vп", "Tи", "НС"]),
                    (1, &["P1", "t1", "dP1", "Vр1", "V1", "dP1д", "Ксж1", "Кпр1"]),
                    (2, &["P2", "t2", "dP2", "Vр2", "V2", "dP2д", "Ксж2", "Кпр2"]),
                ],
            )],
            Lgk410 => Vec::new(),
        }
    }

    /// Records of the hour, day and month archives.
    pub fn depths(self) -> (i64, i64, usize) {
        (if self == Spg742 { 1200 } else { 2000 }, 400, 100)
    }

    /// Records have no date and time of their own, only the label.
    pub fn bare_records(self) -> bool {
        self == Spt943rev3
    }

    /// Bytes of a set of flags.
    pub fn flag_bytes(self) -> usize {
        match self {
            Spt943rev3 => 4,
            Spt944 => 11,
            _ => 8,
        }
    }

    /// Timers among the totals are plain floats, as captured on a СПТ941.20.
    pub fn float_timers(self) -> bool {
        matches!(self, Spt940 | Spt941_20 | Spt944)
    }

    /// НС code of an imbalance of masses (gas: of a delivery above the norm) and of a flow above its limit.
    pub fn ns_codes(self, input: u8) -> (u32, u32) {
        match self {
            Spt940 => (18, 12),
            Spt941_20 => (47, 38),
            Spt943rev3 => (21, 13),
            Spt944 if input == 2 => (80, 28),
            Spt944 => (64, 19),
            Spg740 | Spg742 => (25, 5 + u32::from(input)),
            Lgk410 => (0, 0),
        }
    }

    /// Numbers of ТО, ДО, СР, ЧР and NT in channel 0.
    pub fn numbers(self) -> Option<[u16; 5]> {
        Some(match self {
            Spt940 => [3, 4, 6, 7, 40],
            Spt941_20 => [3, 4, 6, 7, 57],
            Spt943rev3 => [1, 2, 3, 4, 6],
            Spt944 => [7, 8, 10, 11, 58],
            Spg740 => [3, 2, 6, 7, 19],
            Spg742 => [4, 3, 6, 7, 28],
            Lgk410 => return None,
        })
    }

    /// Settings that choose the units of gas pressures.
    pub fn unit_settings(self) -> &'static [(u8, u16)] {
        match self {
            Spg740 => &[(0, 14), (1, 11), (1, 16), (2, 11)],
            Spg742 => &[(0, 14), (0, 19), (0, 22), (0, 26), (1, 10), (1, 15), (2, 10), (2, 15)],
            _ => &[],
        }
    }
}
