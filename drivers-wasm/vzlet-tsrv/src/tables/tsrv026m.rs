//! ТСРВ-026М (section 10): current values and totals after one client; layouts of its archives were not found.

use uzel_driver_sdk::modbus::pdu::Area;

use super::{G_NOW, P_NOW, Q_NOW, T_NOW, now, state, total};
use crate::layout::Form::{Bits, F32, SignedSum};
use crate::layout::{Block, Run, many, one};
use crate::model::{Model, Variant, input};

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

/// Register 0xC13E, behind these, is never answered.
static CURRENT: [Block; 4] = [
    block(
        0xc080,
        32,
        &[
            many(0, 4, F32, "t", T_NOW),
            many(16, 4, F32, "P", P_NOW),
            many(32, 4, F32, "Q", Q_NOW),
            many(48, 4, F32, "G", G_NOW),
        ],
    ),
    block(0xc0b0, 8, &[many(0, 4, F32, "E", now("power", "Gcal/h"))]),
    block(
        0xc132,
        10,
        &[
            one(0, F32, "E", now("power", "Gcal/h")),
            one(4, F32, "Eгв", now("power", "Gcal/h").pipe("dhw")),
            one(8, F32, "G", G_NOW),
            one(12, F32, "Gгв", G_NOW.pipe("dhw")),
            one(16, F32, "tнв", T_NOW.pipe("air")),
        ],
    ),
    block(0x8018, 2, &[one(0, Bits(4), "НС", state("abnormal"))]),
];

static TOTALS: [Block; 2] = [
    block(
        0xc068,
        16,
        &[
            one(0, SignedSum, "W", total("heat-energy", "Gcal")),
            one(8, SignedSum, "Wгв", total("heat-energy", "Gcal").pipe("dhw")),
            one(16, SignedSum, "M", total("mass", "t")),
            one(24, SignedSum, "Mгв", total("mass", "t").pipe("dhw")),
        ],
    ),
    block(
        0xc0b8,
        48,
        &[
            many(0, 4, SignedSum, "W", total("heat-energy", "Gcal")),
            many(32, 4, SignedSum, "M", total("mass", "t")),
            many(64, 4, SignedSum, "V", total("volume", "m3")),
        ],
    ),
];

pub static TSRV026M: Model = Model {
    id: "tsrv026m",
    clock: input(0x8000),
    serial: input(0x8002),
    schemes: None,
    contract: None,
    variant: Variant::Fixed,
    archives: &[],
    current: &CURRENT,
    totals: &TOTALS,
    journals: &[],
    indexes: None,
    settings: &[],
};
