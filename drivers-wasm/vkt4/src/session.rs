//! One session with one meter: who answers, its clock, what it tells of now.

use uzel_driver_sdk::calendar::{MINUTE, civil};
use uzel_driver_sdk::{ClockReading, Failure, Identity, LabelRule, Port, Setting, Sink};

use crate::config::Config;
use crate::field::{self, Field};
use crate::layout;
use crate::link::{Link, ROUNDS};
use crate::model::{self, Model};
use crate::question::{CURRENT, DATE, Question, SETTINGS, Said, TOTALS, TYPE, date};
use crate::settings::Settings;
use crate::settle::{Cells, HEAD, settle};

const HALF_HOUR: i64 = 30 * MINUTE;

/// A meter that was identified.
#[derive(Debug)]
pub struct Session {
    pub link: Link,
    pub model: Model,
    settings: Settings,
    now: Option<Now>,
}

/// What the meter says of its time.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Start of its archives, seconds of its own scale; none where it is no date or lies ahead of the clock.
    pub since: Option<i64>,
    /// The hour that its clock shows: it tells no minutes.
    pub hour: i64,
}

impl Session {
    /// Asks who answers.
    pub fn identify(port: &mut dyn Port, config: Config) -> Result<(Self, Identity), Failure> {
        let mut link = Link::new(config);
        let (answers, ended) = link.agreed(port, &[TYPE, SETTINGS]);
        if let Some(said) = answers.first() {
            let kind = taken(said, "its type")?;
            if kind != [model::TYPE] {
                return Err(Failure::WrongDevice(format!(
                    "a device of type {} answered, expected {:02X}",
                    uzel_driver_sdk::bytes::hex(kind),
                    model::TYPE
                )));
            }
        }
        ended?;
        let said = answers.get(1).ok_or(Failure::NoAnswer)?;
        let settings = Settings::parse(taken(said, "its settings")?)
            .map_err(|short| Failure::Unsupported(format!("settings: {short}")))?;
        let model = Model::of_version(settings.version).map_err(Failure::Unsupported)?;
        port.note(&format!("{} of object {}", model.id(), settings.object()));
        let identity = Identity {
            model: model.id().to_owned(),
            serial: settings.serial(),
            firmware: Some(settings.version_text()),
            details: settings.details(),
        };
        let session = Self {
            link,
            model,
            settings,
            now: None,
        };
        Ok((session, identity))
    }

    /// The clock, which tells its hour only: what is given is the middle of that hour, so that it is at most half of one off.
    pub fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        let now = self.read_now(port)?;
        let (sent, heard) = self.link.times;
        let half_ms = heard.saturating_sub(sent).max(0) / 2;
        Ok(ClockReading {
            shown: civil(now.hour + HALF_HOUR),
            at: sent.saturating_add(half_ms),
            uncertainty_ms: u32::try_from(half_ms + HALF_HOUR * 1_000).unwrap_or(u32::MAX),
        })
    }

    /// The meter's time as it was when it was asked first.
    pub fn now(&mut self, port: &mut dyn Port) -> Result<Now, Failure> {
        match self.now {
            Some(now) => Ok(now),
            None => self.read_now(port),
        }
    }

    fn read_now(&mut self, port: &mut dyn Port) -> Result<Now, Failure> {
        let told = self.settled(port, &[CURRENT], Cells::Numbers, HEAD)?;
        let now = parse_now(&told)?;
        port.note(&format!("clock {:?}", civil(now.hour)));
        self.now = Some(now);
        Ok(now)
    }

    /// Pressures now, of ВКТ-4М.
    pub fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let fields = layout::current(self.model);
        if fields.is_empty() {
            return Err(Failure::Unsupported(
                "ВКТ-4 tells nothing that it measures now".to_owned(),
            ));
        }
        let told = self.settled(port, &[CURRENT], Cells::Numbers, usize::MAX)?;
        // The clock tells no minutes, so the row has the host's time.
        moment(&fields, &told, None, out)
    }

    /// Integrators: of ВКТ-4М those up to the start of its hour.
    pub fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        let told = self.settled(port, &[CURRENT, TOTALS], Cells::Floats, usize::MAX)?;
        let now = parse_now(&told)?;
        let hour = self.model.is_4m().then_some(now.hour);
        moment(
            &layout::totals(self.model),
            told.get(HEAD..).unwrap_or_default(),
            hour,
            out,
        )
    }

    /// The settings, as they were when the session began.
    pub fn read_settings(&self) -> Vec<Setting> {
        self.settings.list()
    }

    /// Asks until answers agree: of the first question the head (with what stands behind it, up to `most` bytes, where it
    /// is the only one), then the others whole.
    fn settled(
        &mut self,
        port: &mut dyn Port,
        questions: &[Question],
        cells: Cells,
        most: usize,
    ) -> Result<Vec<u8>, Failure> {
        let mut answers = Vec::new();
        for _ in 0..ROUNDS {
            let mut told = Vec::new();
            for question in questions {
                let said = self.link.ask(port, *question)?;
                let data = taken(&said, "a question")?;
                let is_head = questions.len() > 1 && told.is_empty();
                let most = if is_head { HEAD } else { most };
                told.extend(data.get(..most).unwrap_or(data));
            }
            answers.push(told);
            if let Some(settled) = settle(&answers, cells, !self.link.disturbed) {
                return Ok(settled);
            }
        }
        Err(Failure::Garbled("no two answers of now agree".to_owned()))
    }
}

fn moment(fields: &[Field], data: &[u8], at: Option<i64>, out: &mut dyn Sink) -> Result<(), Failure> {
    let short = || Failure::Unsupported(format!("{} bytes came, less than the fields need", data.len()));
    let mut row = field::row(fields, data).ok_or_else(short)?;
    row.label = at.map(civil);
    let columns: Vec<_> = fields.iter().map(Field::column).collect();
    out.declare(&columns, LabelRule::Moment)?;
    out.rows(&[row], None)
}

fn parse_now(told: &[u8]) -> Result<Now, Failure> {
    let shown = told.get(DATE..HEAD).unwrap_or_default();
    let Some(hour) = date(shown) else {
        let shown = uzel_driver_sdk::bytes::hex(shown);
        return Err(Failure::Refused(format!("the clock shows {shown}, which is no date")));
    };
    Ok(Now {
        since: date(told).filter(|since| *since <= hour),
        hour,
    })
}

/// The data of an answer that is no refusal.
pub fn taken<'a>(said: &'a Said, what: &str) -> Result<&'a [u8], Failure> {
    if said.is_refusal() {
        let echo = uzel_driver_sdk::bytes::hex(&said.data);
        return Err(Failure::Refused(format!("C4 to {what}: {echo}")));
    }
    Ok(&said.data)
}
