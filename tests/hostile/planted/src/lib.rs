//! The driver of the ВКТ-7 with a fault planted in it. Which one says the digit at the end of [`MODE`]; tests change it in
//! the component's bytes:
//!
//! - 0: none, it is as good as the other;
//! - 1: every value is one digit too high, from the first session on;
//! - 2: the same, from a device's second session on;
//! - 3: it traps from a device's second session on;
//! - 4: it keeps what it read of one device and would give it to the next, if anything of it lived so long.

use std::cell::Cell;

use uzel_driver_sdk::{
    Absence, ArchiveKind, CivilTime, ClockReading, Column, Control, Diagnostics, Driver, Event, Failure, Fixed,
    Identity, LabelRule, Port, Row, Setting, Sink, Value, Window,
};
use vkt7::Vkt7;

/// Tests find it by its words.
static MODE: [u8; 16] = *b"planted fault: 0";

/// A driver's memory of a device: it was read before.
const BEFORE: &str = "read-before";

thread_local! {
    static LEAKED: Cell<i64> = const { Cell::new(0) };
}

fn mode() -> u8 {
    // Without this the compiler would know the digit.
    std::hint::black_box(&MODE).last().copied().unwrap_or(b'0')
}

/// The honest driver, and whether the device was read before.
#[derive(Default)]
pub struct Planted {
    honest: Vkt7,
    again: bool,
}

impl Planted {
    fn shift(&self) -> i64 {
        match (mode(), self.again) {
            (b'1', _) | (b'2', true) => 1,
            (b'4', _) => LEAKED.replace(1),
            _ => 0,
        }
    }
}

impl Driver for Planted {
    fn describe() -> &'static str {
        Vkt7::describe()
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        self.again = port.recall(BEFORE).is_some();
        port.remember(BEFORE, &[1]).map_err(Failure::Unsupported)?;
        if mode() == b'3' && self.again {
            std::process::abort();
        }
        self.honest.identify(port, config)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.honest.read_clock(port)
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.honest.read_current(port, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.honest.read_totals(port, out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let shift = self.shift();
        self.honest
            .read_archive(port, kind, windows, resume, &mut Shifted { out, shift })
    }

    fn close(&mut self, port: &mut dyn Port) {
        self.honest.close(port);
    }
}

impl Diagnostics for Planted {
    fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.honest.read_events(port, since, out)
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.honest.read_settings(port)
    }
}

impl Control for Planted {
    fn command(&mut self, port: &mut dyn Port, name: &str, arguments: &[(String, Value)]) -> Result<Value, Failure> {
        self.honest.command(port, name, arguments)
    }
}

/// Adds to every value on its way.
struct Shifted<'a> {
    out: &'a mut dyn Sink,
    shift: i64,
}

impl Sink for Shifted<'_> {
    fn declare(&mut self, columns: &[Column], labels: LabelRule) -> Result<(), Failure> {
        self.out.declare(columns, labels)
    }

    fn rows(&mut self, rows: &[Row], resume: Option<&[u8]>) -> Result<(), Failure> {
        let mut rows = rows.to_vec();
        for value in rows.iter_mut().flat_map(|row| &mut row.values) {
            if let Value::Fixed(Fixed { digits, .. }) = value {
                *digits += self.shift;
            }
        }
        self.out.rows(&rows, resume)
    }

    fn absent(&mut self, window: Window, why: Absence) -> Result<(), Failure> {
        self.out.absent(window, why)
    }

    fn events(&mut self, events: &[Event]) -> Result<(), Failure> {
        self.out.events(events)
    }

    fn progress(&mut self, done: u32, total: u32) {
        self.out.progress(done, total);
    }
}

uzel_driver_sdk::export_driver!(Planted, diagnostics, control);
