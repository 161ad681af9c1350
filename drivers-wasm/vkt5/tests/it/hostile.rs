//! A far end that answers every question with a whole frame of nonsense: nothing may panic, hang or grow.

use proptest::prelude::*;
use uzel_driver_sdk::checksum::crc16_modbus;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::{FarEnd, Wire};
use uzel_driver_sdk::{ArchiveKind, Control, Diagnostics, Driver, Fixed, Instant, Value, Window};
use vkt5::Vkt5;

use crate::far::{Device, at};

/// Answers as the device would, with other data.
struct Hostile {
    device: Device,
    nonsense: Vec<u8>,
    place: usize,
    /// From this question on.
    after: u32,
}

impl FarEnd for Hostile {
    fn answer(&mut self, request: &[u8], now: Instant) -> Vec<(Instant, Vec<u8>)> {
        let mut out = self.device.answer(request, now);
        if self.after > 0 {
            self.after -= 1;
            return out;
        }
        let Self { nonsense, place, .. } = self;
        let mut next = || {
            *place += 1;
            nonsense[*place % nonsense.len()]
        };
        for (_, frame) in &mut out {
            let (from, end) = (3.min(frame.len()), frame.len().saturating_sub(2));
            frame[from..end].iter_mut().for_each(|byte| *byte = next());
            let check = crc16_modbus(&frame[..end]).to_le_bytes();
            frame[end..].copy_from_slice(&check);
        }
        out
    }
}

proptest! {
    #[test]
    fn nonsense_of_every_kind_is_survived(
        nonsense in proptest::collection::vec(any::<u8>(), 1..200),
        after in 0u32..6,
    ) {
        let mut line = Wire::new(Hostile { device: Device::new(), nonsense, place: 0, after });
        let mut driver = Vkt5::default();
        let identified = driver.identify(&mut line, r#"{"address": 1, "timeout_ms": 50}"#);
        if identified.is_ok() {
            let mut out = Collected::default();
            let _ = driver.read_clock(&mut line);
            let _ = driver.read_current(&mut line, &mut out);
            let _ = driver.read_totals(&mut line, &mut out);
            let window = Window { begin: at(11, 19, 20, 0), end: at(11, 20, 4, 0) };
            for kind in [ArchiveKind::Hourly, ArchiveKind::Daily] {
                let _ = driver.read_archive(&mut line, kind, &[window], None, &mut out);
            }
            let _ = driver.read_settings(&mut line);
            let arguments = [
                ("setting".to_owned(), Value::Text("r1.day".to_owned())),
                ("value".to_owned(), Value::Fixed(Fixed { digits: 20, decimals: 0 })),
            ];
            let _ = driver.command(&mut line, "set", &arguments);
        }
        prop_assert!(line.asked < 5_000);
    }

    #[test]
    fn any_bytes_for_an_answer_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        struct Same(Vec<u8>);
        impl FarEnd for Same {
            fn answer(&mut self, _: &[u8], _: Instant) -> Vec<(Instant, Vec<u8>)> {
                vec![(1, self.0.clone())]
            }
        }
        let mut line = Wire::new(Same(bytes));
        let identified = Vkt5::default().identify(&mut line, r#"{"timeout_ms": 50}"#);
        prop_assert!(identified.is_err());
        prop_assert!(line.asked < 200);
    }
}
