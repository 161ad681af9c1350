//! Parameters of СПЕ542 and СПЕ543 (SPbus note, section 8; names of the maker's tag database). Numbers are those of a
//! channel (к); a group (г) has the same 200 further. What a channel counts, active energy or another, says its unit.

use uzel_driver_sdk::Aggregate::{self, Instant, Maximum, Mean, State, Sum, Total};

use crate::model::Known;
use crate::quantity::k;

const fn power(number: u16, name: &'static str, aggregate: Aggregate) -> Known {
    k(number, name, "power", aggregate)
}

const fn energy(number: u16, name: &'static str, tariff: u8) -> Known {
    Known {
        tariff,
        ..k(number, name, "energy", Sum)
    }
}

/// What a channel has and a group has not: the register of the meter behind it, and its pulses.
pub const REGISTER: [u16; 4] = [163, 207, 213, 214];

/// Half-hours, days and months, each parameter with its own number.
pub const ELECTRICITY_ARCHIVE: &[Known] = &[
    power(205, "Pср", Mean),
    k(207, "Wимп", "other", Sum),
    power(209, "Pу", Maximum),
    power(210, "Pу", Maximum),
    power(211, "Pв", Maximum),
    power(212, "Pв", Maximum),
    k(213, "Wэ", "energy", Total),
    k(214, "Wэ", "energy", Total),
    energy(215, "W", 0),
    energy(216, "W", 0),
    energy(219, "W1", 1),
    energy(220, "W2", 2),
    energy(221, "W3", 3),
    energy(222, "W4", 4),
    energy(223, "W1", 1),
    energy(224, "W2", 2),
    energy(225, "W3", 3),
    energy(226, "W4", 4),
];

/// СПЕ542, which has the sliding power, too.
pub const CURRENT_542: &[Known] = &[
    power(153, "Pск", Mean),
    k(65, "ТрД", "status", State),
    power(151, "Pт", Instant),
    power(155, "Pср", Mean),
    power(157, "Pпр", Instant),
    power(160, "Pу", Maximum),
    power(162, "Pв", Maximum),
    energy(165, "Wд", 0),
    energy(166, "Wм", 0),
    energy(169, "W1д", 1),
    energy(170, "W2д", 2),
    energy(171, "W3д", 3),
    energy(172, "W4д", 4),
    energy(173, "W1р", 1),
    energy(174, "W2р", 2),
    energy(175, "W3р", 3),
    energy(176, "W4р", 4),
];

/// СПЕ543.
pub const CURRENT_543: &[Known] = match CURRENT_542 {
    [_sliding, rest @ ..] => rest,
    [] => &[],
};

/// The register of the electricity meter behind a channel.
pub const ELECTRICITY_TOTALS: &[Known] = &[k(163, "Wэ", "energy", Total)];
