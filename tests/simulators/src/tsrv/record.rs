//! Records of the archives (sections 5.2, 5.3, 5.4, 5.7, 7, 8, 9.2).

use super::field::Fields;
use super::history::{Amounts, TsrvHistory, cold};
use super::name::{Content, Kind, TsrvModel};
use crate::civil::HOUR_S;
use crate::truth::TruthNs;
use std::ops::Range;

const W4: [&str; 4] = ["W1", "W2", "W3", "W4"];
const M4: [&str; 4] = ["M1", "M2", "M3", "M4"];
const V4: [&str; 4] = ["V1", "V2", "V3", "V4"];
const TM4: [&str; 4] = ["tм1", "tм2", "tм3", "tм4"];
const T7: [&str; 7] = ["t1", "t2", "t3", "t4", "t5", "t6", "t0"];
const P7: [&str; 7] = ["P1", "P2", "P3", "P4", "P5", "P6", "P0"];
const M7: [&str; 7] = ["M1", "M2", "M3", "M4", "M5", "M6", "M0"];
const V7: [&str; 7] = ["V1", "V2", "V3", "V4", "V5", "V6", "V0"];
const STATE7: [&str; 7] = ["сост1", "сост2", "сост3", "сост4", "сост5", "сост6", "сост0"];

/// A record with its truth.
#[derive(Clone, Debug)]
pub struct Record {
    pub bytes: Vec<u8>,
    pub fields: Fields,
    pub ns: Vec<TruthNs>,
}

/// What a record is made of.
pub struct Source<'a> {
    pub model: TsrvModel,
    pub kind: Kind,
    pub history: &'a TsrvHistory,
    /// Hours of the interval.
    pub hours: Range<i64>,
}

fn ns(input: u8, code: u32) -> TruthNs {
    TruthNs {
        input,
        name: None,
        code,
    }
}

/// The value of two pipes of four.
fn of_two<T: Default + Copy>(values: [T; 2], pipe: usize) -> T {
    values.get(pipe).copied().unwrap_or_default()
}

fn thousandth(number: i64) -> f64 {
    number as f64 / 1_000.0
}

impl Source<'_> {
    /// The record of an array's content.
    pub fn record(&self, content: Content) -> Record {
        let mut fields = Fields::default();
        let time = self.hours.end * HOUR_S - 1;
        fields.raw(0, &u32::try_from(time).unwrap_or(0).to_be_bytes());
        let ns = match (content, self.model) {
            (Content::Summary, _) => self.summary(&mut fields),
            (Content::Growing, _) => self.growing(&mut fields),
            (Content::System(system), TsrvModel::Tsrv024m) => self.tsrv024(&mut fields, system),
            (Content::System(system), TsrvModel::Tsrv024mPlus) => self.tsrv024_plus(&mut fields, system),
            (_, TsrvModel::Tsrv034) => self.tsrv034(&mut fields),
            (_, TsrvModel::Tsrv043) => self.tsrv043(&mut fields),
            (_, TsrvModel::Tsrv023) => self.tsrv023(&mut fields),
        };
        let size = self.model.size(self.kind, content);
        if matches!(self.model, TsrvModel::Tsrv024m | TsrvModel::Tsrv024mPlus) {
            // Over the meter's own image of the record (section 5.6).
            let image = fields.low_first(size - 2);
            fields.raw(size - 2, &crate::modbus::frame::crc(&image).to_le_bytes());
        }
        Record {
            bytes: fields.image(size),
            fields,
            ns,
        }
    }

    fn now(&self, system: u8) -> Amounts {
        self.history.sum(system, self.hours.clone())
    }

    fn after(&self, system: u8) -> Amounts {
        self.history.before(system, self.hours.end)
    }

    /// Minutes since the meter was installed, or of the interval.
    fn minutes(&self) -> i64 {
        (self.hours.end - self.hours.start) * 60
    }

    fn tsrv024(&self, fields: &mut Fields, system: u8) -> Vec<TruthNs> {
        let now = self.now(system);
        fields.float(84, "W", system, now.gcal());
        fields.float(88, "Wгв", system, 0.0);
        fields.float(92, "M", system, thousandth(now.kg[0]));
        for pipe in 0..4 {
            let at = pipe * 4;
            fields.float(96 + at, W4[pipe], system, if pipe == 0 { now.gcal() } else { 0.0 });
            fields.float(112 + at, M4[pipe], system, thousandth(of_two(now.kg, pipe)));
            fields.float(128 + at, V4[pipe], system, thousandth(of_two(now.litres, pipe)));
            let (t, p) = (of_two([now.t(0), now.t(1)], pipe), of_two([now.p(0), now.p(1)], pipe));
            let at = pipe * 2;
            fields.word(144 + at, TM4[pipe], system, t.max(0), 2);
            fields.word(152 + at, T7[pipe], system, t, 2);
            fields.word(160 + at, P7[pipe], system, p, 3);
        }
        fields.word(168, "tх", system, cold(), 2);
        let work = now.hours * 60 - now.stopped;
        let off = self.minutes() - now.hours * 60;
        fields.word(4, "Tнар", system, work, 0);
        fields.word(6, "Tпит", system, off, 0);
        fields.word(8, "Tот", system, 0, 0);
        fields.word(10, "Tнс", system, now.stopped, 0);
        fields.word(12, "Tреж", system, 0, 0);
        let on = self.situations(fields, &now, |code| 14 + 2 * code);
        let stopped = now.stopped > 0;
        fields.flags(78, 2, "АЛГ", system, 1 | u64::from(stopped) << 12);
        fields.flags(80, 4, "НС", system, on.iter().fold(0, |bits, code| bits | 1 << code));
        self.told(system, &on, stopped)
    }

    fn tsrv024_plus(&self, fields: &mut Fields, system: u8) -> Vec<TruthNs> {
        let (now, after) = (self.now(system), self.after(system));
        fields.sum(60, "W", system, after.gcal());
        fields.sum(68, "Wгв", system, 0.0);
        fields.sum(76, "M", system, thousandth(after.kg[0]));
        for pipe in 0..4 {
            fields.sum(84 + pipe * 8, M4[pipe], system, thousandth(of_two(after.kg, pipe)));
            fields.sum(116 + pipe * 8, V4[pipe], system, thousandth(of_two(after.litres, pipe)));
            let (t, p) = (of_two([now.t(0), now.t(1)], pipe), of_two([now.p(0), now.p(1)], pipe));
            fields.word(148 + pipe * 2, TM4[pipe], system, t.max(0), 2);
            fields.word(156 + pipe * 2, T7[pipe], system, t, 2);
            fields.word(164 + pipe * 2, P7[pipe], system, p, 3);
        }
        fields.word(172, "tх", system, cold(), 2);
        fields.word(174, "tнв", system, self.history.outdoor(self.hours.clone()), 2);
        let all = (self.hours.end - self.history.origin_hour()) * 60;
        fields.long(4, "Tнар", system, after.hours * 60 - after.stopped, 0);
        fields.long(8, "Tпит", system, all - after.hours * 60, 0);
        fields.long(12, "Tот", system, 0, 0);
        fields.long(16, "Tнс", system, after.stopped, 0);
        fields.long(20, "Tреж", system, 0, 0);
        // Slots 8 and on are НС 25 and on.
        let on = self.situations(fields, &now, |code| 24 + 2 * (code - 17));
        let stopped = now.stopped > 0;
        fields.flags(54, 2, "АЛГ", system, 1 | u64::from(stopped) << 12);
        fields.flags(56, 4, "НС", system, on.iter().fold(0, |bits, code| bits | 1 << code));
        self.told(system, &on, stopped)
    }

    /// Writes the times of НС 25 and 26; gives those that held.
    fn situations(&self, fields: &mut Fields, now: &Amounts, at: impl Fn(usize) -> usize) -> Vec<usize> {
        let mut on = Vec::new();
        for (code, minutes) in [(25, now.ns[0]), (26, now.ns[1])] {
            if minutes > 0 {
                let minutes = u16::try_from(minutes).unwrap_or(u16::MAX);
                fields.raw(at(code), &minutes.to_be_bytes());
                on.push(code);
            }
        }
        on
    }

    /// As the truth has it; 12 of the algorithm word is 1 012.
    fn told(&self, system: u8, on: &[usize], stopped: bool) -> Vec<TruthNs> {
        let codes = on.iter().filter_map(|code| u32::try_from(*code).ok());
        codes
            .chain(stopped.then_some(1_012))
            .map(|code| ns(system, code))
            .collect()
    }

    fn summary(&self, fields: &mut Fields) -> Vec<TruthNs> {
        let both = [self.now(1), self.now(2)];
        fields.float(4, "Wсум", 0, both.iter().map(Amounts::gcal).sum());
        fields.float(8, "Mсум", 0, thousandth(both.iter().map(|now| now.kg[0]).sum()));
        fields.word(14, "tнв", 0, self.history.outdoor(self.hours.clone()), 2);
        Vec::new()
    }

    fn growing(&self, fields: &mut Fields) -> Vec<TruthNs> {
        for (place, system) in [(0, 1), (1, 2)] {
            let after = self.after(system);
            fields.sum(4 + place * 8, "W итог", system, after.gcal());
            fields.sum(28 + place * 8, "M итог", system, thousandth(after.kg[0]));
            fields.sum(52 + place * 8, "Wгв итог", system, 0.0);
        }
        Vec::new()
    }

    fn tsrv034(&self, fields: &mut Fields) -> Vec<TruthNs> {
        let (now, after) = (self.now(1), self.after(1));
        for (place, name) in ["W4", "W5", "W6"].into_iter().enumerate() {
            fields.long(4 + place * 4, name, 0, if place == 1 { 0 } else { after.mj }, 3);
        }
        for (place, name) in ["M1", "M2", "M3"].into_iter().enumerate() {
            fields.long(16 + place * 4, name, 0, of_two(after.kg, place), 3);
        }
        for (place, t) in [now.t(0), now.t(1), cold()].into_iter().enumerate() {
            fields.word(28 + place * 2, T7[place], 0, t, 2);
        }
        let all = (self.hours.end - self.history.origin_hour()) * HOUR_S;
        let work = (after.hours * 60 - after.stopped) * 60;
        fields.long(36, "Tраб", 0, work, 0);
        fields.long(40, "Tпр", 0, all - work, 0);
        let bits = u64::from(now.ns[0] > 0) | u64::from(now.ns[1] > 0) << 1;
        fields.flags(34, 2, "НС", 0, bits);
        self.minutes_of(fields, &now, 44);
        now.ns
            .iter()
            .zip(1..)
            .filter(|(minutes, _)| **minutes > 0)
            .map(|(_, code)| ns(0, code))
            .collect()
    }

    /// Minutes of two situations side by side: one byte each in hours, two in days and months.
    fn minutes_of(&self, fields: &mut Fields, now: &Amounts, at: usize) {
        for (place, minutes) in now.ns.into_iter().enumerate() {
            let minutes = u16::try_from(minutes).unwrap_or(u16::MAX).to_be_bytes();
            match self.kind {
                Kind::Hours => fields.raw(at + place, &minutes[1..]),
                Kind::Days | Kind::Months => fields.raw(at + place * 2, &minutes),
            }
        }
    }

    fn tsrv043(&self, fields: &mut Fields) -> Vec<TruthNs> {
        let (tail, step) = if self.kind == Kind::Hours { (141, 1) } else { (170, 2) };
        fields.word(4, "индекс", 0, self.hours.end % 1_440, 0);
        fields.long(6, "Tнак", 0, self.after(1).hours * HOUR_S, 0);
        fields.flags(tail, 1, "СОСТ", 0, 0);
        let mut told = Vec::new();
        let mut bits = 0u64;
        for system in 1..=4u8 {
            let place = usize::from(system - 1);
            let is_on = system <= 2;
            let (now, after) = (self.now(system), self.after(system));
            let of = |amount: i64| if is_on { amount } else { 0 };
            fields.long(58 + place * 4, "M", system, of(after.kg[0] - after.kg[1]), 0);
            fields.long(74 + place * 4, "W", system, of(after.mj), 0);
            if !is_on {
                continue;
            }
            self.minutes_of(fields, &now, 112 + (7 + place * 4) * step);
            for (code, _) in (1..).zip(now.ns).filter(|(_, minutes)| *minutes > 0) {
                told.push(ns(system, code));
            }
            if now.ns[0] > 0 {
                // Flow above the maximum at the system's first input.
                let input = 13 + 2 * u32::from(system - 1);
                bits |= 1 << (input - 1);
                told.push(ns(0, 100_000 + input));
            }
        }
        // The lowest bit comes first.
        fields.raw(tail + 1, &bits.to_le_bytes()[..7]);
        fields.values.push(crate::truth::TruthValue {
            name: "НС",
            input: 0,
            value: Some(bits as f64),
            digits: None,
        });
        for place in 0..6 {
            let system = if place < 2 { 1 } else { 2 };
            let after = if place < 4 {
                self.after(system)
            } else {
                Amounts::default()
            };
            fields.long(10 + place * 4, V7[place], 0, after.litres[place % 2], 0);
            fields.long(34 + place * 4, M7[place], 0, after.kg[place % 2], 0);
            let now = if place < 4 {
                self.now(system)
            } else {
                Amounts::default()
            };
            if place < 5 {
                fields.word(90 + place * 2, T7[place], 0, now.t(place % 2), 2);
            }
            if place < 4 {
                fields.word(102 + place * 2, P7[place], 0, now.p(place % 2) * 10, 4);
            }
        }
        fields.word(100, "tх", 0, cold(), 2);
        fields.word(110, "Pх", 0, 1_000, 4);
        told
    }

    fn tsrv023(&self, fields: &mut Fields) -> Vec<TruthNs> {
        let (now, after) = (self.now(1), self.after(1));
        for system in 1..=3u8 {
            let at = 4 + usize::from(system - 1) * 44;
            let of = |amount: i64| if system == 1 { amount } else { 0 };
            for (place, name) in ["W1", "W2", "W3"].into_iter().enumerate() {
                let heat = if place == 0 { thousandth(of(after.mj)) } else { 0.0 };
                fields.float(at + place * 4, name, system, heat);
            }
            let work = (after.hours * 60 - after.stopped) * 60;
            let times = ["Tраб", "Tпр", "Tнс1", "Tнс2", "Tнс3", "Tнс0"];
            let seconds = [work, after.stopped * 60, after.ns[0] * 60, after.ns[1] * 60, 0, 0];
            for (place, (name, seconds)) in times.into_iter().zip(seconds).enumerate() {
                fields.long(at + 12 + place * 4, name, system, of(seconds), 0);
            }
            fields.flags(at + 40, 4, "сост", system, 0);
        }
        for channel in 0..7usize {
            // Names begin with channel 1; channel 0 is cold water.
            let (at, name) = (136 + channel * 14, (channel + 6) % 7);
            let pipe = channel.checked_sub(1).unwrap_or(9);
            fields.float(at, M7[name], 0, thousandth(of_two(after.kg, pipe)));
            let t = if channel == 0 {
                cold()
            } else {
                of_two([now.t(0), now.t(1)], pipe)
            };
            fields.word(at + 4, T7[name], 0, t, 2);
            fields.word(at + 6, P7[name], 0, of_two([now.p(0), now.p(1)], pipe) / 10, 2);
            fields.long(at + 8, V7[name], 0, of_two(after.litres, pipe), 0);
            fields.flags(at + 12, 2, STATE7[name], 0, 0);
        }
        fields.float(234, "Wсум", 0, thousandth(after.mj));
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_of_a_record_is_that_of_a_public_frame() {
        // 024-totals-day-public: 2013-04-26 23:59:59, all zeros, 07 AA.
        let mut fields = Fields::default();
        fields.raw(0, &[0x51, 0x7B, 0x14, 0xFF]);
        let image = fields.low_first(76);
        assert_eq!(crate::modbus::frame::crc(&image).to_le_bytes(), [0x07, 0xAA]);
    }
}
