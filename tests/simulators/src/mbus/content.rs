//! What each kind of meter puts into its readout.

use super::history::MbusHistory;
use super::record::{self, Data, Record};
use crate::civil;
use crate::truth::TruthKind;
use jiff::civil::{Date, DateTime, date};

/// Kinds of simulated slaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MbusKind {
    /// Medium 0C: energy in kWh, volume in 0.01 m³, 32-bit integers.
    Heat,
    /// Medium 16: volume in litres, packed decimals.
    Water,
    /// Medium 02: energy in Wh by two tariffs, 48-bit integers.
    Electricity,
}

impl MbusKind {
    /// Medium byte of the header.
    pub fn medium(self) -> u8 {
        match self {
            Self::Heat => 0x0C,
            Self::Water => 0x16,
            Self::Electricity => 0x02,
        }
    }
}

/// One number of a readout: for the wire and for the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub name: &'static str,
    pub tariff: u32,
    pub digits: i64,
    pub decimals: u8,
    vif: &'static [u8],
    width: Width,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Int16,
    Int32,
    Int48,
    Bcd6,
    Bcd8,
}

impl Reading {
    fn new(name: &'static str, digits: i64, decimals: u8, vif: &'static [u8], width: Width) -> Self {
        Self {
            name,
            tariff: 0,
            digits,
            decimals,
            vif,
            width,
        }
    }

    fn data(&self) -> Data {
        match self.width {
            Width::Int16 => Data::Int16(self.digits),
            Width::Int32 => Data::Int32(self.digits),
            Width::Int48 => Data::Int48(self.digits),
            Width::Bcd6 => Data::Bcd(self.digits, 3),
            Width::Bcd8 => Data::Bcd(self.digits, 4),
        }
    }

    fn record(&self) -> Record {
        Record::now(self.vif, self.data()).tariff(self.tariff)
    }
}

/// A past moment whose counters the meter keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    pub storage: u32,
    /// As on the wire.
    pub stamp: DateTime,
    /// The stamp has a time.
    timed: bool,
    pub readings: Vec<Reading>,
}

/// A meter's registers at one moment.
pub struct Content<'a> {
    pub kind: MbusKind,
    pub history: &'a MbusHistory,
    pub now: DateTime,
    /// Identification number, 8 digits.
    pub id: u32,
    /// Ends of months kept.
    pub months: u32,
    /// Ends of days kept.
    pub days: u32,
    /// Ends of hours kept.
    pub hours: u32,
    /// The clock is shown to the second.
    pub seconds: bool,
    /// All months but the newest come as a compact profile.
    pub compact: bool,
}

/// Storage number of the newest kept month.
const MONTHS_FROM: u32 = 2;

/// Storage number of the newest kept day: behind all months.
const DAYS_FROM: u32 = 64;

/// Storage number of the newest kept hour: behind all days.
const HOURS_FROM: u32 = 128;

impl Period {
    /// Of which archive it is.
    pub fn kind(&self) -> TruthKind {
        match self.storage {
            0 | 1 => TruthKind::TotalsArchive,
            2..DAYS_FROM => TruthKind::Monthly,
            DAYS_FROM..HOURS_FROM => TruthKind::Daily,
            HOURS_FROM.. => TruthKind::Hourly,
        }
    }
}

impl Content<'_> {
    /// Records in groups that must not be torn apart, in the order of the readout.
    pub fn groups(&self) -> Vec<Vec<u8>> {
        let mut current = Record::now(&[0x78], Data::Bcd(self.id.into(), 4)).bytes();
        let clock = if self.seconds {
            Data::Moment(self.now)
        } else {
            Data::DateTime(self.now)
        };
        current.extend(Record::now(&[0x6D], clock).bytes());
        for reading in self.current() {
            current.extend(reading.record().bytes());
        }
        let mut groups = vec![current];
        let periods = self.periods();
        let is_month = |period: &&Period| period.kind() == TruthKind::Monthly;
        let months: Vec<&Period> = periods.iter().filter(is_month).collect();
        for period in &periods {
            if self.compact && is_month(&period) && period.storage > MONTHS_FROM {
                continue;
            }
            let stamp = if period.timed {
                Record::now(&[0x6D], Data::DateTime(period.stamp))
            } else {
                Record::now(&[0x6C], Data::Date(period.stamp.date()))
            };
            let mut group = stamp.at(period.storage).bytes();
            for reading in &period.readings {
                group.extend(reading.record().at(period.storage).bytes());
            }
            groups.push(group);
            if self.compact && period.storage == MONTHS_FROM {
                groups.extend(profiles(&months));
            }
        }
        groups
    }

    /// Counters and measured values of now.
    pub fn current(&self) -> Vec<Reading> {
        let seconds = civil::seconds_of(self.now);
        let hour = seconds.div_euclid(civil::HOUR_S);
        let mut readings = counters(self.kind, self.history.at(seconds));
        let hourly = self.history.hourly(hour);
        match self.kind {
            MbusKind::Heat => {
                let [supply, back] = self.history.temperatures(hour);
                readings.extend([
                    Reading::new("on_time_h", self.history.on_time_h(hour), 0, &[0x22], Width::Int32),
                    Reading::new("flow_temperature_c", supply, 2, &[0x59], Width::Int16),
                    Reading::new("return_temperature_c", back, 2, &[0x5D], Width::Int16),
                    Reading::new("temperature_difference_k", supply - back, 2, &[0x61], Width::Int16),
                    Reading::new("power_kw", hourly[0] / 100, 1, &[0x2D], Width::Int32),
                    Reading::new("flow_m3_h", hourly[1] / 1000, 3, &[0x3B], Width::Int32),
                ]);
            }
            MbusKind::Water => {
                readings.push(Reading::new("flow_m3_h", hourly[0] / 1000, 3, &[0x3B], Width::Bcd6));
            }
            MbusKind::Electricity => readings.extend([
                Reading::new("power_w", hourly[0] + hourly[1], 0, &[0x2B], Width::Int32),
                Reading::new("voltage_v", 2304, 1, &[0xFD, 0x48], Width::Int16),
                Reading::new(
                    "current_a",
                    (hourly[0] + hourly[1]) * 1000 / 230,
                    3,
                    &[0xFD, 0x59],
                    Width::Int32,
                ),
            ]),
        }
        readings
    }

    /// The last due date, then the ends of months, of days and of hours, each newest first.
    pub fn periods(&self) -> Vec<Period> {
        let first = self.now.date().first_of_month();
        let due = date(self.now.year(), 1, 1);
        let mut periods = vec![self.period(1, due, false, due.yesterday().unwrap_or(due))];
        let mut end = first;
        for place in 0..self.months {
            let last_day = end.yesterday().unwrap_or(end);
            let timed = self.kind == MbusKind::Heat;
            periods.push(self.period(MONTHS_FROM + place, end, timed, if timed { last_day } else { end }));
            end = civil::previous_month(end).first_of_month();
        }
        let seconds = civil::seconds_of(self.now);
        let back = |step_s: i64, place: u32| (seconds.div_euclid(step_s) - i64::from(place)) * step_s;
        let day_s = civil::DAY_H * civil::HOUR_S;
        // A day ends with its last minute, as a month does.
        periods.extend((0..self.days).map(|place| self.kept(DAYS_FROM + place, back(day_s, place), 60)));
        periods.extend((0..self.hours).map(|place| self.kept(HOURS_FROM + place, back(civil::HOUR_S, place), 0)));
        periods
    }

    /// Counters at `end`, stamped with a moment so many seconds before.
    fn kept(&self, storage: u32, end: i64, before_s: i64) -> Period {
        Period {
            storage,
            stamp: civil::civil_of(end - before_s),
            timed: true,
            readings: counters(self.kind, self.history.at(end)),
        }
    }

    /// Counters when the day `end` begins, stamped with `stamp`: 23:59 of it, or the bare date.
    fn period(&self, storage: u32, end: Date, timed: bool, stamp: Date) -> Period {
        let readings = counters(self.kind, self.history.at_midnight(end));
        let stamp = if timed {
            stamp.at(23, 59, 0, 0)
        } else {
            stamp.at(0, 0, 0, 0)
        };
        Period {
            storage,
            stamp,
            timed,
            readings,
        }
    }
}

/// One compact profile for each reading of the newest month, with the months before it.
fn profiles(months: &[&Period]) -> Vec<Vec<u8>> {
    let Some((newest, before)) = months.split_first() else {
        return Vec::new();
    };
    let profile = |(place, reading): (usize, &Reading)| {
        let values: Vec<Data> = before
            .iter()
            .filter_map(|month| month.readings.get(place).map(Reading::data))
            .collect();
        record::months_before(&reading.record().at(newest.storage), &values)
    };
    newest.readings.iter().enumerate().map(profile).collect()
}

/// Registers as they stand on the display.
fn counters(kind: MbusKind, [first, second]: [i64; 2]) -> Vec<Reading> {
    match kind {
        MbusKind::Heat => vec![
            Reading::new("energy_kwh", first / 1000, 0, &[0x06], Width::Int32),
            Reading::new("volume_m3", second / 10_000, 2, &[0x14], Width::Int32),
        ],
        MbusKind::Water => vec![Reading::new("volume_m3", first / 1000, 3, &[0x13], Width::Bcd8)],
        MbusKind::Electricity => [(0, first + second), (1, first), (2, second)]
            .map(|(tariff, wh)| Reading {
                tariff,
                ..Reading::new("energy_wh", wh, 0, &[0x03], Width::Int48)
            })
            .to_vec(),
    }
}
