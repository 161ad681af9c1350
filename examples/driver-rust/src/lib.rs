//! The example driver in Rust: ПРИМЕР-1, see `../../meter.md`.

mod civil;
mod frame;
mod table;

use frame::Answer;
use table::{current, hour_row, hours, totals};
use uzel_driver_sdk::{
    Absence, ArchiveKind, Batch, CivilTime, ClockReading, Driver, Failure, Identity, LabelRule, LineError, Port,
    Reading, Sink, Until, Window,
};

/// How often a question is asked before its answer is given up.
const ATTEMPTS: u32 = 3;

/// The meter answers within 300 ms; the rest is the line's.
const DEADLINE_MS: u32 = 1_500;

/// A disturbed line is left alone so long before the next attempt.
const QUIET_MS: u32 = 200;

/// The longest answer has 60 bytes.
const LONGEST: u32 = 128;

const RING_HOURS: i64 = 48;

#[derive(Default)]
pub struct Primer {
    address: u8,
}

uzel_driver_sdk::export_driver!(Primer);

impl Primer {
    /// Asks until an answer to this question comes; gives its fields, or the code of a refusal.
    fn ask(&self, port: &mut dyn Port, command: &str) -> Result<Result<Vec<String>, String>, Failure> {
        let body = format!("{:02}{command}", self.address);
        let how = Reading {
            until: Until::Delimiter(b'\n'),
            max: LONGEST,
            deadline_ms: DEADLINE_MS,
        };
        let mut failure = Failure::NoAnswer;
        for _ in 0..ATTEMPTS {
            let bytes = match port.exchange(&frame::question(&body), how) {
                Ok(bytes) | Err(LineError::Timeout(bytes)) => bytes,
                Err(error) => return Err(Failure::Line(error)),
            };
            if bytes.is_empty() {
                continue;
            }
            match frame::answer(&bytes, &body) {
                Ok(Answer::Fields(fields)) => return Ok(Ok(fields.split(';').map(str::to_owned).collect())),
                Ok(Answer::Refused(code)) => return Ok(Err(code.to_owned())),
                Err(error) => failure = Failure::Garbled(format!("{command}: {error}")),
            }
            port.sleep(QUIET_MS);
        }
        Err(failure)
    }

    /// As [`Self::ask`], for a command that the meter has no reason to refuse.
    fn fields<const N: usize>(&self, port: &mut dyn Port, command: &str) -> Result<[String; N], Failure> {
        let fields = self
            .ask(port, command)?
            .map_err(|code| Failure::Refused(format!("{command}: code {code}")))?;
        fields.try_into().map_err(|fields: Vec<_>| {
            Failure::Garbled(format!("{command}: {} fields came, expected {N}", fields.len()))
        })
    }

    /// Reads the hours of one window that are in the ring; `batch` may still hold some of them after an error.
    fn window(
        &self,
        port: &mut dyn Port,
        window: Window,
        ring: (i64, i64),
        batch: &mut Batch,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        // Hours by the numbers of their starts; a label is the start of the next.
        let (oldest, end_of_ring) = (ring.0 - 1, ring.1);
        let (begin, end) = (civil::next_hour(window.begin), civil::next_hour(window.end));
        if begin < oldest.min(end) {
            let is_full = end_of_ring - oldest >= RING_HOURS;
            let why = if is_full {
                Absence::Overwritten
            } else {
                Absence::NeverWritten
            };
            out.absent(hours(begin, oldest.min(end)), why)?;
        }
        for hour in begin.max(oldest)..end.min(end_of_ring) {
            match self.ask(port, &format!("H{}", civil::label(hour + 1)))? {
                Ok(fields) => batch.push(hour_row(hour + 1, &fields)?, None, port.now(), out)?,
                Err(code) if code == "2" => out.absent(hours(hour, hour + 1), Absence::DeviceOff)?,
                Err(code) if code == "3" => out.absent(hours(hour, hour + 1), Absence::Overwritten)?,
                Err(code) => {
                    return Err(Failure::Refused(format!(
                        "hour {}: code {code}",
                        civil::label(hour + 1)
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Driver for Primer {
    fn describe() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/describe.json"))
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let config: serde_json::Value =
            serde_json::from_str(config).map_err(|error| Failure::Config(error.to_string()))?;
        let address = config["address"]
            .as_u64()
            .and_then(|address| u8::try_from(address).ok());
        self.address = address.ok_or_else(|| Failure::Config("address is no number from 1 to 99".to_owned()))?;
        let [model, serial, firmware] = self.fields(port, "I")?;
        if model != "PRIMER-1" {
            return Err(Failure::WrongDevice(model));
        }
        Ok(Identity {
            model: "primer-1".to_owned(),
            serial: Some(serial),
            firmware: Some(firmware),
            details: Vec::new(),
        })
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let sent = port.now();
        let [clock] = self.fields(port, "T")?;
        let half_ms = (port.now() - sent) / 2;
        Ok(ClockReading {
            shown: moment(&clock)?,
            at: sent + half_ms,
            // The clock shows whole seconds.
            uncertainty_ms: u32::try_from(half_ms).unwrap_or(u32::MAX).saturating_add(1_000),
        })
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let [clock, values @ ..] = self.fields::<4>(port, "C")?;
        out.declare(&current(), LabelRule::Moment)?;
        out.rows(&[table::row(moment(&clock)?, &values)?], None)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let [clock, values @ ..] = self.fields::<4>(port, "S")?;
        out.declare(&totals(), LabelRule::Moment)?;
        out.rows(&[table::row(moment(&clock)?, &values)?], None)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        _resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        if kind != ArchiveKind::Hourly {
            return Err(Failure::Unsupported("it has an hourly archive only".to_owned()));
        }
        let [oldest, newest] = self.fields(port, "R")?;
        if oldest == "-" {
            return Ok(());
        }
        let ring = (civil::hour(moment(&oldest)?), civil::hour(moment(&newest)?));
        out.declare(&table::hourly(), LabelRule::IntervalEnd)?;
        let mut batch = Batch::default();
        let read = windows
            .iter()
            .try_for_each(|window| self.window(port, *window, ring, &mut batch, out));
        // Hours that were read whole are good, however the reading ended.
        batch.flush(out).and(read)
    }

    fn close(&mut self, _port: &mut dyn Port) {}
}

fn moment(text: &str) -> Result<CivilTime, Failure> {
    civil::parse(text).ok_or_else(|| Failure::Garbled(format!("{text:?} is no time")))
}
