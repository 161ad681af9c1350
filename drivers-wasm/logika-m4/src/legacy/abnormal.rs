//! What the bits of НС mean on each model (M4 note, section 11, and the maker's lists in `tests/data/ns-tables.json`).
//! `driver.toml` says the same for people; a test compares them.

/// What an НС bit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The device, or nothing that has a column.
    Nothing,
    /// A sensor out of its range: the name of its quantity.
    Sensor(&'static str),
    /// The flow through a flow sensor, by its number from 1.
    Flow(usize),
    /// The heat of the interval.
    Heat,
}

/// One documented НС bit: its number, what it is about, its category.
#[derive(Debug, Clone, Copy)]
pub struct Abnormal {
    pub bit: u32,
    pub about: About,
    pub category: &'static str,
}

/// The meter's word for an НС bit, as it stands in its own archive of НС.
pub fn code(bit: u32) -> String {
    format!("НС{bit:02}")
}

/// The bits that are set, lowest first.
pub fn bits(ns: u32) -> impl Iterator<Item = u32> {
    (0..u32::BITS).filter(move |bit| ns & (1 << bit) != 0)
}

const fn a(bit: u32, about: About, category: &'static str) -> Abnormal {
    Abnormal { bit, about, category }
}

const FAILURE: &str = "functional-failure";
const ABOVE: &str = "flow-above-max";
const BELOW: &str = "flow-below-min";
const IMBALANCE: &str = "mass-imbalance";
const COLD: &str = "negative-heat";

pub static SPT941_10: [Abnormal; 15] = [
    a(0, About::Nothing, "battery"),
    a(1, About::Nothing, FAILURE),
    a(2, About::Nothing, "other"),
    a(4, About::Nothing, "out-of-limits"),
    a(8, About::Sensor("t1"), FAILURE),
    a(9, About::Sensor("t2"), FAILURE),
    a(10, About::Flow(1), ABOVE),
    a(11, About::Flow(1), BELOW),
    a(12, About::Flow(2), ABOVE),
    a(13, About::Flow(2), BELOW),
    a(14, About::Flow(3), ABOVE),
    a(15, About::Flow(3), BELOW),
    a(16, About::Nothing, IMBALANCE),
    a(17, About::Heat, COLD),
    a(18, About::Nothing, IMBALANCE),
];

pub static SPT942: [Abnormal; 14] = [
    a(0, About::Nothing, "battery"),
    a(1, About::Nothing, FAILURE),
    a(8, About::Sensor("P1"), FAILURE),
    a(9, About::Sensor("P2"), FAILURE),
    a(10, About::Sensor("t1"), FAILURE),
    a(11, About::Sensor("t2"), FAILURE),
    a(12, About::Flow(1), ABOVE),
    a(13, About::Flow(1), BELOW),
    a(14, About::Flow(2), ABOVE),
    a(15, About::Flow(2), BELOW),
    a(16, About::Flow(3), ABOVE),
    a(17, About::Flow(3), BELOW),
    a(18, About::Nothing, IMBALANCE),
    a(19, About::Heat, COLD),
];

pub static SPT943: [Abnormal; 19] = [
    a(0, About::Nothing, "battery"),
    a(1, About::Nothing, FAILURE),
    a(2, About::Nothing, "other"),
    a(3, About::Sensor("tх"), FAILURE),
    a(4, About::Nothing, "out-of-limits"),
    a(8, About::Sensor("P1"), FAILURE),
    a(9, About::Sensor("P2"), FAILURE),
    a(10, About::Sensor("t1"), FAILURE),
    a(11, About::Sensor("t2"), FAILURE),
    a(12, About::Sensor("t3"), FAILURE),
    a(13, About::Flow(1), ABOVE),
    a(14, About::Flow(1), BELOW),
    a(15, About::Flow(2), ABOVE),
    a(16, About::Flow(2), BELOW),
    a(17, About::Flow(3), ABOVE),
    a(18, About::Flow(3), BELOW),
    a(19, About::Nothing, IMBALANCE),
    a(20, About::Heat, COLD),
    a(21, About::Nothing, IMBALANCE),
];

pub static SPT941: [Abnormal; 6] = [
    a(0, About::Nothing, "battery"),
    a(1, About::Sensor("t1"), FAILURE),
    a(2, About::Sensor("t2"), FAILURE),
    a(3, About::Nothing, FAILURE),
    a(4, About::Nothing, IMBALANCE),
    a(5, About::Heat, COLD),
];

pub static SPG741: [Abnormal; 26] = [
    a(0, About::Nothing, "battery"),
    a(2, About::Nothing, FAILURE),
    a(3, About::Nothing, "other"),
    a(4, About::Sensor("Qp1"), BELOW),
    a(5, About::Sensor("Qp2"), BELOW),
    a(6, About::Sensor("Qp1"), ABOVE),
    a(7, About::Sensor("Qp2"), ABOVE),
    a(9, About::Nothing, FAILURE),
    a(10, About::Nothing, FAILURE),
    a(11, About::Nothing, FAILURE),
    a(12, About::Nothing, FAILURE),
    a(13, About::Nothing, FAILURE),
    a(14, About::Sensor("t1"), FAILURE),
    a(15, About::Sensor("t2"), FAILURE),
    a(16, About::Sensor("P1"), "out-of-limits"),
    a(17, About::Sensor("dP1"), "out-of-limits"),
    a(18, About::Sensor("Qp1"), "out-of-limits"),
    a(19, About::Sensor("P2"), "out-of-limits"),
    a(20, About::Sensor("dP2"), "out-of-limits"),
    a(21, About::Sensor("Qp2"), "out-of-limits"),
    a(22, About::Sensor("dP3"), "out-of-limits"),
    a(23, About::Sensor("P3"), "out-of-limits"),
    a(24, About::Sensor("P4"), "out-of-limits"),
    a(25, About::Nothing, "out-of-limits"),
    a(26, About::Nothing, FAILURE),
    a(27, About::Nothing, FAILURE),
];
