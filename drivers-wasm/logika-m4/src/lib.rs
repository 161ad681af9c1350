//! Driver of the LOGIKA meters of the M4 family.
//!
//! "M4 note" in comments is `docs/protocols/logika-m4.md`. What both dialects of the family share (identification,
//! configuration, names) stands at the top; [`legacy`] is the 4L dialect, with the wake-up and the session request of
//! every meter; [`extended`] is the 4M dialect. Which one a meter speaks follows from its identification bytes alone: a
//! СПТ943 of the legacy dialect answers an extended session request, too, and then refuses everything else.

pub mod config;
pub mod extended;
pub mod ident;
pub mod legacy;
pub mod numbers;
pub mod titles;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Configure, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink,
    Value, Window, export_driver,
};

use config::Config;
use extended::model::model as extended_model;
use legacy::link::Link;
use legacy::model::model as legacy_model;
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
    Legacy(Session),
    Extended(extended::session::Session),
}

/// The session with a meter that was identified, by dialect.
enum Known<'a> {
    Legacy(&'a mut Session),
    Extended(&'a mut extended::session::Session),
}

impl LogikaM4 {
    fn meter(&mut self) -> Result<Known<'_>, Failure> {
        match &mut self.state {
            State::Legacy(session) => Ok(Known::Legacy(session)),
            State::Extended(session) => Ok(Known::Extended(session)),
            State::New | State::Refused(_) => Err(Failure::Unsupported("no meter was identified".to_owned())),
        }
    }

    /// Asks who answers, and starts the session of its dialect.
    fn begin(&mut self, port: &mut dyn Port, mut link: Link) -> Result<Identity, (Link, Failure)> {
        let ident = match link.open(port) {
            Ok(ident) => ident,
            Err(trouble) => return Err((link, trouble.into())),
        };
        let Some(device) = ident.device() else {
            return Err((link, Failure::WrongDevice(format!("{ident} answered"))));
        };
        let (state, identity) = if let Some(model) = legacy_model(device) {
            let (session, identity) = Session::introduce(link, port, ident, device, model)?;
            (State::Legacy(session), identity)
        } else if let Some(model) = extended_model(device) {
            let (session, identity) = extended::session::Session::introduce(link, port, ident, device, model)?;
            (State::Extended(session), identity)
        } else {
            return Err((
                link,
                Failure::Unsupported(format!("{ident} answered: this driver does not read it")),
            ));
        };
        self.state = state;
        Ok(identity)
    }
}

impl Driver for LogikaM4 {
    fn describe() -> &'static str {
        uzel_driver_sdk::packed!("describe.json")
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let link = Link::new(Config::parse(config)?);
        self.begin(port, link).map_err(|(link, failure)| {
            self.state = State::Refused(link);
            failure
        })
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        match self.meter()? {
            Known::Legacy(session) => Ok(session.read_clock(port)?.into()),
            Known::Extended(session) => session.read_clock(port),
        }
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        match self.meter()? {
            Known::Legacy(session) => session.read_current(port, out),
            Known::Extended(session) => session.read_current(port, out),
        }
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        match self.meter()? {
            Known::Legacy(session) => session.read_totals(port, out),
            Known::Extended(session) => session.read_totals(port, out),
        }
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        match self.meter()? {
            Known::Legacy(session) => legacy::archive::read(session, port, kind, windows, resume, out),
            Known::Extended(session) => extended::archive::read(session, port, kind, windows, resume, out),
        }
    }

    fn close(&mut self, port: &mut dyn Port) {
        match &mut self.state {
            State::Legacy(session) => session.link.close(port),
            State::Extended(session) => session.talk.link.close(port),
            State::Refused(link) => link.close(port),
            State::New => {}
        }
    }
}

impl Diagnostics for LogikaM4 {
    /// The addresses of the НС and ИЗМ rings of most 4L models are not public (M4 note, sections 5.3 and 15).
    fn read_events(
        &mut self,
        port: &mut dyn Port,
        since: Option<CivilTime>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        match self.meter()? {
            Known::Legacy(_) => Err(Failure::Unsupported(
                "the place of the meter's own journals is not public".to_owned(),
            )),
            Known::Extended(session) => session.read_events(port, since, out),
        }
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        match self.meter()? {
            Known::Legacy(session) => session.read_settings(port),
            Known::Extended(session) => session.read_settings(port),
        }
    }
}

impl Configure for LogikaM4 {
    fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        match self.meter()? {
            Known::Legacy(session) => session.set_clock(port, to),
            Known::Extended(session) => session.set_clock(port, to),
        }
    }

    fn write_setting(&mut self, port: &mut dyn Port, id: &str, value: Value) -> Result<(), Failure> {
        match self.meter()? {
            Known::Legacy(session) => session.write_setting(port, id, &value),
            Known::Extended(session) => session.write_setting(port, id, &value),
        }
    }
}

export_driver!(LogikaM4, diagnostics, configure);
