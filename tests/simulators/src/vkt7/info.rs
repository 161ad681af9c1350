//! What a ВКТ-7 tells about itself: version block, active elements, service information, dates and
//! clock (docs/protocols: ВКТ-7, sections 3.1, 3.2 and 3.8 to 3.11). Data bytes of the answers.

use super::archive::Archive;
use super::config::Vkt7Config;
use super::elements;
use crate::civil;
use crate::meter::Disguise;
use jiff::civil::DateTime;

/// Quality good, no НС.
const GOOD: [u8; 2] = [0xC0, 0x00];

/// The answer right after the session start, as published: 174 bytes, zero but for these places.
pub fn version_block(config: &Vkt7Config) -> Vec<u8> {
    let mut data = vec![0u8; 0xAE];
    for (place, byte) in [(0, 0x3F), (50, 0x54), (51, 0x37), (61, config.server_version)] {
        if let Some(at) = data.get_mut(place) {
            *at = byte;
        }
    }
    data
}

/// Index with bit 30 set, and size, of each element of the mask.
pub fn active_list(mask: &[u8]) -> Vec<u8> {
    let entry = |index: &u8| -> Option<[u8; 6]> {
        let size = u8::try_from(elements::element(*index)?.size).ok()?;
        Some([*index, 0, 0, 0x40, size, 0])
    };
    mask.iter().filter_map(entry).flatten().collect()
}

/// The long form of firmware 1.5 and later.
pub fn service_information(config: &Vkt7Config, disguise: Option<Disguise>) -> Vec<u8> {
    let word = |scheme: u8, rest: u16| ((u16::from(scheme & 0x0F) << 9) | rest).to_le_bytes();
    let (firmware, model) = match disguise {
        Some(Disguise::Model) => (0x10, 9),
        _ => ((config.firmware / 10) << 4 | (config.firmware % 10), config.model),
    };
    let mut data = vec![firmware];
    // The lowest bits are not described, and not zero in captures.
    data.extend(word(config.schemes[0], 0x08));
    data.extend(word(config.schemes[1], 0x98));
    data.extend(serial(config, disguise));
    data.extend([config.address, config.report_day, model]);
    data
}

/// Length and text of the subscriber id.
pub fn subscriber_id(config: &Vkt7Config, disguise: Option<Disguise>) -> Vec<u8> {
    let mut data = vec![8, 0];
    data.extend(serial(config, disguise));
    data.extend(GOOD);
    data
}

fn serial(config: &Vkt7Config, disguise: Option<Disguise>) -> [u8; 8] {
    let mut serial = [b' '; 8];
    let text = match disguise {
        Some(Disguise::Serial) => "99999999",
        _ => &config.serial,
    };
    serial
        .iter_mut()
        .zip(text.bytes())
        .for_each(|(place, byte)| *place = byte);
    serial
}

/// Start of the hourly archive, now, and from firmware 1.7 on the start of the daily archive.
pub fn date_interval(archive: &Archive) -> Vec<u8> {
    let date = |hour: i64| date_hour(civil::civil_of_hour(hour));
    let mut data = Vec::from(date(archive.oldest_hour()));
    data.extend(date(archive.now_hour));
    if archive.config.firmware >= 17 {
        data.extend(date(archive.oldest_day() * civil::DAY_H + 23));
    }
    data
}

/// The clock; minute and second are 0 before firmware 2.7.
pub fn date_time(config: &Vkt7Config, now: DateTime) -> Vec<u8> {
    let fine = config.firmware >= 27;
    let small = |number: i8| if fine { byte(number.into()) } else { 0 };
    let mut data = Vec::from(date_hour(now));
    data.extend([small(now.minute()), small(now.second())]);
    data.extend(GOOD);
    data
}

fn date_hour(civil: DateTime) -> [u8; 4] {
    [
        byte(civil.day().into()),
        byte(civil.month().into()),
        byte(civil.year() - 2000),
        byte(civil.hour().into()),
    ]
}

/// A part of a date; what does not fit (a clock before 2000) shows as 0.
fn byte(number: i16) -> u8 {
    u8::try_from(number).unwrap_or(0)
}
