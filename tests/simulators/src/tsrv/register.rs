//! Registers: what the meter shows now, its totals, and what they are asked for by (sections 4, 6, 8, 9). Places are
//! addresses times two.

use super::field::Fields;
use super::history::{Amounts, TsrvHistory, cold};
use super::name::TsrvModel;
use crate::civil::HOUR_S;
use crate::truth::TruthNs;
use std::collections::BTreeMap;

/// Functions that read registers.
pub const HOLDING: u8 = 3;
pub const INPUT: u8 = 4;

/// Registers by function and address.
pub type Registers = BTreeMap<(u8, u16), u16>;

/// What of a meter its registers show.
pub struct Shown<'a> {
    pub model: TsrvModel,
    pub history: &'a TsrvHistory,
    /// The running hour.
    pub hour: i64,
}

fn at(address: u16) -> usize {
    usize::from(address) * 2
}

/// Puts numbers into registers of a function.
pub fn put(registers: &mut Registers, function: u8, fields: &Fields) {
    for (place, bytes) in &fields.bytes {
        for (step, pair) in (0u16..).zip(bytes.chunks(2)) {
            let register = match *pair {
                [high, low] => u16::from_be_bytes([high, low]),
                _ => u16::from(pair[0]),
            };
            let address = u16::try_from(place / 2).unwrap_or(u16::MAX);
            registers.insert((function, address.saturating_add(step)), register);
        }
    }
}

const PT: [&str; 9] = ["ПТ1", "ПТ2", "ПТ3", "ПТ4", "ПТ5", "ПТ6", "ПТ7", "ПТ8", "ПТ9"];
const PR: [&str; 9] = ["ПР1", "ПР2", "ПР3", "ПР4", "ПР5", "ПР6", "ПР7", "ПР8", "ПР9"];
const PD: [&str; 6] = ["ПД1", "ПД2", "ПД3", "ПД4", "ПД5", "ПД6"];
const T: [&str; 5] = ["t1", "t2", "t3", "t4", "t5"];
const P: [&str; 4] = ["P1", "P2", "P3", "P4"];
const Q: [&str; 6] = ["Q1", "Q2", "Q3", "Q4", "Q5", "Q6"];
const G: [&str; 6] = ["G1", "G2", "G3", "G4", "G5", "G6"];
const E: [&str; 4] = ["E1", "E2", "E3", "E4"];
const W: [&str; 6] = ["W1", "W2", "W3", "W4", "W5", "W6"];
const M: [&str; 6] = ["M1", "M2", "M3", "M4", "M5", "M6"];
const V: [&str; 6] = ["V1", "V2", "V3", "V4", "V5", "V6"];

/// Of the flow of one pipe of two, if there is such a pipe.
fn pipe<T: Default + Copy>(values: [T; 2], number: usize) -> T {
    values.get(number).copied().unwrap_or_default()
}

fn hundredth(digits: i64) -> f64 {
    digits as f64 / 100.0
}

fn thousandth(digits: i64) -> f64 {
    digits as f64 / 1_000.0
}

impl Shown<'_> {
    /// A meter that answers has power: without, the last hour with power is shown.
    fn flow(&self, system: u8) -> Amounts {
        let hour = (0..48)
            .map(|back| self.hour - back)
            .find(|hour| self.history.has(*hour));
        let hour = hour.unwrap_or(self.hour);
        self.history.sum(system, hour..hour + 1)
    }

    fn total(&self, system: u8) -> Amounts {
        self.history.before(system, self.hour)
    }

    /// Input registers of now, and what is abnormal.
    pub fn current(&self) -> (Fields, Vec<TruthNs>) {
        let mut fields = Fields::default();
        let ns = match self.model {
            TsrvModel::Tsrv024m | TsrvModel::Tsrv024mPlus => self.current_024(&mut fields),
            TsrvModel::Tsrv034 => self.current_034(&mut fields),
            TsrvModel::Tsrv043 => {
                self.current_043(&mut fields);
                Vec::new()
            }
            TsrvModel::Tsrv023 => {
                self.current_023(&mut fields);
                Vec::new()
            }
        };
        (fields, ns)
    }

    fn current_024(&self, fields: &mut Fields) -> Vec<TruthNs> {
        let both = [self.flow(1), self.flow(2)];
        let mut ns = Vec::new();
        for channel in 0..9 {
            let flow = both.get(channel / 2).copied().unwrap_or_default();
            let place = u16::try_from(channel).unwrap_or(0) * 2;
            if channel < 6 {
                fields.float(at(0xC03C + place), PD[channel], 0, thousandth(flow.p(channel % 2)));
            }
            fields.float(at(0xC048 + place), PT[channel], 0, hundredth(flow.t(channel % 2)));
            fields.float(at(0xC05A + place), PR[channel], 0, thousandth(flow.litres[channel % 2]));
        }
        for (system, flow) in (1u8..).zip(both) {
            let step = u16::from(system - 1);
            fields.float(at(0xC4F6 + step * 2), "tх", system, hundredth(cold()));
            fields.float(at(0xC4FC + step * 2), "Pх", system, 0.1);
            fields.float(at(0xC6AC + step * 6), "E", system, flow.gcal());
            fields.float(at(0xC6AE + step * 6), "Eгв", system, 0.0);
            fields.float(at(0xC6B0 + step * 6), "G", system, thousandth(flow.kg[0]));
            for number in 0..4 {
                let first = 0xC106 + 0x18 * (step * 4 + u16::try_from(number).unwrap_or(0));
                fields.float(
                    at(first + 6),
                    T[number],
                    system,
                    hundredth(pipe([flow.t(0), flow.t(1)], number)),
                );
                fields.float(
                    at(first + 8),
                    P[number],
                    system,
                    thousandth(pipe([flow.p(0), flow.p(1)], number)),
                );
                fields.float(
                    at(first + 0xA),
                    Q[number],
                    system,
                    thousandth(pipe(flow.litres, number)),
                );
                fields.float(at(first + 0xC), G[number], system, thousandth(pipe(flow.kg, number)));
                fields.float(
                    at(first + 0x12),
                    E[number],
                    system,
                    if number == 0 { flow.gcal() } else { 0.0 },
                );
            }
            let on = [(25u32, flow.ns[0]), (26, flow.ns[1])]
                .into_iter()
                .filter(|(_, minutes)| *minutes > 0);
            let codes: Vec<u32> = on.map(|(code, _)| code).collect();
            let bits = codes.iter().fold(0, |bits, code| bits | 1 << code);
            fields.flags(at(0x806A + step * 2), 4, "НС", system, bits);
            ns.extend(codes.into_iter().map(|code| TruthNs {
                input: system,
                name: None,
                code,
            }));
        }
        // The third system is off; its registers are there.
        fields.raw(at(0xC4FA), &[0; 4]);
        fields.raw(at(0xC500), &[0; 4]);
        fields.raw(at(0xC6B8), &[0; 12]);
        fields.raw(at(0x806E), &[0; 4]);
        fields.float(
            at(0xC6BE),
            "tнв",
            0,
            hundredth(self.history.outdoor(self.hour..self.hour + 1)),
        );
        fields.word(at(0x0044), "режим", 0, 0, 0);
        // The rest of the service registers between pipes reads as zero.
        let mut whole = Fields::default();
        whole.raw(at(0xC106), &vec![0; 8 * 48]);
        whole.bytes.append(&mut fields.bytes);
        fields.bytes = whole.bytes;
        ns
    }

    fn current_034(&self, fields: &mut Fields) -> Vec<TruthNs> {
        let flow = self.flow(1);
        for (number, place) in (0u16..3).enumerate() {
            let t = [flow.t(0), flow.t(1), cold()][number];
            fields.float(at(0xC000 + place * 2), T[number], 0, hundredth(t));
            fields.float(at(0xC006 + place * 2), "R", 0, 500.0);
            let power = if number == 0 { thousandth(flow.mj) } else { 0.0 };
            fields.float(at(0xC00C + place * 2), E[number], 0, power);
            fields.float(at(0xC012 + place * 2), G[number], 0, thousandth(pipe(flow.kg, number)));
            fields.float(
                at(0xC018 + place * 2),
                Q[number],
                0,
                thousandth(pipe(flow.litres, number)),
            );
            fields.float(at(0xC04C + place * 2), ["E4", "E5", "E6"][number], 0, power);
        }
        // Resistances are not read by anybody.
        fields.values.retain(|value| value.name != "R");
        fields.float(at(0xC05E), "tх", 0, hundredth(cold()));
        let on: Vec<u32> = (1..)
            .zip(flow.ns)
            .filter(|(_, minutes)| *minutes > 0)
            .map(|(code, _)| code)
            .collect();
        fields.flags(
            at(0x4000),
            2,
            "НС",
            0,
            on.iter().fold(0, |bits, code| bits | 1 << (code - 1)),
        );
        fields.word(at(0x0000), "режим", 0, 0, 0);
        on.into_iter()
            .map(|code| TruthNs {
                input: 0,
                name: None,
                code,
            })
            .collect()
    }

    fn current_043(&self, fields: &mut Fields) {
        let both = [self.flow(1), self.flow(2), Amounts::default()];
        for (number, place) in (0u16..6).enumerate() {
            let flow = both[number / 2];
            if number < 5 {
                fields.float(at(0xC014 + place * 2), T[number], 0, hundredth(flow.t(number % 2)));
            }
            if number < 4 {
                fields.float(at(0xC03A + place * 2), P[number], 0, thousandth(flow.p(number % 2)));
                let system = u8::try_from(number + 1).unwrap_or(0);
                let flow = both[number.min(2)];
                fields.float(at(0xC08E + place * 2), "G", system, thousandth(flow.kg[0] - flow.kg[1]));
                fields.float(at(0xC096 + place * 2), "E", system, thousandth(flow.mj));
            }
            fields.float(
                at(0xC076 + place * 2),
                Q[number],
                0,
                thousandth(flow.litres[number % 2]),
            );
            fields.float(at(0xC082 + place * 2), G[number], 0, thousandth(flow.kg[number % 2]));
        }
        fields.float(at(0xC01E), "tх", 0, hundredth(cold()));
        fields.float(at(0xC042), "Pх", 0, 0.1);
    }

    fn current_023(&self, fields: &mut Fields) {
        let flow = self.flow(1);
        fields.raw(at(0xC000), &[0; 2 * 0x7A]);
        for system in 1..=3u8 {
            let step = u16::from(system - 1) * 6;
            // MJ an hour as MW.
            let power = if system == 1 { flow.mj as f64 / 3_600.0 } else { 0.0 };
            fields.float(at(0xC000 + step), "E1", system, power);
            fields.float(at(0xC002 + step), "E2", system, 0.0);
            fields.float(at(0xC004 + step), "E3", system, 0.0);
            fields.flags(at(0x4000 + u16::from(system - 1)), 2, "сост", system, 0);
        }
        fields.float(at(0xC016), "t0", 0, hundredth(cold()));
        fields.float(at(0xC018), "P0", 0, 0.0);
        for (number, place) in (0u16..6).enumerate() {
            let first = 0xC01A + place * 10;
            let t = pipe([flow.t(0), flow.t(1)], number);
            fields.float(
                at(first + 4),
                if number < 5 { T[number] } else { "t6" },
                0,
                hundredth(t),
            );
            let p = pipe([flow.p(0), flow.p(1)], number);
            fields.float(
                at(first + 6),
                ["P1", "P2", "P3", "P4", "P5", "P6"][number],
                0,
                thousandth(p),
            );
            fields.float(at(first + 8), G[number], 0, pipe(flow.kg, number) as f64 / 3_600.0);
            let q = pipe(flow.litres, number) as f64 / 3_600_000.0;
            fields.float(at(0xC056 + place * 6), Q[number], 0, q);
        }
    }

    /// Input registers of totals.
    pub fn totals(&self) -> Fields {
        let mut fields = Fields::default();
        match self.model {
            TsrvModel::Tsrv024m | TsrvModel::Tsrv024mPlus => self.totals_024(&mut fields),
            TsrvModel::Tsrv034 => self.totals_034(&mut fields),
            TsrvModel::Tsrv043 => self.totals_043(&mut fields),
            TsrvModel::Tsrv023 => {}
        }
        fields
    }

    fn all_seconds(&self) -> i64 {
        (self.hour - self.history.origin_hour()) * HOUR_S
    }

    fn totals_024(&self, fields: &mut Fields) {
        for system in 1..=2u8 {
            let (total, step) = (self.total(system), u16::from(system - 1));
            let first = 0xC0BE + 0x18 * step;
            fields.sum(at(first), "W", system, total.gcal());
            fields.sum(at(first + 4), "Wгв", system, 0.0);
            fields.sum(at(first + 8), "M", system, thousandth(total.kg[0]));
            for number in 0..4 {
                let first = 0xC234 + 0x3C * (step * 4 + u16::try_from(number).unwrap_or(0));
                fields.sum(
                    at(first),
                    W[number],
                    system,
                    if number == 0 { total.gcal() } else { 0.0 },
                );
                fields.sum(at(first + 4), M[number], system, thousandth(pipe(total.kg, number)));
                fields.sum(at(first + 8), V[number], system, thousandth(pipe(total.litres, number)));
            }
            let (work, stopped) = (total.hours * HOUR_S - total.stopped * 60, total.stopped * 60);
            let off = self.all_seconds() - total.hours * HOUR_S;
            let times = [
                ("Tнар", work),
                ("Tпр", off + stopped),
                ("Tпит", off),
                ("Tот", 0),
                ("Tнс", stopped),
                ("Tреж", 0),
            ];
            for (place, (name, seconds)) in (0u16..).zip(times) {
                fields.long(at(0x8016 + 0xE * step + place * 2), name, system, seconds, 0);
            }
        }
    }

    fn totals_034(&self, fields: &mut Fields) {
        let total = self.total(1);
        for (number, place) in (0u16..3).enumerate() {
            let heat = if number == 0 { total.mj } else { 0 };
            fields.long(at(0x8000 + place * 2), W[number], 0, heat, 0);
            fields.long(at(0x8006 + place * 2), M[number], 0, pipe(total.kg, number), 0);
            fields.long(at(0x800C + place * 2), V[number], 0, pipe(total.litres, number), 3);
            let formula = if number == 1 { 0 } else { total.mj };
            fields.long(at(0x803E + place * 2), W[number + 3], 0, formula, 0);
        }
        let work = (total.hours * 60 - total.stopped) * 60;
        fields.long(at(0x8012), "Tраб", 0, work, 0);
        fields.long(at(0x8014), "Tпр", 0, self.all_seconds() - work, 0);
    }

    fn totals_043(&self, fields: &mut Fields) {
        let both = [self.total(1), self.total(2), Amounts::default(), Amounts::default()];
        fields.long(at(0x8002), "Tнак", 0, both[0].hours * HOUR_S, 0);
        for (number, place) in (0u16..6).enumerate() {
            let total = both[number / 2];
            fields.sum(at(0x8004 + place * 4), V[number], 0, total.litres[number % 2] as f64);
            fields.sum(at(0x801C + place * 4), M[number], 0, total.kg[number % 2] as f64);
        }
        for (system, place) in (1u8..=4).zip(0u16..) {
            let total = both[usize::from(place)];
            fields.sum(at(0x8034 + place * 4), "M", system, (total.kg[0] - total.kg[1]) as f64);
            fields.sum(at(0x8044 + place * 4), "W", system, total.mj as f64);
        }
    }
}
