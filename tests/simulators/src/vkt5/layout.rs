//! How answers are laid out ("Протокол обмена", answers to requests; changes by versions).

use super::builder::{Vkt5Config, Vkt5Firmware};
use super::history::{InputReading, Reading, cold_c};
use jiff::civil::DateTime;

/// A zero, as real devices send it.
const ZERO: u32 = 0x0080_0000;
/// A number that is not set.
const NOT_SET: u32 = u32::MAX;

/// Numbers of the pipes of the heat inputs.
pub const PIPES: [[u8; 2]; 2] = [[5, 6], [1, 2]];

fn single(number: f32) -> [u8; 4] {
    let bits = if number == 0.0 { ZERO } else { number.to_bits() };
    bits.to_be_bytes()
}

fn perhaps(number: Option<f32>) -> [u8; 4] {
    number.map_or(NOT_SET.to_be_bytes(), single)
}

/// Array 00.
pub fn input(firmware: Vkt5Firmware, reading: &InputReading) -> Vec<u8> {
    let mut bytes = Vec::new();
    for pipe in &reading.pipes {
        bytes.extend(perhaps(pipe.t_c));
        bytes.extend(perhaps(pipe.p_mpa));
        bytes.extend(single(pipe.m_t));
    }
    bytes.extend(single(reading.m_t));
    bytes.extend(reading.w_gj.iter().flat_map(|gj| single(*gj)));
    if firmware == Vkt5Firmware::V7_13 {
        bytes.extend(single(0.0));
    }
    bytes
}

/// Array 00 of totals.
pub fn totals(firmware: Vkt5Firmware, reading: &InputReading, totals: [f64; 6]) -> Vec<u8> {
    let [one, other, rest @ ..] = totals;
    let mut bytes = Vec::new();
    for (pipe, mass) in reading.pipes.iter().zip([one, other]) {
        bytes.extend(perhaps(pipe.t_c));
        bytes.extend(perhaps(pipe.p_mpa));
        bytes.extend(mass.to_be_bytes());
    }
    bytes.extend(rest.iter().flat_map(|total| total.to_be_bytes()));
    if firmware == Vkt5Firmware::V7_13 {
        bytes.extend(2f64.powi(-127).to_be_bytes());
    }
    bytes
}

/// Array 04 of an archive: minutes.
pub fn situations(config: &Vkt5Config, reading: &InputReading) -> Vec<u8> {
    let mut words: Vec<u16> = reading.pipes.iter().flat_map(|pipe| pipe.ns_min).collect();
    words.extend(times(config, reading).iter().map(|(_, minutes)| minutes));
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The times of a heat input by their names.
pub fn times(config: &Vkt5Config, reading: &InputReading) -> Vec<(&'static str, u16)> {
    let mut times = vec![
        ("NoCntBySit", reading.not_counted_min),
        ("NoPowerCnt", reading.no_power_min),
    ];
    if config.firmware == Vkt5Firmware::V7_13 {
        times.push(("Tdisb", 0));
        if config.second_report {
            let worked = reading.minutes.saturating_sub(reading.no_power_min);
            times.extend([
                ("tнеиспр", 0),
                ("tG<Gmin", 0),
                ("tG>Gmax", reading.not_counted_min),
                ("tdT<3", 0),
                ("tнорм", worked.saturating_sub(reading.not_counted_min)),
                ("tраб", worked),
            ]);
        }
    }
    times
}

/// Array 04 of current values: pipe and ordinal of what is on.
pub fn current_situations(firmware: Vkt5Firmware, place: usize, reading: &InputReading) -> Vec<u8> {
    let mut words = Vec::new();
    for (pipe, number) in reading.pipes.iter().zip(PIPES[place]) {
        let codes = pipe.ns_min.iter().zip(1u16..);
        words.extend(codes.map(|(minutes, ordinal)| {
            if *minutes > 0 {
                u16::from(number) * 16 + ordinal
            } else {
                0
            }
        }));
    }
    words.extend([0, 0]);
    if firmware == Vkt5Firmware::V7_13 {
        words.push(0);
    }
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Array 03: cold water by the contract, outdoor air; the others are not in use.
pub fn extra(firmware: Vkt5Firmware, reading: &Reading) -> Vec<u8> {
    let (cold, outdoor) = (single(cold_c()), single(reading.outdoor_c));
    let none = NOT_SET.to_be_bytes();
    match firmware {
        Vkt5Firmware::Old => [cold, outdoor, none].concat(),
        Vkt5Firmware::V7_13 => [cold, none, outdoor, none, none, none].concat(),
    }
}

/// Array 07: nothing ever happens to them.
pub fn extra_situations(firmware: Vkt5Firmware) -> Vec<u8> {
    match firmware {
        Vkt5Firmware::Old => vec![0; 12],
        Vkt5Firmware::V7_13 => vec![0; 26],
    }
}

/// Array 0A.
pub fn scheme(config: &Vkt5Config) -> Vec<u8> {
    let mut pipes = [[0, 0, 0, 0, 0xFF, 2, 0]; 8];
    // Supply with measured pressure, return with that of the contract, cold water's temperature by the contract.
    pipes[4] = [1, 0, 2, 1, 2, 2, 1];
    pipes[5] = [1, 1, 3, 1, 0, 2, 1];
    if config.inputs == 2 {
        pipes[0] = [2, 2, 2, 1, 0xFF, 2, 1];
        pipes[1] = [2, 1, 2, 1, 0xFF, 2, 1];
    }
    // Outdoor temperature.
    pipes[6][4] = 1;
    let mut bytes = pipes.concat();
    if config.firmware == Vkt5Firmware::V7_13 {
        let regulators = if config.regulators { [0, 4] } else { [0xFF, 0xFF] };
        bytes.extend(regulators);
        bytes.extend([0, 1 + u8::from(config.second_report)]);
    }
    bytes
}

/// Year, month, day, hour and minute.
pub fn time(time: DateTime) -> Vec<u8> {
    let small = |number: i8| u16::from(number.unsigned_abs());
    let words = [
        time.year().unsigned_abs(),
        small(time.month()),
        small(time.day()),
        small(time.hour()),
        small(time.minute()),
    ];
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
