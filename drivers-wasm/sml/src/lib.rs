//! Driver of meters that send telegrams of SML (smart message language) by themselves, as German electricity meters do at
//! their optical interface.
//!
//! Transport and file are decoded by the crate `sml-rs`; `shape` looks over the lengths before, `telegram` keeps what is of
//! use, `meaning` says what it is, `session` listens.

pub mod meaning;
mod session;
pub mod shape;
pub mod telegram;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Window,
    export_driver,
};

use meaning::Class;
use session::Session;

/// One session with one meter.
#[derive(Debug, Default)]
pub struct Sml {
    session: Option<Session>,
}

impl Sml {
    fn session(&self) -> Result<&Session, Failure> {
        let not_known = || Failure::Unsupported("no meter was heard".to_owned());
        self.session.as_ref().ok_or_else(not_known)
    }
}

impl Driver for Sml {
    fn describe() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/describe.json"))
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let (session, identity) = Session::identify(port, config)?;
        self.session = Some(session);
        Ok(identity)
    }

    fn read_clock(&mut self, _: &mut dyn Port) -> Result<ClockReading, Failure> {
        Err(Failure::Unsupported(
            "the meter sends the seconds since its start and no time of day".to_owned(),
        ))
    }

    fn read_current(&mut self, _: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.moment(Class::Current, out)
    }

    fn read_totals(&mut self, _: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.moment(Class::Total, out)
    }

    fn read_archive(
        &mut self,
        _: &mut dyn Port,
        _: ArchiveKind,
        _: &[Window],
        _: Option<&[u8]>,
        _: &mut dyn Sink,
    ) -> Result<(), Failure> {
        Err(Failure::Unsupported("a telegram holds no archive".to_owned()))
    }

    /// Nothing was said to the meter, so there is nothing to end.
    fn close(&mut self, _: &mut dyn Port) {
        self.session = None;
    }
}

impl Diagnostics for Sml {
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported("a telegram holds no log".to_owned()))
    }

    fn read_settings(&mut self, _: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        Ok(self.session()?.settings())
    }
}

export_driver!(Sml, diagnostics);
