//! Driver of the LOGIKA heat meters that speak the legacy M4 dialect ("4L"): СПТ941.10/.11, СПТ942, СПТ943.
//!
//! "M4 note" in comments is `docs/protocols/logika-m4.md`. What both dialects of the family share (identification,
//! number formats, calendar, configuration) stands at the top; [`legacy`] is the 4L dialect. Meters that need the
//! extended frame are named and refused.

pub mod config;
pub mod ident;
pub mod legacy;
pub mod numbers;
pub mod titles;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Configure, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink,
    Value, Window, export_driver,
};

use config::Config;
use legacy::link::Link;
use legacy::session::Session;

/// One session with one meter.
#[derive(Debug, Default)]
pub struct LogikaM4 {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    New,
    /// Somebody answered who is not read here, or nobody: only the line is left to be closed.
    Refused(Link),
    Known(Session),
}

impl LogikaM4 {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        match &mut self.state {
            State::Known(session) => Ok(session),
            State::New | State::Refused(_) => Err(Failure::Unsupported("no meter was identified".to_owned())),
        }
    }
}

impl Driver for LogikaM4 {
    fn describe() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/describe.json"))
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        match Session::identify(port, Config::parse(config)?) {
            Ok((session, identity)) => {
                self.state = State::Known(session);
                Ok(identity)
            }
            Err((link, failure)) => {
                self.state = State::Refused(link);
                Err(failure)
            }
        }
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        Ok(self.session()?.read_clock(port)?.into())
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.read_current(port, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.read_totals(port, out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        legacy::archive::read(self.session()?, port, kind, windows, resume, out)
    }

    fn close(&mut self, port: &mut dyn Port) {
        match &mut self.state {
            State::Known(session) => session.link.close(port),
            State::Refused(link) => link.close(port),
            State::New => {}
        }
    }
}

impl Diagnostics for LogikaM4 {
    /// The addresses of the НС and ИЗМ rings of these models are not public (M4 note, sections 5.3 and 15).
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported(
            "the place of the meter's own journals is not public".to_owned(),
        ))
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.session()?.read_settings(port)
    }
}

impl Configure for LogikaM4 {
    fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        self.session()?.set_clock(port, to)
    }

    fn write_setting(&mut self, port: &mut dyn Port, id: &str, value: Value) -> Result<(), Failure> {
        self.session()?.write_setting(port, id, &value)
    }
}

export_driver!(LogikaM4, diagnostics, configure);
