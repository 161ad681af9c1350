//! Driver of the heat calculator ВКТ-9 of Teplocom. Experimental throughout: all that is public of it is one program.
//!
//! "VKT-9 note" in comments is `docs/protocols/teplocom-vkt9.md`. From the wire up: `question` is bytes and what they
//! answer, `field` and `table` what stands in them; `link` is the conversation; `session` finds the meter and reads its
//! registers, `archive` its pages.

mod archive;
mod config;
pub mod field;
mod link;
pub mod question;
mod session;
pub mod table;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Window,
    export_driver,
};

use config::Config;
use session::Session;
pub use session::clock_time;

/// One session with one meter.
#[derive(Debug, Default)]
pub struct Vkt9 {
    session: Option<Session>,
}

impl Vkt9 {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        let not_known = || Failure::Unsupported("no meter was identified".to_owned());
        self.session.as_mut().ok_or_else(not_known)
    }
}

impl Driver for Vkt9 {
    fn describe() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/describe.json"))
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let (session, identity) = Session::identify(port, Config::parse(config)?)?;
        self.session = Some(session);
        Ok(identity)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.session()?.read_clock(port)
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.moment(port, &table::now(), out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.moment(port, &table::totals(), out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        archive::read(self.session()?, port, kind, windows, resume, out)
    }

    /// The protocol has no end of a session.
    fn close(&mut self, _: &mut dyn Port) {
        self.session = None;
    }
}

impl Diagnostics for Vkt9 {
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        let why = "the form of the journals of ВКТ-9 is not documented";
        Err(Failure::Unsupported(why.to_owned()))
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.session()?.settings(port)
    }
}

export_driver!(Vkt9, diagnostics);
