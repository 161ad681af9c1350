//! Small meters of the extended dialect: one of each model, with settings, archives, live values and totals.

use logika_m4::extended::model::{Model, model, places_of, settings_of};
use logika_m4::ident::Device;
use uzel_driver_sdk::calendar::{HOUR, civil};

use crate::chance::Chance;
use crate::meter::Meter;
use crate::noise::at;
use crate::tagged::{Tagged, put, text};

fn ident(device: Device) -> [u8; 3] {
    match device {
        Device::Spt940 => [0x92, 0x28, 1],
        Device::Spt941_20 => [0x92, 0x29, 0x80],
        Device::Spt943rev3 => [0x54, 0x2b, 0x0a],
        Device::Spt944 => [0x54, 0x2c, 0x10],
        Device::Spg740 => [0x47, 0x28, 1],
        Device::Spg742 => [0x47, 0x2a, 1],
        _ => [0x46, 0x0a, 1],
    }
}

/// A value of its kind: flags, a scheme, a total, a float.
fn value(chance: &mut Chance, name: &str, total: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    match name {
        "НС" | "ДС" => put(&mut bytes, 0x4b, &[1 << chance.next(3), 0, 0, 0]),
        "СП" => put(&mut bytes, 0x41, &[u8::try_from(chance.next(9)).unwrap(), 0, 0, 0]),
        _ if total => {
            let whole = i32::try_from(chance.next(100_000)).unwrap().to_le_bytes();
            let part = (chance.next(1_000) as f32 / 1_024.0).to_le_bytes();
            put(&mut bytes, 0x44, &[whole, part].concat());
        }
        _ if chance.next(10) == 0 => put(&mut bytes, 0x05, &[]),
        _ => put(&mut bytes, 0x43, &(chance.next(1_000_000) as f32 / 997.0).to_le_bytes()),
    }
    bytes
}

fn record(chance: &mut Chance, model: &Model, channel: u8) -> Vec<u8> {
    let groups = model.record.iter().filter(|group| group.channel == channel);
    let values: Vec<u8> = groups
        .flat_map(places_of)
        .flat_map(|(_, name)| value(chance, name, false))
        .collect();
    let mut bytes = Vec::new();
    put(&mut bytes, 0x30, &values);
    bytes
}

/// A meter with its settings (СР 25, ЧР 10), three days of hours with a hole, five days, two months, live values, totals.
pub fn meter(device: Device) -> Meter {
    let model = model(device).unwrap();
    let mut meter = Meter::new(ident(device), at(2024, 3, 15, 10, 20));
    let mut chance = Chance(7);
    let mut tagged = Tagged {
        most: 49,
        page: 5,
        ..Tagged::default()
    };
    for (groups, total) in [(model.live, false), (model.totals, true)] {
        for (place, name) in groups.iter().flat_map(places_of) {
            tagged
                .values
                .insert((place.channel, place.ordinal), value(&mut chance, name, total));
        }
    }
    for known in model.settings.iter().flat_map(settings_of) {
        let held = match known.name {
            "СР" => "25",
            "ЧР" => "10",
            _ => "1",
        };
        tagged
            .values
            .insert((known.place.channel, known.place.ordinal), text(held));
    }
    tagged.values.insert((0, 8_224), text("an info"));
    let high = if model.short_serial { 0x99 } else { 0 };
    tagged.values.insert((0, 8_256), vec![0x41, 4, 0x57, 0xd7, 0x01, high]);
    for channel in model.archive_channels() {
        for hour in (0..72).filter(|hour| !(20..25).contains(hour)) {
            let end = civil(at(2024, 3, 12, 11, 0) + hour * HOUR);
            let archive = tagged.archives.entry((channel, 0)).or_default();
            archive.insert(
                vec![24, end.month, end.day, end.hour],
                record(&mut chance, model, channel),
            );
        }
        for day in 11..=15 {
            let archive = tagged.archives.entry((channel, 1)).or_default();
            archive.insert(vec![24, 3, day], record(&mut chance, model, channel));
        }
        for month in 1..=2 {
            let archive = tagged.archives.entry((channel, 3)).or_default();
            archive.insert(vec![24, month], record(&mut chance, model, channel));
        }
        let journal = tagged.archives.entry((channel, 6)).or_default();
        for minute in 0..12 {
            let mut entry = Vec::new();
            put(
                &mut entry,
                0x16,
                &[0xcd, 0xd1, b'0', b'5', if minute % 2 == 0 { b'+' } else { b'-' }],
            );
            journal.insert(vec![24, 3, 14, 7, minute, 0, 0, 0], entry);
        }
    }
    meter.session_s = 60;
    meter.tagged = Some(tagged);
    meter
}
