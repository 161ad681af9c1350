//! What a ВКТ-5 holds, in the words of [`crate::truth`].

use super::builder::Vkt5Config;
use super::device::{DEPTH_DAYS, Knowledge};
use super::history::{InputReading, Reading, Vkt5History, cold_c};
use super::layout::times;
use crate::civil::{self, civil_of_hour};
use crate::clock::SimClock;
use crate::truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
use jiff::civil::DateTime;
use std::sync::Arc;

/// The truth about one meter; follows its clock.
pub struct Vkt5Truth {
    pub config: Vkt5Config,
    pub history: Arc<Vkt5History>,
    pub clock: SimClock,
}

/// Temperature, pressure and mass of the pipes.
const NAMES: [[[&str; 3]; 2]; 2] = [
    [["T5", "P5", "M5"], ["T6", "P6", "M6"]],
    [["T1", "P1", "M1"], ["T2", "P2", "M2"]],
];

impl Truth for Vkt5Truth {
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord> {
        let now_hour = self.clock.now_hour();
        let knowledge = Knowledge {
            config: &self.config,
            history: &self.history,
            now_hour,
        };
        match kind {
            TruthKind::Hourly => {
                let hours = now_hour - DEPTH_DAYS * civil::DAY_H..now_hour;
                let record = |hour| Some(self.archived(hour..hour + 1, &knowledge.hour(hour)?));
                hours.filter_map(record).collect()
            }
            TruthKind::Daily => {
                let today = civil::day_of(now_hour);
                let record = |day: i64| {
                    let hours = day * civil::DAY_H..(day + 1) * civil::DAY_H;
                    Some(self.archived(hours, &knowledge.day(day)?))
                };
                (today - DEPTH_DAYS..today).filter_map(record).collect()
            }
            TruthKind::Current => {
                let reading = self.history.hour(now_hour);
                vec![self.record(self.clock.now(), self.clock.now(), &reading)]
            }
            TruthKind::TotalsNow => vec![self.totals(now_hour)],
            TruthKind::Monthly | TruthKind::TotalsArchive => Vec::new(),
        }
    }
}

impl Vkt5Truth {
    fn inputs(&self) -> std::ops::Range<usize> {
        0..self.config.inputs.into()
    }

    fn archived(&self, hours: std::ops::Range<i64>, reading: &Reading) -> TruthRecord {
        let mut record = self.record(civil_of_hour(hours.start), civil_of_hour(hours.end), reading);
        for place in self.inputs() {
            for (name, minutes) in times(&self.config, &reading.inputs[place]) {
                let mut value = value(place + 1, name, Some(f64::from(minutes)));
                value.digits = Some((minutes.into(), 0));
                record.values.push(value);
            }
        }
        record
    }

    fn record(&self, start: DateTime, end: DateTime, reading: &Reading) -> TruthRecord {
        let mut record = TruthRecord {
            start,
            end,
            values: vec![
                value(0, "Tхв", Some(cold_c().into())),
                value(0, "Tнв", Some(reading.outdoor_c.into())),
            ],
            ns: Vec::new(),
        };
        if self.config.firmware == super::Vkt5Firmware::Old {
            record.values.push(value(0, "Tсо", None));
        } else if self.config.regulators {
            // A regulator of type 5 measures it, and has no sensor here.
            record.values.push(value(0, "dP", None));
        }
        for place in self.inputs() {
            measured(&mut record, place, &reading.inputs[place]);
        }
        record
    }

    fn totals(&self, now_hour: i64) -> TruthRecord {
        let now = self.clock.now();
        let mut values = Vec::new();
        for place in self.inputs() {
            let names = [NAMES[place][0][2], NAMES[place][1][2], "M", "W", "W1", "W2"];
            let totals = self.history.totals(place, self.config.origin_hour..now_hour);
            values.extend(names.iter().zip(totals).map(|(name, total)| {
                // What never counted is zero, though not in its bytes.
                let total = if total.abs() < 1e-30 { 0.0 } else { total };
                value(place + 1, name, Some(total))
            }));
        }
        TruthRecord {
            start: now,
            end: now,
            values,
            ns: Vec::new(),
        }
    }
}

fn value(input: usize, name: &'static str, value: Option<f64>) -> TruthValue {
    TruthValue {
        name,
        input: u8::try_from(input).unwrap_or_default(),
        value,
        digits: None,
    }
}

fn measured(record: &mut TruthRecord, place: usize, reading: &InputReading) {
    let input = place + 1;
    for (pipe, names) in reading.pipes.iter().zip(NAMES[place]) {
        let numbers = [pipe.t_c, pipe.p_mpa, Some(pipe.m_t)];
        record.values.extend(
            names
                .iter()
                .zip(numbers)
                .map(|(name, number)| value(input, name, number.map(f64::from))),
        );
        for (minutes, ordinal) in pipe.ns_min.iter().zip(1u32..) {
            let name = match ordinal {
                1 | 2 => names[0],
                3 | 4 => names[1],
                _ => names[2],
            };
            if *minutes > 0 {
                record.ns.push(TruthNs {
                    input: u8::try_from(input).unwrap_or_default(),
                    name: Some(name),
                    code: ordinal,
                });
            }
        }
    }
    let [all, heating, water] = reading.w_gj;
    let sums = [("M", reading.m_t), ("W", all), ("W1", heating), ("W2", water)];
    record
        .values
        .extend(sums.map(|(name, number)| value(input, name, Some(number.into()))));
}
