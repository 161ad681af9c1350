//! Driver of meters that speak IEC 62056-21 (once IEC 1107): modes A, B and C at an optical head, current loop or RS-485,
//! and telegrams that come by themselves (mode D, P1/DSMR).
//!
//! "The standard" in comments is IEC 62056-21:2002. From the wire up: `frame`, `ident` and `telegram` are bytes;
//! `dataset`, `obis`, `number`, `stamp`, `status` and `profile` are what they say; `link`, `programming` and `push` are the conversation;
//! `settle` decides what of several readouts can be believed; `session` finds the meter, `moment`, `months`, `archive` and
//! `events` read it.

mod archive;
pub mod config;
pub mod dataset;
pub mod events;
pub mod frame;
pub mod ident;
mod link;
pub mod model;
mod moment;
pub mod months;
pub mod number;
pub mod obis;
pub mod profile;
mod programming;
mod push;
pub mod register;
mod session;
pub mod settle;
pub mod stamp;
pub mod status;
pub mod telegram;
mod trouble;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Window,
    export_driver,
};

use config::Config;
use obis::Class;
use session::Session;

/// One session with one meter.
#[derive(Debug, Default)]
pub struct Iec62056 {
    session: Option<Session>,
}

impl Iec62056 {
    fn session(&mut self) -> Result<&mut Session, Failure> {
        let not_known = || Failure::Unsupported("no meter was identified".to_owned());
        self.session.as_mut().ok_or_else(not_known)
    }
}

/// Minutes of a day.
const DAY_MIN: u32 = 24 * 60;

impl Driver for Iec62056 {
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

    fn read_current(&mut self, _: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.moment(Class::Current, out)
    }

    fn read_totals(&mut self, _: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.session()?.moment(Class::Total, out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let session = self.session()?;
        let config = &session.link.config;
        let (name, period_min) = match kind {
            ArchiveKind::Monthly => return session.read_months(windows, out),
            ArchiveKind::Hourly => (config.profile.clone(), 60),
            ArchiveKind::EveryMinutes(minutes) if minutes > 0 => (config.profile.clone(), u32::from(minutes)),
            ArchiveKind::Daily => (config.profile_days.clone(), DAY_MIN),
            _ => return Err(Failure::Unsupported("the protocol has no such archive".to_owned())),
        };
        if session.is_listened() {
            let text = "a meter that sends by itself cannot be asked for a profile";
            return Err(Failure::Unsupported(text.to_owned()));
        }
        if name.is_empty() {
            return Err(Failure::Unsupported(
                "the configuration names no such profile".to_owned(),
            ));
        }
        session.read_profile(port, &name, period_min, windows, resume, out)
    }

    /// The programming mode is left, or the meter would be busy for a minute.
    fn close(&mut self, port: &mut dyn Port) {
        if let Some(mut session) = self.session.take() {
            // Whatever comes of it, the session is over.
            let _ = session.link.leave(port);
        }
    }
}

impl Diagnostics for Iec62056 {
    fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.session()?.read_events(port, since, out)
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.session()?.settings(port)
    }
}

export_driver!(Iec62056, diagnostics);
