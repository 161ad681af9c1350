//! What the meter measures now: blocks of RAM (M4 note, section 7).

use uzel_driver_sdk::{Failure, LabelRule, Port, Row, Sink};

use super::memory::{self, data};
use super::question::Question;
use super::session::Session;
use super::table::{self, Block};
use super::trouble::Trouble;
use uzel_driver_sdk::calendar;

impl Session {
    /// One row of all heat inputs.
    pub fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let clock = self.read_clock(port)?;
        let mut row = empty_row(clock.shown);
        let apart = self.abnormal_apart(port)?;
        for input in self.inputs.clone() {
            let live = &self.model.live;
            let address = live.ram + live.step * u16::from(input - 1);
            let mut block = Vec::new();
            for (offset, len, state) in live.pieces {
                let piece = memory::live(&mut self.link, port, address + offset, *len, *state)?;
                block.resize(usize::from(*offset), 0);
                block.extend(piece);
            }
            let ns = match apart.as_deref() {
                Some(bytes) => abnormal_of(bytes, input),
                None => table::ns_bits(self.model, Block::Live, &block),
            };
            port.note(&format!("live ТВ{input}, НС {ns:06X}"));
            table::fill(self.model, Block::Live, &block, ns, input, &mut row);
        }
        out.declare(
            &table::columns(self.model, Block::Live, &self.inputs, &self.units),
            LabelRule::Moment,
        )?;
        out.rows(&[row], None)
    }

    /// НС where the model keeps it beside its live blocks: common, then two bytes for each heat input.
    fn abnormal_apart(&mut self, port: &mut dyn Port) -> Result<Option<Vec<u8>>, Trouble> {
        let Some(address) = self.model.live.ns else {
            return Ok(None);
        };
        let question: Question = memory::ram_question(address, 1 + 2 * self.model.inputs);
        data(self.link.twice(port, 0, &question)?).map(Some)
    }
}

/// The 24 bits of one heat input: 8 common ones, then its own 16, which are numbered from 8.
fn abnormal_of(bytes: &[u8], input: u8) -> u32 {
    let own = bytes
        .get(1..)
        .unwrap_or_default()
        .chunks_exact(2)
        .nth(usize::from(input.saturating_sub(1)));
    match (bytes, own) {
        (&[common, ..], Some(&[low, high])) => u32::from_le_bytes([common, low, high, 0]),
        _ => 0,
    }
}

/// A row without cells, at one moment.
pub fn empty_row(label: i64) -> Row {
    Row {
        label: Some(calendar::civil(label)),
        other_end: None,
        length_s: None,
        values: Vec::new(),
        marks: Vec::new(),
        conditions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_a_heat_input_are_numbered_from_8() {
        let bytes = [0x01, 0x04, 0x00, 0x00, 0x08];
        assert_eq!(abnormal_of(&bytes, 1), 1 | 1 << 10);
        assert_eq!(abnormal_of(&bytes, 2), 1 | 1 << 19);
        assert_eq!(abnormal_of(&[], 2), 0);
    }
}
