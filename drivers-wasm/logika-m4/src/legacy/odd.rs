//! The meters of this dialect that keep things in places of their own: the first СПТ941 and the gas meter СПГ741 (M4 note,
//! sections 6 to 9).

use super::model::{
    AMOUNTS, CLOCK, Field, Head, Kept, Kind, Live, Model, Numbers, RETURN, SUPPLY, Scattered, TEMPERATURES, Totals,
    amounts, f, join,
};
use super::{abnormal, lists};

/// НС is one byte, СП stands before it.
const SPT941_HEAD: Head = Head {
    ns: 3,
    ns_len: 1,
    scheme: Some(2),
};

/// What V12, V23, M12 and M23 of an hour are depends on СП, which stands beside them.
const SPT941_HOUR: [Field; 7] = join::<2, 5, 7>(
    TEMPERATURES,
    [
        f("V12", 12, Kind::Volume, None),
        f("V23", 16, Kind::Volume, None),
        f("M12", 20, Kind::Mass, None),
        f("M23", 24, Kind::Mass, None),
        f("Q", 28, Kind::Heat, None),
    ],
);

pub static SPT941: Model = Model {
    id: "spt941",
    inputs: 1,
    slow_wake: true,
    session_s: 1_800,
    max_baud: 2_400,
    has_first_page: false,
    has_serial: false,
    clock: 0x64,
    day_by_start: true,
    hour_len: 32,
    record_len: 64,
    head: SPT941_HEAD,
    hour: &SPT941_HOUR,
    record: &join::<2, 8, 10>(TEMPERATURES, amounts(12, 4)),
    common_bits: 8,
    kept: Kept::Words,
    depths: [1_080, 185, 0, 12],
    live: Live {
        ram: 91,
        step: 0,
        pieces: &[(0, 1, 1), (141, 8, 0), (237, 8, 0)],
        head: Head {
            ns: 0,
            ns_len: 1,
            scheme: None,
        },
        fields: &[
            f("t1", 141, Kind::Temperature, SUPPLY),
            f("t2", 145, Kind::Temperature, RETURN),
            f("G1", 237, Kind::Flow, SUPPLY),
            f("G2", 241, Kind::Flow, RETURN),
        ],
        ns: None,
    },
    totals: Totals {
        scattered: Some(Scattered::Threes),
        flash: 192,
        flash_step: 0,
        ram: 0,
        ram_step: 0,
        fields: &AMOUNTS,
    },
    numbers: Numbers {
        report_day: 0,
        report_hour: 0,
        time: u16::MAX,
        date: u16::MAX,
    },
    settings: &lists::SPT941,
    abnormal: &abnormal::SPT941,
};

const SPG741_RECORD: [Field; 11] = [
    f("ТС", 0, Kind::Time, None),
    f("P1", 8, Kind::OwnPressure, None),
    f("t1", 12, Kind::Temperature, None),
    f("Vр1", 16, Kind::Volume, None),
    f("V1", 20, Kind::Volume, None),
    f("P2", 24, Kind::OwnPressure, None),
    f("t2", 28, Kind::Temperature, None),
    f("Vр2", 32, Kind::Volume, None),
    f("V2", 36, Kind::Volume, None),
    f("V", 44, Kind::Volume, None),
    f("Vп", 48, Kind::Volume, None),
];

pub static SPG741: Model = Model {
    id: "spg741",
    inputs: 1,
    slow_wake: true,
    session_s: 1_800,
    max_baud: 2_400,
    has_first_page: false,
    has_serial: false,
    clock: CLOCK,
    day_by_start: false,
    hour_len: 64,
    record_len: 64,
    head: Head {
        ns: 4,
        ns_len: 4,
        scheme: None,
    },
    hour: &SPG741_RECORD,
    record: &SPG741_RECORD,
    common_bits: 32,
    kept: Kept::EntriesAndUnits(&[
        (54, "P1"),
        (55, "dP1"),
        (62, "P2"),
        (63, "dP2"),
        (74, "dP3"),
        (75, "Pб"),
        (76, "P3"),
        (77, "P4"),
    ]),
    depths: [1_080, 185, 96, 48],
    live: Live {
        ram: 0x224,
        step: 0,
        pieces: &[(0, 52, 4), (60, 20, 0)],
        head: Head {
            ns: 0,
            ns_len: 4,
            scheme: None,
        },
        fields: &[
            f("P1", 4, Kind::OwnPressure, None),
            f("dP1", 8, Kind::OwnPressure, None),
            f("t1", 12, Kind::Temperature, None),
            f("Qp1", 16, Kind::Flow, None),
            f("Q1", 20, Kind::Flow, None),
            f("P2", 32, Kind::OwnPressure, None),
            f("dP2", 36, Kind::OwnPressure, None),
            f("t2", 40, Kind::Temperature, None),
            f("Qp2", 44, Kind::Flow, None),
            f("Q2", 48, Kind::Flow, None),
            f("dP3", 60, Kind::OwnPressure, None),
            f("Pб", 64, Kind::OwnPressure, None),
            f("P3", 68, Kind::OwnPressure, None),
            f("P4", 72, Kind::OwnPressure, None),
            f("t3", 76, Kind::Temperature, None),
        ],
        ns: None,
    },
    totals: Totals {
        scattered: Some(Scattered::Places(&[
            (0, 700),
            (8, 716),
            (8_448, 704),
            (8_456, 720),
            (8_472, 730),
            (8_464, 734),
            (8_480, 684),
        ])),
        flash: 0,
        flash_step: 0,
        ram: 0,
        ram_step: 0,
        fields: &[
            f("Vр1", 0, Kind::Volume, None),
            f("Vр2", 1, Kind::Volume, None),
            f("V1", 2, Kind::Volume, None),
            f("V2", 3, Kind::Volume, None),
            f("V", 4, Kind::Volume, None),
            f("Vп", 5, Kind::Volume, None),
            f("ТС", 6, Kind::Time, None),
        ],
    },
    numbers: Numbers {
        report_day: 14,
        report_hour: 15,
        time: 10,
        date: 9,
    },
    settings: &lists::SPG741,
    abnormal: &abnormal::SPG741,
};
