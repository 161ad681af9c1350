//! Driver of the heat meters ТСРВ of Взлёт: ТСРВ-020 to 023, ТСРВ-024, 024М and 024М+, ТСРВ-026М, ТСРВ-030, 031, 033 and
//! 034, ТСРВ-043, by Modbus RTU and ASCII.
//!
//! "Vzlet note" in comments is `docs/protocols/vzlet-tsrv.md`. A model is data: `layout` says how numbers of a record stand,
//! `tables` are the models, `ident` chooses one by name and size of its records. `ask` are this maker's questions, the rest
//! of the conversation is the SDK's. `session` finds the meter, `archive` (with `record` and `interval`), `moment`,
//! `events` and `settings` read it.

mod archive;
pub mod ask;
pub mod cells;
mod config;
mod events;
pub mod ident;
pub mod interval;
pub mod layout;
pub mod model;
mod moment;
mod record;
mod session;
mod settings;
pub mod tables;

pub use config::Told;
pub use events::event;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Window,
    export_driver,
};

use config::Config;
use session::Session;

/// One session with one meter.
#[derive(Default)]
pub struct VzletTsrv {
    session: Option<Session>,
}

impl VzletTsrv {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        let not_known = || Failure::Unsupported("no meter was identified".to_owned());
        self.session.as_mut().ok_or_else(not_known)
    }
}

impl Driver for VzletTsrv {
    fn describe() -> &'static str {
        uzel_driver_sdk::packed!("describe.json")
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let (session, identity) = Session::identify(port, &Config::parse(config)?)?;
        self.session = Some(session);
        Ok(identity)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.session()?.read_clock(port)
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let session = self.session()?;
        moment::read(session, port, session.model.current, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let session = self.session()?;
        moment::read(session, port, session.model.totals, out)
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

impl Diagnostics for VzletTsrv {
    fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        events::read(self.session()?, port, since, out)
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        settings::read(self.session()?, port)
    }
}

export_driver!(VzletTsrv, diagnostics);
