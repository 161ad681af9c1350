//! Driver of the LOGIKA meters that speak the magistral protocol (СПСеть, SPbus): СПТ961, СПТ961М, СПТ961.1/.2,
//! СПТ961.1М/.2М, СПТ962, СПТ963, СПГ761, СПГ762, СПГ763 and their .1/.2, СПЕ542, СПЕ543.
//!
//! "SPbus note" in comments is `docs/protocols/logika-spbus.md`. From the wire up: `frame`, `text`, `message` are bytes,
//! blocks and answers, `number` and `stamp` values and times; `link` is the conversation, which `opening` begins on a meter's
//! own port; `session` finds the meter;
//! `archive`, `current`, `clock`, `events`, `settings` read it. `model`, `quantity` and `electricity` are the tables.

pub mod abnormal;
mod archive;
pub mod category;
pub mod channels;
mod clock;
pub mod column;
mod config;
mod current;
pub mod electricity;
mod events;
pub mod frame;
pub mod ident;
pub mod interval;
pub mod link;
pub mod message;
pub mod model;
pub mod number;
mod opening;
pub mod quantity;
mod session;
pub mod settings;
pub mod stamp;
pub mod text;
mod trouble;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Configure, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink,
    Value, Window, export_driver,
};

use config::Config;
use session::Session;

/// One session with one meter.
#[derive(Debug, Default)]
pub struct LogikaSpbus {
    session: Option<Session>,
}

impl LogikaSpbus {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        let not_known = || Failure::Unsupported("no meter was identified".to_owned());
        self.session.as_mut().ok_or_else(not_known)
    }
}

impl Driver for LogikaSpbus {
    fn describe() -> &'static str {
        uzel_driver_sdk::packed!("describe.json")
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

    /// The protocol has no end of a session; a modem hangs up by itself, or the host does it.
    fn close(&mut self, _: &mut dyn Port) {
        self.session = None;
    }
}

impl Diagnostics for LogikaSpbus {
    fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.session()?.read_events(port, since, out)
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.session()?.read_settings(port)
    }
}

impl Configure for LogikaSpbus {
    fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        self.session()?.set_clock(port, to)
    }

    fn write_setting(&mut self, port: &mut dyn Port, id: &str, value: Value) -> Result<(), Failure> {
        self.session()?.write_setting(port, id, &value)
    }
}

export_driver!(LogikaSpbus, diagnostics, configure);
