//! The models, and what their parameters mean (SPbus note, sections 3.2, 6 and 7; names of the maker's tag database).
//!
//! What a channel number is of follows from the parameter: below 100 the system, 100 to 299 a pipe (т), 300 to 499 a
//! magistral or consumer (п).

use uzel_driver_sdk::{Aggregate, ArchiveKind};

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
}

/// One archive.
#[derive(Debug, Clone, Copy)]
pub struct Archive {
    pub kind: ArchiveKind,
    /// Reference of functions 18 and 19.
    pub reference: u16,
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
}

const fn hours(depth: u32) -> Archive {
    Archive {
        kind: ArchiveKind::Hourly,
        reference: 65_530,
        offset: 0,
        depth,
    }
}

const fn days() -> Archive {
    Archive {
        kind: ArchiveKind::Daily,
        reference: 65_532,
        offset: 1,
        depth: 360,
    }
}

const fn months(offset: u16, depth: u32) -> Archive {
    Archive {
        kind: ArchiveKind::Monthly,
        reference: 65_534,
        offset,
        depth,
    }
}

const fn decades() -> Archive {
    Archive {
        kind: ArchiveKind::TenDays,
        reference: 65_528,
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
};

/// All models.
pub static MODELS: [Model; 12] = [
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
}

/// What a channel is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    System,
    Pipe,
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
