//! What the meter measures now, its integrators, and the НС of now.

use uzel_driver_sdk::{Condition, Failure, LabelRule, Port, Row, Sink};

use crate::abnormal;
use crate::archive::put;
use crate::column::column;
use crate::message::Pointer;
use crate::model::{Group, Known};
use crate::number;
use crate::session::Session;

/// The map of НС, and how many of its elements one question is about.
const MAP: u16 = 94;
const MAP_PART: u16 = 50;

impl Session {
    /// One row of everything measured.
    pub fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let conditions = self.map(port)?;
        self.read_moment(port, self.model.current, conditions, out)
    }

    /// One row of the integrators.
    pub fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.read_moment(port, self.model.totals, Vec::new(), out)
    }

    /// Values that the meter does not have, because nothing is configured there, get no column: it names no unit.
    fn read_moment(
        &mut self,
        port: &mut dyn Port,
        wanted: &'static [Known],
        conditions: Vec<Condition>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let mut asked: Vec<(Pointer, &Known)> = Vec::new();
        for wanted_of in [Group::System, Group::Pipe, Group::Main] {
            for channel in self.channels(port, wanted_of)? {
                let number = |known| Some(((channel, self.model.number(known, wanted_of)?), known));
                asked.extend(wanted.iter().filter_map(number));
            }
        }
        let pointers: Vec<Pointer> = asked.iter().map(|(pointer, _)| *pointer).collect();
        let clock = self.read_clock(port)?;
        let values = self.values(port, &pointers)?;
        let mut columns = Vec::new();
        let mut row = Row {
            label: Some(clock.shown),
            other_end: None,
            length_s: None,
            values: Vec::new(),
            marks: Vec::new(),
            conditions,
        };
        for (((channel, number), known), field) in asked.iter().zip(&values) {
            if let Some(field) = field {
                columns.push(column(self.model, Some(known), *number, *channel, &field.unit));
                put(&mut row, number::cell(&field.value));
            }
        }
        if columns.is_empty() {
            return Err(Failure::Unsupported("the meter has none of these values".to_owned()));
        }
        out.declare(&columns, LabelRule::Moment)?;
        out.rows(&[row], None)
    }

    /// The НС that are on now.
    fn map(&mut self, port: &mut dyn Port) -> Result<Vec<Condition>, Failure> {
        let mut conditions = Vec::new();
        if !self.model.has_map {
            return Ok(conditions);
        }
        for first in (0..abnormal::CODES).step_by(usize::from(MAP_PART)) {
            let elements = self.elements(port, MAP, first, MAP_PART)?;
            conditions.extend(abnormal::conditions(self.model.id, first, &elements));
        }
        Ok(conditions)
    }
}
