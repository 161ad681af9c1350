//! A meter that speaks unasked: what is heard of it in one session.
//!
//! What has a check of its own is taken as it comes: HDLC frames, authenticated telegrams, the wrapper where no serial line
//! is in between. Of other telegrams three of one shape are waited for, and of each number the middle one is taken.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::axdr::Data;
use uzel_driver_sdk::bytes::Reader;
use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::{
    ClockReading, Failure, Identity, Instant, LabelRule, LineError, Medium, Port, Reading, Row, Sink, Until,
};

use crate::apdu;
use crate::cell::cell;
use crate::column::{Captured, REGISTER, tell_apart};
use crate::config::{Config, Listening};
use crate::keys::{self, Keys};
use crate::link::ear::{Ear, Frames};
use crate::meter::Wanted;
use crate::notification::{self, Entry, Notification, parse};
use crate::{name, tree};

/// How long one read waits at most, milliseconds, and after which silence a telegram has ended.
const READ_MS: u32 = 10_000;
const PAUSE_MS: u32 = 300;
const READ_BYTES: u32 = 512;
/// Telegrams without a check that are compared.
const UNCHECKED: usize = 3;
/// Shapes of telegrams that are kept: meters send two or three by turns.
const SHAPES_MAX: usize = 8;
const GENERAL_GLO_CIPHERING: u8 = 0xDB;

/// Names of the meter's own number, in their order; the second is Kamstrup's.
const NUMBERS: [Obis; 3] = [name::DEVICE_ID, Obis::new(1, 1, 0, 0, 5, 255), name::DEVICE_NAME];
const TYPES: [Obis; 2] = [name::DEVICE_TYPE, Obis::new(1, 1, 96, 1, 1, 255)];

/// A telegram with the host's times around it.
#[derive(Debug, Clone)]
struct Told {
    apdu: Vec<u8>,
    begun: Instant,
    ended: Instant,
}

/// A meter that was heard: as many telegrams of one shape as its values need.
#[derive(Debug)]
pub struct Heard(Vec<Told>);

impl Heard {
    /// Listens until a telegram came that names the meter; without such until the limit, and takes the longest.
    pub fn identify(port: &mut dyn Port, config: &Config, listening: Listening) -> Result<(Self, Identity), Failure> {
        let is_serial = port.medium() == Medium::Serial;
        let mut listener = Listener {
            keys: config.keys.map(Keys::new).zip(keys::control(config.protection)),
            counter: None,
            is_checked: match listening.frames {
                Frames::Hdlc => true,
                Frames::Wrapper => !is_serial,
                Frames::Mbus | Frames::Plain => false,
            },
            ear: Ear::new(listening.frames),
            begun: port.now(),
            until: port.now().saturating_add(i64::from(listening.seconds) * 1_000),
            wrong: None,
            bytes: 0,
        };
        let heard = listener.listen(port)?;
        let told = heard.newest().map_err(Failure::Garbled)?;
        let serial = number(&told);
        port.note(&format!(
            "telegram with {} values, serial {serial:?}",
            told.entries.len()
        ));
        let kind = TYPES.iter().find_map(|name| text_of(&told, *name));
        let list = told.list.and_then(|list| tree::text(&Data::OctetString(list)));
        let details = [("list", list), ("type", kind)];
        let details = details
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), text?)));
        let identity = Identity {
            model: "dlms".to_owned(),
            serial,
            firmware: None,
            details: details.collect(),
        };
        Ok((heard, identity))
    }

    fn newest(&self) -> Result<Notification<'_>, String> {
        parse(&self.0.last().ok_or("no telegram is kept")?.apdu)
    }

    /// The values of the only telegram, or the middle ones of several.
    fn entries(&self) -> Result<Vec<Entry<'_>>, String> {
        let all: Result<Vec<Notification<'_>>, String> = self.0.iter().map(|told| parse(&told.apdu)).collect();
        let all = all?;
        let Some(last) = all.last() else { return Ok(Vec::new()) };
        let middle = |place: usize| {
            let versions: Vec<Entry<'_>> = all.iter().filter_map(|one| one.entries.get(place).copied()).collect();
            let numbers: Vec<Option<i128>> = versions.iter().map(moving).collect();
            versions.get(middle(&numbers)).copied()
        };
        Ok((0..last.entries.len()).filter_map(middle).collect())
    }

    /// The clock of the telegram of the middle.
    pub fn clock(&self) -> Result<ClockReading, Failure> {
        let shown = |told: &Told| {
            let shown = parse(&told.apdu).ok()?.entries.iter().find_map(notification::clock)?;
            Some((shown, told.begun, told.ended))
        };
        let clocks: Vec<(i64, Instant, Instant)> = self.0.iter().filter_map(shown).collect();
        let times: Vec<Option<i128>> = clocks.iter().map(|(shown, ..)| Some((*shown).into())).collect();
        let Some((shown, begun, ended)) = clocks.get(middle(&times)) else {
            return Err(Failure::Unsupported("the telegram shows no time".to_owned()));
        };
        let half = ended.saturating_sub(*begun).max(0) / 2;
        Ok(ClockReading {
            shown: civil(*shown),
            at: begun.saturating_add(half),
            uncertainty_ms: u32::try_from(half).unwrap_or(u32::MAX).saturating_add(1_000),
        })
    }

    /// One row of everything measured, or counted.
    pub fn moment(&self, wanted: Wanted, out: &mut dyn Sink) -> Result<(), Failure> {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for entry in self.entries().map_err(Failure::Garbled)? {
            let captured = captured(entry.name);
            if is_number(&entry) && captured.is_total() == (wanted == Wanted::Totals) {
                columns.push(captured.column(entry.scale));
                values.push(cell(&captured, entry.scale, &entry.value));
            }
        }
        if columns.is_empty() {
            return Err(Failure::Unsupported("the telegram has no such values".to_owned()));
        }
        tell_apart(&mut columns);
        out.declare(&columns, LabelRule::Moment)?;
        let row = Row {
            label: self.clock().ok().map(|clock| clock.shown),
            other_end: None,
            length_s: None,
            values,
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        out.rows(&[row], None)
    }
}

fn captured(name: Obis) -> Captured {
    Captured {
        class: REGISTER,
        name,
        attribute: 2,
        element: 0,
    }
}

/// By what the versions of a value are ordered: whole numbers and times; of what is neither there are no versions.
fn moving(entry: &Entry<'_>) -> Option<i128> {
    match entry.value {
        Data::Long64Unsigned(number) => Some(number.into()),
        value => value.as_i64().or_else(|| notification::clock(entry)).map(i128::from),
    }
}

/// Where the middle one of a few is. Sorting them would be 6 KB of the component.
fn middle(numbers: &[Option<i128>]) -> usize {
    let half = numbers.len() / 2;
    let is_middle = |number: &Option<i128>| {
        let count =
            |is: fn(&Option<i128>, &Option<i128>) -> bool| numbers.iter().filter(|other| is(other, number)).count();
        count(|other, number| other < number) <= half && count(|other, number| other > number) <= half
    };
    numbers.iter().position(is_middle).unwrap_or(0)
}

fn is_number(entry: &Entry<'_>) -> bool {
    let is_float = matches!(entry.value, Data::Float32(_) | Data::Float64(_));
    is_float || moving(entry).is_some() && notification::clock(entry).is_none()
}

/// Whether two telegrams say the same but for numbers and times.
fn is_alike(one: &[u8], other: &[u8]) -> bool {
    let (Ok(one), Ok(other)) = (parse(one), parse(other)) else {
        return false;
    };
    let same = |(one, other): (&Entry<'_>, &Entry<'_>)| {
        let is_moving = one.value.tag() == other.value.tag() && moving(one).is_some() && moving(other).is_some();
        one.name == other.name && one.scale == other.scale && (is_moving || one.value == other.value)
    };
    one.entries.len() == other.entries.len()
        && (one.list, one.number) == (other.list, other.number)
        && one.entries.iter().zip(&other.entries).all(same)
}

fn text_of(told: &Notification<'_>, name: Obis) -> Option<String> {
    let entry = told.entries.iter().find(|entry| entry.name == name)?;
    tree::text(&entry.value).filter(|text| !text.is_empty())
}

fn number(told: &Notification<'_>) -> Option<String> {
    let named = NUMBERS.iter().find_map(|name| text_of(told, *name));
    named.or_else(|| tree::text(&Data::OctetString(told.number?)).filter(|text| !text.is_empty()))
}

struct Listener {
    keys: Option<(Keys, u8)>,
    /// Of the last protected telegram.
    counter: Option<u32>,
    /// Whether what the ear gives has a check of its own.
    is_checked: bool,
    ear: Ear,
    /// When the first byte of what the ear keeps came.
    begun: Instant,
    until: Instant,
    /// What was wrong with the last telegram.
    wrong: Option<String>,
    bytes: usize,
}

impl Listener {
    fn listen(&mut self, port: &mut dyn Port) -> Result<Heard, Failure> {
        let mut shapes: Vec<Vec<Told>> = Vec::new();
        let mut best: Option<Heard> = None;
        loop {
            let (apdu, is_checked) = match self.telegram(port) {
                Ok(telegram) => telegram,
                Err(failure @ (Failure::NoAnswer | Failure::Garbled(_))) => return best.ok_or(failure),
                Err(failure) => return Err(failure),
            };
            let told = Told {
                begun: self.begun,
                ended: port.now(),
                apdu,
            };
            let is_same = |shape: &Vec<Told>| shape.last().is_some_and(|last| is_alike(&last.apdu, &told.apdu));
            let mut shape = match shapes.iter().position(is_same) {
                Some(place) => shapes.remove(place),
                None => Vec::new(),
            };
            shape.push(told);
            let need = if is_checked { 1 } else { UNCHECKED };
            shape.drain(..shape.len().saturating_sub(need));
            if shape.len() == need {
                let heard = Heard(shape.clone());
                let count = |heard: &Heard| heard.newest().map_or(0, |told| told.entries.len());
                if heard.newest().is_ok_and(|told| number(&told).is_some()) {
                    return Ok(heard);
                }
                if best.as_ref().is_none_or(|best| count(best) <= count(&heard)) {
                    best = Some(heard);
                }
            }
            shapes.push(shape);
            if shapes.len() > SHAPES_MAX {
                shapes.remove(0);
            }
        }
    }

    /// The next telegram that can be read, and whether it has a check.
    fn telegram(&mut self, port: &mut dyn Port) -> Result<(Vec<u8>, bool), Failure> {
        let mut is_silent = false;
        loop {
            while let Some(apdu) = self.ear.next(is_silent) {
                is_silent = false;
                match self.plain(apdu).and_then(|(apdu, is_checked)| {
                    parse(&apdu)?;
                    Ok((apdu, is_checked))
                }) {
                    Ok(telegram) => return Ok(telegram),
                    Err(why) => {
                        port.note(&why);
                        self.wrong = Some(why);
                    }
                }
            }
            is_silent = self.more(port)?;
        }
    }

    /// What came, decrypted where the meter's keys are known. A telegram that is protected otherwise than was said is none.
    fn plain(&mut self, apdu: Vec<u8>) -> Result<(Vec<u8>, bool), String> {
        let (keys, control, rest) = match (apdu.split_first(), &self.keys) {
            (Some((&GENERAL_GLO_CIPHERING, rest)), Some((keys, control))) => (keys, *control, rest),
            (Some((&GENERAL_GLO_CIPHERING, _)), None) => {
                return Err("the telegrams are encrypted: protection and keys have to be given".to_owned());
            }
            (_, Some(_)) => return Err("a telegram is not protected".to_owned()),
            (_, None) => return Ok((apdu, self.is_checked)),
        };
        let text = |short: uzel_driver_sdk::bytes::Short| format!("a protected telegram {short}");
        let mut reader = Reader::new(rest);
        let length = apdu::length(&mut reader).map_err(text)?;
        let title = reader.take(length).map_err(text)?;
        let title = title.try_into().map_err(|_| "a system title that is none")?;
        let length = apdu::length(&mut reader).map_err(text)?;
        let (counter, plain) = keys.open(control, title, reader.take(length).map_err(text)?)?;
        if !reader.is_empty() {
            return Err("a protected telegram has bytes behind it".to_owned());
        }
        if let Some(last) = self.counter.filter(|last| counter <= *last) {
            return Err(format!("a telegram has counter {counter}, the last had {last}"));
        }
        let is_authenticated = keys::is_authenticated(control);
        // Without a tag the counter may be a damaged one, which would shut out all that follow.
        if self.is_checked || is_authenticated {
            self.counter = Some(counter);
        }
        Ok((plain, self.is_checked || is_authenticated))
    }

    /// Hears more; true after a silence.
    fn more(&mut self, port: &mut dyn Port) -> Result<bool, Failure> {
        let left = u32::try_from(self.until.saturating_sub(port.now()).max(0)).unwrap_or(0);
        if left == 0 {
            return Err(match self.wrong.take() {
                Some(why) => Failure::Garbled(why),
                None if self.bytes == 0 => Failure::NoAnswer,
                None => Failure::Garbled(format!("{} bytes came and no telegram", self.bytes)),
            });
        }
        let was_empty = self.ear.is_empty();
        let how = Reading {
            until: Until::Any,
            max: READ_BYTES,
            deadline_ms: left.min(if was_empty { READ_MS } else { PAUSE_MS }),
        };
        let came = match port.read(how) {
            Ok(came) | Err(LineError::Timeout(came)) => came,
            Err(LineError::Stopped) => return Err(Failure::Stopped),
            Err(error) => return Err(Failure::Line(error)),
        };
        if was_empty {
            self.begun = port.now();
        }
        self.bytes += came.len();
        self.ear.hear(&came);
        Ok(came.is_empty() && !was_empty)
    }
}
