//! Questions to one meter and its answers, with patience: what failed is asked again, on a new link where that has a state.

use dlms_cosem_rs::xdlms::{Conformance, DataAccessResult};
use uzel_driver_sdk::{Failure, Instant, Port};

use crate::apdu::{self, Answer, Attribute, Encoded, Exception, Said, Selection};
use crate::config::Config;
use crate::keys;
use crate::link::Link;
use crate::session::{Session, Step};
use crate::tree;
use crate::trouble::Trouble;

/// Bytes of one value at most, in all its blocks.
const VALUE_MAX: usize = 512 * 1024;
/// Pause before a meter is asked again that says it cannot now.
const BUSY_MS: u32 = 1_000;
/// Of an exception: the service is not allowed, for there is no association.
const NOT_ALLOWED: u8 = 1;

/// The conversation with one meter.
pub struct Talk {
    link: Link,
    session: Session,
    attempts: u32,
}

impl Talk {
    pub fn new(port: &dyn Port, config: &Config) -> Self {
        Self {
            link: Link::new(config),
            session: Session::new(config, port),
            attempts: config.attempts,
        }
    }

    /// Opens the link and the association.
    pub fn open(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let mut last = Trouble::Silent;
        for _ in 0..self.attempts {
            self.link.open(port)?;
            match self.associate(port) {
                Ok(()) => return Ok(()),
                Err(trouble @ (Trouble::Line(_) | Trouble::Refused(_))) => return Err(trouble),
                Err(trouble) => {
                    port.note(&format!("{trouble}; associated again"));
                    last = trouble;
                }
            }
        }
        Err(last)
    }

    fn associate(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let question = self.session.aarq(port.now()).map_err(Trouble::Refused)?;
        self.keep_counter(port);
        let session = &mut self.session;
        let mut step = None;
        self.link.ask(port, &question, &mut |apdu| {
            step = Some(session.take_aare(apdu)?);
            Ok(())
        })?;
        if step == Some(Step::Prove) {
            let question = self.session.prove().map_err(Trouble::Refused)?;
            self.keep_counter(port);
            let session = &mut self.session;
            self.link.ask(port, &question, &mut |apdu| {
                step = Some(session.take_proof(apdu)?);
                Ok(())
            })?;
        }
        match step {
            Some(Step::Associated) => Ok(()),
            Some(Step::Refused(why)) => Err(Trouble::Refused(format!("the meter refuses the association: {why}"))),
            Some(Step::Exception(exception)) => Err(self.exception(exception)),
            Some(Step::Prove) | None => Err(Trouble::Silent),
        }
    }

    /// Whether the meter agreed to a service.
    pub fn can(&self, service: Conformance) -> bool {
        self.session.can(service)
    }

    /// An attribute, or the part of it that is selected.
    pub fn get(
        &mut self,
        port: &mut dyn Port,
        attribute: Attribute,
        selection: Selection<'_>,
    ) -> Result<Said, Failure> {
        match self.get_encoded(port, attribute, selection)? {
            Ok(bytes) => tree::parse(&bytes).map(Ok).map_err(Failure::Garbled),
            Err(why) => Ok(Err(why)),
        }
    }

    /// The same as it was sent.
    pub fn get_encoded(
        &mut self,
        port: &mut dyn Port,
        attribute: Attribute,
        selection: Selection<'_>,
    ) -> Result<Encoded, Failure> {
        Ok(self.patiently(port, |talk, port| talk.get_once(port, attribute, selection))?)
    }

    /// An attribute, and in `sent` when it was asked for the last time.
    pub fn get_timed(
        &mut self,
        port: &mut dyn Port,
        attribute: Attribute,
        sent: &mut Instant,
    ) -> Result<Encoded, Failure> {
        Ok(self.patiently(port, |talk, port| {
            *sent = port.now();
            talk.get_once(port, attribute, None)
        })?)
    }

    /// Writes an attribute once; whoever writes reads back.
    pub fn set(
        &mut self,
        port: &mut dyn Port,
        attribute: Attribute,
        value: &[u8],
    ) -> Result<Result<(), DataAccessResult>, Failure> {
        if !self.can(Conformance::SET) {
            return Ok(Err(DataAccessResult::ReadWriteDenied));
        }
        let number = self.session.next_invoke();
        match self.exchange(port, &apdu::set(number, attribute, value), 0)? {
            Answer::Written(written) => Ok(written),
            Answer::Exception(exception) => Err(self.exception(exception).into()),
            _ => Err(Failure::Garbled("a write was answered as something else".to_owned())),
        }
    }

    fn patiently<T>(
        &mut self,
        port: &mut dyn Port,
        mut work: impl FnMut(&mut Self, &mut dyn Port) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut last = Trouble::Silent;
        for attempt in 0..self.attempts {
            let is_broken = attempt > 0 && self.link.has_state();
            if is_broken || !self.session.is_associated() {
                self.open(port)?;
            }
            match work(self, port) {
                Ok(done) => return Ok(done),
                Err(trouble @ (Trouble::Line(_) | Trouble::Refused(_))) => return Err(trouble),
                Err(trouble) => {
                    port.note(&format!("{trouble}; asked again"));
                    last = trouble;
                }
            }
        }
        Err(last)
    }

    fn get_once(
        &mut self,
        port: &mut dyn Port,
        attribute: Attribute,
        selection: Selection<'_>,
    ) -> Result<Encoded, Trouble> {
        let number = self.session.next_invoke();
        let mut whole = Vec::new();
        let mut expected = 1;
        let mut answer = self.exchange(port, &apdu::get(number, attribute, selection), expected)?;
        loop {
            match answer {
                Answer::Said(Err(DataAccessResult::TemporaryFailure)) => {
                    port.sleep(BUSY_MS);
                    return Err(Trouble::Garbled("the meter says: temporary failure".to_owned()));
                }
                // In the middle of a value it has lost its place, not its mind.
                Answer::Said(Err(why)) if expected > 1 => {
                    return Err(Trouble::Garbled(format!("the meter ends a value: {}", why.as_u8())));
                }
                Answer::Said(said) => return Ok(said),
                Answer::Exception(exception) => return Err(self.exception(exception)),
                Answer::Written(_) | Answer::Acted(_) => {
                    return Err(Trouble::Garbled("a read was answered as something else".to_owned()));
                }
                Answer::Block {
                    is_last,
                    number: block,
                    bytes,
                } => {
                    if block != expected {
                        return Err(Trouble::Garbled(format!("block {block} came, expected {expected}")));
                    }
                    whole.extend(bytes);
                    if whole.len() > VALUE_MAX {
                        return Err(Trouble::Refused(format!("a value is longer than {VALUE_MAX} bytes")));
                    }
                    if is_last {
                        return tree::check(&whole).map(|()| Ok(whole)).map_err(Trouble::Garbled);
                    }
                    expected += 1;
                    answer = self.exchange(port, &apdu::next(number, block), expected)?;
                }
            }
        }
    }

    /// One question, one answer. On a stream blocks before `expected` are late ones.
    fn exchange(&mut self, port: &mut dyn Port, asked: &[u8], expected: u32) -> Result<Answer, Trouble> {
        let question = self.session.question(asked).map_err(Trouble::Refused)?;
        self.keep_counter(port);
        let session = &mut self.session;
        let mut taken = None;
        self.link.ask(port, &question, &mut |apdu| {
            match session.answer(apdu)? {
                Answer::Block { number, .. } if number < expected => {
                    return Err(format!("block {number} came late"));
                }
                answer => taken = Some(answer),
            }
            Ok(())
        })?;
        taken.ok_or(Trouble::Silent)
    }

    /// What an exception means: without an association another one is made, all else is a refusal.
    fn exception(&mut self, exception: Exception) -> Trouble {
        if let Some(counter) = exception.counter
            && self.session.raise_counter(counter)
        {
            return Trouble::Garbled(format!("the meter expects counter {counter}"));
        }
        let Exception { state, service, .. } = exception;
        let text = format!("the meter takes no such message: state {state}, service {service}");
        if state == NOT_ALLOWED && self.session.is_associated() {
            self.session.release();
            return Trouble::Garbled(text);
        }
        Trouble::Refused(text)
    }

    fn keep_counter(&mut self, port: &mut dyn Port) {
        if self.session.has_keys() {
            keys::keep_counter(port, self.session.counter());
        }
    }

    /// Ends the association with the link. On a wrapper it is released, for there is nothing below that would end it.
    pub fn close(&mut self, port: &mut dyn Port) {
        if !self.link.has_state() && self.session.is_associated() {
            let asked = self.session.release();
            let heard = self.link.ask(port, &asked, &mut |apdu| match apdu.first() {
                Some(0x63 | 0xD8) => Ok(()),
                _ => Err("an answer to something before".to_owned()),
            });
            if let Err(trouble) = heard {
                port.note(&format!("release: {trouble}"));
            }
        }
        self.link.close(port);
    }
}
