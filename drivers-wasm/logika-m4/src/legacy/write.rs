//! Writing settings and the clock: function 44 in two steps (M4 note, section 3.2).
//!
//! A request carries an 8-bit check only, so what is written is read back, and a line that showed any disturbance
//! while the old value was read is not trusted with a write. Nothing is repeated: a write that failed half-way is left
//! for the person to see.

use uzel_driver_sdk::{CivilTime, Failure, Port, Value};

use super::frame;
use super::memory;
use super::model::Kept;
use super::question::Reply;
use super::session::Session;
use super::settings::{self, Entry, Known, TEXT_LEN};
use super::trouble::Trouble;
use uzel_driver_sdk::calendar;

/// Write a setting.
const WRITE: u8 = 0x44;
/// In the last byte of the value: the setting is operative.
const OPERATIVE: u8 = b'*';
/// Settings from this number on are those of a heat input on models that have two; they are written as 0, 1, ….
const FIRST_OF_INPUT: u16 = 50;
/// By how much the clock may differ from what was set, beside the time that passed.
const CLOCK_TOLERANCE_S: i64 = 3;

impl Session {
    /// Writes a setting and reads it back.
    pub fn write_setting(&mut self, port: &mut dyn Port, id: &str, value: &Value) -> Result<(), Failure> {
        if self.model.kept == Kept::Words {
            return Err(Failure::Unsupported(
                "how this model's settings are written is not public".to_owned(),
            ));
        }
        let (known, input) = self.named(id)?;
        if !settings::keeps_the_line(known.name) {
            let why =
                format!("{id} changes the clock or the line: set the clock by its own call, the rest at the meter");
            return Err(Failure::Unsupported(why));
        }
        let text = text_of(value, TEXT_LEN)?;
        let before = self.read_entry_quietly(port, known, input)?;
        self.write(port, known, input, &text, before.is_some_and(|entry| entry.operative))?;
        let after = self.read_entry(port, known, input)?;
        let holds = after.as_ref().map(|entry| entry.text.as_str()).unwrap_or_default();
        if !same(holds, &text) {
            return Err(Failure::Garbled(format!(
                "{id} holds {holds:?} after {text:?} was written"
            )));
        }
        port.note(&format!("{id} holds {holds:?}"));
        if input == 0 {
            self.learn(port)?;
        }
        Ok(())
    }

    /// Sets date and time, each where it differs, and reads the clock back.
    pub fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        let asked_at = port.now();
        let wanted = calendar::seconds(to).ok_or_else(|| Failure::Config(format!("{to:?} is no date and time")))?;
        let wanted_now = |port: &dyn Port| wanted + port.now().saturating_sub(asked_at).max(0) / 1_000;
        if !(2_000..2_100).contains(&to.year) {
            return Err(Failure::Unsupported(format!("the meter has no year {}", to.year)));
        }
        let numbers = &self.model.numbers;
        let find = |number: u16| self.model.settings.iter().find(|known| known.number == number);
        let (Some(date), Some(time)) = (find(numbers.date), find(numbers.time)) else {
            return Err(Failure::Unsupported("this model has no ДО and ТО".to_owned()));
        };
        // Read first: the flags are kept, and a disturbed line is refused before anything is written.
        let operative = [
            self.read_entry_quietly(port, date, 0)?,
            self.read_entry_quietly(port, time, 0)?,
        ]
        .map(|entry| entry.is_some_and(|entry| entry.operative));
        let [date_operative, time_operative] = operative;
        let shown = self.read_clock(port)?.shown;
        self.forget_clock();
        if shown.div_euclid(calendar::DAY) != wanted_now(port).div_euclid(calendar::DAY) {
            let now = calendar::civil(wanted_now(port));
            let text = format!("{:02}-{:02}-{:02}", now.day, now.month, now.year % 100);
            self.write(port, date, 0, &text, date_operative)?;
        }
        let now = calendar::civil(wanted_now(port));
        let text = format!("{:02}-{:02}-{:02}", now.hour, now.minute, now.second);
        self.write(port, time, 0, &text, time_operative)?;
        let reading = self.read_clock(port)?;
        let off_s = reading.shown - wanted_now(port);
        if off_s.abs() > CLOCK_TOLERANCE_S + i64::from(reading.uncertainty_ms) / 1_000 {
            return Err(Failure::Garbled(format!("the clock is {off_s} s off after it was set")));
        }
        Ok(())
    }

    fn named(&self, id: &str) -> Result<(&'static Known, u8), Failure> {
        let groups = std::iter::once(0).chain(1..=self.model.inputs);
        groups
            .flat_map(|input| self.known_of(input).map(move |known| (known, input)))
            .find(|(known, input)| settings::id(known.name, *input) == id)
            .ok_or_else(|| Failure::Unsupported(format!("this model has no setting {id:?}")))
    }

    fn read_entry(&mut self, port: &mut dyn Port, known: &Known, input: u8) -> Result<Option<Entry>, Failure> {
        let from = settings::address(known.number, input);
        let bytes = memory::flash(&mut self.link, port, from, settings::ENTRY)?;
        Ok(settings::entry(&bytes, 0))
    }

    /// Reads an entry on a line that shows no disturbance meanwhile.
    fn read_entry_quietly(&mut self, port: &mut dyn Port, known: &Known, input: u8) -> Result<Option<Entry>, Failure> {
        let before = self.link.disturbances;
        let entry = self.read_entry(port, known, input)?;
        if self.link.disturbances > before {
            return Err(Failure::Garbled(
                "the line is disturbed: nothing was written".to_owned(),
            ));
        }
        Ok(entry)
    }

    /// Both steps, once.
    fn write(
        &mut self,
        port: &mut dyn Port,
        known: &Known,
        input: u8,
        text: &str,
        operative: bool,
    ) -> Result<(), Failure> {
        let nt = self.link.config.address;
        let number = if input > 0 {
            known.number.saturating_sub(FIRST_OF_INPUT)
        } else {
            known.number
        };
        let [low, high] = number.to_le_bytes();
        let mut value = [b' '; 64];
        for (place, byte) in value.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        let [.., flag] = &mut value;
        *flag = if operative { OPERATIVE } else { 0 };
        self.link.select_known(port, input)?;
        for step in [
            frame::request(nt, WRITE, [low, high, 0, 0]).to_vec(),
            frame::block(nt, WRITE, &value),
        ] {
            match self.link.ask(port, &step, WRITE, 0)?.reply {
                Reply::Data(_) => {}
                Reply::Refused(code) => return Err(Trouble::Refused(code).into()),
            }
        }
        port.note(&format!("{} written: {text:?}", settings::id(known.name, input)));
        Ok(())
    }
}

/// The text of a value as it would be typed: at most `most` printable ASCII characters.
pub fn text_of(value: &Value, most: usize) -> Result<String, Failure> {
    let text = match value {
        Value::Fixed(fixed) => {
            let width = usize::from(fixed.decimals) + 1;
            let digits = format!("{:0width$}", fixed.digits.unsigned_abs());
            let (whole, fraction) = digits.split_at(digits.len() - usize::from(fixed.decimals));
            let sign = if fixed.digits < 0 { "-" } else { "" };
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{sign}{whole}{point}{fraction}")
        }
        Value::Text(text) => text.trim().to_owned(),
        other => {
            return Err(Failure::Unsupported(format!(
                "a setting is written as digits or text, not as {other:?}"
            )));
        }
    };
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    if fits {
        Ok(text)
    } else {
        Err(Failure::Unsupported(format!(
            "{text:?} is not 1 to {most} ASCII characters"
        )))
    }
}

/// Whether two texts say the same: as numbers, where both are.
pub fn same(held: &str, written: &str) -> bool {
    let number = |text: &str| {
        let fixed = settings::decimal(text)?;
        let shift = 10i128.checked_pow(15 - u32::from(fixed.decimals).min(15))?;
        i128::from(fixed.digits).checked_mul(shift)
    };
    match (number(held), number(written)) {
        (Some(held), Some(written)) => held == written,
        _ => held == written,
    }
}

#[cfg(test)]
mod tests {
    use uzel_driver_sdk::Fixed;

    use super::*;

    #[test]
    fn a_value_is_written_as_it_would_be_typed() {
        let fixed = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
        let cases = [
            (fixed(-1258, 3), Some("-1.258")),
            (fixed(7, 0), Some("7")),
            (fixed(5, 2), Some("0.05")),
            (fixed(0, 0), Some("0")),
            (Value::Text(" 01-10 ".to_owned()), Some("01-10")),
            (Value::Text("123456789".to_owned()), None),
            (Value::Text("лето".to_owned()), None),
            (Value::Text(String::new()), None),
            (Value::Float(0.5), None),
            (fixed(i64::MIN, 0), None),
        ];
        for (value, want) in cases {
            assert_eq!(text_of(&value, TEXT_LEN).ok().as_deref(), want, "{value:?}");
        }
    }

    #[test]
    fn equal_numbers_are_the_same_text() {
        for (held, written, want) in [
            ("05", "5", true),
            ("1.50", "1.5", true),
            ("1.5", "15", false),
            ("00-00", "0", false),
        ] {
            assert_eq!(same(held, written), want, "{held} {written}");
        }
    }
}
