//! The association with one meter and questions within it: AARQ, GET, SET, ACTION (IEC 62056-53).

use dlms_cosem_rs::acse::{Aare, AssociationResult, AuthMechanism};
use dlms_cosem_rs::axdr::DataBuf;
use dlms_cosem_rs::client::{AssociationStep, ClientConfig, ClientSession, Response, SessionState};
use dlms_cosem_rs::codec::{Decode, Encode};
use dlms_cosem_rs::security::{Secret, SystemTitle};
use dlms_cosem_rs::xdlms::{
    AttributeDescriptor, Conformance, DataAccessResult, ExceptionResponse, SelectiveAccess, StateError,
};
use uzel_driver_sdk::{Failure, Instant, Port};

use crate::config::{Authentication, Config, Protection};
use crate::keys::{self, Provider};
use crate::link::{APDU_MAX, Link};
use crate::tree;
use crate::trouble::Trouble;

/// Bytes of one value at most, in all its blocks.
const VALUE_MAX: usize = 512 * 1024;
/// Bytes of a question at most.
const QUESTION_MAX: usize = 1_024;
/// Pause before a meter is asked again that says it cannot now.
const BUSY_MS: u32 = 1_000;

/// What a meter says to a question: its value, or why there is none.
pub type Said = Result<DataBuf, DataAccessResult>;

/// Which part of an attribute is asked for: a selector and its parameters, encoded.
pub type Selection<'a> = Option<(u8, &'a [u8])>;

/// The conversation with one meter.
pub struct Talk {
    link: Link,
    session: ClientSession<Provider>,
    attempts: u32,
    is_ciphered: bool,
    is_low: bool,
}

enum Answer {
    Said(Said),
    Block { is_last: bool, number: u32, bytes: Vec<u8> },
    Done,
    Exception(ExceptionResponse),
}

impl Talk {
    pub fn new(port: &dyn Port, config: &Config) -> Result<Self, Failure> {
        let long = |_| Failure::Config("password has more than 64 bytes".to_owned());
        let has_keys = config.keys.is_some();
        let settings = ClientConfig {
            client_sap: config.client,
            system_title: has_keys.then_some(SystemTitle(config.system_title)),
            mechanism: match config.authentication {
                Authentication::None => AuthMechanism::None,
                Authentication::Low => AuthMechanism::Low,
                Authentication::Gmac => AuthMechanism::HighGmac,
            },
            password: match config.authentication {
                Authentication::Low => Some(Secret::new(config.password.as_bytes()).map_err(long)?),
                _ => None,
            },
            security: keys::policy(config.protection),
            max_pdu_size: config.pdu_bytes,
            conformance: Conformance::GET
                | Conformance::SET
                | Conformance::ACTION
                | Conformance::SELECTIVE_ACCESS
                | Conformance::BLOCK_TRANSFER_WITH_GET_OR_READ,
            invocation_counter: if has_keys { keys::counter(port) } else { 0 },
            ..ClientConfig::default()
        };
        Ok(Self {
            link: Link::new(config),
            session: ClientSession::new(settings, keys::provider(config, port.now())),
            attempts: config.attempts,
            is_ciphered: has_keys || config.protection != Protection::None,
            is_low: config.authentication == Authentication::Low,
        })
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
        let mut question = vec![0; QUESTION_MAX];
        let length = self
            .session
            .associate_request(&mut question)
            .map_err(|error| unsaid(&error))?;
        let (session, is_low) = (&mut self.session, self.is_low);
        let mut step = None;
        self.link
            .ask(port, question.get(..length).unwrap_or_default(), &mut |apdu| {
                let named = if is_low { with_mechanism(apdu) } else { None };
                let answer = named.as_deref().unwrap_or(apdu);
                let came = session.handle_associate_response(answer);
                step = Some(came.map_err(|error| format!("the answer to AARQ: {error}"))?);
                Ok(())
            })?;
        match step {
            Some(AssociationStep::Established) => {}
            Some(AssociationStep::HlsReplyRequired) => self.prove(port)?,
            Some(AssociationStep::Rejected { result, diagnostic }) => {
                let how = match result {
                    AssociationResult::RejectedTransient => " for now",
                    _ => "",
                };
                return Err(Trouble::Refused(format!(
                    "the meter refuses the association{how}: {diagnostic:?}"
                )));
            }
            Some(AssociationStep::Exception(exception)) => return Err(self.exception(exception)),
            None => return Err(Trouble::Silent),
        }
        self.keep_counter(port);
        Ok(())
    }

    /// Says that we hold the key, and hears that the meter does.
    fn prove(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let mut question = vec![0; QUESTION_MAX];
        let length = self
            .session
            .hls_reply_request(&mut question)
            .map_err(|error| unsaid(&error))?;
        self.keep_counter(port);
        let session = &mut self.session;
        let mut step = None;
        self.link
            .ask(port, question.get(..length).unwrap_or_default(), &mut |apdu| {
                let came = session.handle_hls_reply_response(apdu);
                step = Some(came.map_err(|error| format!("the answer to our proof: {error}"))?);
                Ok(())
            })?;
        match step {
            Some(AssociationStep::Established) => Ok(()),
            Some(step) => Err(Trouble::Refused(format!("the meter does not take our key: {step:?}"))),
            None => Err(Trouble::Silent),
        }
    }

    /// Whether the meter agreed to a service.
    pub fn can(&self, service: Conformance) -> bool {
        let agreed = self.session.negotiated();
        agreed.is_none_or(|agreed| agreed.negotiated_conformance.contains(service))
    }

    /// An attribute, or the part of it that is selected.
    pub fn get(
        &mut self,
        port: &mut dyn Port,
        attribute: AttributeDescriptor,
        selection: Selection<'_>,
    ) -> Result<Said, Failure> {
        Ok(self.patiently(port, |talk, port| talk.get_once(port, attribute, selection))?)
    }

    /// An attribute, and in `sent` when it was asked for the last time.
    pub fn get_timed(
        &mut self,
        port: &mut dyn Port,
        attribute: AttributeDescriptor,
        sent: &mut Instant,
    ) -> Result<Said, Failure> {
        Ok(self.patiently(port, |talk, port| {
            *sent = port.now();
            talk.get_once(port, attribute, None)
        })?)
    }

    /// Writes an attribute once; whoever writes reads back.
    pub fn set(
        &mut self,
        port: &mut dyn Port,
        attribute: AttributeDescriptor,
        value: &DataBuf,
    ) -> Result<Result<(), DataAccessResult>, Failure> {
        if !self.can(Conformance::SET) {
            return Ok(Err(DataAccessResult::ReadWriteDenied));
        }
        let mut encoded = Vec::new();
        value
            .encode(&mut encoded)
            .map_err(|error| Failure::from(unsaid(&error)))?;
        let answer = self.exchange(port, 0, |session, out| {
            let value = dlms_cosem_rs::axdr::Data::from_bytes(&encoded)?;
            session.set_request(attribute, None, value, out)
        });
        match answer.map_err(Failure::from)? {
            Answer::Done => Ok(Ok(())),
            Answer::Said(Err(why)) => Ok(Err(why)),
            Answer::Exception(exception) => Err(self.exception(exception).into()),
            _ => Err(Failure::Garbled("a write was answered as a read".to_owned())),
        }
    }

    /// Does a piece of work again, on a new link where that has a state.
    fn patiently<T>(
        &mut self,
        port: &mut dyn Port,
        mut work: impl FnMut(&mut Self, &mut dyn Port) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut last = Trouble::Silent;
        for attempt in 0..self.attempts {
            let is_broken = attempt > 0 && self.link.has_state();
            if is_broken || self.session.state() != SessionState::Associated {
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
        attribute: AttributeDescriptor,
        selection: Selection<'_>,
    ) -> Result<Said, Trouble> {
        let mut whole = Vec::new();
        let mut expected = 1;
        let mut answer = self.exchange(port, expected, |session, out| {
            let access = match selection {
                None => None,
                Some((selector, bytes)) => Some(SelectiveAccess {
                    selector,
                    parameters: dlms_cosem_rs::axdr::Data::from_bytes(bytes)?,
                }),
            };
            session.get_request(attribute, access, out)
        })?;
        loop {
            match answer {
                Answer::Said(Err(DataAccessResult::TemporaryFailure)) => {
                    port.sleep(BUSY_MS);
                    return Err(Trouble::Garbled("the meter says: temporary failure".to_owned()));
                }
                Answer::Said(said) => return Ok(said),
                Answer::Done => return Err(Trouble::Garbled("a read was answered as a write".to_owned())),
                Answer::Exception(exception) => return Err(self.exception(exception)),
                Answer::Block { is_last, number, bytes } => {
                    if number != expected {
                        return Err(Trouble::Garbled(format!("block {number} came, expected {expected}")));
                    }
                    whole.extend(bytes);
                    if whole.len() > VALUE_MAX {
                        return Err(Trouble::Refused(format!("a value is longer than {VALUE_MAX} bytes")));
                    }
                    if is_last {
                        return tree::parse(&whole).map(Ok).map_err(Trouble::Garbled);
                    }
                    expected += 1;
                    answer = self.exchange(port, expected, |session, out| {
                        session.get_next_block_request(number, out)
                    })?;
                }
            }
        }
    }

    /// One question, one answer. On a stream blocks before `expected` are late ones.
    fn exchange(
        &mut self,
        port: &mut dyn Port,
        expected: u32,
        build: impl FnOnce(&mut ClientSession<Provider>, &mut [u8]) -> dlms_cosem_rs::Result<usize>,
    ) -> Result<Answer, Trouble> {
        let mut question = vec![0; QUESTION_MAX];
        let length = build(&mut self.session, &mut question).map_err(|error| unsaid(&error))?;
        self.keep_counter(port);
        let session = &mut self.session;
        let mut taken = None;
        self.link
            .ask(port, question.get(..length).unwrap_or_default(), &mut |apdu| {
                let mut plain = vec![0; apdu.len().clamp(64, APDU_MAX)];
                let response = session.handle_response(apdu, &mut plain);
                let answer = match response.map_err(|error| format!("an answer that is none: {error}"))? {
                    Response::Data(data) => Answer::Said(Ok(tree::own(&data)?)),
                    Response::DataError(why) => Answer::Said(Err(why)),
                    Response::Ok => Answer::Done,
                    Response::Exception(exception) => Answer::Exception(exception),
                    Response::Block { number, .. } if number < expected => {
                        return Err(format!("block {number} came late"));
                    }
                    Response::Block { last, number, data } => Answer::Block {
                        is_last: last,
                        number,
                        bytes: data.to_vec(),
                    },
                    other => return Err(format!("an answer to something else: {:.60}", format!("{other:?}"))),
                };
                taken = Some(answer);
                Ok(())
            })?;
        taken.ok_or(Trouble::Silent)
    }

    /// What an exception means: without an association another one is made, all else is a refusal.
    fn exception(&mut self, exception: ExceptionResponse) -> Trouble {
        if let Some(counter) = exception.expected_invocation_counter
            && counter > self.session.invocation_counter()
        {
            // Only forward: a number that was used never comes again.
            self.session.set_invocation_counter(counter);
            return Trouble::Garbled(format!("the meter expects counter {counter}"));
        }
        let text = format!(
            "the meter says: {:?}, {:?}",
            exception.state_error, exception.service_error
        );
        if exception.state_error == StateError::ServiceNotAllowed && self.session.state() == SessionState::Associated {
            return Trouble::Garbled(text);
        }
        Trouble::Refused(text)
    }

    fn keep_counter(&mut self, port: &mut dyn Port) {
        if self.is_ciphered {
            keys::keep_counter(port, self.session.invocation_counter());
        }
    }

    /// Ends the association with the link. On a wrapper it is released, for there is nothing below that would end it.
    pub fn close(&mut self, port: &mut dyn Port) {
        if !self.link.has_state() && self.session.state() == SessionState::Associated {
            let mut question = vec![0; QUESTION_MAX];
            if let Ok(length) = self.session.release_request(&mut question) {
                let asked = question.get(..length).unwrap_or_default();
                if let Err(trouble) = self.link.ask(port, asked, &mut |apdu| match apdu.first() {
                    Some(0x63 | 0xD8) => Ok(()),
                    _ => Err("an answer to something before".to_owned()),
                }) {
                    port.note(&format!("release: {trouble}"));
                }
            }
        }
        self.link.close(port);
    }
}

/// An answer to AARQ with the mechanism that meters leave out after a password, and that the library insists on.
fn with_mechanism(apdu: &[u8]) -> Option<Vec<u8>> {
    let aare = Aare::from_bytes(apdu).ok()?;
    if !aare.is_accepted() || aare.mechanism_name.is_some() {
        return None;
    }
    let mut named = Vec::new();
    let mechanism_name = Some(AuthMechanism::Low);
    Aare { mechanism_name, ..aare }.encode(&mut named).ok()?;
    Some(named)
}

fn unsaid(error: &dlms_cosem_rs::Error) -> Trouble {
    Trouble::Refused(format!("a question cannot be asked: {error}"))
}
