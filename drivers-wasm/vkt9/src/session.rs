//! One session with one meter: who answers, its clock, its registers.

use uzel_driver_sdk::bytes::{Reader, hex};
use uzel_driver_sdk::calendar::{civil, seconds};
use uzel_driver_sdk::{CivilTime, ClockReading, Failure, Identity, LabelRule, Port, Setting, Sink, Value};

use crate::config::Config;
use crate::field::{self, Field, Heat};
use crate::link::{Link, PROOF};
use crate::question::{Answer, Question, meaning};
use crate::table;

const CLOCK: Question = Question::registers(40_003, 6);
const MODE: Question = Question::registers(30_494, 1);
const COMMON: Question = Question::registers(30_042, 17);
/// Texts that a person gave, 16 characters each.
const TEXTS: [(&str, &str, Question); 4] = [
    ("object", "Объект", Question::registers(40_012, 8)),
    ("organisation", "Организация", Question::registers(40_020, 8)),
    ("contract", "Договор", Question::registers(40_028, 8)),
    ("place", "Адрес объекта", Question::registers(40_036, 8)),
];
/// The archive of days, by which the meter is told.
const DAYS: u8 = 1;
/// Modbus' word for a function that the device does not have.
const NO_FUNCTION: u8 = 1;
/// Years are told by two digits.
const CENTURY: u16 = 2_000;

/// A meter that was identified.
#[derive(Debug)]
pub struct Session {
    pub link: Link,
    clock: Option<i64>,
    heat: Option<Heat>,
}

impl Session {
    /// Asks who answers. What proves a ВКТ-9 is its own function 42h: no public document tells the mnemonic that function
    /// 11h gives.
    pub fn identify(port: &mut dyn Port, config: Config) -> Result<(Self, Identity), Failure> {
        let mut session = Self {
            link: Link::new(config),
            clock: None,
            heat: None,
        };
        let serial = session.registers(port, &PROOF)?;
        let serial = Reader::new(&serial)
            .u32_be()
            .map_err(|short| Failure::Garbled(format!("serial number: {short}")))?;
        let now = session.read_clock(port)?.shown;
        let find = Question::find(DAYS, now);
        if session.link.sure(port, &find)? == Answer::Refused(NO_FUNCTION) {
            return Err(Failure::WrongDevice(format!(
                "a Modbus device with {serial} in 40001 answered, which does not know function 42h of ВКТ-9"
            )));
        }
        let mut details = Vec::new();
        let firmware = match session.link.sure(port, &Question::Who)? {
            Answer::Data(data) => {
                let (name, numbers) = data.split_at_checked(4).unwrap_or((&data, &[]));
                details.push(("type".to_owned(), text(name)));
                let mut numbers = Reader::new(numbers);
                numbers
                    .u16_le()
                    .and_then(|revision| Ok(format!("{}.{}", numbers.u16_le()?, revision)))
                    .ok()
            }
            Answer::Refused(_) => None,
        };
        port.note(&format!("ВКТ-9 {serial}"));
        let identity = Identity {
            model: "vkt9".to_owned(),
            serial: Some(serial.to_string()),
            firmware,
            details,
        };
        Ok((session, identity))
    }

    /// The clock, to the second.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let told = self.registers(port, &CLOCK)?;
        let (sent, heard) = self.link.times;
        let shown = clock_time(&told).and_then(seconds);
        let shown =
            shown.ok_or_else(|| Failure::Refused(format!("the clock shows {}, which is no date", hex(&told))))?;
        self.clock = Some(shown);
        let half_ms = heard.saturating_sub(sent).max(0) / 2;
        Ok(ClockReading {
            shown: civil(shown),
            at: sent.saturating_add(half_ms),
            uncertainty_ms: u32::try_from(half_ms).unwrap_or(u32::MAX).saturating_add(1_000),
        })
    }

    /// What the clock showed when it was read last.
    pub fn clock(&mut self, port: &mut dyn Port) -> Result<i64, Failure> {
        if self.clock.is_none() {
            self.read_clock(port)?;
        }
        self.clock.ok_or(Failure::NoAnswer)
    }

    /// The unit in which the meter as a whole counts heat.
    pub fn heat(&mut self, port: &mut dyn Port) -> Result<Heat, Failure> {
        if let Some(heat) = self.heat {
            return Ok(heat);
        }
        let common = self.registers(port, &COMMON)?;
        Ok(self.learn_heat(&common))
    }

    fn learn_heat(&mut self, common: &[u8]) -> Heat {
        let code = common.get(table::HEAT_UNIT..).and_then(<[u8]>::first_chunk::<2>);
        *self
            .heat
            .insert(Heat::of(code.map_or(0, |code| u16::from_be_bytes(*code))))
    }

    /// One row of fields that hold at the meter's own time.
    pub fn moment(&mut self, port: &mut dyn Port, fields: &[Field], out: &mut dyn Sink) -> Result<(), Failure> {
        let at = self.read_clock(port)?.shown;
        let mut all = Vec::new();
        for question in &table::REGISTERS {
            all.extend(self.registers(port, question)?);
        }
        let heat = self.learn_heat(all.get(table::COMMON..).unwrap_or_default());
        let short = || Failure::Garbled(format!("{} bytes of registers, less than the fields need", all.len()));
        let mut row = field::row(fields, &all).ok_or_else(short)?;
        row.label = Some(at);
        let columns: Vec<_> = fields.iter().map(|field| field.column(heat)).collect();
        out.declare(&columns, LabelRule::Moment)?;
        out.rows(&[row], None)
    }

    /// Mode, and the texts that a person gave.
    pub fn settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let setting = |id: &str, title: &str, value| Setting {
            id: id.to_owned(),
            title: title.to_owned(),
            value: Value::Text(value),
            unit: None,
            writable: false,
        };
        let mode = self.registers(port, &MODE)?;
        let mode = match mode.as_slice() {
            [0, 0] => "работа".to_owned(),
            [0, 1] => "настройка".to_owned(),
            [0, 2] => "поверка".to_owned(),
            [0, 3] => "калибровка".to_owned(),
            other => hex(other),
        };
        let mut settings = vec![setting("mode", "Режим", mode)];
        for (id, title, question) in &TEXTS {
            let bytes = self.registers(port, question)?;
            settings.push(setting(id, title, text(&bytes)));
        }
        Ok(settings)
    }

    fn registers(&mut self, port: &mut dyn Port, question: &Question) -> Result<Vec<u8>, Failure> {
        match self.link.sure(port, question)? {
            Answer::Data(data) => Ok(data),
            Answer::Refused(code) => Err(refused(question, code)),
        }
    }
}

/// What the six registers of the clock show; none where that is no time.
pub fn clock_time(registers: &[u8]) -> Option<CivilTime> {
    let &[0, year, 0, month, 0, day, 0, hour, 0, minute, 0, second] = registers else {
        return None;
    };
    let shown = CivilTime {
        year: CENTURY + u16::from(year),
        month,
        day,
        hour,
        minute,
        second,
    };
    seconds(shown).map(|_| shown)
}

/// The meter's refusal.
pub fn refused(question: &Question, code: u8) -> Failure {
    Failure::Refused(format!("{question:?}: {code} ({})", meaning(code)))
}

/// Characters up to a zero; what is not ASCII has no documented meaning.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let shown = bytes.get(..end).unwrap_or_default();
    let shown = shown.iter().map(|byte| {
        if byte.is_ascii_graphic() || *byte == b' ' {
            char::from(*byte)
        } else {
            '?'
        }
    });
    shown.collect::<String>().trim().to_owned()
}
