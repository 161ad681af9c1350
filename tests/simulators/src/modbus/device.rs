//! A slave in conversation: functions, exceptions, file records (Modbus Application Protocol V1.1b3, section 6).

use super::frame::{self, ModbusFraming, Parsed};
use super::heat::Heat;
use super::regulator::Regulator;
use crate::meter::{Disguise, Meter, Reply};
use std::time::Duration;

/// Exceptions.
const FUNCTION: u8 = 1;
const ADDRESS: u8 = 2;
const VALUE: u8 = 3;

/// Maker, product and revision of the heat meter, one an answer (section 6.21).
const TEXTS: [&str; 3] = ["Uzel", "REGISTR-1", "1.02"];

/// Most registers of one read.
const MOST: u16 = 125;

/// What a slave is.
pub(super) enum Kind {
    Heat(Box<Heat>),
    Regulator(Box<Regulator>),
}

/// One slave.
pub struct ModbusSlave {
    framing: ModbusFraming,
    address: u8,
    kind: Kind,
    buffer: Vec<u8>,
    requests: u64,
}

impl ModbusSlave {
    pub(super) fn new(framing: ModbusFraming, address: u8, kind: Kind) -> Self {
        Self {
            framing,
            address,
            kind,
            buffer: Vec::new(),
            requests: 0,
        }
    }

    fn register(&self, at: u16) -> Option<u16> {
        match &self.kind {
            Kind::Heat(heat) => heat.register(at),
            Kind::Regulator(regulator) => regulator.register(at),
        }
    }

    fn store(&mut self, at: u16, value: u16) -> Result<(), u8> {
        let stored = match &mut self.kind {
            Kind::Heat(heat) => heat.store(at, value),
            Kind::Regulator(regulator) => regulator.store(at, value),
        };
        match stored {
            Some(true) => Ok(()),
            Some(false) => Err(VALUE),
            None => Err(ADDRESS),
        }
    }

    /// What follows the function code, or an exception.
    fn act(&mut self, pdu: &[u8]) -> Result<Vec<u8>, u8> {
        let word = |at: usize| match pdu.get(at..at + 2) {
            Some([high, low]) => Ok(u16::from_be_bytes([*high, *low])),
            _ => Err(VALUE),
        };
        let function = pdu.first().copied().unwrap_or_default();
        match function {
            3 | 4 => self.read(word(1)?, word(3)?),
            6 => {
                self.store(word(1)?, word(3)?)?;
                Ok(pdu[1..5].to_vec())
            }
            16 => {
                for place in 0..word(3)? {
                    let at = word(1)?.checked_add(place).ok_or(ADDRESS)?;
                    self.store(at, word(6 + usize::from(place) * 2)?)?;
                }
                Ok(pdu[1..5].to_vec())
            }
            20 if pdu.get(1..3) == Some(&[7, 6]) => {
                let record = match &self.kind {
                    Kind::Heat(heat) => heat.file(word(3)?, word(5)?),
                    Kind::Regulator(_) => None,
                };
                let record = record.ok_or(ADDRESS)?;
                let registers = record.get(..word(7)?.into()).ok_or(ADDRESS)?;
                let data = registers.iter().flat_map(|register| register.to_be_bytes());
                let length = u8::try_from(registers.len() * 2).map_err(|_| VALUE)?;
                Ok([length + 2, length + 1, 6].into_iter().chain(data).collect())
            }
            43 if pdu.get(1..3) == Some(&[14, 1]) && matches!(self.kind, Kind::Heat(_)) => {
                let object = pdu.get(3).copied().unwrap_or_default();
                let text = TEXTS.get(usize::from(object)).ok_or(ADDRESS)?;
                let more = if usize::from(object) + 1 < TEXTS.len() {
                    [0xFF, object + 1]
                } else {
                    [0, 0]
                };
                let length = u8::try_from(text.len()).map_err(|_| VALUE)?;
                let head = [14, 1, 1, more[0], more[1], 1, object, length];
                Ok([&head, text.as_bytes()].concat())
            }
            _ => Err(FUNCTION),
        }
    }

    fn read(&self, at: u16, count: u16) -> Result<Vec<u8>, u8> {
        if !(1..=MOST).contains(&count) {
            return Err(VALUE);
        }
        let end = at.checked_add(count - 1).ok_or(ADDRESS)?;
        let registers: Option<Vec<u16>> = (at..=end).map(|at| self.register(at)).collect();
        let data = registers.ok_or(ADDRESS)?;
        let bytes = data.iter().flat_map(|register| register.to_be_bytes());
        Ok(std::iter::once((count * 2).to_le_bytes()[0]).chain(bytes).collect())
    }
}

impl Meter for ModbusSlave {
    fn on_bytes(&mut self, _now: Duration, bytes: &[u8]) -> Vec<Reply> {
        self.buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        while !self.buffer.is_empty() {
            let (question, used) = match frame::parse(self.framing, &self.buffer) {
                Parsed::Short => break,
                Parsed::Garbage(used) => {
                    self.buffer.drain(..used.max(1));
                    continue;
                }
                Parsed::Whole(question, used) => (question, used),
            };
            self.buffer.drain(..used);
            if question.unit != self.address {
                continue;
            }
            self.requests += 1;
            let function = question.pdu.first().copied().unwrap_or_default();
            let pdu = match self.act(&question.pdu) {
                Ok(data) => std::iter::once(function).chain(data).collect(),
                Err(code) => vec![function | 0x80, code],
            };
            replies.push(Reply::now(frame::answer(self.framing, &question, &pdu)));
        }
        replies
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        match &mut self.kind {
            Kind::Heat(heat) => heat.disguise = as_other,
            Kind::Regulator(regulator) => regulator.disguise = as_other,
        }
    }

    fn shift_clock(&mut self, seconds: i64) {
        match &self.kind {
            Kind::Heat(heat) => heat.clock.advance(seconds),
            Kind::Regulator(regulator) => regulator.clock.advance(seconds),
        }
    }
}
