//! Settings: texts by channel and ordinal; how one is written (M4 note, sections 4.2 and 4.3).
//!
//! What is written is read back, and nothing is repeated: a write that failed half-way is left for the person to see.

use uzel_driver_sdk::calendar::{self, DAY};
use uzel_driver_sdk::{CivilTime, Failure, Port, Setting, Value};

use super::model::{Group, Known, Medium, settings_of};
use super::session::Session;
use super::tags::{self, Tag};
use super::talk::{Place, WRITE, put_number};
use super::units::of_setting;
use crate::legacy::settings::{decimal, id, keeps_the_line};
use crate::legacy::trouble::Trouble;
use crate::legacy::write::{same, text_of};
use crate::titles::title;

/// Longest text of a setting: phone numbers and passwords of a modem are the longest known.
const TEXT_LEN: usize = 64;
/// By how much the clock may differ from what was set, beside the time that passed.
const CLOCK_TOLERANCE_S: i64 = 3;

impl Session {
    /// Every setting of the public list but passwords, the device's own first.
    pub fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let mut all = Vec::new();
        for group in self.setting_groups() {
            let known: Vec<Known> = settings_of(group).filter(|known| !is_secret(known.name)).collect();
            let places: Vec<Place> = known.iter().map(|known| known.place).collect();
            let values = self.talk.read_tags(port, &places, |_, tag, _| value_of(tag))?;
            all.extend(known.iter().zip(values).map(|(known, value)| Setting {
                id: id(known.name, self.prefix(group)),
                title: title(known.name),
                value,
                unit: known.unit.map(|unit| of_setting(&self.units, unit).to_owned()),
                writable: keeps_the_line(known.name),
            }));
        }
        Ok(all)
    }

    /// Writes a setting and reads it back.
    pub fn write_setting(&mut self, port: &mut dyn Port, wanted: &str, value: &Value) -> Result<(), Failure> {
        let known = self
            .setting_groups()
            .into_iter()
            .flat_map(|group| settings_of(group).map(move |known| (group, known)))
            .find(|(group, known)| id(known.name, self.prefix(group)) == wanted)
            .map(|(_, known)| known)
            .ok_or_else(|| Failure::Unsupported(format!("this model has no setting {wanted:?}")))?;
        if !keeps_the_line(known.name) {
            let why =
                format!("{wanted} changes the clock or the line: set the clock by its own call, the rest at the meter");
            return Err(Failure::Unsupported(why));
        }
        let text = text_of(value, TEXT_LEN)?;
        self.write(port, known.place, &text)?;
        let held = self.held(port, known.place)?.0;
        if !same(&held, &text) {
            return Err(Failure::Garbled(format!(
                "{wanted} holds {held:?} after {text:?} was written"
            )));
        }
        port.note(&format!("{wanted} holds {held:?}"));
        self.learn(port)
    }

    /// Sets date and time, each where it differs, and reads the clock back.
    pub fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        let asked_at = port.now();
        let wanted = calendar::seconds(to).ok_or_else(|| Failure::Config(format!("{to:?} is no date and time")))?;
        let wanted_now = |port: &dyn Port| wanted + port.now().saturating_sub(asked_at).max(0) / 1_000;
        if !(2_000..2_100).contains(&to.year) {
            return Err(Failure::Unsupported(format!("the meter has no year {}", to.year)));
        }
        let (Some(date), Some(time)) = (self.model.setting("ДО"), self.model.setting("ТО")) else {
            return Err(Failure::Unsupported("this model has no ДО and ТО".to_owned()));
        };
        self.forget_clock();
        let shown = self.clock_now(port)?;
        self.forget_clock();
        if shown.div_euclid(DAY) != wanted_now(port).div_euclid(DAY) {
            let now = calendar::civil(wanted_now(port));
            self.write(
                port,
                date,
                &format!("{:02}-{:02}-{:02}", now.day, now.month, now.year % 100),
            )?;
        }
        let now = calendar::civil(wanted_now(port));
        self.write(
            port,
            time,
            &format!("{:02}-{:02}-{:02}", now.hour, now.minute, now.second),
        )?;
        let reading = self.read_clock(port)?;
        let off_s = self.clock_now(port)? - wanted_now(port);
        if off_s.abs() > CLOCK_TOLERANCE_S + i64::from(reading.uncertainty_ms) / 1_000 {
            return Err(Failure::Garbled(format!("the clock is {off_s} s off after it was set")));
        }
        Ok(())
    }

    /// Settings of the device, then of the heat inputs that are read, or of the gas pipes.
    fn setting_groups(&self) -> Vec<&'static Group> {
        let shown = |group: &&Group| {
            let of_input = self.model.medium == Medium::Heat && group.point > 0;
            !of_input || self.inputs.contains(&group.point)
        };
        self.model.settings.iter().filter(shown).collect()
    }

    /// Names of gas pipes have their numbers in them.
    fn prefix(&self, group: &Group) -> u8 {
        if self.model.medium == Medium::Heat {
            group.point
        } else {
            0
        }
    }

    /// The text of a setting and its operative flag.
    fn held(&mut self, port: &mut dyn Port, place: Place) -> Result<(String, Option<bool>), Failure> {
        let found = self.talk.read_tags(port, &[place], |_, tag, flag| (tag.text(), flag))?;
        let none = || Failure::Garbled("a setting was asked for and did not come".to_owned());
        found.into_iter().next().ok_or_else(none)
    }

    /// One write, keeping the operative flag.
    fn write(&mut self, port: &mut dyn Port, place: Place, text: &str) -> Result<(), Failure> {
        let before = self.talk.link.disturbances;
        let (_, operative) = self.held(port, place)?;
        if self.talk.link.disturbances > before {
            return Err(Failure::Garbled(
                "the line is disturbed: nothing was written".to_owned(),
            ));
        }
        let mut data = Vec::new();
        put_number(&mut data, place);
        tags::put(&mut data, tags::TEXT, text.as_bytes());
        if let Some(operative) = operative {
            tags::put(&mut data, tags::OPERATIVE, &[u8::from(operative)]);
        }
        let reply = self.talk.once(port, WRITE, &data)?;
        accepted(&reply)?;
        Ok(())
    }
}

/// Passwords of the meter's own modem: they are nobody's business here.
fn is_secret(name: &str) -> bool {
    matches!(name, "PW" | "PPW" | "SPW")
}

/// Judges the answer to a write of one value.
pub fn accepted(reply: &[u8]) -> Result<(), Trouble> {
    match tags::all(reply).as_deref() {
        Some([tag]) if tag.kind == tags::ACK => Ok(()),
        Some([tag]) if tag.kind == tags::ERROR => Err(Trouble::Refused(tag.bytes.first().copied().unwrap_or(0))),
        _ => Err(Trouble::Garbled(
            "the answer to a write is neither 46 nor 55".to_owned(),
        )),
    }
}

/// A text as the number that it is, with the decimals that were typed; else as text.
fn value_of(tag: &Tag) -> Value {
    if tag.kind != tags::TEXT {
        return tag.value();
    }
    let text = tag.text();
    match decimal(&text) {
        Some(fixed) => Value::Fixed(fixed),
        None if text.is_empty() => Value::Absent,
        None => Value::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_accepted_or_refused_by_its_code() {
        assert!(accepted(&[tags::ACK, 0]).is_ok());
        assert!(matches!(accepted(&[tags::ERROR, 1, 1]), Err(Trouble::Refused(1))));
        assert!(matches!(accepted(&[]), Err(Trouble::Garbled(_))));
        assert!(matches!(accepted(&[tags::NULL, 0]), Err(Trouble::Garbled(_))));
    }
}
