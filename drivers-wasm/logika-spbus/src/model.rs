//! The models, and what their parameters mean (SPbus note, sections 3.2, 6 and 7; names of the maker's tag database).
//!
//! What a channel number is of follows from the parameter: below 100 the system, 100 to 299 a pipe (т), 300 to 499 a
//! magistral or consumer (п). An electricity meter has channels (к) and groups of them (г) there.

use uzel_driver_sdk::{Aggregate, ArchiveKind};

use crate::electricity::{CURRENT_542, CURRENT_543, ELECTRICITY_ARCHIVE, ELECTRICITY_TOTALS, REGISTER};
use crate::quantity::{
    GAS_ARCHIVE, GAS_CURRENT, GAS_TOTALS, HEAT_2_ARCHIVE, HEAT_ARCHIVE, HEAT_CURRENT, HEAT_TOTALS, OLD_GAS_ARCHIVE,
    OLD_GAS_CURRENT, OLD_GAS_TOTALS, OLD_HEAT_ARCHIVE, OLD_HEAT_CURRENT, OLD_LIQUID_CURRENT, OLD_LIQUID_TOTALS,
};

/// What a parameter means.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The number; of an archive that of the hours.
    pub number: u16,
    /// The maker's name without its channel.
    pub name: &'static str,
    /// Of the vocabulary.
    pub quantity: &'static str,
    pub aggregate: Aggregate,
    /// Of the vocabulary.
    pub pipe: Option<&'static str>,
    /// Tariff zone, from 1; 0 is all together.
    pub tariff: u8,
}

/// One archive.
#[derive(Debug, Clone, Copy)]
pub struct Archive {
    pub kind: ArchiveKind,
    /// References of functions 18 and 19: more than one where each is of some channels.
    pub references: &'static [u16],
    /// How far the numbers of its parameters are from those of the hours.
    pub offset: u16,
    /// Records in the ring.
    pub depth: u32,
}

/// One model, or several that differ in nothing that is read.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// As in `driver.toml`.
    pub id: &'static str,
    pub archives: &'static [Archive],
    pub archive: &'static [Known],
    pub current: &'static [Known],
    pub totals: &'static [Known],
    /// Array 094, the НС of now.
    pub has_map: bool,
    /// The first generation: other settings, and labels of days that nobody has written about.
    pub is_first: bool,
    /// Its journals: 098 НС, 095 diagnostics, 096 changes of settings, 097 power breaks.
    pub journals: &'static [u16],
    /// Entries of each journal.
    pub journal_depth: u32,
    /// Has channels (к) and groups (г) in the place of pipes and consumers.
    pub is_electric: bool,
}

const fn hours(depth: u32) -> Archive {
    Archive {
        kind: ArchiveKind::Hourly,
        references: &[65_530],
        offset: 0,
        depth,
    }
}

const fn days() -> Archive {
    Archive {
        kind: ArchiveKind::Daily,
        references: &[65_532],
        offset: 1,
        depth: 360,
    }
}

const fn months(offset: u16, depth: u32) -> Archive {
    Archive {
        kind: ArchiveKind::Monthly,
        references: &[65_534],
        offset,
        depth,
    }
}

const fn decades() -> Archive {
    Archive {
        kind: ArchiveKind::TenDays,
        references: &[65_528],
        offset: 2,
        depth: 36,
    }
}

const RINGS_12: &[Archive] = &[hours(1_080), days(), months(2, 12)];
const RINGS_24: &[Archive] = &[hours(1_080), days(), months(2, 24)];
const RINGS_36: &[Archive] = &[hours(1_488), days(), months(2, 36)];
const RINGS_OLD_GAS: &[Archive] = &[hours(1_080), days(), decades(), months(3, 24)];

const HEAT: Model = Model {
    id: "spt961.1",
    archives: RINGS_24,
    archive: HEAT_ARCHIVE,
    current: HEAT_CURRENT,
    totals: HEAT_TOTALS,
    has_map: true,
    is_first: false,
    journals: &[98, 96, 97],
    journal_depth: 100,
    is_electric: false,
};

const GAS: Model = Model {
    id: "spg761.1",
    archive: GAS_ARCHIVE,
    current: GAS_CURRENT,
    totals: GAS_TOTALS,
    ..HEAT
};

const OLD_GAS: Model = Model {
    id: "spg761",
    archives: RINGS_OLD_GAS,
    archive: OLD_GAS_ARCHIVE,
    current: OLD_GAS_CURRENT,
    totals: OLD_GAS_TOTALS,
    has_map: false,
    is_first: true,
    journals: &[98, 95, 96, 97],
    journal_depth: 400,
    is_electric: false,
};

/// Channels 1-16 to 113-128, then groups 1-16 and 17-32; the tag database tells the months of 81-96 and 97-112 apart.
const HALF_HOURS: &[u16] = &[
    65_523, 65_522, 65_521, 65_520, 65_519, 65_518, 65_517, 65_516, 65_499, 65_498,
];
const ELECTRIC_DAYS: &[u16] = &[
    65_515, 65_514, 65_513, 65_512, 65_511, 65_510, 65_509, 65_508, 65_497, 65_496,
];
const ELECTRIC_MONTHS: &[u16] = &[
    65_507, 65_506, 65_505, 65_504, 65_503, 65_502, 65_501, 65_500, 65_495, 65_494,
];

/// Its parameters are known by their numbers of half-hours, days and months.
const ELECTRIC_RINGS: &[Archive] = &[
    Archive {
        kind: ArchiveKind::EveryMinutes(30),
        references: HALF_HOURS,
        offset: 0,
        depth: 2_160,
    },
    Archive {
        references: ELECTRIC_DAYS,
        offset: 0,
        ..days()
    },
    Archive {
        references: ELECTRIC_MONTHS,
        ..months(0, 12)
    },
];

const ELECTRICITY: Model = Model {
    id: "spe543",
    archives: ELECTRIC_RINGS,
    archive: ELECTRICITY_ARCHIVE,
    current: CURRENT_543,
    totals: ELECTRICITY_TOTALS,
    journal_depth: 400,
    is_electric: true,
    ..HEAT
};

/// All models.
pub static MODELS: [Model; 14] = [
    Model {
        id: "spt961",
        archives: RINGS_12,
        archive: OLD_HEAT_ARCHIVE,
        current: OLD_HEAT_CURRENT,
        has_map: false,
        is_first: true,
        journals: &[98, 95, 97],
        ..HEAT
    },
    Model {
        id: "spt961m",
        archives: RINGS_12,
        journals: &[98, 95, 96, 97],
        ..HEAT
    },
    HEAT,
    Model {
        id: "spt961.1m",
        archives: RINGS_36,
        archive: HEAT_2_ARCHIVE,
        ..HEAT
    },
    Model {
        id: "spt962",
        archives: RINGS_12,
        archive: HEAT_2_ARCHIVE,
        ..HEAT
    },
    Model {
        id: "spt963",
        archives: RINGS_12,
        archive: HEAT_2_ARCHIVE,
        ..HEAT
    },
    OLD_GAS,
    Model {
        id: "spg762",
        ..OLD_GAS
    },
    Model {
        id: "spg763",
        current: OLD_LIQUID_CURRENT,
        totals: OLD_LIQUID_TOTALS,
        ..OLD_GAS
    },
    GAS,
    Model { id: "spg762.1", ..GAS },
    Model { id: "spg763.1", ..GAS },
    Model {
        id: "spe542",
        current: CURRENT_542,
        has_map: false,
        is_first: true,
        ..ELECTRICITY
    },
    ELECTRICITY,
];

/// The model with this id.
pub fn model(id: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.id == id)
}

impl Model {
    /// The archive of a kind, if it keeps one.
    pub fn archive_of(&self, kind: ArchiveKind) -> Option<&'static Archive> {
        self.archives.iter().find(|archive| archive.kind == kind)
    }

    /// What a parameter of one of its lists means.
    pub fn known(&self, list: &'static [Known], number: u16) -> Option<&'static Known> {
        list.iter()
            .find(|known| self.number(known, group(number)) == Some(number))
    }

    /// The number that a parameter has in a group; none where the group has no such parameter.
    pub fn number(&self, known: &Known, wanted: Group) -> Option<u16> {
        match group(known.number) {
            own if own == wanted => Some(known.number),
            // What a channel has a group has, too, but for the meters that pulses come from.
            Group::Pipe if self.is_electric && wanted == Group::Main => {
                Some(known.number + OF_A_GROUP).filter(|_| !REGISTER.contains(&known.number))
            }
            _ => None,
        }
    }

    /// The letter that stands for a channel on the display.
    pub fn letter(&self, group: Group) -> &'static str {
        match (group, self.is_electric) {
            (Group::System, _) => "",
            (Group::Pipe, false) => "т",
            (Group::Main, false) => "п",
            (Group::Pipe, true) => "к",
            (Group::Main, true) => "г",
        }
    }
}

/// How far the numbers of a group are from those of a channel.
const OF_A_GROUP: u16 = 200;

/// What a channel is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    System,
    /// A pipe, or a channel of electricity.
    Pipe,
    /// A magistral or consumer, or a group of channels.
    Main,
}

/// The group of a parameter.
pub fn group(number: u16) -> Group {
    match number {
        0..=99 => Group::System,
        100..=299 => Group::Pipe,
        _ => Group::Main,
    }
}
