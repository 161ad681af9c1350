//! The state of one ВКТ-7 in conversation: wake, frame assembly, session, answers.

use super::archive::{Archive, AskedDate, Content};
use super::config::Vkt7Config;
use super::data::{self, Source};
use super::elements::{self, CURRENT, DAILY, HOURLY, LAST_ELEMENT, MONTHLY, PROPERTIES, TOTALS_NOW};
use super::frame::{self, MAX_FRAME, Parsed, Request};
use super::history::History;
use super::info;
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use std::sync::Arc;
use std::time::Duration;

/// The real device ends a frame after 62.5 ms of silence; a loaded test machine may split a burst
/// for longer than that without any fault of the host.
const FRAME_GAP: Duration = Duration::from_millis(250);

/// Elements that fit the byte count of a list write.
const MAX_LIST: usize = 42;

/// Exception codes of section 3.
const UNKNOWN: u8 = 2;
const NO_DATA: u8 = 3;
const TOO_LONG_OR_CHANGED: u8 = 5;
const NOT_SUPPORTED: u8 = 6;
const NOT_REMOTE: u8 = 7;

/// What the next data read answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum List {
    /// Right after the session start: the block with the server version.
    Version,
    Elements(Vec<u8>),
}

/// One ВКТ-7.
pub struct Vkt7 {
    config: Arc<Vkt7Config>,
    history: Arc<History>,
    clock: SimClock,
    disguise: Option<Disguise>,
    buffer: Vec<u8>,
    /// FF bytes seen in front of the buffer.
    wake_bytes: usize,
    heard_at: Option<Duration>,
    value_type: Option<u8>,
    list: List,
    asked: Option<AskedDate>,
    /// Set while the mask is that of the scheme before the change.
    old_mask: bool,
    /// The record source that foreign elements were last refused for, once per change of source.
    source_seen: Option<u8>,
    outputs: Option<[u8; 2]>,
    requests: u64,
}

impl Vkt7 {
    /// A meter in its state after power-up.
    pub(super) fn with(config: Arc<Vkt7Config>, history: Arc<History>, clock: SimClock) -> Self {
        Self {
            outputs: config.outputs,
            config,
            history,
            clock,
            disguise: None,
            buffer: Vec::new(),
            wake_bytes: 0,
            heard_at: None,
            value_type: None,
            list: List::Version,
            asked: None,
            old_mask: false,
            source_seen: None,
            requests: 0,
        }
    }

    fn archive(&self) -> Archive<'_> {
        Archive {
            history: &self.history,
            config: &self.config,
            now_hour: self.clock.now_hour(),
        }
    }

    /// Elements of the activity mask as it stands.
    fn mask(&self) -> &[u8] {
        match &self.config.scheme_change {
            Some(change) if self.old_mask => &change.elements,
            _ => &self.config.elements,
        }
    }

    /// Own address, or 0 unless the RS-485 adapter is in use, which forbids it.
    fn is_mine(&self, address: u8) -> bool {
        address == self.config.address || (address == 0 && self.config.sleeps_after.is_some())
    }

    /// Whether this request finds the meter awake; `idle` is the silence before it.
    fn awake(&self, idle: Option<Duration>) -> bool {
        match (self.config.sleeps_after, idle) {
            (None, _) => true,
            (Some(_), _) if self.wake_bytes >= 2 => true,
            (Some(limit), Some(idle)) => idle < limit,
            (Some(_), None) => false,
        }
    }

    fn answer(&mut self, address: u8, request: Request) -> Vec<u8> {
        match request {
            Request::SessionStart => {
                self.value_type = None;
                self.list = List::Version;
                self.asked = None;
                self.old_mask = false;
                self.source_seen = None;
                frame::echo(address, 0x3FFF)
            }
            Request::Write { start, data } => match self.write(start, &data) {
                Ok(()) => frame::echo(address, start),
                Err(code) => frame::exception(address, 0x10, code, start),
            },
            Request::Read { start } => match self.read(start) {
                Ok(data) => frame::data_answer(address, &data),
                Err(code) => frame::exception(address, 0x03, code, start),
            },
        }
    }

    fn write(&mut self, start: u16, data: &[u8]) -> Result<(), u8> {
        match (start, data) {
            (0x3FFF, list) => self.write_list(list),
            (0x3FFD, &[value_type, 0]) if value_type <= PROPERTIES => {
                self.value_type = Some(value_type);
                Ok(())
            }
            (0x3FFB, &[day, month, year, hour]) => self.write_date(AskedDate { day, month, year, hour }),
            (0x3FEE, &[first, second]) if self.config.firmware >= 20 => {
                self.outputs = Some(self.outputs.map(|_| [first, second]).ok_or(NOT_REMOTE)?);
                Ok(())
            }
            (0x3FEE, _) => Err(NOT_SUPPORTED),
            _ => Err(UNKNOWN),
        }
    }

    fn write_list(&mut self, data: &[u8]) -> Result<(), u8> {
        let mut list = Vec::new();
        let (entries, rest) = data.as_chunks::<6>();
        for [a, b, c, d, _, _] in entries {
            let index = u32::from_le_bytes([*a, *b, *c, *d]) & 0x3FFF_FFFF;
            let index = u8::try_from(index).ok().filter(|index| *index <= LAST_ELEMENT);
            list.push(index.ok_or(UNKNOWN)?);
        }
        if !rest.is_empty() {
            return Err(UNKNOWN);
        }
        if list.len() > MAX_LIST || data::longest_answer(&list) > usize::from(u8::MAX) {
            return Err(TOO_LONG_OR_CHANGED);
        }
        self.list = List::Elements(list);
        Ok(())
    }

    /// A refused date leaves the one before in force, as captured devices do with lost writes.
    fn write_date(&mut self, asked: AskedDate) -> Result<(), u8> {
        match self.value_type {
            None | Some(PROPERTIES) => return Err(NO_DATA),
            Some(CURRENT | TOTALS_NOW) => {}
            Some(archive) => {
                self.archive().select(archive, asked).ok_or(NO_DATA)?;
            }
        }
        self.asked = Some(asked);
        Ok(())
    }

    fn read(&mut self, start: u16) -> Result<Vec<u8>, u8> {
        let firmware = self.config.firmware;
        match start {
            0x3FFE => self.read_data(),
            0x3FFC => Ok(info::active_list(self.mask())),
            0x3FF9 => Ok(info::service_information(&self.config, self.disguise)),
            0x3FF6 if firmware >= 16 => Ok(info::date_interval(&self.archive())),
            0x3FFB if firmware >= 19 => Ok(info::date_time(&self.config, self.clock.now())),
            // Captured: firmware before 1.9 answers the clock read with an empty frame.
            0x3FFB => Ok(Vec::new()),
            0x3ECD if firmware >= 19 => self.scheme_number(0),
            0x3F5B if firmware >= 19 => self.scheme_number(1),
            0x3FE9 if firmware >= 19 => Ok(vec![0, 0xC0, 0]),
            0x3EA6 if firmware >= 19 => Ok(info::subscriber_id(&self.config, self.disguise)),
            0x3FEE if firmware >= 20 => Ok(self.outputs.ok_or(NOT_REMOTE)?.to_vec()),
            0x3FF6 | 0x3ECD | 0x3F5B | 0x3FE9 | 0x3EA6 | 0x3FEE => Err(NOT_SUPPORTED),
            _ => Err(UNKNOWN),
        }
    }

    /// Needs a value type written in this session (section 3.11).
    fn scheme_number(&self, input: usize) -> Result<Vec<u8>, u8> {
        self.value_type.ok_or(UNKNOWN)?;
        let scheme = self.config.schemes.get(input).copied().unwrap_or(0);
        Ok(vec![scheme, 0xC0, 0])
    }

    fn read_data(&mut self) -> Result<Vec<u8>, u8> {
        let List::Elements(list) = self.list.clone() else {
            return Ok(info::version_block(&self.config));
        };
        let value_type = self.value_type.ok_or(UNKNOWN)?;
        let (content, start_hour) = self.content(value_type, &list)?;
        self.follow_scheme(value_type, start_hour)?;
        self.refuse_foreign_once(value_type, &list)?;
        let active = self.config.elements_at(start_hour);
        let source = Source {
            config: &self.config,
            value_type,
            active,
            content,
        };
        let bytes = source.bytes(&list);
        if bytes.len() > usize::from(u8::MAX) {
            return Err(TOO_LONG_OR_CHANGED);
        }
        Ok(bytes)
    }

    /// What the value type and the date select, and the hour whose scheme it was kept under.
    fn content(&self, value_type: u8, list: &[u8]) -> Result<(Content, i64), u8> {
        let now_hour = self.clock.now_hour();
        match value_type {
            PROPERTIES if !data::only_properties(list) => Err(UNKNOWN),
            PROPERTIES | CURRENT => Ok((Content::Interval(self.history.current(now_hour)), now_hour)),
            TOTALS_NOW => {
                let (totals, di) = self.history.totals_before(now_hour);
                Ok((Content::Totals(totals, di), now_hour))
            }
            archive => {
                let asked = self.asked.ok_or(NO_DATA)?;
                let selected = self.archive().select(archive, asked).ok_or(NO_DATA)?;
                Ok((selected.content, selected.start_hour))
            }
        }
    }

    /// Exception 5 when the record was kept under another scheme than the mask shows; the mask follows.
    fn follow_scheme(&mut self, value_type: u8, start_hour: i64) -> Result<(), u8> {
        let Some(change) = &self.config.scheme_change else {
            return Ok(());
        };
        let old = start_hour < change.until_hour && matches!(value_type, HOURLY | DAILY | MONTHLY);
        if old == self.old_mask || value_type == PROPERTIES {
            return Ok(());
        }
        self.old_mask = old;
        Err(TOO_LONG_OR_CHANGED)
    }

    /// Captured 43 times: the first read of a new record source is refused when the list holds
    /// elements of ТВ2 that the mask does not.
    fn refuse_foreign_once(&mut self, value_type: u8, list: &[u8]) -> Result<(), u8> {
        let source = if value_type == TOTALS_NOW { CURRENT } else { value_type };
        let mask = self.mask();
        let foreign =
            |index: &u8| !mask.contains(index) && elements::element(*index).is_some_and(|element| element.input == 2);
        let refused = value_type != PROPERTIES && self.source_seen != Some(source) && list.iter().any(foreign);
        self.source_seen = Some(source);
        if refused { Err(TOO_LONG_OR_CHANGED) } else { Ok(()) }
    }
}

impl Meter for Vkt7 {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        let idle = self.heard_at.map(|heard_at| now.saturating_sub(heard_at));
        if idle.is_none_or(|idle| idle > FRAME_GAP) {
            self.buffer.clear();
            self.wake_bytes = 0;
        }
        self.heard_at = Some(now);
        let mut replies = Vec::new();
        for byte in bytes.iter().copied() {
            if self.buffer.is_empty() && byte == 0xFF {
                self.wake_bytes = self.wake_bytes.saturating_add(1);
                continue;
            }
            self.buffer.push(byte);
        }
        loop {
            match frame::parse(&self.buffer) {
                Parsed::Short if self.buffer.len() <= MAX_FRAME => return replies,
                Parsed::Short | Parsed::Garbage => {
                    self.buffer.clear();
                    return replies;
                }
                Parsed::Frame { address, request, used } => {
                    self.buffer.drain(..used);
                    let fill = self.buffer.iter().take_while(|byte| **byte == 0xFF).count();
                    self.buffer.drain(..fill);
                    if self.is_mine(address) && self.awake(idle) {
                        self.requests = self.requests.saturating_add(1);
                        replies.push(Reply::now(self.answer(address, request)));
                    }
                }
            }
        }
    }

    fn requests(&self) -> u64 {
        self.requests
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.disguise = as_other;
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }
}
