//! The state of one M-Bus slave in conversation (docs/protocols: M-Bus, sections 1 to 4).

use super::content::{Content, MbusKind};
use super::frame::{self, ACK, Parsed};
use super::history::MbusHistory;
use super::record::{bcd, type_f, type_i};
use crate::clock::SimClock;
use crate::meter::{Disguise, Meter, Reply};
use jiff::civil::DateTime;
use std::sync::Arc;
use std::time::Duration;

/// A frame's bytes come closer together than this; gateways stutter.
const FRAME_GAP: Duration = Duration::from_millis(250);

/// Addresses with a meaning of their own.
const SELECTED: u8 = 0xFD;
const EVERYBODY: u8 = 0xFE;
const NOBODY_ANSWERS: u8 = 0xFF;

/// Bits of the control field of a request.
const FCB: u8 = 0x20;
const FCV: u8 = 0x10;

/// Record bytes of one telegram: 255 less C, A, CI, the header of 12 and the closing 1F.
const TELEGRAM_BYTES: usize = 239;

/// Ends a record area when more telegrams follow.
const MORE_FOLLOWS: u8 = 0x1F;

/// Identity of a slave.
#[derive(Clone, Debug)]
pub struct MbusConfig {
    pub kind: MbusKind,
    pub primary: u8,
    /// Identification number, 8 digits.
    pub id: u32,
    /// Three capital letters.
    pub manufacturer: [u8; 3],
    pub version: u8,
    pub status: u8,
    /// Ends of months kept.
    pub months: u32,
    /// Ends of days kept.
    pub days: u32,
    /// Ends of hours kept.
    pub hours: u32,
    /// The clock is shown to the second.
    pub seconds: bool,
    /// A new time is acknowledged and not taken.
    pub clock_locked: bool,
    /// All months but the newest come as a compact profile.
    pub compact: bool,
    /// Answers with the old fixed structure.
    pub fixed: bool,
}

/// Which part of the data a readout delivers, chosen by an application reset with a sub-code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Instant,
    Billing,
}

/// One M-Bus slave.
pub struct Mbus {
    config: MbusConfig,
    history: Arc<MbusHistory>,
    clock: SimClock,
    disguise: Option<Disguise>,
    selected: bool,
    part: Part,
    /// FCB of the last request that carried one.
    last_fcb: Option<bool>,
    /// Telegrams of the readout that is under way, and the next of them.
    readout: Vec<Vec<u8>>,
    next: usize,
    last_answer: Vec<u8>,
    access: u8,
    buffer: Vec<u8>,
    heard_at: Duration,
    requests: u64,
}

impl Mbus {
    /// A slave in its state after power-up.
    pub(super) fn with(config: MbusConfig, history: Arc<MbusHistory>, clock: SimClock) -> Self {
        Self {
            config,
            history,
            clock,
            disguise: None,
            selected: false,
            part: Part::All,
            last_fcb: None,
            readout: Vec::new(),
            next: 0,
            last_answer: Vec::new(),
            access: 0,
            buffer: Vec::new(),
            heard_at: Duration::ZERO,
            requests: 0,
        }
    }

    fn is_mine(&self, address: u8) -> bool {
        match address {
            SELECTED => self.selected,
            EVERYBODY | NOBODY_ANSWERS => true,
            primary => primary == self.config.primary,
        }
    }

    fn id(&self) -> u32 {
        if self.disguise == Some(Disguise::Serial) {
            99_999_999
        } else {
            self.config.id
        }
    }

    /// Identification, manufacturer, version and medium, as on the wire.
    fn secondary(&self) -> Vec<u8> {
        let letters = self
            .config
            .manufacturer
            .map(|letter| u16::from(letter.saturating_sub(64) & 0x1F));
        let manufacturer = letters.iter().fold(0u16, |code, letter| code << 5 | letter);
        let other = self.disguise == Some(Disguise::Model);
        let mut bytes = bcd(self.id().into(), 4);
        bytes.extend(manufacturer.to_le_bytes());
        bytes.extend([
            self.config.version,
            if other { 0x0F } else { self.config.kind.medium() },
        ]);
        bytes
    }

    /// Whether a selection is about this meter: nibble F of the number and FF elsewhere fit anything.
    fn matches(&self, selection: &[u8]) -> bool {
        let own = self.secondary();
        let Some((wanted, narrowing)) = selection.split_at_checked(own.len()) else {
            return false;
        };
        let nibble = |wanted: u8, own: u8| wanted == 0x0F || wanted == own;
        let fits = own
            .iter()
            .zip(wanted)
            .enumerate()
            .all(|(place, (own, wanted))| match place {
                0..=3 => nibble(wanted & 0x0F, own & 0x0F) && nibble(wanted >> 4, own >> 4),
                _ => *wanted == 0xFF || wanted == own,
            });
        // The fabrication number equals the identification here.
        let fabrication = match narrowing {
            [0x0C, 0x78, number @ ..] => number.iter().zip(&own).all(|(wanted, own)| wanted == own),
            rest => rest.is_empty(),
        };
        fits && fabrication
    }

    /// The answer to a frame, if any.
    fn answer(&mut self, control: u8, address: u8, user: &[u8]) -> Option<Vec<u8>> {
        if let (SELECTED, [0x52, selection @ ..]) = (address, user) {
            self.selected = self.matches(selection);
            self.last_fcb = None;
            self.next = 0;
            return self.selected.then(|| vec![ACK]);
        }
        if !self.is_mine(address) {
            return None;
        }
        self.requests = self.requests.saturating_add(1);
        let answer = match (control & !(FCB | FCV), user) {
            (0x40, []) if control == 0x40 => self.reset_link(address),
            (0x4B, []) => Some(self.user_data(control)),
            // No alarm is on.
            (0x4A, []) => Some(vec![ACK]),
            (0x43, [ci, data @ ..]) => self.command(*ci, data),
            _ => None,
        };
        answer.filter(|_| address != NOBODY_ANSWERS)
    }

    /// Forgets FCB; a reset at 253 deselects and is not answered.
    fn reset_link(&mut self, address: u8) -> Option<Vec<u8>> {
        self.last_fcb = None;
        self.next = 0;
        if address == SELECTED {
            self.selected = false;
            return None;
        }
        Some(vec![ACK])
    }

    /// The same telegram again for the same FCB, the next one for the other.
    fn user_data(&mut self, control: u8) -> Vec<u8> {
        let fcb = control & FCB != 0;
        let counted = control & FCV != 0;
        if counted && self.last_fcb == Some(fcb) && !self.last_answer.is_empty() {
            return self.last_answer.clone();
        }
        self.last_fcb = counted.then_some(fcb);
        if self.next == 0 || self.next >= self.readout.len() {
            self.readout = self.telegrams();
            self.next = 0;
        }
        let records = self.readout.get(self.next).cloned().unwrap_or_default();
        self.next += 1;
        self.access = self.access.wrapping_add(1);
        if self.config.fixed {
            self.last_answer = frame::long(0x08, self.config.primary, &self.fixed_structure());
            return self.last_answer.clone();
        }
        let mut user = vec![0x72];
        user.extend(self.secondary());
        user.extend([self.access, self.config.status, 0, 0]);
        user.extend(records);
        self.last_answer = frame::long(0x08, self.config.primary, &user);
        self.last_answer.clone()
    }

    /// Number, access number, status and the first two counters in decimal (CI 73): energy in kWh, volume in 10 l. The
    /// medium is heat, 4, in the high bits of both units.
    fn fixed_structure(&self) -> Vec<u8> {
        let readings = self.content().current();
        let counter = |place: usize| bcd(readings.get(place).map_or(0, |reading| reading.digits), 4);
        let mut user = vec![0x73];
        user.extend(bcd(self.id().into(), 4));
        user.extend([self.access, self.config.status, 0x05, 0x40 | 0x2A]);
        user.extend(counter(0));
        user.extend(counter(1));
        user
    }

    fn command(&mut self, ci: u8, data: &[u8]) -> Option<Vec<u8>> {
        match (ci, data) {
            (0x50, _) => {
                self.part = match data.first().map(|code| code >> 4) {
                    Some(5) => Part::Instant,
                    Some(2) => Part::Billing,
                    _ => Part::All,
                };
                self.next = 0;
            }
            // A new primary address.
            (0x51, [0x01, 0x7A, address @ 0..=250]) => self.config.primary = *address,
            (0x51, [0x04, 0x6D, stamp @ ..]) => self.set_clock(type_f(stamp)?),
            (0x51, [0x06, 0x6D, stamp @ ..]) => self.set_clock(type_i(stamp)?),
            // Other data, a baud rate: taken and of no consequence here.
            (0x51 | 0xB8..=0xBD, _) => {}
            _ => return None,
        }
        Some(vec![ACK])
    }

    fn set_clock(&self, to: DateTime) {
        if !self.config.clock_locked {
            self.clock.set(to);
        }
    }

    fn content(&self) -> Content<'_> {
        Content {
            kind: self.config.kind,
            history: &self.history,
            now: self.clock.now(),
            id: self.id(),
            months: self.config.months,
            days: self.config.days,
            hours: self.config.hours,
            seconds: self.config.seconds,
            compact: self.config.compact,
        }
    }

    /// The readout of this moment, packed into telegrams.
    fn telegrams(&self) -> Vec<Vec<u8>> {
        let groups = self.content().groups();
        let part = match self.part {
            Part::All => groups.as_slice(),
            Part::Instant => groups.get(..1).unwrap_or_default(),
            Part::Billing => groups.get(1..).unwrap_or_default(),
        };
        let mut telegrams: Vec<Vec<u8>> = vec![Vec::new()];
        for group in part {
            match telegrams.last_mut() {
                Some(last) if last.len() + group.len() <= TELEGRAM_BYTES => last.extend_from_slice(group),
                _ => telegrams.push(group.clone()),
            }
        }
        let followed = telegrams.len().saturating_sub(1);
        telegrams
            .iter_mut()
            .take(followed)
            .for_each(|telegram| telegram.push(MORE_FOLLOWS));
        telegrams
    }
}

impl Meter for Mbus {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        if now.saturating_sub(self.heard_at) > FRAME_GAP {
            self.buffer.clear();
        }
        self.heard_at = now;
        self.buffer.extend_from_slice(bytes);
        let mut replies = Vec::new();
        loop {
            match frame::parse(&self.buffer) {
                Parsed::More => return replies,
                Parsed::Junk => {
                    self.buffer.drain(..1);
                }
                Parsed::Frame {
                    control,
                    address,
                    user,
                    used,
                } => {
                    self.buffer.drain(..used);
                    replies.extend(self.answer(control, address, &user).map(Reply::now));
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
