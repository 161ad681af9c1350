//! Listening to a receiver of wireless M-Bus: meters send when they like, and nobody can ask them.
//!
//! What a receiver puts around a telegram differs from maker to maker, so a telegram is found by the meter's number in its
//! head. One with check sums is taken as it is. One without may have been damaged between receiver and host: then two
//! telegrams must agree, as the answers of a wired meter must.

use uzel_driver_sdk::{Failure, LineError, Port, Reading, Until};

use crate::address::Secondary;
use crate::header::Header;
use crate::readout::Answer;
use crate::telegram::{self, Context, Telegram};
use crate::verify;
use crate::wireless::{self, Frame, WirelessError};

/// Milliseconds of one read at most, by the contract.
const MAX_READ_MS: i64 = 60_000;
const READ_BYTES: u32 = 512;
/// Bytes kept while their telegram is not whole.
const MAX_BYTES: usize = 2 * wireless::MAX;
/// Telegrams without check sums that are gathered before they are compared record by record.
const READS: usize = 3;

/// Who is listened to, and how.
pub struct Listener<'a> {
    pub meter: &'a Secondary,
    pub context: &'a Context,
    /// Two telegrams without check sums must agree.
    pub verify: bool,
    pub listen_ms: i64,
}

impl Listener<'_> {
    /// Waits for the meter's telegram.
    pub fn listen(&self, port: &mut dyn Port) -> Result<Answer, Failure> {
        let until = port.now().saturating_add(self.listen_ms);
        let mut heard: Vec<Telegram<'static>> = Vec::new();
        let mut trouble = Failure::NoAnswer;
        let mut buffer = Vec::new();
        loop {
            let left = until.saturating_sub(port.now());
            if left <= 0 {
                break;
            }
            read(port, left.min(MAX_READ_MS), &mut buffer)?;
            while let Some(frame) = self.next(&mut buffer) {
                let telegram = match self.decode(&frame) {
                    Ok(telegram) => telegram,
                    Err(failure) => {
                        trouble = failure;
                        continue;
                    }
                };
                let is_proved = frame.is_proved || !self.verify;
                port.note(&format!(
                    "telegram of {}: {} records",
                    frame.sender.id,
                    telegram.records.len()
                ));
                heard.push(telegram);
                if let Some(telegram) = settled(&heard, is_proved) {
                    let now = port.now();
                    return Ok(Answer {
                        telegram,
                        asked: now,
                        came: now,
                    });
                }
            }
        }
        Err(match (trouble, heard.len()) {
            (trouble, 0) => trouble,
            (_, count) => Failure::Garbled(format!("{count} telegrams without check sums came, and no two agree")),
        })
    }

    /// The next telegram of the meter in what has come; all before it is dropped.
    fn next(&self, buffer: &mut Vec<u8>) -> Option<Frame> {
        let mut kept = buffer.len();
        for at in 0..buffer.len() {
            match wireless::decode(buffer.get(at..)?) {
                Ok(frame) if self.is_of_meter(&frame) => {
                    buffer.drain(..buffer.len().min(at + frame.length));
                    return Some(frame);
                }
                // It may be the begin of the meter's telegram.
                Err(WirelessError::Short { .. }) => kept = kept.min(at),
                _ => {}
            }
        }
        buffer.drain(..kept.max(buffer.len().saturating_sub(MAX_BYTES)));
        None
    }

    /// By the link, or where an adapter sends for the meter, by the long header.
    fn is_of_meter(&self, frame: &Frame) -> bool {
        let behind = || Header::long(&mut uzel_driver_sdk::bytes::Reader::new(&frame.data)).ok();
        self.meter.matches(&frame.sender)
            || frame.ci == 0x72 && behind().is_some_and(|(header, _)| self.meter.matches(&header))
    }

    fn decode(&self, frame: &Frame) -> Result<Telegram<'static>, Failure> {
        let context = Context {
            sender: Some(frame.sender.clone()),
            ..self.context.clone()
        };
        let telegram = telegram::decode_data(frame.ci, &frame.data, &context).map_err(Failure::from)?;
        Ok(telegram.into_owned())
    }
}

/// What can be relied on of the telegrams so far.
fn settled<'a>(heard: &[Telegram<'a>], is_proved: bool) -> Option<Telegram<'a>> {
    let (last, before) = heard.split_last()?;
    let agrees = before.iter().any(|other| other.records == last.records);
    if is_proved || agrees {
        return Some(last.clone());
    }
    let gathered = heard.get(heard.len().checked_sub(READS)?..)?;
    verify::settle(gathered, false)
}

fn read(port: &mut dyn Port, deadline_ms: i64, buffer: &mut Vec<u8>) -> Result<(), Failure> {
    let how = Reading {
        until: Until::Any,
        max: READ_BYTES,
        deadline_ms: u32::try_from(deadline_ms).unwrap_or(1),
    };
    match port.read(how) {
        Ok(bytes) | Err(LineError::Timeout(bytes)) => buffer.extend(bytes),
        Err(LineError::Stopped) => return Err(Failure::Stopped),
        Err(error) => return Err(Failure::Line(error)),
    }
    Ok(())
}
