//! ТСРВ-024, 024М, 024М+ (sections 4 and 5): three heat systems of up to four pipes each, an array an archive and system.

use uzel_driver_sdk::ArchiveKind::{Daily, Hourly, Monthly};
use uzel_driver_sdk::Effect;

use super::tsrv024_now::{CURRENT, JOURNALS, SETTINGS, TOTALS};
use super::{P_MEAN, T_MEAN, lasted, mean, state, sum, total};
use crate::layout::Form::{Bits, F32, I16, Sum, U16, U32};
use crate::layout::{Layout, Meaning, Signs, many, one};
use crate::model::{Archive, Model, Part, Variant, holding, input, part};

/// НС 0 to 31 of a heat system.
pub const NS: &[&str] = &[
    "НС0", "НС1", "НС2", "НС3", "НС4", "НС5", "НС6", "НС7", "НС8", "НС9", "НС10", "НС11", "НС12", "НС13", "НС14",
    "НС15", "НС16", "НС17", "НС18", "НС19", "НС20", "НС21", "НС22", "НС23", "НС24", "НС25", "НС26", "НС27", "НС28",
    "НС29", "НС30", "НС31",
];

/// The places of the 024М+ that have a time of their own (section 5.7).
const NS_SLOTS: &[&str] = &[
    "НС4", "НС5", "НС10", "НС11", "НС16", "НС17", "НС22", "НС23", "НС25", "НС26", "НС27", "НС28", "НС29", "НС30",
    "НС31",
];

/// Bits of the algorithm word: 0 to 3 are the scheme, 4 and 7 are not used.
const ALGORITHM: &[&str] = &[
    "", "", "", "", "", "АЛГ5", "АЛГ6", "", "АЛГ8", "АЛГ9", "АЛГ10", "АЛГ11", "АЛГ12", "АЛГ13", "АЛГ14", "АЛГ15",
];

const FAILURE: Option<&str> = Some("functional-failure");
const LIMITS: Option<&str> = Some("out-of-limits");

pub const MEANINGS: &[Meaning] = &[
    ("НС1", FAILURE, None),
    ("НС2", FAILURE, None),
    ("НС3", FAILURE, None),
    ("НС4", FAILURE, None),
    ("НС5", FAILURE, None),
    ("НС7", FAILURE, None),
    ("НС8", FAILURE, None),
    ("НС9", FAILURE, None),
    ("НС10", FAILURE, None),
    ("НС11", FAILURE, None),
    ("НС13", FAILURE, None),
    ("НС14", FAILURE, None),
    ("НС15", FAILURE, None),
    ("НС16", FAILURE, None),
    ("НС17", FAILURE, None),
    ("НС19", FAILURE, None),
    ("НС20", FAILURE, None),
    ("НС21", FAILURE, None),
    ("НС22", FAILURE, None),
    ("НС23", FAILURE, None),
    ("НС25", LIMITS, None),
    ("НС26", LIMITS, None),
    ("НС27", LIMITS, None),
    ("НС28", LIMITS, None),
    ("НС29", LIMITS, None),
    ("НС30", LIMITS, None),
    ("НС31", LIMITS, None),
    ("АЛГ5", Some("other"), Some(Effect::Stopped)),
    ("АЛГ6", Some("config"), None),
    ("АЛГ8", Some("other"), Some(Effect::Information)),
    ("АЛГ9", Some("other"), Some(Effect::Information)),
    ("АЛГ10", Some("other"), Some(Effect::Information)),
    ("АЛГ11", Some("reverse-flow"), None),
    ("АЛГ12", Some("other"), Some(Effect::Stopped)),
    ("АЛГ13", Some("substituted"), Some(Effect::ConstantUsed)),
    ("АЛГ14", Some("other"), Some(Effect::Stopped)),
    ("АЛГ15", Some("other"), Some(Effect::Stopped)),
];

/// Hour, day or month of a heat system, amounts of the interval (section 5.2). Its last two bytes are a check that nobody
/// has proved (section 5.6).
pub static SYSTEM: Layout = Layout {
    size: 172,
    runs: &[
        one(84, F32, "W", sum("heat-energy", "Gcal")),
        one(88, F32, "Wгв", sum("heat-energy", "Gcal").pipe("dhw")),
        one(92, F32, "M", sum("mass", "t")),
        many(96, 4, F32, "W", sum("heat-energy", "Gcal")),
        many(112, 4, F32, "M", sum("mass", "t")),
        many(128, 4, F32, "V", sum("volume", "m3")),
        many(144, 4, U16(2), "tм", T_MEAN),
        many(152, 4, I16(2), "t", T_MEAN),
        many(160, 4, U16(3), "P", P_MEAN),
        one(168, U16(2), "tх", T_MEAN.pipe("cold")),
        one(4, U16(0), "Tнар", lasted("time-normal")),
        one(6, U16(0), "Tпит", lasted("time-power-off")),
        one(8, U16(0), "Tот", lasted("time-failure")),
        one(10, U16(0), "Tнс", lasted("time-stopped")),
        one(12, U16(0), "Tреж", lasted("time")),
        one(78, Bits(2), "АЛГ", state("status")),
        one(80, Bits(4), "НС", state("abnormal")),
    ],
    signs: &[
        Signs::minutes(14, 2, NS),
        Signs::flags(80, Bits(4), NS),
        Signs::flags(78, Bits(2), ALGORITHM),
    ],
    meanings: MEANINGS,
    damage_at: None,
};

/// The same of the 024М+: amounts and times grow (section 5.7).
pub static SYSTEM_PLUS: Layout = Layout {
    size: 186,
    runs: &[
        one(60, Sum, "W", total("heat-energy", "Gcal")),
        one(68, Sum, "Wгв", total("heat-energy", "Gcal").pipe("dhw")),
        one(76, Sum, "M", total("mass", "t")),
        many(84, 4, Sum, "M", total("mass", "t")),
        many(116, 4, Sum, "V", total("volume", "m3")),
        many(148, 4, U16(2), "tм", T_MEAN),
        many(156, 4, I16(2), "t", T_MEAN),
        many(164, 4, U16(3), "P", P_MEAN),
        one(172, U16(2), "tх", T_MEAN.pipe("cold")),
        one(174, I16(2), "tнв", T_MEAN.pipe("air")),
        one(4, U32(0), "Tнар", total("time-normal", "min")),
        one(8, U32(0), "Tпит", total("time-power-off", "min")),
        one(12, U32(0), "Tот", total("time-failure", "min")),
        one(16, U32(0), "Tнс", total("time-stopped", "min")),
        one(20, U32(0), "Tреж", total("time", "min")),
        one(54, Bits(2), "АЛГ", state("status")),
        one(56, Bits(4), "НС", state("abnormal")),
    ],
    signs: &[
        Signs::minutes(24, 2, NS_SLOTS),
        Signs::flags(56, Bits(4), NS),
        Signs::flags(54, Bits(2), ALGORITHM),
    ],
    meanings: MEANINGS,
    damage_at: None,
};

/// Summary of the device (section 5.3).
pub static SUMMARY: Layout = Layout {
    size: 18,
    runs: &[
        one(4, F32, "Wсум", sum("heat-energy", "Gcal")),
        one(8, F32, "Mсум", sum("mass", "t")),
        one(14, I16(2), "tнв", mean("temperature", "Cel").pipe("air")),
    ],
    signs: &[],
    meanings: &[],
    damage_at: None,
};

/// Growing totals, from 76.30.03.00 on (section 5.4).
pub static GROWING: Layout = Layout {
    size: 78,
    runs: &[
        many(4, 3, Sum, "W итог", total("heat-energy", "Gcal")).by_system(),
        many(28, 3, Sum, "M итог", total("mass", "t")).by_system(),
        many(52, 3, Sum, "Wгв итог", total("heat-energy", "Gcal").pipe("dhw")).by_system(),
    ],
    signs: &[],
    meanings: &[],
    damage_at: None,
};

const fn of(array: u16, layout: &'static Layout, point: u8) -> Part {
    Part {
        point,
        ..part(array, layout)
    }
}

const fn extra(array: u16, layout: &'static Layout) -> Part {
    Part {
        is_extra: true,
        ..part(array, layout)
    }
}

/// Depths (section 5.1).
const HOURS: u32 = 1488;
const DAYS: u32 = 366;
const MONTHS: u32 = 48;

static ARCHIVES: [Archive; 3] = [
    Archive {
        kind: Hourly,
        depth: HOURS,
        parts: &[
            of(0, &SYSTEM, 1),
            of(3, &SYSTEM, 2),
            of(6, &SYSTEM, 3),
            extra(9, &SUMMARY),
        ],
    },
    Archive {
        kind: Daily,
        depth: DAYS,
        parts: &[
            of(1, &SYSTEM, 1),
            of(4, &SYSTEM, 2),
            of(7, &SYSTEM, 3),
            extra(10, &SUMMARY),
        ],
    },
    Archive {
        kind: Monthly,
        depth: MONTHS,
        parts: &[
            of(2, &SYSTEM, 1),
            of(5, &SYSTEM, 2),
            of(8, &SYSTEM, 3),
            extra(11, &SUMMARY),
        ],
    },
];

static ARCHIVES_M: [Archive; 3] = [
    Archive {
        kind: Hourly,
        depth: HOURS,
        parts: &[
            of(0, &SYSTEM, 1),
            of(3, &SYSTEM, 2),
            of(6, &SYSTEM, 3),
            extra(9, &SUMMARY),
            extra(18, &GROWING),
        ],
    },
    Archive {
        kind: Daily,
        depth: DAYS,
        parts: &[
            of(1, &SYSTEM, 1),
            of(4, &SYSTEM, 2),
            of(7, &SYSTEM, 3),
            extra(10, &SUMMARY),
            extra(19, &GROWING),
        ],
    },
    Archive {
        kind: Monthly,
        depth: MONTHS,
        parts: &[
            of(2, &SYSTEM, 1),
            of(5, &SYSTEM, 2),
            of(8, &SYSTEM, 3),
            extra(11, &SUMMARY),
            extra(20, &GROWING),
        ],
    },
];

static ARCHIVES_PLUS: [Archive; 3] = [
    Archive {
        kind: Hourly,
        depth: HOURS,
        parts: &[of(0, &SYSTEM_PLUS, 1), of(3, &SYSTEM_PLUS, 2), of(6, &SYSTEM_PLUS, 3)],
    },
    Archive {
        kind: Daily,
        depth: DAYS,
        parts: &[of(1, &SYSTEM_PLUS, 1), of(4, &SYSTEM_PLUS, 2), of(7, &SYSTEM_PLUS, 3)],
    },
    Archive {
        kind: Monthly,
        depth: MONTHS,
        parts: &[of(2, &SYSTEM_PLUS, 1), of(5, &SYSTEM_PLUS, 2), of(8, &SYSTEM_PLUS, 3)],
    },
];

const MODEL: Model = Model {
    id: "tsrv024",
    clock: input(0x8000),
    serial: input(0x8002),
    schemes: Some(input(0x0045)),
    contract: Some([holding(0x0272), holding(0x0273)]),
    variant: Variant::Fixed,
    archives: &ARCHIVES,
    current: &CURRENT,
    totals: &TOTALS,
    journals: &JOURNALS,
    indexes: Some(input(0x4013)),
    settings: &SETTINGS,
};

pub static TSRV024: Model = MODEL;

pub static TSRV024M: Model = Model {
    id: "tsrv024m",
    archives: &ARCHIVES_M,
    ..MODEL
};

pub static TSRV024M_PLUS: Model = Model {
    id: "tsrv024m-plus",
    archives: &ARCHIVES_PLUS,
    ..MODEL
};
