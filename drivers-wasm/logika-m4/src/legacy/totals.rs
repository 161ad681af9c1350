//! Totals: whole units and fraction in flash, the growth since the last full hour in RAM (M4 note, section 8).
//!
//! At the full hour the growth moves from RAM to flash. Both are read within one hour of the meter's clock and away
//! from its ends, else one hour's growth would be counted twice or not at all.

use uzel_driver_sdk::{Failure, LabelRule, Port, Row, Sink, Value};

use super::current::empty_row;
use super::memory;
use super::model::Scattered;
use super::session::Session;
use super::table::{self, Block};
use super::trouble::Trouble;
use crate::numbers::{i32r32, r32};
use uzel_driver_sdk::calendar::HOUR;

/// Around a full hour flash and RAM may not agree yet (M4 note, section 5.3: 15 s), with as much again for our reading.
const HOUR_EDGE_S: i64 = 15;
/// How often the reading starts over because an hour ended.
const TRIES: u32 = 4;
/// Bytes of a total in flash and of its growth in RAM.
const FLASH_BYTES: usize = 8;
const RAM_BYTES: usize = 4;
/// Bytes of a total of three numbers.
const THREE_BYTES: usize = 12;

impl Session {
    /// One row of all heat inputs.
    pub fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        for _ in 0..TRIES {
            let begun = self.leave_hour_edge(port)?;
            let mut row = empty_row(begun);
            for input in self.inputs.clone() {
                self.totals_of(port, input, &mut row)?;
            }
            let ended = self.read_clock(port)?.shown;
            if ended.div_euclid(HOUR) == begun.div_euclid(HOUR) {
                out.declare(
                    &table::columns(self.model, Block::Totals, &self.inputs, &self.units),
                    LabelRule::Moment,
                )?;
                return out.rows(&[row], None);
            }
            port.note("an hour of the meter ended while its totals were read: once more");
        }
        Err(Failure::Garbled(format!(
            "an hour of the meter's clock ended in each of {TRIES} readings of its totals"
        )))
    }

    /// Reads the clock; near a full hour waits until it has passed. A clock that stands never gets there, and has
    /// nothing to wait for.
    fn leave_hour_edge(&mut self, port: &mut dyn Port) -> Result<i64, Trouble> {
        let shown = self.read_clock(port)?.shown;
        let into_hour = shown.rem_euclid(HOUR);
        let wait_s = match into_hour {
            _ if into_hour < HOUR_EDGE_S => HOUR_EDGE_S - into_hour,
            _ if into_hour >= HOUR - HOUR_EDGE_S => HOUR - into_hour + HOUR_EDGE_S,
            _ => return Ok(shown),
        };
        port.note("near a full hour of the meter: waiting until it has passed");
        port.sleep(u32::try_from(wait_s * 1_000).unwrap_or(0));
        Ok(self.read_clock(port)?.shown)
    }

    fn totals_of(&mut self, port: &mut dyn Port, input: u8, row: &mut Row) -> Result<(), Failure> {
        let totals = &self.model.totals;
        if let Some(scattered) = totals.scattered {
            return self.scattered(port, scattered, row);
        }
        let count = totals.fields.len();
        let step = u16::from(input - 1);
        let bytes = |each: usize| Failure::Garbled(format!("{count} totals of {each} bytes do not fit a question"));
        let flash_len = u16::try_from(count * FLASH_BYTES).map_err(|_| bytes(FLASH_BYTES))?;
        let ram_len = u8::try_from(count * RAM_BYTES).map_err(|_| bytes(RAM_BYTES))?;
        let flash = memory::flash(&mut self.link, port, totals.flash + totals.flash_step * step, flash_len)?;
        let growth = memory::live(&mut self.link, port, totals.ram + totals.ram_step * step, ram_len, 0)?;
        port.note(&format!("totals ТВ{input}: {count} of flash and RAM"));
        let places = flash
            .as_chunks::<FLASH_BYTES>()
            .0
            .iter()
            .zip(growth.as_chunks::<RAM_BYTES>().0);
        row.values
            .extend(places.map(|(total, growth)| Value::Float(i32r32(*total) + f64::from(r32(*growth)))));
        Ok(())
    }

    /// Totals that do not lie in one row.
    fn scattered(&mut self, port: &mut dyn Port, scattered: Scattered, row: &mut Row) -> Result<(), Failure> {
        match scattered {
            Scattered::Threes => {
                let totals = &self.model.totals;
                let len = u16::try_from(totals.fields.len() * THREE_BYTES).unwrap_or(u16::MAX);
                let flash = memory::flash(&mut self.link, port, totals.flash, len)?;
                let words = flash
                    .as_chunks::<RAM_BYTES>()
                    .0
                    .iter()
                    .map(|word| f64::from(r32(*word)));
                let words: Vec<f64> = words.collect();
                let sums = words.as_chunks::<3>().0.iter();
                row.values.extend(sums.map(|three| Value::Float(three.iter().sum())));
            }
            Scattered::Places(places) => {
                for (flash, ram) in places {
                    let total = memory::flash(&mut self.link, port, *flash, 8)?;
                    let growth = memory::live(&mut self.link, port, *ram, 4, 0)?;
                    let both = total.first_chunk().zip(growth.first_chunk());
                    row.values.push(both.map_or(Value::Absent, |(total, growth)| {
                        Value::Float(i32r32(*total) + f64::from(r32(*growth)))
                    }));
                }
            }
        }
        port.note("totals of flash and RAM");
        Ok(())
    }
}
