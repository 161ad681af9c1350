//! What is known of a model: one table a family in `tables`, nothing else is written a model.

use uzel_driver_sdk::ArchiveKind;
use uzel_driver_sdk::modbus::pdu::Area;

use crate::layout::{Block, Form, Layout};

/// Where a register is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub area: Area,
    pub at: u16,
}

pub const fn input(at: u16) -> Place {
    Place { area: Area::Input, at }
}

pub const fn holding(at: u16) -> Place {
    Place {
        area: Area::Holding,
        at,
    }
}

/// One array of the meter that takes part in the rows of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub array: u16,
    pub layout: &'static Layout,
    /// Of which heat system; 0: of the device.
    pub point: u8,
    /// A meter may have rows without it.
    pub is_extra: bool,
}

pub const fn part(array: u16, layout: &'static Layout) -> Part {
    Part {
        array,
        layout,
        point: 0,
        is_extra: false,
    }
}

/// An archive by intervals.
#[derive(Debug)]
pub struct Archive {
    pub kind: ArchiveKind,
    /// Records in the ring.
    pub depth: u32,
    pub parts: &'static [Part],
}

/// A journal that is read by index.
#[derive(Debug, Clone, Copy)]
pub struct Journal {
    pub array: u16,
    pub depth: u16,
    /// Of which heat system; 0: of the device.
    pub point: u8,
    pub kind: Entries,
}

/// What a journal's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// НС of a heat system.
    Abnormal,
    /// What happened to the device, by number; with begin and end.
    Device(&'static [&'static str]),
    /// The mode that the meter went into.
    Mode(&'static [&'static str]),
}

/// A setting that can be shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub id: &'static str,
    pub title: &'static str,
    pub place: Place,
    pub form: Form,
    pub unit: &'static str,
}

/// The registers that say what an archive is in, where a meter has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    Fixed,
    /// Mass or volume by channel, three registers of 1-byte values: 0 mass, 1 volume.
    Channels(Place),
    /// Unit of heat and scale, of four registers of 1-byte values the first and the last.
    Units(Place),
}

/// A model.
#[derive(Debug)]
pub struct Model {
    pub id: &'static str,
    pub clock: Place,
    pub serial: Place,
    /// The scheme of each heat system, three registers of 1-byte values; 0 is off.
    pub schemes: Option<Place>,
    /// The hour and the day with which the meter's days and months begin.
    pub contract: Option<[Place; 2]>,
    pub variant: Variant,
    /// Without any: current values only.
    pub archives: &'static [Archive],
    pub current: &'static [Block],
    pub totals: &'static [Block],
    pub journals: &'static [Journal],
    /// The register with the current index of array 0; the others follow.
    pub indexes: Option<Place>,
    pub settings: &'static [Shown],
}

impl Model {
    /// The archive of a kind.
    pub fn archive(&self, kind: ArchiveKind) -> Option<&'static Archive> {
        self.archives.iter().find(|archive| archive.kind == kind)
    }

    /// The first array of hours and the size of its records.
    pub fn hours(&self) -> Option<(u16, usize)> {
        let part = self.archive(ArchiveKind::Hourly)?.parts.first()?;
        Some((part.array, part.layout.size))
    }
}
