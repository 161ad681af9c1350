//! The session with one ВКТ-7: what has been learned, what the device has been told, and the single exchanges.
//!
//! The device keeps value type, read list and date. What was written stays in place only while the line is without
//! faults: after one, all is written again before anything is read.

use std::fmt::Display;
use std::rc::Rc;

use uzel_driver_sdk::{CivilTime, Failure, Port};

use crate::config::{Config, Listed, ServerVersion, Units};
use crate::element::{self, Source};
use crate::frame;
use crate::message::{self, Range, Service, register};
use crate::property::{self, Properties};
use crate::reading::Seen;
use crate::record::Plan;
use crate::talk::{Reply, Request, Talk, Want};

/// Firmware as the service byte has it.
pub mod firmware {
    pub const WITH_RANGE: u8 = 0x16;
    pub const WITH_CLOCK: u8 = 0x19;
    pub const WITH_OUTPUTS: u8 = 0x20;
    pub const WITH_SECONDS: u8 = 0x27;
}

/// A written state, and the faults there were before it was written.
type InPlace<T> = Option<(T, u32)>;

/// One session.
pub struct Meter {
    pub config: Config,
    pub talk: Talk,
    pub service: Service,
    counted: Option<bool>,
    properties: Option<Rc<Properties>>,
    active: Option<Vec<Listed>>,
    plans: Vec<(Source, Rc<Plan>)>,
    source: InPlace<Source>,
    list: InPlace<Vec<Listed>>,
    pub clock: Option<CivilTime>,
    pub range: Option<Range>,
    pub seen: Seen,
}

impl Meter {
    /// Starts the session, and learns the server version where the configuration leaves it open.
    pub fn start(port: &mut dyn Port, config: Config) -> Result<Self, Failure> {
        let talk = Talk::new(&config);
        let counted = match config.server_version {
            ServerVersion::Auto => None,
            version => Some(version == ServerVersion::Counted),
        };
        let mut meter = Self {
            config,
            talk,
            service: Service::default(),
            counted,
            properties: None,
            active: None,
            plans: Vec::new(),
            source: None,
            list: None,
            clock: None,
            range: None,
            seen: Seen::default(),
        };
        meter.talk.begin(port);
        meter.open(port)?;
        if meter.config.server_version == ServerVersion::Auto {
            meter.read_version(port)?;
        }
        Ok(meter)
    }

    /// Starts the session anew after the line failed.
    pub fn reopen(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        self.talk.settle(port, self.talk.attempts())?;
        (self.source, self.list) = (None, None);
        self.open(port)
    }

    fn open(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        let declared = message::SESSION_START_DECLARED;
        match self.write(port, register::LIST, declared, &message::SESSION_START)? {
            Reply::Refused(code) => Err(refused("session start", code)),
            Reply::Done | Reply::Data(_) => {
                port.note("session started");
                Ok(())
            }
        }
    }

    /// The first data after the session start tell the server version. Any other answer leaves it open.
    fn read_version(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        if let Reply::Data(data) = self.read(port, register::DATA, Some(0), Want::AnyData)? {
            self.counted = message::server_version(&data).map(|version| version == 1);
        }
        port.note(match self.counted {
            Some(true) => "server version 1",
            Some(false) => "server version 0",
            None => "server version not told",
        });
        Ok(())
    }

    /// Whether the firmware is at least `needed`; unknown firmware is taken for a new one.
    pub fn has(&self, needed: u8) -> bool {
        match self.service.firmware {
            Some(firmware) => firmware >= needed,
            // One byte of service information is what firmware before 1.5 tells.
            None => self.service == Service::default(),
        }
    }

    /// Whether anything on this line must be read twice.
    pub fn suspects(&self) -> bool {
        self.talk.faults() > 0
    }

    /// Empties a line with faults before the source changes: what is still on its way belongs to the source before.
    pub fn settle_if_suspect(&self, port: &mut dyn Port) -> Result<(), Failure> {
        if self.suspects() {
            self.talk.settle(port, self.talk.attempts())
        } else {
            Ok(())
        }
    }

    /// One read request.
    pub fn read(
        &mut self,
        port: &mut dyn Port,
        register: u16,
        count: Option<u16>,
        want: Want,
    ) -> Result<Reply, Failure> {
        let frame = frame::read_request(self.config.address, register, count);
        let dated = register == register::RANGE;
        self.talk.ask(port, &Request { frame, want, dated })
    }

    /// One write request.
    pub fn write(
        &mut self,
        port: &mut dyn Port,
        register: u16,
        declared: u8,
        payload: &[u8],
    ) -> Result<Reply, Failure> {
        let frame = frame::write_request(self.config.address, register, declared, payload);
        let (want, dated) = (Want::Echo(register), register == register::DATE);
        self.talk.ask(port, &Request { frame, want, dated })
    }

    /// A read whose data `parse` understands; data that it does not understand answer another question.
    ///
    /// The inner error is the device's refusal.
    pub fn learn<T, E: Display>(
        &mut self,
        port: &mut dyn Port,
        register: u16,
        count: Option<u16>,
        parse: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<Result<T, u8>, Failure> {
        let mut wrong = String::new();
        for attempt in 1..=self.talk.attempts() {
            match self.read(port, register, count, Want::AnyData)? {
                Reply::Refused(code) => return Ok(Err(code)),
                Reply::Data(data) => match parse(&data) {
                    Ok(learned) => return Ok(Ok(learned)),
                    Err(error) => wrong = error.to_string(),
                },
                Reply::Done => wrong = "an echo where data were asked".to_owned(),
            }
            self.talk.distrust(port, &wrong);
            self.talk.settle(port, attempt)?;
        }
        Err(Failure::Garbled(wrong))
    }

    /// Tells the device what is read next, unless it knows.
    pub fn set_source(&mut self, port: &mut dyn Port, source: Source) -> Result<(), Failure> {
        if self.source == Some((source, self.talk.faults())) {
            return Ok(());
        }
        self.write_source(port, source)
    }

    /// Tells the device what is read next. Its echo is of another kind than dates and data have, so it also proves
    /// that no answer is one too many.
    pub fn write_source(&mut self, port: &mut dyn Port, source: Source) -> Result<(), Failure> {
        let faults = self.talk.faults();
        match self.write(port, register::TYPE, 2, &[source.code(), 0])? {
            Reply::Refused(code) => Err(refused(&format!("value type {}", source.name()), code)),
            Reply::Done | Reply::Data(_) => {
                port.note(&format!("value type {}", source.name()));
                self.source = Some((source, faults));
                Ok(())
            }
        }
    }

    /// The read list of a source with its columns, written to the device unless it is in place.
    pub fn plan(&mut self, port: &mut dyn Port, source: Source) -> Result<Rc<Plan>, Failure> {
        let known = self.plans.iter().find(|(known, _)| *known == source);
        let plan = match known {
            Some((_, plan)) => Rc::clone(plan),
            None => {
                let list = self.elements(port, source)?;
                let properties = self.properties.clone().unwrap_or_default();
                let plan = Plan::new(list, source, &properties).map_err(|e| Failure::Unsupported(e.to_string()))?;
                let plan = Rc::new(plan);
                self.plans.push((source, Rc::clone(&plan)));
                plan
            }
        };
        self.set_list(port, &plan.list)?
            .map_err(|code| refused("read list", code))?;
        Ok(plan)
    }

    /// Forgets the active elements: the device's measurement scheme has changed.
    pub fn forget_elements(&mut self) {
        self.active = None;
        self.plans.clear();
        self.list = None;
    }

    fn elements(&mut self, port: &mut dyn Port, source: Source) -> Result<Vec<Listed>, Failure> {
        if let Some(fixed) = self.config.fixed_elements()? {
            return Ok(fixed);
        }
        if self.active.is_none() {
            let active = self.learn(port, register::ACTIVE, Some(0), message::active_list)?;
            let active = active.map_err(|code| refused("active elements", code))?;
            port.note(&format!("{} active elements", active.len()));
            self.active = Some(active);
        }
        let held = |listed: &&Listed| source.holds(listed.index) && element::find(listed.index).is_some();
        let list: Vec<_> = self.active.iter().flatten().filter(held).copied().collect();
        if list.is_empty() {
            return Err(Failure::Unsupported(format!(
                "no active element has a value of type {}",
                source.name()
            )));
        }
        Ok(list)
    }

    fn set_list(&mut self, port: &mut dyn Port, list: &[Listed]) -> Result<Result<(), u8>, Failure> {
        let faults = self.talk.faults();
        if self
            .list
            .as_ref()
            .is_some_and(|(known, before)| known == list && *before == faults)
        {
            return Ok(Ok(()));
        }
        let payload = message::list_payload(list);
        let declared = u8::try_from(payload.len())
            .map_err(|_| Failure::Unsupported(format!("{} elements, a list holds {}", list.len(), element::MOST)))?;
        match self.write(port, register::LIST, declared, &payload)? {
            Reply::Refused(code) => Ok(Err(code)),
            Reply::Done | Reply::Data(_) => {
                port.note(&format!("read list of {} elements", list.len()));
                self.list = Some((list.to_vec(), faults));
                Ok(Ok(()))
            }
        }
    }

    /// Units and decimals, read once a session.
    pub fn properties(&mut self, port: &mut dyn Port) -> Result<Rc<Properties>, Failure> {
        if let Some(properties) = &self.properties {
            return Ok(Rc::clone(properties));
        }
        let mut properties = Properties::default();
        match self.config.units {
            Units::Usual => properties = Properties::usual(),
            Units::Read => self
                .read_properties(port, &property::RECOMMENDED, &mut properties)?
                .map_err(|code| refused("properties", code))?,
        }
        // All twenty decimals come in one list (captured); a device that refuses it has told the needful above.
        let digits = self.read_properties(port, &Properties::all_digits(), &mut properties)?;
        if let (Err(code), Units::Usual) = (digits, self.config.units) {
            return Err(refused("decimals", code));
        }
        Ok(Rc::clone(self.properties.insert(Rc::new(properties))))
    }

    fn read_properties(
        &mut self,
        port: &mut dyn Port,
        indices: &[u8],
        into: &mut Properties,
    ) -> Result<Result<(), u8>, Failure> {
        let size = |index| {
            if element::DIGITS.contains(&index) {
                1
            } else {
                property::UNIT_SIZE
            }
        };
        let list: Vec<_> = indices
            .iter()
            .map(|&index| Listed {
                index,
                size: size(index),
            })
            .collect();
        let mut wrong = String::new();
        for attempt in 1..=self.talk.attempts() {
            self.set_source(port, Source::Properties)?;
            if let Err(code) = self.set_list(port, &list)? {
                return Ok(Err(code));
            }
            let data = match self.read(port, register::DATA, Some(0), Want::AnyData)? {
                Reply::Data(data) => data,
                // The device has another value type than was written: no answer to the list, so all is repeated.
                Reply::Done | Reply::Refused(2) => Vec::new(),
                Reply::Refused(code) => return Ok(Err(code)),
            };
            // A device that does not tell its version tells it by the form of its units.
            let told = self.counted.unwrap_or(true);
            let mut added = into.add(indices, &data, told);
            if added.is_err() && self.config.server_version == ServerVersion::Auto {
                added = into.add(indices, &data, !told).or(added);
            }
            match added {
                Ok(()) => {
                    port.note(&format!("{} properties", indices.len()));
                    return Ok(Ok(()));
                }
                Err(error) => wrong = error.to_string(),
            }
            self.talk.distrust(port, &wrong);
            self.talk.settle(port, attempt)?;
        }
        Err(Failure::Garbled(wrong))
    }

    /// The last day of the report month.
    pub fn report_day(&self) -> Option<u8> {
        let told = self.config.report_day.unwrap_or(self.service.report_day);
        (1..=31).contains(&told).then_some(told)
    }
}

/// The device's refusal in words.
pub fn refused(what: &str, code: u8) -> Failure {
    let meaning = match code {
        2 => "unknown element or value type, or a list that does not fit the type",
        3 => "no data for the date",
        5 => "measurement scheme changed, or list too long",
        6 => "no such request in this firmware",
        7 => "outputs are not remotely controlled",
        _ => "meaning not documented",
    };
    Failure::Refused(format!("{what}: {code} ({meaning})"))
}

/// A civil time for the journal.
pub struct Shown(pub CivilTime);

impl Display for Shown {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CivilTime {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self.0;
        write!(to, "{year}-{month:02}-{day:02} {hour:02}")?;
        if minute != 0 || second != 0 {
            write!(to, ":{minute:02}:{second:02}")?;
        }
        Ok(())
    }
}
