//! ТСРВ-030, 031, 033, 034 (sections 6 and 7): one heat system of three channels, totals that grow.

use uzel_driver_sdk::ArchiveKind::{Daily, Hourly, Monthly};
use uzel_driver_sdk::Effect;
use uzel_driver_sdk::modbus::pdu::Area;

use super::{G_NOW, Q_NOW, T_MEAN, T_NOW, now, state, total};
use crate::layout::Form::{Bits, F32, I16, Small, U32};
use crate::layout::{Block, Layout, Meaning, Run, Signs, many, one};
use crate::model::{Archive, Model, Shown, Variant, holding, part};

/// Bits of the state word, register 316385; the last is in archives only.
const STATE: &[&str] = &[
    "НС1",
    "НС2",
    "НС3",
    "НС4",
    "НС5",
    "ПР1.U",
    "ПР2.U",
    "ПР3.U",
    "ПР1.F",
    "ПР2.F",
    "ПР3.F",
    "бит11",
    "ПТ1",
    "ПТ2",
    "ПТ3",
    "Сервис",
];
/// What has a time of its own.
const TIMES: &[&str] = &["НС1", "НС2", "НС3", "НС4", "НС5", "ПР1.U", "ПР2.U", "ПР3.U"];

const FAILURE: Option<&str> = Some("functional-failure");
const LIMITS: Option<&str> = Some("out-of-limits");

/// НС1 to НС5 are what the meter's settings make them (section 7.5).
pub const MEANINGS: &[Meaning] = &[
    ("НС1", LIMITS, None),
    ("НС2", LIMITS, None),
    ("НС3", LIMITS, None),
    ("НС4", LIMITS, None),
    ("НС5", LIMITS, None),
    ("ПР1.U", Some("power-off"), None),
    ("ПР2.U", Some("power-off"), None),
    ("ПР3.U", Some("power-off"), None),
    ("ПР1.F", Some("flow-above-max"), None),
    ("ПР2.F", Some("flow-above-max"), None),
    ("ПР3.F", Some("flow-above-max"), None),
    ("бит11", Some("other"), None),
    ("ПТ1", FAILURE, None),
    ("ПТ2", FAILURE, None),
    ("ПТ3", FAILURE, None),
    ("Сервис", Some("config"), Some(Effect::Stopped)),
];

const fn amount(at: usize) -> Run {
    many(at, 3, U32(3), "M", total("mass", "t")).or_volume()
}

/// The head that all records of 63.01.03 have (section 7.1).
macro_rules! head {
    () => {
        &[
            many(4, 3, U32(3), "W", total("heat-energy", "GJ")).first(4),
            amount(16),
            many(28, 3, I16(2), "t", T_MEAN),
            one(36, U32(0), "Tраб", total("time-normal", "s")),
            one(40, U32(0), "Tпр", total("time-stopped", "s")),
            one(34, Bits(2), "НС", state("abnormal")),
        ]
    };
}

pub static HOUR: Layout = Layout {
    size: 53,
    runs: head!(),
    signs: &[Signs::minutes(44, 1, TIMES), Signs::flags(34, Bits(2), STATE)],
    meanings: MEANINGS,
    damage_at: None,
};

/// Day and month (section 7.3).
pub static DAY: Layout = Layout {
    size: 60,
    runs: head!(),
    signs: &[Signs::minutes(44, 2, TIMES), Signs::flags(34, Bits(2), STATE)],
    meanings: MEANINGS,
    damage_at: None,
};

/// All records of 63.01.01 (section 7.4).
pub static OLD: Layout = Layout {
    size: 52,
    runs: &[
        one(4, U32(3), "W3", total("heat-energy", "GJ")),
        amount(8),
        many(20, 3, I16(2), "t", T_MEAN),
        one(28, U32(0), "Tраб", total("time-normal", "s")),
        one(32, U32(0), "Tпр", total("time-stopped", "s")),
        one(26, Bits(2), "НС", state("abnormal")),
    ],
    signs: &[Signs::minutes(36, 2, TIMES), Signs::flags(26, Bits(2), STATE)],
    meanings: MEANINGS,
    damage_at: None,
};

static ARCHIVES: [Archive; 3] = [
    Archive {
        kind: Hourly,
        depth: 1080,
        parts: &[part(0, &HOUR)],
    },
    Archive {
        kind: Daily,
        depth: 60,
        parts: &[part(1, &DAY)],
    },
    Archive {
        kind: Monthly,
        depth: 48,
        parts: &[part(2, &DAY)],
    },
];

static ARCHIVES_OLD: [Archive; 3] = [
    Archive {
        kind: Hourly,
        depth: 1080,
        parts: &[part(0, &OLD)],
    },
    Archive {
        kind: Daily,
        depth: 60,
        parts: &[part(1, &OLD)],
    },
    Archive {
        kind: Monthly,
        depth: 48,
        parts: &[part(2, &OLD)],
    },
];

const fn block(at: u16, count: u16, runs: &'static [Run]) -> Block {
    Block {
        area: Area::Input,
        at,
        count,
        point: 0,
        runs,
        signs: &[],
    }
}

/// Logical 349153 and on, 316385, 300001.
const NOW: Block = block(
    0xc000,
    30,
    &[
        many(0, 3, F32, "t", T_NOW),
        many(24, 3, F32, "E", now("power", "GJ/h")),
        many(36, 3, F32, "G", G_NOW),
        many(48, 3, F32, "Q", Q_NOW),
    ],
);
const STATE_NOW: Block = Block {
    signs: &[Signs::flags(0, Bits(2), STATE)],
    ..block(0x4000, 1, &[one(0, Bits(2), "НС", state("abnormal"))])
};

static CURRENT: [Block; 5] = [
    NOW,
    block(0xc04c, 6, &[many(0, 3, F32, "E", now("power", "GJ/h")).first(4)]),
    block(0xc05e, 2, &[one(0, F32, "tх", T_NOW.pipe("cold"))]),
    STATE_NOW,
    block(0x0000, 1, &[one(0, Small, "режим", state("status"))]),
];

/// Of the old firmware only these are said to be as in the new one.
static CURRENT_OLD: [Block; 2] = [block(0xc000, 6, &[many(0, 3, F32, "t", T_NOW)]), STATE_NOW];

/// Logical 332769 to 332790 and 332831 to 332836.
static TOTALS: [Block; 2] = [
    block(
        0x8000,
        22,
        &[
            many(0, 3, U32(0), "W", total("heat-energy", "MJ")),
            many(12, 3, U32(0), "M", total("mass", "kg")),
            many(24, 3, U32(3), "V", total("volume", "m3")),
            one(36, U32(0), "Tраб", total("time-normal", "s")),
            one(40, U32(0), "Tпр", total("time-stopped", "s")),
        ],
    ),
    block(
        0x803e,
        6,
        &[many(0, 3, U32(0), "W", total("heat-energy", "MJ")).first(4)],
    ),
];

const fn setting(id: &'static str, title: &'static str, at: u16) -> Shown {
    Shown {
        id,
        title,
        place: holding(at),
        form: Small,
        unit: "",
    }
}

/// Logical 400002 and on; formulas as the registers have them, their sign is not documented on the wire.
static SETTINGS: [Shown; 13] = [
    setting("speed", "Скорость: 0 – 1200, 1 – 2400, 2 – 4800", 0x0001),
    setting("formula-w1", "Формула W1", 0x001b),
    setting("formula-w2", "Формула W2", 0x001c),
    setting("formula-w3", "Формула W3", 0x0040),
    Shown {
        form: I16(0),
        ..setting("formula-w4-1", "Формула W4, первое слагаемое", 0x0041)
    },
    Shown {
        form: I16(0),
        ..setting("formula-w4-2", "Формула W4, второе слагаемое", 0x0042)
    },
    Shown {
        form: I16(0),
        ..setting("formula-w5-1", "Формула W5, первое слагаемое", 0x0043)
    },
    Shown {
        form: I16(0),
        ..setting("formula-w5-2", "Формула W5, второе слагаемое", 0x0044)
    },
    Shown {
        form: I16(0),
        ..setting("formula-w6-1", "Формула W6, первое слагаемое", 0x0045)
    },
    Shown {
        form: I16(0),
        ..setting("formula-w6-2", "Формула W6, второе слагаемое", 0x0046)
    },
    setting("archive-1", "Архив канала 1: 0 – масса, 1 – объём", 0x0053),
    setting("archive-2", "Архив канала 2: 0 – масса, 1 – объём", 0x0054),
    setting("archive-3", "Архив канала 3: 0 – масса, 1 – объём", 0x0055),
];

const MODEL: Model = Model {
    id: "tsrv034",
    clock: holding(0x8010),
    serial: holding(0x8000),
    schemes: None,
    contract: None,
    variant: Variant::Channels(holding(0x0053)),
    archives: &ARCHIVES,
    current: &CURRENT,
    totals: &TOTALS,
    journals: &[],
    indexes: None,
    settings: &SETTINGS,
};

pub static TSRV034: Model = MODEL;

/// Logical 400060 to 400062 say what its channels archive.
pub static TSRV030: Model = Model {
    id: "tsrv030",
    variant: Variant::Channels(holding(0x003b)),
    archives: &ARCHIVES_OLD,
    current: &CURRENT_OLD,
    totals: &[],
    settings: &[],
    ..MODEL
};
