//! Setting the clock: data sent to the meter (CI 51) with one record, date and time (VIF 6D), as EN 13757-3, clause 6 has
//! it and makers describe it (ABB, "A43/A44 User Manual", section 10.5.25: `06 6D` and type I).
//!
//! It is written in the type in which the meter shows it. Type F has no seconds, so it is sent when a minute begins.
//! The acknowledgement only says that the frame came: the clock is read again by whoever set it.

use uzel_driver_sdk::{CivilTime, Configure, Failure, Port, Value};

use crate::date::{self, Precision, Stamp};
use crate::driver::{Mbus, clock_stamp};
use uzel_driver_sdk::calendar;

/// Data field and value information of date and time, by their types.
const TYPE_F: [u8; 2] = [0x04, 0x6d];
const TYPE_I: [u8; 2] = [0x06, 0x6d];

impl Configure for Mbus {
    /// Sent once: a repetition of a lost acknowledgement would set an older time.
    fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        let asked_at = port.now();
        if !(2_000..=2_080).contains(&to.year) {
            return Err(Failure::Unsupported(format!("M-Bus dates have no year {}", to.year)));
        }
        let session = self.session()?;
        if !session.readout.is_wired() {
            return Err(Failure::Unsupported(
                "a meter that is heard by radio is not spoken to".to_owned(),
            ));
        }
        let Some(Stamp { precision, .. }) = clock_stamp(&session.readout) else {
            return Err(Failure::Unsupported(
                "the meter shows no date and time (VIF 6D)".to_owned(),
            ));
        };
        session.readout.begin_anew(port)?;
        let now = |port: &dyn Port| calendar::reckon(to) + port.now().saturating_sub(asked_at).max(0) / 1_000;
        if precision != Precision::Second {
            let into = now(port).rem_euclid(calendar::MINUTE);
            if into > 0 {
                port.sleep(u32::try_from((calendar::MINUTE - into) * 1_000).unwrap_or(0));
            }
        }
        let time = calendar::civil(now(port));
        session.readout.send(port, &record(time, precision))?;
        port.note(&format!("clock set to {}", Stamp { time, precision }.text()));
        Ok(())
    }

    fn write_setting(&mut self, _: &mut dyn Port, id: &str, _: Value) -> Result<(), Failure> {
        Err(Failure::Unsupported(format!("M-Bus has no setting {id:?}")))
    }
}

/// Date and time as a record; undone by [`Stamp::decode`]. Whoever shows a date alone is given a time all the same.
fn record(time: CivilTime, precision: Precision) -> Vec<u8> {
    let (kind, precision) = match precision {
        Precision::Second => (TYPE_I, precision),
        Precision::Minute | Precision::Day => (TYPE_F, Precision::Minute),
    };
    let mut record = kind.to_vec();
    record.extend(date::encode(time, precision));
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use uzel_driver_sdk::bytes::{hex, unhex};

    #[test]
    fn records_are_what_meters_show() {
        // The clocks of abb_f95 and LGB_G350 of libmbus.
        for (bytes, precision) in [
            ("04 6d 22 10 8d 11", Precision::Minute),
            ("06 6d 1e 05 08 16 27 00", Precision::Second),
        ] {
            let data = unhex(bytes).unwrap();
            let stamp = Stamp::decode(&data[2..]).unwrap();
            assert_eq!(hex(&record(stamp.time, precision)), bytes);
        }
    }
}
