//! What the meter measures now, and its totals: one row of tags (M4 note, section 10).

use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::{Failure, LabelRule, Port, Row, Sink};

use super::model::{Group, places_of};
use super::names::Block;
use super::session::Session;
use super::table::{self, Flags};
use super::tags::Tag;
use super::talk::Place;

impl Session {
    /// One row of all heat inputs.
    pub fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.read_values(port, Block::Live, self.model.live, out)
    }

    /// One row of all heat inputs. A total is whole on the meter: nothing has to be added.
    pub fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.read_values(port, Block::Totals, self.model.totals, out)
    }

    fn read_values(
        &mut self,
        port: &mut dyn Port,
        block: Block,
        groups: &'static [Group],
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let label = if self.has_clock() {
            Some(self.read_clock(port)?.shown)
        } else {
            None
        };
        let shown: Vec<&Group> = groups
            .iter()
            .filter(|group| table::is_shown(self.model, &self.inputs, group))
            .collect();
        let places: Vec<Place> = shown
            .iter()
            .flat_map(|group| places_of(group))
            .map(|(place, _)| place)
            .collect();
        let found = self
            .talk
            .read_tags(port, &places, |_, tag, _| (tag.kind, tag.bytes.to_vec()))?;
        let mut found = found.iter().map(|(kind, bytes)| Tag { kind: *kind, bytes });
        let columns = table::columns(self.model, block, shown.iter().copied(), &self.units);
        let mut row = Row { label, ..empty_row(0) };
        let mut flags = Flags::default();
        let mut said = Vec::new();
        for group in shown {
            let own: Vec<Tag> = found.by_ref().take(places_of(group).count()).collect();
            let has_ns = places_of(group).any(|(_, name)| name == "НС");
            table::fill(self.model, block, group, &own, &mut flags, &mut row);
            if has_ns {
                said.push((flags.ns, group.point));
            }
        }
        for (ns, point) in said {
            table::conditions(self.model, block, ns, point, &columns, &mut row);
        }
        out.declare(&columns, LabelRule::Moment)?;
        out.rows(&[row], None)
    }
}

/// A row without cells.
pub fn empty_row(label: i64) -> Row {
    Row {
        label: Some(civil(label)),
        other_end: None,
        length_s: None,
        values: Vec::new(),
        marks: Vec::new(),
        conditions: Vec::new(),
    }
}
