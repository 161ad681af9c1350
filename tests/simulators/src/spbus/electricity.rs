//! СПЕ543: three channels and a group of them in half-hours, days and months (docs/protocols: SPbus, sections 3.2 and 8).
//!
//! In the truth [`crate::truth::TruthKind::Hourly`] are the half-hours, which are its finest archive.

use super::question::{Knowledge, NO_DATA, Ring, decimal, pointer, text};
use crate::civil;
use crate::truth::{TruthNs, TruthRecord, TruthValue};
use jiff::ToSpan as _;
use jiff::civil::DateTime;

const HALF_HOURS: usize = 2_160;
/// Energy has decimals of kWh, power of kW.
const DECIMALS: u8 = 3;
/// The channel that has no link, and the code of its sixteen.
const LOST: (u8, u32) = (18, 16);

/// One channel or group: its letter and number, the place of its archives among the references, the channels in it, and
/// the names of its values.
struct Place {
    is_group: bool,
    number: u8,
    part: usize,
    channels: &'static [usize],
    names: [&'static str; 9],
}

const PLACES: [Place; 4] = [
    Place {
        is_group: false,
        number: 1,
        part: 0,
        channels: &[0],
        names: [
            "к1.Pср",
            "к1.Pу",
            "к1.Wэ",
            "к1.W",
            "к1.W1",
            "к1.W2",
            "к1.Pт",
            "к1.Wд",
            "к1.Wм",
        ],
    },
    Place {
        is_group: false,
        number: 2,
        part: 0,
        channels: &[1],
        names: [
            "к2.Pср",
            "к2.Pу",
            "к2.Wэ",
            "к2.W",
            "к2.W1",
            "к2.W2",
            "к2.Pт",
            "к2.Wд",
            "к2.Wм",
        ],
    },
    Place {
        is_group: false,
        number: 18,
        part: 1,
        channels: &[2],
        names: [
            "к18.Pср",
            "к18.Pу",
            "к18.Wэ",
            "к18.W",
            "к18.W1",
            "к18.W2",
            "к18.Pт",
            "к18.Wд",
            "к18.Wм",
        ],
    },
    Place {
        is_group: true,
        number: 1,
        part: 8,
        channels: &[0, 1, 2],
        names: [
            "г1.Pср",
            "г1.Pу",
            "",
            "г1.W",
            "г1.W1",
            "г1.W2",
            "г1.Pт",
            "г1.Wд",
            "г1.Wм",
        ],
    },
];

/// What is archived and shown, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mean,
    Morning,
    Register,
    Energy,
    FirstTariff,
    SecondTariff,
    Now,
    OfDay,
    OfMonth,
}

/// Parameter of a channel and what it is; that of a group is 200 further.
type Column = (u16, Kind);

const COLUMNS: [&[Column]; 3] = [
    &[(205, Kind::Mean)],
    &[
        (209, Kind::Morning),
        (213, Kind::Register),
        (215, Kind::Energy),
        (219, Kind::FirstTariff),
        (220, Kind::SecondTariff),
    ],
    &[
        (210, Kind::Morning),
        (214, Kind::Register),
        (216, Kind::Energy),
        (223, Kind::FirstTariff),
        (224, Kind::SecondTariff),
    ],
];
const LIVE: &[Column] = &[
    (151, Kind::Now),
    (155, Kind::Mean),
    (165, Kind::OfDay),
    (166, Kind::OfMonth),
];
const TOTALS: &[Column] = &[(163, Kind::Register)];

const REFERENCES: [[u16; 10]; 3] = [
    [
        65_523, 65_522, 65_521, 65_520, 65_519, 65_518, 65_517, 65_516, 65_499, 65_498,
    ],
    [
        65_515, 65_514, 65_513, 65_512, 65_511, 65_510, 65_509, 65_508, 65_497, 65_496,
    ],
    [
        65_507, 65_506, 65_505, 65_504, 65_503, 65_502, 65_501, 65_500, 65_495, 65_494,
    ],
];

/// Energy of three channels in Wh by half-hours, counted from the first hour of the history.
#[derive(Debug)]
pub struct Electricity {
    origin: i64,
    /// What was counted before each half-hour, by channel and tariff.
    before: Vec<[[i64; 2]; 3]>,
}

impl Electricity {
    pub fn generate(seed: u64, origin_hour: i64, end_hour: i64) -> Self {
        let mut sums = [[0; 2]; 3];
        let mut before = vec![sums];
        for half in origin_hour * 2..end_hour * 2 {
            let hour = half.div_euclid(2).rem_euclid(civil::DAY_H);
            let tariff = usize::from(!(7..23).contains(&hour));
            for (channel, sum) in sums.iter_mut().enumerate() {
                sum[tariff] += counted(seed, channel, half, hour);
            }
            before.push(sums);
        }
        Self {
            origin: origin_hour * 2,
            before,
        }
    }

    fn sums(&self, channel: usize, half: i64) -> [i64; 2] {
        let place = usize::try_from(half - self.origin).unwrap_or(0);
        self.before[place.min(self.before.len() - 1)][channel]
    }

    /// Wh of both tariffs in half-hours `from` to `to`, exclusive.
    fn energy(&self, channels: &[usize], from: i64, to: i64) -> [i64; 2] {
        [0, 1].map(|tariff| {
            let of = |channel: &usize| self.sums(*channel, to)[tariff] - self.sums(*channel, from)[tariff];
            channels.iter().map(of).sum()
        })
    }
}

/// Wh of one channel in a half-hour: more by day, never none.
fn counted(seed: u64, channel: usize, half: i64, hour: i64) -> i64 {
    let mut mixed = seed ^ (half as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ((channel as u64) << 32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let noise = ((mixed ^ (mixed >> 27)) % 4_000) as i64;
    let base = if (7..23).contains(&hour) { 20_000 } else { 6_000 };
    (base + noise) * (channel as i64 + 1)
}

impl Knowledge<'_> {
    /// Half-hours since the epoch.
    fn half(&self) -> i64 {
        civil::hour_of(self.now) * 2 + i64::from(self.now.minute() / 30)
    }

    /// Intervals of half-hours (0), days (1) or months (2), newest first, in half-hours.
    fn spans(&self, ring: usize) -> Vec<(i64, i64)> {
        let wide = |ring| {
            let hours = self.intervals(ring).into_iter();
            hours.map(|(from, to)| (from * 2, to * 2)).collect()
        };
        let now = self.half();
        let halves = || (now - HALF_HOURS as i64..now).rev().map(|from| (from, from + 1));
        match ring {
            0 => halves().collect(),
            1 => wide(Ring::Days),
            _ => wide(Ring::Months),
        }
    }

    fn has(&self, (from, to): (i64, i64)) -> bool {
        let (missing_from, missing_to) = self.config.missing;
        let is_missing = to - from == 1 && (missing_from..missing_to).contains(&from.div_euclid(2));
        !is_missing && from >= self.config.installed_hour.saturating_mul(2)
    }

    fn digits(&self, place: &Place, kind: Kind, (from, to): (i64, i64)) -> i64 {
        let sum = |from, to| self.history.electricity.energy(place.channels, from, to);
        let all = |[first, second]: [i64; 2]| first + second;
        match kind {
            Kind::Mean => all(sum(from, to)) * 2,
            Kind::Morning => {
                let is_morning = |half: &i64| (8..11).contains(&half.div_euclid(2).rem_euclid(civil::DAY_H));
                let powers = (from..to).filter(is_morning).map(|half| all(sum(half, half + 1)) * 2);
                powers.max().unwrap_or(0)
            }
            Kind::Register => all(sum(self.history.origin_hour * 2, to)),
            Kind::Energy => all(sum(from, to)),
            Kind::FirstTariff => sum(from, to)[0],
            Kind::SecondTariff => sum(from, to)[1],
            Kind::Now => all(sum(to, to + 1)) * 2,
            Kind::OfDay => all(sum(civil::day_of(to / 2) * civil::DAY_H * 2, to)),
            Kind::OfMonth => {
                let first = self.now.date().first_of_month().at(0, 0, 0, 0);
                all(sum(civil::hour_of(first) * 2, to))
            }
        }
    }

    /// Function 19 without a time, 18 with one: blocks behind the echo; none for another reference.
    pub fn electric(&self, reference: u16, at: Option<DateTime>) -> Option<Vec<Vec<String>>> {
        let (ring, part) = REFERENCES.iter().enumerate().find_map(|(ring, references)| {
            let part = references.iter().position(|known| *known == reference)?;
            Some((ring, part))
        })?;
        let places = || PLACES.iter().filter(|place| place.part == part);
        places().next()?;
        let columns = || places().flat_map(|place| place.columns(COLUMNS[ring]));
        let Some(at) = at else {
            let column = |(place, number, kind): (&Place, u16, Kind)| {
                let name = place.name(kind).rsplit('.').next().unwrap_or_default();
                let letter = if place.is_group { 'г' } else { 'к' };
                let named = format!("{name}{letter}{:02}", place.number);
                vec![
                    named,
                    unit(kind).to_owned(),
                    place.number.to_string(),
                    number.to_string(),
                ]
            };
            return Some(columns().map(column).collect());
        };
        let asked = civil::seconds_of(at).div_euclid(civil::HOUR_S / 2);
        let spans = self.spans(ring);
        let mut below = spans.iter().filter(|(_, to)| *to <= asked);
        let Some(span) = below.next().copied() else {
            return Some(vec![pointer(at), vec!["0".to_owned(); 6], text(NO_DATA)]);
        };
        let previous = below.next().map(|(_, to)| pointer(time(*to)));
        let previous = previous.unwrap_or_else(|| vec!["0".to_owned(); 6]);
        let mut blocks = vec![pointer(time(span.1)), previous];
        if self.has(span) {
            blocks.extend(columns().map(|(place, _, kind)| text(&decimal(self.digits(place, kind, span), DECIMALS))));
        } else {
            blocks.push(text(NO_DATA));
        }
        Some(blocks)
    }

    /// Function 1D.
    pub fn electric_parameter(&self, channel: u8, number: u16) -> Option<Vec<String>> {
        if (channel, number) == (0, 65) {
            return Some(text(self.tariff()));
        }
        let mut shown = [LIVE, TOTALS].into_iter().flat_map(|list| {
            let of_place = move |place: &'static Place| place.columns(list);
            PLACES.iter().flat_map(of_place)
        });
        let (place, _, kind) = shown.find(|(place, its, _)| (place.number, *its) == (channel, number))?;
        let now = self.half();
        let digits = self.digits(place, kind, (now - 1, now));
        Some(vec![decimal(digits, DECIMALS), unit(kind).to_owned()])
    }

    fn tariff(&self) -> &'static str {
        if (7..23).contains(&self.now.hour()) { "1" } else { "2" }
    }

    /// Function 0C: an element of 094 or 098.
    pub fn electric_element(&self, number: u16, place: usize) -> Option<Vec<String>> {
        match (number, place) {
            (94, 15..=22) => {
                let first = (place - 15) * 16 + 1;
                let is_on = |channel: usize| channel == usize::from(LOST.0);
                let digits = (first..first + 16).map(|channel| if is_on(channel) { '1' } else { '0' });
                Some(text(&digits.collect::<String>()))
            }
            (94, 0..100) => Some(text("0")),
            (98, 1) => Some(event("Есть НС=к-018", "01-03-26/12:30:00")),
            (98, 2) => Some(event("Нет НС=с-Аккум", "28-02-26/ 9:10:00")),
            (98, 3) => Some(event("Есть НС=с-Аккум", "28-02-26/ 9:00:00")),
            _ => None,
        }
    }

    /// Truth of half-hours (0), days (1) or months (2), oldest first.
    pub fn electric_records(&self, ring: usize) -> Vec<TruthRecord> {
        let spans = self.spans(ring).into_iter().rev().filter(|span| self.has(*span));
        let record = |span: (i64, i64)| TruthRecord {
            start: time(span.0),
            end: time(span.1),
            values: self.values(COLUMNS[ring], span),
            ns: Vec::new(),
        };
        spans.map(record).collect()
    }

    /// Truth of now, or of the totals.
    pub fn electric_moment(&self, is_now: bool) -> TruthRecord {
        let now = self.half();
        let (code, input) = (LOST.1, LOST.0);
        let lost = TruthNs {
            input,
            name: None,
            code,
        };
        TruthRecord {
            start: self.now,
            end: self.now,
            values: self.values(if is_now { LIVE } else { TOTALS }, (now - 1, now)),
            ns: if is_now { vec![lost] } else { Vec::new() },
        }
    }

    fn values(&self, list: &'static [Column], span: (i64, i64)) -> Vec<TruthValue> {
        let columns = PLACES.iter().flat_map(|place| place.columns(list));
        let value = |(place, _, kind): (&'static Place, u16, Kind)| {
            let digits = self.digits(place, kind, span);
            TruthValue {
                name: place.name(kind),
                input: place.number,
                value: Some(digits as f64 / 10f64.powi(DECIMALS.into())),
                digits: Some((digits, DECIMALS)),
            }
        };
        columns.map(value).collect()
    }
}

impl Place {
    fn name(&self, kind: Kind) -> &'static str {
        self.names[kind as usize]
    }

    /// A group has no register.
    fn columns(&'static self, list: &'static [Column]) -> impl Iterator<Item = (&'static Self, u16, Kind)> {
        let own = list
            .iter()
            .filter(|(_, kind)| !self.is_group || *kind != Kind::Register);
        let further = if self.is_group { 200 } else { 0 };
        own.map(move |(number, kind)| (self, number + further, *kind))
    }
}

fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Mean | Kind::Morning | Kind::Now => "кВт",
        _ => "кВт*ч",
    }
}

fn event(what: &str, at: &str) -> Vec<String> {
    vec![what.to_owned(), " ".to_owned(), at.to_owned()]
}

fn time(half: i64) -> DateTime {
    civil::civil_of_hour(half.div_euclid(2)).saturating_add((half.rem_euclid(2) * 30).minutes())
}
