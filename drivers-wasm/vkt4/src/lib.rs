//! Driver of the heat calculators ВКТ-4 and ВКТ-4М of Teplocom.
//!
//! "VKT-4 note" in comments is `docs/protocols/teplocom-vkt4.md`. From the wire up: `frame` and `question` are bytes and
//! what they are about, `number` and `field` values; `link` is the conversation; `session` finds the meter and reads
//! what it tells of now, `archive` its records. `model` and `layout` are the tables.

mod archive;
mod config;
pub mod field;
pub mod frame;
pub mod layout;
mod link;
pub mod model;
pub mod number;
pub mod question;
mod session;
pub mod settings;
mod settle;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Window,
    export_driver,
};

use config::Config;
use session::Session;

/// One session with one meter.
#[derive(Debug, Default)]
pub struct Vkt4 {
    session: Option<Session>,
}

impl Vkt4 {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        let not_known = || Failure::Unsupported("no meter was identified".to_owned());
        self.session.as_mut().ok_or_else(not_known)
    }
}

impl Driver for Vkt4 {
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
        archive::read(self.session()?, port, kind, windows, resume, out)
    }

    /// The meter forgets that it was selected by itself.
    fn close(&mut self, _: &mut dyn Port) {
        self.session = None;
    }
}

impl Diagnostics for Vkt4 {
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported("ВКТ-4 gives no journal".to_owned()))
    }

    fn read_settings(&mut self, _: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        Ok(self.session()?.read_settings())
    }
}

export_driver!(Vkt4, diagnostics);
