//! ТСРВ-043 (section 8): four heat systems, six flows, five temperatures, four pressures; totals that grow.

use uzel_driver_sdk::ArchiveKind::{Daily, Hourly, Monthly};
use uzel_driver_sdk::Effect;
use uzel_driver_sdk::modbus::pdu::Area;

use super::{G_NOW, P_MEAN, P_NOW, Q_NOW, T_MEAN, T_NOW, now, state, total};
use crate::layout::Form::{Bits, F32, I16, I32, LowBits, SignedSum, Sum, U16, U32};
use crate::layout::{Block, Layout, Meaning, Run, Signs, many, one};
use crate::model::{Archive, Model, Variant, holding, part};

/// Input bits by their logical numbers.
const BITS: &[&str] = &[
    "100001", "100002", "100003", "100004", "100005", "100006", "100007", "100008", "100009", "100010", "100011",
    "100012", "100013", "100014", "100015", "100016", "100017", "100018", "100019", "100020", "100021", "100022",
    "100023", "100024", "100025", "100026", "100027", "100028", "100029", "100030", "100031", "100032", "100033",
    "100034", "100035", "100036", "100037", "100038", "100039", "100040", "100041", "100042", "100043", "100044",
    "100045", "100046", "100047", "100048", "100049", "100050", "100051",
];
/// Bits of the state of a record.
const STATE: &[&str] = &["СОСТ0", "СОСТ1", "СОСТ2", "СОСТ3", "СОСТ4", "СОСТ5", "СОСТ6", "СОСТ7"];
const NS: &[&str] = &["НС1", "НС2", "НС3", "НС4"];
const C: &[&str] = &["С1", "С2", "С3", "С4", "С5", "С6", "С7", "С8", "С9", "С10"];
const STOP: &[&str] = &["СТОП"];

const FAILURE: Option<&str> = Some("functional-failure");
const LIMITS: Option<&str> = Some("out-of-limits");
const ABOVE: Option<&str> = Some("flow-above-max");

pub const MEANINGS: &[Meaning] = &[
    ("100001", FAILURE, None),
    ("100002", FAILURE, None),
    ("100003", FAILURE, None),
    ("100004", FAILURE, None),
    ("100005", FAILURE, None),
    ("100006", FAILURE, None),
    ("100007", ABOVE, None),
    ("100008", ABOVE, None),
    ("100009", ABOVE, None),
    ("100010", ABOVE, None),
    ("100011", ABOVE, None),
    ("100012", ABOVE, None),
    ("100013", ABOVE, None),
    ("100014", ABOVE, None),
    ("100015", ABOVE, None),
    ("100016", ABOVE, None),
    ("100017", ABOVE, None),
    ("100018", ABOVE, None),
    ("100019", Some("flow-below-min"), None),
    ("100020", Some("flow-below-min"), None),
    ("100021", Some("flow-below-min"), None),
    ("100022", Some("flow-below-min"), None),
    ("100023", Some("flow-below-min"), None),
    ("100024", Some("flow-below-min"), None),
    ("100025", FAILURE, None),
    ("100026", FAILURE, None),
    ("100027", FAILURE, None),
    ("100028", FAILURE, None),
    ("100029", FAILURE, None),
    ("100030", LIMITS, None),
    ("100031", LIMITS, None),
    ("100032", LIMITS, None),
    ("100033", LIMITS, None),
    ("100034", LIMITS, None),
    ("100035", LIMITS, None),
    ("100036", LIMITS, None),
    ("100037", LIMITS, None),
    ("100038", LIMITS, None),
    ("100039", LIMITS, None),
    ("100040", FAILURE, None),
    ("100041", FAILURE, None),
    ("100042", FAILURE, None),
    ("100043", FAILURE, None),
    ("100044", LIMITS, None),
    ("100045", LIMITS, None),
    ("100046", LIMITS, None),
    ("100047", LIMITS, None),
    ("100048", LIMITS, None),
    ("100049", LIMITS, None),
    ("100050", LIMITS, None),
    ("100051", LIMITS, None),
    ("100052", Some("power-off"), None),
    ("ВХ5", Some("other"), Some(Effect::Information)),
    ("ВХ6", Some("other"), Some(Effect::Information)),
    ("СТОП", Some("other"), Some(Effect::Stopped)),
    ("НС1", LIMITS, None),
    ("НС2", LIMITS, None),
    ("НС3", LIMITS, None),
    ("НС4", LIMITS, None),
    ("С1", Some("other"), None),
    ("С2", Some("other"), None),
    ("С3", Some("other"), None),
    ("С4", Some("other"), None),
    ("С5", Some("other"), None),
    ("С6", Some("other"), None),
    ("С7", Some("other"), None),
    ("С8", Some("other"), None),
    ("С9", Some("other"), None),
    ("С10", Some("other"), None),
    ("СОСТ0", Some("config"), None),
    ("СОСТ1", FAILURE, None),
    ("СОСТ2", FAILURE, None),
    ("СОСТ3", Some("config"), None),
    ("СОСТ4", Some("config"), None),
    ("СОСТ5", Some("clock"), None),
    ("СОСТ6", Some("other"), None),
    ("СОСТ7", FAILURE, None),
];

/// What hours and days have in common: numbers up to offset 112; `size` is that of the times behind.
macro_rules! runs {
    ($state:literal) => {
        &[
            many(74, 4, I32(0), "W", total("heat-energy", "MJ")).by_system(),
            many(58, 4, I32(0), "M", total("mass", "kg")).by_system(),
            many(10, 6, U32(0), "V", total("volume", "l")),
            many(34, 6, U32(0), "M", total("mass", "kg")),
            many(90, 5, I16(2), "t", T_MEAN),
            one(100, I16(2), "tх", T_MEAN.pipe("cold")),
            many(102, 4, U16(4), "P", P_MEAN),
            one(110, U16(4), "Pх", P_MEAN.pipe("cold")),
            one(6, U32(0), "Tнак", total("time-normal", "s")),
            one(4, U16(0), "индекс", state("count")),
            one($state, Bits(1), "СОСТ", state("status")),
            one($state + 1, LowBits(7), "НС", state("abnormal")),
        ]
    };
}

/// Minutes of situations from 112 on, of one byte in hours and two in days and months.
macro_rules! signs {
    ($bytes:literal) => {
        &[
            Signs::minutes(112, $bytes, &["100052", "ВХ5", "ВХ6"]),
            Signs::minutes(112 + 3 * $bytes, $bytes, STOP).of(1),
            Signs::minutes(112 + 4 * $bytes, $bytes, STOP).of(2),
            Signs::minutes(112 + 5 * $bytes, $bytes, STOP).of(3),
            Signs::minutes(112 + 6 * $bytes, $bytes, STOP).of(4),
            Signs::minutes(112 + 7 * $bytes, $bytes, NS).of(1),
            Signs::minutes(112 + 11 * $bytes, $bytes, NS).of(2),
            Signs::minutes(112 + 15 * $bytes, $bytes, NS).of(3),
            Signs::minutes(112 + 19 * $bytes, $bytes, C),
            Signs::flags(112 + 29 * $bytes, Bits(1), STATE),
            Signs::flags(113 + 29 * $bytes, LowBits(7), BITS),
        ]
    };
}

pub static HOUR: Layout = Layout {
    size: 149,
    runs: runs!(141),
    signs: signs!(1),
    meanings: MEANINGS,
    damage_at: Some(141),
};

pub static DAY: Layout = Layout {
    size: 178,
    runs: runs!(170),
    signs: signs!(2),
    meanings: MEANINGS,
    damage_at: Some(170),
};

static ARCHIVES: [Archive; 3] = [
    Archive {
        kind: Hourly,
        depth: 1440,
        parts: &[part(0, &HOUR)],
    },
    Archive {
        kind: Daily,
        depth: 186,
        parts: &[part(1, &DAY)],
    },
    Archive {
        kind: Monthly,
        depth: 48,
        parts: &[part(2, &DAY)],
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

/// Logical 349173 and on.
static CURRENT: [Block; 3] = [
    block(
        0xc014,
        12,
        &[many(0, 5, F32, "t", T_NOW), one(20, F32, "tх", T_NOW.pipe("cold"))],
    ),
    block(
        0xc03a,
        10,
        &[many(0, 4, F32, "P", P_NOW), one(16, F32, "Pх", P_NOW.pipe("cold"))],
    ),
    block(
        0xc076,
        40,
        &[
            many(0, 6, F32, "Q", Q_NOW),
            many(24, 6, F32, "G", G_NOW),
            many(48, 4, F32, "G", G_NOW).by_system(),
            many(64, 4, F32, "E", now("power", "GJ/h")).by_system(),
        ],
    ),
];

/// Logical 332771 and on.
static TOTALS: [Block; 3] = [
    block(
        0x8002,
        26,
        &[
            one(0, U32(0), "Tнак", total("time-normal", "s")),
            many(4, 6, Sum, "V", total("volume", "l")),
        ],
    ),
    block(0x801c, 24, &[many(0, 6, Sum, "M", total("mass", "kg"))]),
    block(
        0x8034,
        32,
        &[
            many(0, 4, SignedSum, "M", total("mass", "kg")).by_system(),
            many(32, 4, SignedSum, "W", total("heat-energy", "MJ")).by_system(),
        ],
    ),
];

pub static TSRV043: Model = Model {
    id: "tsrv043",
    clock: holding(0x8004),
    serial: holding(0x8000),
    schemes: None,
    contract: None,
    variant: Variant::Fixed,
    archives: &ARCHIVES,
    current: &CURRENT,
    totals: &TOTALS,
    journals: &[],
    indexes: None,
    settings: &[],
};
