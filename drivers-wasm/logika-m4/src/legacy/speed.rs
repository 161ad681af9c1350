//! A higher speed for the session: function 42 (M4 note, section 1).
//!
//! The meter answers at the old speed, then both sides switch. A meter that hears nothing for 10 s at the raised speed
//! goes back by itself: that is the way home whenever it stops answering.

use uzel_driver_sdk::{Level, Medium, Parity, Port, Reading, Settings};

use super::frame;
use super::link::Link;
use super::trouble::Trouble;
use crate::config::speed_code;
use crate::extended;
use crate::extended::frame::Scan;

/// Set speed.
const SPEED: u8 = 0x42;
/// Packet id of an extended request for a speed.
const SPEED_ID: u8 = 0x42;
/// Pause after the answer before the first request at the new speed.
const SWITCH_MS: u32 = 250;
/// Idle time after which a raised meter may be about to go back.
pub(super) const HOLDS_MS: i64 = 8_000;
/// Silence after which it certainly went back.
const GOES_BACK_MS: u32 = 10_500;

impl Link {
    /// Raises the speed of a serial line as configured, to at most `max_baud`. A meter or a line that does not follow
    /// stays, or is brought back, at the first speed.
    pub fn raise(&mut self, port: &mut dyn Port, max_baud: u32) -> Result<(), Trouble> {
        let (from, to) = (self.config.baud, self.config.speed.min(max_baud));
        let Some(code) = speed_code(to).filter(|_| to > from) else {
            return Ok(());
        };
        if port.medium() != Medium::Serial || port.configure(settings(from)).is_err() {
            port.log(Level::Info, "this line has no speed to change");
            return Ok(());
        }
        // Silence here may mean a lost answer of a meter that did switch, so only a refusal proves that it stayed.
        if let Err(Trouble::Refused(refused)) = self.ask_speed(port, code) {
            port.log(
                Level::Warn,
                &format!("the meter refused {to} baud with 21 {refused:02X}"),
            );
            return Ok(());
        }
        if port.configure(settings(to)).is_err() {
            return self.lower(port);
        }
        self.raised = true;
        port.sleep(SWITCH_MS);
        let heard = self.select_known(port, 0).or_else(|_| self.select_known(port, 0));
        match heard {
            Ok(()) => {
                port.note(&format!("the session goes on at {to} baud"));
                Ok(())
            }
            Err(trouble) if trouble.can_pass() => self.lower(port),
            Err(trouble) => Err(trouble),
        }
    }

    /// Comes back to the first speed by the meter's own timeout and opens the session there.
    pub(super) fn lower(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        self.raised = false;
        port.log(
            Level::Warn,
            "no answer at the raised speed: waiting for the meter to go back",
        );
        port.sleep(GOES_BACK_MS);
        if port.configure(settings(self.config.baud)).is_err() {
            return Err(Trouble::Garbled(
                "the line does not go back to its first speed".to_owned(),
            ));
        }
        self.reopen(port)
    }

    /// Asks for a speed in a frame of the meter's dialect.
    fn ask_speed(&mut self, port: &mut dyn Port, code: u8) -> Result<(), Trouble> {
        let (nt, data) = (self.config.address, [code, 0, 0, 0]);
        if self.extended {
            port.purge();
            port.write(&extended::frame::request(nt, SPEED_ID, SPEED, &data))?;
            let len = extended::frame::SHORTEST;
            let reply = port.read(Reading::exactly(len, self.config.timeout_ms))?;
            return match extended::frame::scan(&reply, nt, SPEED_ID, SPEED) {
                Scan::Data(_) => Ok(()),
                Scan::Refused(code) => Err(Trouble::Refused(code)),
                _ => Err(Trouble::Garbled("the answer to a speed is no frame".to_owned())),
            };
        }
        let request = frame::request(nt, SPEED, data);
        self.ask(port, &request, SPEED, 0).map(|_| ())
    }

    /// Sends the meter back to the first speed at the end of the session. The host puts the line back.
    pub(super) fn leave_speed(&mut self, port: &mut dyn Port) {
        let Some(code) = speed_code(self.config.baud).filter(|_| self.raised) else {
            return;
        };
        self.raised = false;
        let answered = self.ask_speed(port, code).is_ok();
        if answered && port.configure(settings(self.config.baud)).is_ok() {
            port.sleep(SWITCH_MS);
        }
    }
}

fn settings(baud: u32) -> Settings {
    Settings {
        baud,
        data_bits: 8,
        parity: Parity::None,
        stop_bits: 1,
    }
}
