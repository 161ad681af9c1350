//! ТСРВ-020, 021, 022, 023 (section 9): three heat systems, seven channels (0 is cold water), totals that grow.

use uzel_driver_sdk::ArchiveKind::{Daily, Hourly, Monthly};
use uzel_driver_sdk::modbus::pdu::Area;

use super::{P_MEAN, P_NOW, T_MEAN, T_NOW, now, state, total, what};
use crate::layout::Form::{Bits, F32, I16, Small, U32};
use crate::layout::{Block, Layout, Run, many, one};
use crate::model::{Archive, Model, Shown, Variant, holding, part};
use uzel_driver_sdk::Aggregate;

const HEAT: crate::layout::What = total("heat-energy", "GJ");
const MASS: crate::layout::What = total("mass", "t");
const STATE: crate::layout::What = what("status", "", Aggregate::State);

/// Heat 1 to 3, work and idle time, times of НС of one system; `w` to `ns` are offsets of the first system.
macro_rules! systems {
    ($w:literal, $step:literal) => {
        [
            many($w, 3, F32, "W1", HEAT).step($step).by_system(),
            many($w + 4, 3, F32, "W2", HEAT).step($step).by_system(),
            many($w + 8, 3, F32, "W3", HEAT).step($step).by_system(),
            many($w + 12, 3, U32(0), "Tраб", total("time-normal", "s"))
                .step($step)
                .by_system(),
            many($w + 16, 3, U32(0), "Tпр", total("time-stopped", "s"))
                .step($step)
                .by_system(),
            many($w + 20, 3, U32(0), "Tнс1", total("time", "s"))
                .step($step)
                .by_system(),
            many($w + 24, 3, U32(0), "Tнс2", total("time", "s"))
                .step($step)
                .by_system(),
            many($w + 28, 3, U32(0), "Tнс3", total("time", "s"))
                .step($step)
                .by_system(),
        ]
    };
}

const fn channels(
    at: usize,
    form: crate::layout::Form,
    id: &'static str,
    what: crate::layout::What,
    step: usize,
) -> Run {
    many(at, 7, form, id, what).step(step).first(0)
}

/// The systems of a record of 250 bytes.
const WIDE: [Run; 8] = systems!(4, 44);
/// The systems of a record of 171 or 175 bytes; each begins with a time.
const NARROW: [Run; 8] = systems!(4, 36);

const NARROW_RUNS: &[Run] = &[
    NARROW[0],
    NARROW[1],
    NARROW[2],
    NARROW[3],
    NARROW[4],
    NARROW[5],
    NARROW[6],
    NARROW[7],
    channels(108, F32, "M", MASS, 9),
    channels(112, I16(2), "t", T_MEAN, 9),
    channels(114, I16(2), "P", P_MEAN, 9),
    channels(116, Bits(1), "сост", STATE, 9),
];

/// ТСРВ-023 (section 9.2).
pub static WIDE_RECORD: Layout = Layout {
    size: 250,
    runs: &[
        WIDE[0],
        WIDE[1],
        WIDE[2],
        WIDE[3],
        WIDE[4],
        WIDE[5],
        WIDE[6],
        WIDE[7],
        many(36, 3, U32(0), "Tнс0", total("time", "s")).step(44).by_system(),
        many(44, 3, Bits(4), "сост", STATE).step(44).by_system(),
        channels(136, F32, "M", MASS, 14),
        channels(140, I16(2), "t", T_MEAN, 14),
        channels(142, I16(2), "P", P_MEAN, 14),
        channels(144, U32(0), "V", total("volume", "l"), 14),
        channels(148, Bits(2), "сост", STATE, 14),
        one(234, F32, "Wсум", HEAT),
    ],
    signs: &[],
    meanings: &[],
    damage_at: None,
};

/// ТСРВ-022 and early ТСРВ-023 (section 9.3): four bytes more, which nobody describes.
pub static MIDDLE_RECORD: Layout = Layout {
    size: 175,
    runs: NARROW_RUNS,
    signs: &[],
    meanings: &[],
    damage_at: None,
};

/// ТСРВ-020, ТСРВ-021 (section 9.3).
pub static NARROW_RECORD: Layout = Layout {
    size: 171,
    runs: NARROW_RUNS,
    signs: &[],
    meanings: &[],
    damage_at: None,
};

macro_rules! archives {
    ($layout:ident) => {
        [
            Archive {
                kind: Hourly,
                depth: 1500,
                parts: &[part(1, &$layout)],
            },
            Archive {
                kind: Daily,
                depth: 366,
                parts: &[part(2, &$layout)],
            },
            Archive {
                kind: Monthly,
                depth: 48,
                parts: &[part(3, &$layout)],
            },
        ]
    };
}

static WIDE_ARCHIVES: [Archive; 3] = archives!(WIDE_RECORD);
static MIDDLE_ARCHIVES: [Archive; 3] = archives!(MIDDLE_RECORD);
static NARROW_ARCHIVES: [Archive; 3] = archives!(NARROW_RECORD);

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

const fn powers(at: usize, id: &'static str) -> Run {
    many(at, 3, F32, id, now("power", "MW")).step(12).by_system()
}

/// Logical 349153 and on; states 316385 to 316387.
static CURRENT: [Block; 5] = [
    block(0xc000, 18, &[powers(0, "E1"), powers(4, "E2"), powers(8, "E3")]),
    block(
        0xc012,
        8,
        &[
            one(8, F32, "t0", T_NOW.pipe("cold")),
            one(12, F32, "P0", P_NOW.pipe("cold")),
        ],
    ),
    block(
        0xc01a,
        60,
        &[
            many(8, 6, F32, "t", T_NOW).step(20),
            many(12, 6, F32, "P", P_NOW).step(20),
            many(16, 6, F32, "G", now("mass-flow", "kg/s")).step(20),
        ],
    ),
    block(0xc056, 36, &[many(0, 6, F32, "Q", now("volume-flow", "m3/s")).step(12)]),
    block(0x4000, 3, &[many(0, 3, Bits(2), "сост", state("status")).by_system()]),
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

static SETTINGS: [Shown; 4] = [
    setting("unit-heat", "Единица тепла: 0 – ГДж, 1 – Гкал", 0x00d3),
    setting("unit-power", "Единица мощности", 0x00d4),
    setting("unit-flow", "Единица расхода", 0x00d5),
    setting("scale", "Масштаб измерений: 0 – 1:1, 1 – 1:1000", 0x00d6),
];

const MODEL: Model = Model {
    id: "tsrv023",
    clock: holding(0x8002),
    serial: holding(0x8000),
    schemes: None,
    contract: None,
    variant: Variant::Units(holding(0x00d3)),
    archives: &WIDE_ARCHIVES,
    current: &CURRENT,
    totals: &[],
    journals: &[],
    indexes: None,
    settings: &SETTINGS,
};

pub static TSRV023: Model = MODEL;

pub static TSRV022: Model = Model {
    id: "tsrv022",
    archives: &MIDDLE_ARCHIVES,
    ..MODEL
};

pub static TSRV020: Model = Model {
    id: "tsrv020",
    archives: &NARROW_ARCHIVES,
    ..MODEL
};
