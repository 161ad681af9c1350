//! What differs between the legacy (4L) СПТ of Logika: identification, places in memory, record
//! layouts (docs/protocols: Logika M4, sections 1, 2, 7, 8, 9 and 11).

use std::time::Duration;

/// A quantity of a heat input; pipes count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    G(usize),
    P(usize),
    T(usize),
    Dt,
    Tx,
    Tv,
    V(usize),
    M(usize),
    Q,
    Ti,
    Qg,
}

impl Quantity {
    /// The maker's name.
    pub fn name(self) -> &'static str {
        let of = |names: [&'static str; 3], pipe: usize| names.get(pipe).copied().unwrap_or_default();
        match self {
            Self::G(pipe) => of(["G1", "G2", "G3"], pipe),
            Self::P(pipe) => of(["P1", "P2", "P3"], pipe),
            Self::T(pipe) => of(["t1", "t2", "t3"], pipe),
            Self::V(pipe) => of(["V1", "V2", "V3"], pipe),
            Self::M(pipe) => of(["M1", "M2", "M3"], pipe),
            Self::Dt => "dt",
            Self::Tx => "tх",
            Self::Tv => "tв",
            Self::Q => "Q",
            Self::Ti => "Tи",
            Self::Qg => "Qг",
        }
    }
}

/// A legacy СПТ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SptModel {
    Spt943,
    Spt942,
    /// СПТ941.10 and .11.
    Spt941_10,
}

/// A place in a record or in RAM.
pub type Place = (usize, Quantity);

use Quantity::{Dt, G, M, P, Q, Qg, T, Ti, Tv, Tx, V};

const ARCHIVE_943: [Place; 16] = [
    (4, P(0)),
    (8, P(1)),
    (12, T(0)),
    (16, T(1)),
    (20, T(2)),
    (24, Tx),
    (28, Tv),
    (32, V(0)),
    (36, V(1)),
    (40, V(2)),
    (44, M(0)),
    (48, M(1)),
    (52, M(2)),
    (56, Q),
    (60, Ti),
    (64, Qg),
];

const ARCHIVE_942: [Place; 12] = [
    (4, P(0)),
    (8, P(1)),
    (12, T(0)),
    (16, T(1)),
    (20, V(0)),
    (24, V(1)),
    (28, V(2)),
    (32, M(0)),
    (36, M(1)),
    (40, M(2)),
    (44, Q),
    (48, Ti),
];

const ARCHIVE_941_10: [Place; 10] = [
    (4, T(0)),
    (8, T(1)),
    (12, V(0)),
    (16, V(1)),
    (20, V(2)),
    (24, M(0)),
    (28, M(1)),
    (32, M(2)),
    (36, Q),
    (40, Ti),
];

const LIVE_943: [Place; 11] = [
    (4, G(0)),
    (8, G(1)),
    (12, G(2)),
    (16, P(0)),
    (20, P(1)),
    (24, T(0)),
    (28, T(1)),
    (32, Dt),
    (36, T(2)),
    (40, Tx),
    (44, Tv),
];

const LIVE_942: [Place; 8] = [
    (4, G(0)),
    (8, G(1)),
    (12, G(2)),
    (16, P(0)),
    (20, P(1)),
    (24, T(0)),
    (28, T(1)),
    (32, Dt),
];

const LIVE_941_10: [Place; 6] = [(4, G(0)), (8, G(1)), (12, G(2)), (16, T(0)), (20, T(1)), (24, Dt)];

const TOTALS_943: [Quantity; 9] = [V(0), V(1), V(2), M(0), M(1), M(2), Q, Ti, Qg];
const TOTALS: [Quantity; 8] = [V(0), V(1), V(2), M(0), M(1), M(2), Q, Ti];

/// Numbers of the settings that the simulator itself uses.
pub struct SettingNumbers {
    pub units: u16,
    pub time: u16,
    pub date: u16,
    pub report_day: u16,
    pub report_hour: u16,
    pub network: u16,
    pub ident: u16,
}

impl SptModel {
    /// ID0, ID1 and VX of the session answer, as captured.
    pub fn ident(self) -> [u8; 3] {
        match self {
            Self::Spt943 => [0x54, 0x2B, 0x03],
            Self::Spt942 => [0x54, 0x2A, 0x01],
            Self::Spt941_10 => [0x92, 0x29, 0x10],
        }
    }

    /// Heat inputs that the model has.
    pub fn inputs(self) -> u8 {
        if self == Self::Spt941_10 { 1 } else { 2 }
    }

    /// The pause after which the meter has forgotten the session.
    pub fn session_timeout(self) -> Duration {
        let minutes = if self == Self::Spt942 { 30 } else { 2 };
        Duration::from_secs(minutes * 60)
    }

    /// The highest speed code that function 42 accepts: 9600 for СПТ942, 19200 for the others.
    pub fn top_speed_code(self) -> u8 {
        if self == Self::Spt942 { 2 } else { 3 }
    }

    pub fn archive(self) -> &'static [Place] {
        match self {
            Self::Spt943 => &ARCHIVE_943,
            Self::Spt942 => &ARCHIVE_942,
            Self::Spt941_10 => &ARCHIVE_941_10,
        }
    }

    /// Data bytes of an archive answer.
    pub fn record_bytes(self) -> usize {
        if self == Self::Spt943 { 68 } else { 64 }
    }

    pub fn live(self) -> &'static [Place] {
        match self {
            Self::Spt943 => &LIVE_943,
            Self::Spt942 => &LIVE_942,
            Self::Spt941_10 => &LIVE_941_10,
        }
    }

    /// RAM address of the live block of an input and its length.
    pub fn live_block(self, input: u8) -> (usize, usize) {
        let next = usize::from(input.saturating_sub(1));
        match self {
            Self::Spt943 => (0x200 + 48 * next, 48),
            Self::Spt942 => (0x220 + 36 * next, 36),
            Self::Spt941_10 => (0x200, 28),
        }
    }

    pub fn totals(self) -> &'static [Quantity] {
        if self == Self::Spt943 { &TOTALS_943 } else { &TOTALS }
    }

    /// Flash address of an input's totals, and RAM address of what grew since the last full hour.
    pub fn totals_places(self, input: u8) -> (usize, usize) {
        match (self, input) {
            (Self::Spt943, 2) => (0x677B, 0x568),
            (Self::Spt942, 2) => (0x5DAC, 0x2D0),
            (Self::Spt942, _) => (0x483E, 0x29C),
            _ => (0x424A, 0x520),
        }
    }

    pub fn flash_bytes(self) -> usize {
        match self {
            Self::Spt943 => 0x3A980,
            Self::Spt942 => 0x2A800,
            Self::Spt941_10 => 0x16880,
        }
    }

    pub fn numbers(self) -> SettingNumbers {
        match self {
            Self::Spt943 => SettingNumbers {
                units: 0,
                time: 1,
                date: 2,
                report_day: 3,
                report_hour: 4,
                network: 6,
                ident: 7,
            },
            Self::Spt942 => SettingNumbers {
                units: 0,
                time: 2,
                date: 3,
                report_day: 5,
                report_hour: 6,
                network: 9,
                ident: 10,
            },
            Self::Spt941_10 => SettingNumbers {
                units: 0,
                time: 2,
                date: 3,
                report_day: 4,
                report_hour: 5,
                network: 35,
                ident: 36,
            },
        }
    }

    /// НС code of a return flow above the supply flow, and of flow sensor 1 above its limit.
    pub fn ns_codes(self) -> (u8, u8) {
        match self {
            Self::Spt943 => (21, 13),
            Self::Spt942 => (18, 12),
            Self::Spt941_10 => (18, 10),
        }
    }
}
