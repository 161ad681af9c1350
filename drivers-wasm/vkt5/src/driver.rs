//! The driver: one session's calls, each passed to its [`Meter`].

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Control, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Value,
    Window,
};

use crate::config::Config;
use crate::message::Source;
use crate::meter::Meter;

/// A session with one ВКТ-5.
#[derive(Default)]
pub struct Vkt5 {
    meter: Option<Meter>,
}

impl Vkt5 {
    fn meter(&mut self) -> Result<&mut Meter, Failure> {
        let early = || Failure::Unsupported("the session has not been started: identify comes first".to_owned());
        self.meter.as_mut().ok_or_else(early)
    }
}

impl Driver for Vkt5 {
    fn describe() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/describe.json"))
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let (meter, identity) = Meter::identify(port, Config::parse(config)?)?;
        self.meter = Some(meter);
        Ok(identity)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.meter()?.clock(port)
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.meter()?.moment(port, Source::Current, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.meter()?.moment(port, Source::Totals, out)
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

    /// The protocol has no end of a session.
    fn close(&mut self, _port: &mut dyn Port) {
        self.meter = None;
    }
}

impl Diagnostics for Vkt5 {
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported(
            "the protocol of ВКТ-5 has no journal of events".to_owned(),
        ))
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.meter()?.settings(port)
    }
}

impl Control for Vkt5 {
    fn command(&mut self, port: &mut dyn Port, name: &str, arguments: &[(String, Value)]) -> Result<Value, Failure> {
        self.meter()?.command(port, name, arguments)
    }
}
