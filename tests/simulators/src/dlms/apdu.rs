//! Associations and services of the meter (IEC 62056-53): AARQ, GET with blocks, SET of the clock, the proof of HLS, release.

use super::attributes::{Asked, DENIED, Objects};
use super::crypt::Keys;
use super::data::{Take, length, octets, unstamp};

/// The system title of every simulated meter.
pub const TITLE: &[u8] = b"SIM\0\0\0\0\x01";
/// What the meter asks a client to prove.
const CHALLENGE: &[u8] = b"simulated meter!";
/// `2.16.756.5.8.` in front of contexts (1) and mechanisms (2).
const UNDER: [u8; 5] = [0x60, 0x85, 0x74, 0x05, 0x08];
/// GET, SET, ACTION, selective access, blocks with GET.
const AGREED: [u8; 3] = [0x00, 0x10, 0x1D];
const NO_SELECTION: [u8; 3] = [0x00, 0x10, 0x19];
/// Bytes around a block: its head and what protects it.
const AROUND: usize = 40;
const PUBLIC: u16 = 16;

/// Diagnostics of a refused association.
const WRONG_PASSWORD: u8 = 13;
const NEEDS_PASSWORD: u8 = 14;
const NO_SUCH_CONTEXT: u8 = 2;

/// Who may associate, besides the public client.
#[derive(Clone)]
pub enum Access {
    Open,
    Password(String),
    Keys(Keys),
}

/// The state of the association.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    None,
    /// The client has still to prove that it holds the keys.
    Proving,
    Public,
    Reading,
}

/// A value on its way in blocks.
struct Blocks {
    rest: Vec<u8>,
    number: u32,
    invoke: u8,
}

/// The application of one meter.
pub struct Application {
    pub objects: Objects,
    pub access: Access,
    /// Bytes of one answer at most, besides what the client takes.
    pub pdu: u16,
    /// The mechanism is not named in the answer to AARQ.
    pub is_terse: bool,
    state: State,
    client_pdu: u16,
    client_title: Vec<u8>,
    client_challenge: Vec<u8>,
    /// The control byte of protected messages.
    control: Option<u8>,
    counter: u32,
    client_counter: Option<u32>,
    blocks: Option<Blocks>,
}

/// Fields of AARQ by their tags.
#[derive(Default)]
struct Aarq {
    context: u8,
    mechanism: u8,
    title: Vec<u8>,
    secret: Vec<u8>,
    initiate: Vec<u8>,
}

impl Application {
    pub fn new(objects: Objects, access: Access, pdu: u16, is_terse: bool) -> Self {
        Self {
            objects,
            access,
            pdu,
            is_terse,
            state: State::None,
            client_pdu: 0,
            client_title: Vec::new(),
            client_challenge: Vec::new(),
            control: None,
            counter: 0,
            client_counter: None,
            blocks: None,
        }
    }

    /// The link was opened anew, or closed.
    pub fn reset(&mut self) {
        self.state = State::None;
        self.blocks = None;
        self.control = None;
    }

    /// Answers one APDU of a client.
    pub fn answer(&mut self, client: u16, apdu: &[u8]) -> Option<Vec<u8>> {
        match apdu.first()? {
            0x60 => self.associate(client, apdu),
            0x62 => {
                self.reset();
                Some(vec![0x63, 0x03, 0x80, 0x01, 0x00])
            }
            0xC8 | 0xC9 | 0xCB => self.protected(apdu),
            _ if self.state == State::None || self.control.is_some() => Some(vec![0xD8, 1, 1]),
            _ => self.service(apdu),
        }
    }

    fn associate(&mut self, client: u16, apdu: &[u8]) -> Option<Vec<u8>> {
        self.reset();
        let aarq = parse_aarq(apdu)?;
        let (mut initiate, mut control) = (aarq.initiate.clone(), None);
        if aarq.context == 3 {
            let Access::Keys(keys) = &self.access else {
                return Some(refused(aarq.context, NO_SUCH_CONTEXT));
            };
            let (_, protected) = aarq.initiate.split_at_checked(2)?;
            let Some((by, _, text)) = keys.open(&aarq.title, protected) else {
                return Some(vec![0xD8, 1, 5]);
            };
            (initiate, control) = (text, Some(by));
        }
        self.client_pdu = u16::from_be_bytes(*initiate.last_chunk::<2>()?);
        self.state = match (&self.access, aarq.mechanism) {
            (Access::Open, _) => State::Reading,
            (_, 0) if client == PUBLIC => State::Public,
            (Access::Password(password), 1) if aarq.secret == password.as_bytes() => State::Reading,
            (Access::Password(_), 1) => return Some(refused(aarq.context, WRONG_PASSWORD)),
            (Access::Keys(_), 5) => State::Proving,
            _ => return Some(refused(aarq.context, NEEDS_PASSWORD)),
        };
        (self.client_title, self.client_challenge) = (aarq.title, aarq.secret);
        self.control = control;
        Some(self.accepted(aarq.context, aarq.mechanism))
    }

    fn accepted(&mut self, context: u8, mechanism: u8) -> Vec<u8> {
        let proving = self.state == State::Proving;
        let mut fields = head(context, 0, if proving { NEEDS_PASSWORD } else { 0 });
        if proving {
            fields.extend(field(0xA4, &field(0x04, TITLE)));
        }
        if mechanism > 0 && !self.is_terse {
            fields.extend([0x88, 0x02, 0x07, 0x80, 0x89, 0x07]);
            fields.extend(UNDER);
            fields.extend([2, mechanism]);
        }
        if proving {
            fields.extend(field(0xAA, &field(0x80, CHALLENGE)));
        }
        let agreed = if self.objects.no_selection {
            NO_SELECTION
        } else {
            AGREED
        };
        let mut initiate = vec![0x08, 0x00, 0x06, 0x5F, 0x1F, 0x04, 0x00];
        initiate.extend(agreed);
        initiate.extend(self.pdu.to_be_bytes());
        initiate.extend([0x00, 0x07]);
        if let (Some(control), Access::Keys(keys)) = (self.control, &self.access) {
            self.counter += 1;
            let protected = keys.protect(TITLE, control, self.counter, &initiate);
            initiate = field(0x28, &protected);
        }
        fields.extend(field(0xBE, &field(0x04, &initiate)));
        field(0x61, &fields)
    }

    /// Opens a protected question and protects its answer. Counters of a client only grow.
    fn protected(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        let Access::Keys(keys) = self.access.clone() else {
            return Some(vec![0xD8, 1, 2]);
        };
        let mut take = Take(apdu);
        take.byte()?;
        let long = take.length()?;
        let Some((control, counter, text)) = keys.open(&self.client_title, take.bytes(long)?) else {
            return Some(vec![0xD8, 1, 5]);
        };
        if self.control != Some(control) {
            return Some(vec![0xD8, 1, 5]);
        }
        if let Some(last) = self.client_counter.filter(|last| counter <= *last) {
            return Some([&[0xD8, 1, 6], &(last + 1).to_be_bytes()[..]].concat());
        }
        self.client_counter = Some(counter);
        let answer = self.service(&text)?;
        let tag = match answer.first()? {
            0xC4 => 0xCC,
            0xC5 => 0xCD,
            0xC7 => 0xCF,
            _ => return Some(answer),
        };
        self.counter += 1;
        Some(field(tag, &keys.protect(TITLE, control, self.counter, &answer)))
    }

    fn service(&mut self, apdu: &[u8]) -> Option<Vec<u8>> {
        let mut take = Take(apdu);
        let (tag, kind, invoke) = (take.byte()?, take.byte()?, take.byte()?);
        match (tag, kind) {
            (0xC3, 1) if self.state == State::Proving => self.prove(invoke, &mut take),
            _ if !matches!(self.state, State::Public | State::Reading) => Some(vec![0xD8, 1, 1]),
            (0xC0, 1) => self.get(invoke, &mut take),
            (0xC0, 2) => Some(self.next(invoke, take.long()?)),
            (0xC1, 1) => self.set(invoke, &mut take),
            _ => Some(vec![0xD8, 2, 2]),
        }
    }

    fn prove(&mut self, invoke: u8, take: &mut Take) -> Option<Vec<u8>> {
        take.expect(&[0, 15, 0, 0, 40, 0, 0, 255, 1, 1, 9, 17, 0x10])?;
        let Access::Keys(keys) = self.access.clone() else {
            return None;
        };
        let counter = take.long()?;
        if keys.proof(&self.client_title, counter, CHALLENGE) != take.0 {
            self.reset();
            return Some(vec![0xC7, 1, invoke, DENIED, 0]);
        }
        self.state = State::Reading;
        self.counter += 1;
        let proof = keys.proof(TITLE, self.counter, &self.client_challenge);
        let proof = [&[0x10], &self.counter.to_be_bytes()[..], &proof].concat();
        Some([&[0xC7, 1, invoke, 0, 1, 0], &octets(&proof)[..]].concat())
    }

    fn get(&mut self, invoke: u8, take: &mut Take) -> Option<Vec<u8>> {
        let asked = Asked {
            class: take.wide()?,
            name: take.bytes(6)?.try_into().ok()?,
            attribute: take.byte()?.cast_signed(),
            selection: match take.byte()? {
                0 => None,
                _ => Some(take.0),
            },
        };
        self.blocks = None;
        let value = match self.objects.get(&asked, self.state == State::Public) {
            Ok(value) => value,
            Err(why) => return Some(vec![0xC4, 1, invoke, 1, why]),
        };
        if value.len() + AROUND <= self.most() {
            return Some([&[0xC4, 1, invoke, 0], &value[..]].concat());
        }
        self.blocks = Some(Blocks {
            rest: value,
            number: 0,
            invoke,
        });
        Some(self.next(invoke, 0))
    }

    fn most(&self) -> usize {
        let client = if self.client_pdu == 0 {
            u16::MAX
        } else {
            self.client_pdu
        };
        self.pdu.min(client).into()
    }

    /// The block after `had`.
    fn next(&mut self, invoke: u8, had: u32) -> Vec<u8> {
        let most = self.most().saturating_sub(AROUND).max(1);
        let Some(blocks) = self
            .blocks
            .as_mut()
            .filter(|blocks| (blocks.number, blocks.invoke) == (had, invoke))
        else {
            return vec![0xC4, 2, invoke, 1, 0, 0, 0, 0, 1, 19];
        };
        let part: Vec<u8> = blocks.rest.drain(..most.min(blocks.rest.len())).collect();
        blocks.number += 1;
        let is_last = blocks.rest.is_empty();
        let mut answer = vec![0xC4, 2, invoke, u8::from(is_last)];
        answer.extend(blocks.number.to_be_bytes());
        answer.push(0);
        answer.extend(length(part.len()));
        answer.extend(part);
        if is_last {
            self.blocks = None;
        }
        answer
    }

    /// Nothing is written but the clock.
    fn set(&mut self, invoke: u8, take: &mut Take) -> Option<Vec<u8>> {
        let is_clock = take.expect(&[0, 8, 0, 0, 1, 0, 0, 255, 2, 0, 9, 12]).is_some();
        let at = unstamp(take.0).filter(|_| is_clock && self.state == State::Reading);
        let Some(at) = at else {
            return Some(vec![0xC5, 1, invoke, DENIED]);
        };
        self.objects.set_clock(at);
        Some(vec![0xC5, 1, invoke, 0])
    }
}

fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag], &length(content.len())[..], content].concat()
}

fn head(context: u8, result: u8, diagnostic: u8) -> Vec<u8> {
    let mut fields = vec![0xA1, 0x09, 0x06, 0x07];
    fields.extend(UNDER);
    fields.extend([1, context]);
    fields.extend([0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic]);
    fields
}

fn refused(context: u8, why: u8) -> Vec<u8> {
    field(0x61, &head(context, 1, why))
}

fn parse_aarq(apdu: &[u8]) -> Option<Aarq> {
    let mut take = Take(apdu);
    take.byte()?;
    let all = take.length()?;
    let mut fields = Take(take.bytes(all)?);
    let mut aarq = Aarq::default();
    while let Some(tag) = fields.byte() {
        let long = fields.length()?;
        let content = fields.bytes(long)?;
        let within = || content.get(2..).map(<[u8]>::to_vec);
        match tag {
            0xA1 => aarq.context = *content.last()?,
            0x8B => aarq.mechanism = *content.last()?,
            0xA6 => aarq.title = within()?,
            0xAC => aarq.secret = within()?,
            // A string of the standard's length form holds the InitiateRequest.
            0xBE => {
                let mut string = Take(content);
                string.expect(&[0x04])?;
                let long = string.length()?;
                aarq.initiate = string.bytes(long)?.to_vec();
            }
            _ => {}
        }
    }
    Some(aarq)
}
