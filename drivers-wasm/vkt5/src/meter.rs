//! The session with one ВКТ-5: who answers, and its clock.

use uzel_driver_sdk::bytes::Reader;
use uzel_driver_sdk::{CivilTime, ClockReading, Failure, Identity, Port};

use crate::config::Config;
use crate::message::{self, Requisites, Source, Version};
use crate::plan::Plan;
use crate::scheme::{Generation, Scheme};
use crate::talk::Talk;

/// The one model.
const MODEL: &str = "vkt5";

/// One session.
pub struct Meter {
    pub talk: Talk,
    pub scheme: Scheme,
    config: Config,
}

impl Meter {
    /// Finds out whether a ВКТ-5 of a known form answers.
    pub fn identify(port: &mut dyn Port, config: Config) -> Result<(Self, Identity), Failure> {
        let mut talk = Talk::new(&config);
        port.purge();
        let found = talk.proven(port, true, |talk, port| {
            let version = talk.data(port, &message::version())?.map_err(refused)?;
            let scheme = talk.data(port, &message::scheme())?.map_err(refused)?;
            Ok((Version::parse(&version), scheme))
        });
        let (version, data) = found.map_err(|failure| match failure {
            Failure::Refused(what) => Failure::WrongDevice(format!("version or configuration: {what}: no ВКТ-5")),
            failure => failure,
        })?;
        let scheme =
            Scheme::parse(&data, version).map_err(|error| Failure::WrongDevice(format!("{error}: no known ВКТ-5")))?;
        let mut meter = Self { talk, scheme, config };
        let requisites = meter.requisites(port)?;
        let mut details = meter.details();
        if let Some(requisites) = &requisites {
            details.push(("device type".to_owned(), requisites.kind.to_string()));
        }
        let identity = Identity {
            model: MODEL.to_owned(),
            serial: requisites.and_then(|requisites| requisites.serial()),
            firmware: Some(version.map_or_else(|| "≤ 4.06".to_owned(), |version| version.to_string())),
            details,
        };
        Ok((meter, identity))
    }

    fn details(&self) -> Vec<(String, String)> {
        let inputs = self.scheme.inputs.iter().map(|input| {
            let pipes: Vec<_> = input.pipes.iter().map(|pipe| pipe.number.to_string()).collect();
            (
                format!("heat input {}", input.number),
                format!("pipes {}", pipes.join(", ")),
            )
        });
        let regulators = self.scheme.regulators.iter().zip(1..);
        let regulators =
            regulators.filter_map(|(kind, number)| Some((format!("regulator {number}"), format!("type {}", (*kind)?))));
        let report = self.scheme.report.map(|form| ("report".to_owned(), form.to_string()));
        inputs.chain(regulators).chain(report).collect()
    }

    /// What the owner entered; firmware before 4 has no such thing.
    pub fn requisites(&mut self, port: &mut dyn Port) -> Result<Option<Requisites>, Failure> {
        if self.scheme.generation < Generation::Four {
            return Ok(None);
        }
        let data = self
            .talk
            .proven(port, true, |talk, port| talk.data(port, &message::requisites()))?;
        match data {
            Ok(data) => Requisites::parse(&data).map(Some).map_err(|error| garbled(&error)),
            Err(code) => {
                port.note(&format!("requisites: {}", message::refusal(code)));
                Ok(None)
            }
        }
    }

    /// What the clock shows.
    pub fn now(&mut self, port: &mut dyn Port) -> Result<CivilTime, Failure> {
        self.talk.proven(port, true, shown)
    }

    /// The device's clock beside the host's. It shows minutes.
    pub fn clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let (shown, asked, came) = self.talk.proven(port, true, |talk, port| {
            let shown = shown(talk, port)?;
            Ok((shown, talk.asked_at, port.now()))
        })?;
        let half_ms = came.saturating_sub(asked) / 2;
        Ok(ClockReading {
            shown,
            at: asked.saturating_add(half_ms),
            uncertainty_ms: u32::try_from(half_ms).unwrap_or(u32::MAX).saturating_add(60_000),
        })
    }

    /// What is asked for rows of a source.
    pub fn plan(&self, source: Source) -> Result<Plan, Failure> {
        if self.scheme.inputs.is_empty() {
            return Err(Failure::Unsupported(
                "no heat input of the device has a pipe".to_owned(),
            ));
        }
        Ok(Plan::new(&self.scheme, source, &self.config.pressure_unit))
    }
}

/// The clock as it is shown.
fn shown(talk: &mut Talk, port: &mut dyn Port) -> Result<CivilTime, Failure> {
    let data = talk.data(port, &message::clock())?.map_err(refused)?;
    message::time(&mut Reader::new(&data)).map_err(|error| Failure::Refused(error.to_string()))
}

/// A refusal as the failure of a call.
pub fn refused(code: u8) -> Failure {
    Failure::Refused(message::refusal(code))
}

/// Data that are no answer as the failure of a call.
pub fn garbled(error: &dyn std::error::Error) -> Failure {
    Failure::Garbled(error.to_string())
}
