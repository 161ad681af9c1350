//! What the parameters of each generation are called and mean. Archive numbers are those of the hours.

use uzel_driver_sdk::Aggregate::{self, Duration, Instant, Mean, State, Sum, Total};

use crate::model::Known;

pub const fn k(number: u16, name: &'static str, quantity: &'static str, aggregate: Aggregate) -> Known {
    Known {
        number,
        name,
        quantity,
        aggregate,
        pipe: None,
        tariff: 0,
    }
}

const fn of(pipe: &'static str, known: Known) -> Known {
    Known {
        pipe: Some(pipe),
        ..known
    }
}

/// СПТ961.1/.2 and СПТ961М, which has two more sensors of the system in the place of the outdoor temperature.
pub const HEAT_ARCHIVE: &[Known] = &[
    of("cold", k(71, "Tхв", "temperature", Mean)),
    of("cold", k(74, "Pхва", "pressure", Mean)),
    k(78, "Pб", "pressure", Mean),
    of("air", k(82, "Tнв", "temperature", Mean)),
    k(86, "ДС2", "other", Mean),
    k(90, "tи", "time-normal", Duration),
    k(195, "dP/Qo/g", "other", Mean),
    k(200, "T", "temperature", Mean),
    k(205, "P", "pressure", Mean),
    k(210, "M", "mass", Sum),
    k(215, "W", "heat-energy", Sum),
    k(220, "Vo", "volume", Sum),
    k(234, "to", "time", Duration),
    k(238, "Д1", "other", Mean),
    k(242, "Д2", "other", Mean),
    k(245, "НСо", "abnormal", State),
    k(400, "dM", "mass", Sum),
    k(405, "dW", "heat-energy", Sum),
];

/// СПТ961.1М/.2М, СПТ962, СПТ963.
pub const HEAT_2_ARCHIVE: &[Known] = &[
    of("cold", k(71, "Tхв", "temperature", Mean)),
    of("cold", k(74, "Pхва", "pressure", Mean)),
    k(78, "Pб", "pressure", Mean),
    of("air", k(82, "Tнв", "temperature", Mean)),
    k(85, "tэп", "time-power-off", Duration),
    k(90, "tи", "time-normal", Duration),
    k(200, "T", "temperature", Mean),
    k(205, "P", "pressure", Mean),
    k(210, "M", "mass", Sum),
    k(215, "W", "heat-energy", Sum),
    k(220, "V", "volume", Sum),
    k(223, "Mи", "mass", Total),
    k(226, "Wи", "heat-energy", Total),
    k(229, "Vи", "volume", Total),
    k(238, "Д1", "other", Mean),
    k(242, "Д2", "other", Mean),
    k(400, "M", "mass", Sum),
    k(405, "W", "heat-energy", Sum),
    k(410, "Mи", "mass", Total),
    k(415, "Wи", "heat-energy", Total),
    k(420, "tgб", "time-flow-above-max", Duration),
    k(425, "tgм", "time-flow-below-min", Duration),
    k(430, "tнсф", "time-failure", Duration),
    k(435, "tнсdT", "time-dt-below-min", Duration),
    k(440, "tраб", "time-normal", Duration),
];

/// The first СПТ961.
pub const OLD_HEAT_ARCHIVE: &[Known] = &[
    of("cold", k(70, "Tхв", "temperature", Mean)),
    of("cold", k(74, "Pхв", "pressure", Mean)),
    k(200, "T", "temperature", Mean),
    k(205, "P", "pressure", Mean),
    k(210, "M", "mass", Sum),
    k(215, "W", "heat-energy", Sum),
    k(220, "V", "volume", Sum),
    k(230, "tи", "time-normal", Duration),
    k(240, "tк", "time", Duration),
    k(400, "dM", "mass", Sum),
    k(405, "dW", "heat-energy", Sum),
];

/// СПГ761.1/.2, СПГ762.1/.2, СПГ763.1/.2. 410 is hг on СПГ761 and Vр on СПГ763.
pub const GAS_ARCHIVE: &[Known] = &[
    k(78, "Pб", "pressure", Mean),
    of("air", k(82, "Tнв", "temperature", Mean)),
    k(85, "tио", "time", Duration),
    k(90, "tи", "time-normal", Duration),
    k(195, "dP/Qo/g", "other", Mean),
    k(200, "T", "temperature", Mean),
    k(205, "P", "pressure", Mean),
    k(210, "M", "mass", Sum),
    k(215, "V", "volume", Sum),
    k(220, "Vр", "volume", Sum),
    k(225, "hг", "other", Mean),
    k(234, "to", "time", Duration),
    k(238, "Д1", "other", Mean),
    k(242, "Д2", "other", Mean),
    k(245, "НСо", "abnormal", State),
    k(400, "M", "mass", Sum),
    k(405, "V", "volume", Sum),
    k(410, "hг/Vр", "other", State),
    k(415, "Vл", "volume", Sum),
    k(420, "Vс", "volume", Sum),
];

/// The first СПГ761, СПГ762, СПГ763.
pub const OLD_GAS_ARCHIVE: &[Known] = &[
    k(80, "tп", "time-power-off", Duration),
    k(200, "T", "temperature", Mean),
    k(205, "P", "pressure", Mean),
    k(210, "V", "volume", Sum),
    k(215, "dP/Qo", "other", Mean),
    k(220, "M", "mass", Sum),
    k(225, "hг", "other", Mean),
    k(230, "tи", "time-normal", Duration),
    k(250, "tо", "time", Duration),
    k(260, "dP/Qo", "other", Mean),
    k(410, "V", "volume", Sum),
    k(420, "M", "mass", Sum),
    k(430, "hг", "other", Mean),
    k(440, "Vл", "volume", Sum),
    k(450, "Vс", "volume", Sum),
];

pub const HEAT_CURRENT: &[Known] = &[
    of("air", k(63, "Tнв", "temperature", Instant)),
    k(64, "Pб", "pressure", Instant),
    of("cold", k(65, "Tхв", "temperature", Instant)),
    of("cold", k(66, "Pхв", "pressure", Instant)),
    k(154, "P", "pressure", Instant),
    k(156, "T", "temperature", Instant),
    k(157, "G", "mass-flow", Instant),
    k(158, "w", "power", Instant),
    k(171, "Qo/g", "other", Instant),
    k(340, "dT", "temperature-difference", Instant),
    k(350, "dG", "mass-flow", Instant),
    k(351, "dw", "power", Instant),
];

pub const OLD_HEAT_CURRENT: &[Known] = &[
    of("cold", k(65, "Tхв", "temperature", Instant)),
    of("cold", k(66, "Pхв", "pressure", Instant)),
    k(154, "P", "pressure", Instant),
    k(156, "T", "temperature", Instant),
    k(157, "G", "mass-flow", Instant),
    k(158, "w", "power", Instant),
    k(159, "Qo", "volume-flow", Instant),
    k(340, "dT", "temperature-difference", Instant),
    k(350, "dG", "mass-flow", Instant),
    k(351, "dw", "power", Instant),
];

pub const GAS_CURRENT: &[Known] = &[
    of("air", k(63, "Tнв", "temperature", Instant)),
    k(64, "Pб", "pressure", Instant),
    k(154, "P", "pressure", Instant),
    k(155, "Pа", "pressure", Instant),
    k(156, "T", "temperature", Instant),
    k(157, "G", "mass-flow", Instant),
    k(158, "Qр", "volume-flow", Instant),
    k(159, "Q", "volume-flow", Instant),
    k(348, "Q", "volume-flow", Instant),
    k(350, "G", "mass-flow", Instant),
];

pub const OLD_GAS_CURRENT: &[Known] = &[
    k(64, "Pб", "pressure", Instant),
    k(154, "P", "pressure", Instant),
    k(155, "Pа", "pressure", Instant),
    k(156, "T", "temperature", Instant),
    k(157, "G", "mass-flow", Instant),
    k(158, "Qр", "volume-flow", Instant),
    k(159, "Q", "volume-flow", Instant),
    k(348, "Q", "volume-flow", Instant),
    k(350, "G", "mass-flow", Instant),
];

pub const HEAT_TOTALS: &[Known] = &[
    k(160, "M", "mass", Total),
    k(161, "W", "heat-energy", Total),
    k(163, "Vo", "volume", Total),
    k(360, "dM", "mass", Total),
    k(361, "dW", "heat-energy", Total),
];

pub const GAS_TOTALS: &[Known] = &[
    k(160, "M", "mass", Total),
    k(162, "V", "volume", Total),
    k(163, "Vр", "volume", Total),
    k(358, "V", "volume", Total),
    k(360, "M", "mass", Total),
];

pub const OLD_GAS_TOTALS: &[Known] = &[
    k(160, "M", "mass", Total),
    k(162, "V", "volume", Total),
    k(163, "Vo", "volume", Total),
    k(358, "V", "volume", Total),
    k(360, "M", "mass", Total),
];

/// The first СПГ763, which counts gases by mass, too.
pub const OLD_LIQUID_CURRENT: &[Known] = &[
    k(64, "Pб", "pressure", Instant),
    k(154, "P", "pressure", Instant),
    k(155, "Pа", "pressure", Instant),
    k(156, "T", "temperature", Instant),
    k(157, "G", "mass-flow", Instant),
    k(158, "Qр", "volume-flow", Instant),
    k(159, "Q", "volume-flow", Instant),
    k(347, "G", "mass-flow", Instant),
    k(349, "Q", "volume-flow", Instant),
];

pub const OLD_LIQUID_TOTALS: &[Known] = &[
    k(160, "Mн", "mass", Total),
    k(161, "Mб", "mass", Total),
    k(162, "Vс", "volume", Total),
    k(163, "Vо", "volume", Total),
    k(360, "Mн", "mass", Total),
    k(361, "Mб", "mass", Total),
    k(362, "Vс", "volume", Total),
];
