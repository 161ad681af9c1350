//! The driver: one session's calls, each passed to its [`Meter`].

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Control, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Value,
    Window,
};

use crate::config::Config;
use crate::element::Source;
use crate::meter::Meter;

/// A session with one ВКТ-7.
#[derive(Default)]
pub struct Vkt7 {
    meter: Option<Meter>,
}

impl Vkt7 {
    fn meter(&mut self) -> Result<&mut Meter, Failure> {
        let early = || Failure::Unsupported("the session has not been started: identify comes first".to_owned());
        self.meter.as_mut().ok_or_else(early)
    }
}

impl Driver for Vkt7 {
    fn describe() -> &'static str {
        uzel_driver_sdk::packed!("describe.json")
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let mut meter = Meter::start(port, Config::parse(config)?)?;
        let identity = meter.identify(port)?;
        self.meter = Some(meter);
        Ok(identity)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.meter()?.read_clock(port)
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.meter()?.moment(port, Source::Current, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.meter()?.moment(port, Source::TotalCurrent, out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.meter()?.archive(port, kind, windows, resume, out)
    }

    /// The protocol has no end of a session: the device forgets it by itself.
    fn close(&mut self, _port: &mut dyn Port) {
        self.meter = None;
    }
}

impl Diagnostics for Vkt7 {
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported(
            "the protocol of ВКТ-7 has no journal of events".to_owned(),
        ))
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.meter()?.settings(port)
    }
}

impl Control for Vkt7 {
    fn command(&mut self, port: &mut dyn Port, name: &str, arguments: &[(String, Value)]) -> Result<Value, Failure> {
        self.meter()?.command(port, name, arguments)
    }
}
