//! The association as we know it (IEC 62056-53, section 7): AARQ and its answer, proofs, protection, counters. No bytes are
//! sent here.

use dlms_cosem_rs::acse::{Aare, Aarq, ApplicationContext, AuthMechanism, Diagnostic, UserDiagnostic};
use dlms_cosem_rs::codec::{Decode, Encode};
use dlms_cosem_rs::xdlms::{Conformance, InitiateRequest, InitiateResponse};
use uzel_driver_sdk::bytes::Reader;
use uzel_driver_sdk::{Instant, Port};

use crate::apdu::{self, Answer, Exception};
use crate::config::{Authentication, Config};
use crate::keys::{self, Keys, Title};
use crate::tree;

/// What opens an APDU inside AARQ and its answer.
const INITIATE_REQUEST: u8 = 0x01;
const INITIATE_RESPONSE: u8 = 0x08;
const PROTECTED_REQUEST: u8 = 0x21;
const PROTECTED_RESPONSE: u8 = 0x28;
const EXCEPTION: u8 = 0xD8;
/// The only version that there is.
const VERSION: u8 = 6;
const CHALLENGE_MAX: usize = 64;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Associated,
    /// We have to prove that we hold the keys.
    Prove,
    Refused(String),
    Exception(Exception),
}

/// One side of an association: ours.
pub struct Session {
    authentication: Authentication,
    password: Vec<u8>,
    keys: Option<Keys>,
    /// The control byte of protected messages.
    control: Option<u8>,
    title: Title,
    pdu_bytes: u16,
    counter: u32,
    meter_title: Option<Title>,
    meter_counter: Option<u32>,
    challenge: Vec<u8>,
    meter_challenge: Vec<u8>,
    invoke: u8,
    agreed: Option<Conformance>,
    is_associated: bool,
}

impl Session {
    pub fn new(config: &Config, port: &dyn Port) -> Self {
        let keys = config.keys.map(Keys::new);
        Self {
            authentication: config.authentication,
            password: config.password.clone().into_bytes(),
            counter: if keys.is_some() { keys::counter(port) } else { 0 },
            keys,
            control: keys::control(config.protection),
            title: config.system_title,
            pdu_bytes: config.pdu_bytes,
            meter_title: None,
            meter_counter: None,
            challenge: Vec::new(),
            meter_challenge: Vec::new(),
            invoke: 0,
            agreed: None,
            is_associated: false,
        }
    }

    pub fn is_associated(&self) -> bool {
        self.is_associated
    }

    pub fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// The counter that was used last.
    pub fn counter(&self) -> u32 {
        self.counter
    }

    /// Goes on from a counter that the meter named: only forward.
    pub fn raise_counter(&mut self, counter: u32) -> bool {
        let is_ahead = counter > self.counter;
        self.counter = self.counter.max(counter);
        is_ahead
    }

    /// Whether the meter agreed to a service.
    pub fn can(&self, service: Conformance) -> bool {
        self.agreed.is_none_or(|agreed| agreed.contains(service))
    }

    fn count(&mut self) -> Result<u32, String> {
        self.counter = self
            .counter
            .checked_add(1)
            .ok_or("the counter of these keys is used up")?;
        Ok(self.counter)
    }

    fn mechanism(&self) -> Option<AuthMechanism> {
        match self.authentication {
            Authentication::None => None,
            Authentication::Low => Some(AuthMechanism::Low),
            Authentication::Gmac => Some(AuthMechanism::HighGmac),
        }
    }

    /// The number of the next question.
    pub fn next_invoke(&mut self) -> u8 {
        self.invoke = (self.invoke + 1) & 0x0F;
        self.invoke
    }

    /// AARQ. What was agreed on before is void.
    pub fn aarq(&mut self, now: Instant) -> Result<Vec<u8>, String> {
        self.is_associated = false;
        self.agreed = None;
        let initiate = InitiateRequest {
            proposed_conformance: Conformance::GET
                | Conformance::SET
                | Conformance::ACTION
                | Conformance::SELECTIVE_ACCESS
                | Conformance::BLOCK_TRANSFER_WITH_GET_OR_READ,
            client_max_receive_pdu_size: self.pdu_bytes,
            ..InitiateRequest::default()
        };
        let mut user = vec![INITIATE_REQUEST];
        initiate.encode(&mut user).map_err(|error| error.to_string())?;
        if self.control.is_some() {
            user = self.protect(PROTECTED_REQUEST, &user)?;
        }
        if let (Authentication::Gmac, Some(keys)) = (self.authentication, &self.keys) {
            self.challenge = keys.challenge(now, self.counter)?;
        }
        let secret = match self.authentication {
            Authentication::None => None,
            Authentication::Low => Some(self.password.as_slice()),
            Authentication::Gmac => Some(self.challenge.as_slice()),
        };
        let aarq = Aarq {
            application_context: Some(self.context()),
            calling_ap_title: self.keys.is_some().then_some(&self.title[..]),
            sender_acse_requirements: secret.is_some(),
            mechanism_name: self.mechanism(),
            calling_authentication_value: secret,
            user_information: Some(&user),
            ..Aarq::default()
        };
        let mut bytes = Vec::new();
        aarq.encode(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    }

    fn context(&self) -> ApplicationContext {
        if self.control.is_some() {
            ApplicationContext::LogicalNameCiphered
        } else {
            ApplicationContext::LogicalName
        }
    }

    /// The answer to AARQ. After a password meters leave out the mechanism; another one than ours is not agreed on.
    pub fn take_aare(&mut self, apdu: &[u8]) -> Result<Step, String> {
        if apdu.first() == Some(&EXCEPTION) {
            return match apdu::answer(self.invoke, apdu)? {
                Answer::Exception(exception) => Ok(Step::Exception(exception)),
                _ => Err("an exception that is none".to_owned()),
            };
        }
        let aare = Aare::from_bytes(apdu).map_err(|error| format!("the answer to AARQ: {error}"))?;
        if !aare.is_accepted() {
            return Ok(Step::Refused(refusal(aare.diagnostic)));
        }
        let is_other = aare.mechanism_name.is_some() && aare.mechanism_name != self.mechanism();
        if is_other
            || aare
                .application_context
                .is_some_and(|context| context != self.context())
        {
            return Ok(Step::Refused(
                "it agrees to another context or mechanism than was asked for".to_owned(),
            ));
        }
        if let Some(title) = aare.responding_ap_title {
            let title = title.try_into().map_err(|_| "a system title that is none")?;
            // Counters are of a title.
            if self.meter_title.replace(title) != Some(title) {
                self.meter_counter = None;
            }
        }
        if let Some(user) = aare.user_information {
            let plain = match (user.first(), self.control) {
                (Some(&PROTECTED_RESPONSE), Some(_)) => self.open(user)?,
                (Some(_), None) => user.to_vec(),
                _ => return Err("the answer to AARQ is not protected as was agreed on".to_owned()),
            };
            let Some((&INITIATE_RESPONSE, initiate)) = plain.split_first() else {
                return Ok(Step::Refused(refusal(aare.diagnostic)));
            };
            let initiate = InitiateResponse::from_bytes(initiate).map_err(|error| error.to_string())?;
            if initiate.negotiated_dlms_version != VERSION {
                let version = initiate.negotiated_dlms_version;
                return Ok(Step::Refused(format!(
                    "it speaks version {version}, expected {VERSION}"
                )));
            }
            self.agreed = Some(initiate.negotiated_conformance);
        }
        if self.authentication == Authentication::Gmac {
            let challenge = aare.responding_authentication_value.unwrap_or_default();
            if challenge.is_empty() || challenge.len() > CHALLENGE_MAX {
                return Err(format!("a challenge has {} bytes, expected 8 to 64", challenge.len()));
            }
            self.meter_challenge = challenge.to_vec();
            return Ok(Step::Prove);
        }
        self.is_associated = true;
        Ok(Step::Associated)
    }

    /// Our proof.
    pub fn prove(&mut self) -> Result<Vec<u8>, String> {
        let counter = self.count()?;
        let keys = self.keys.as_ref().ok_or("there are no keys")?;
        let proof = keys.proof(&self.title, counter, &self.meter_challenge)?;
        let number = self.next_invoke();
        self.question(&apdu::prove(number, &proof))
    }

    /// The proof of the meter: without it somebody else answers.
    pub fn take_proof(&mut self, apdu: &[u8]) -> Result<Step, String> {
        let proof = match self.answer(apdu)? {
            Answer::Acted(Some(proof)) => proof,
            Answer::Exception(exception) => return Ok(Step::Exception(exception)),
            _ => return Ok(Step::Refused("it does not take our keys".to_owned())),
        };
        let (Some(keys), Some(title)) = (&self.keys, &self.meter_title) else {
            return Err("there are no keys".to_owned());
        };
        if !keys.is_proof(title, &self.challenge, tree::bytes(&proof).unwrap_or_default()) {
            return Ok(Step::Refused("it does not hold our keys".to_owned()));
        }
        self.is_associated = true;
        Ok(Step::Associated)
    }

    /// A question as it is sent.
    pub fn question(&mut self, apdu: &[u8]) -> Result<Vec<u8>, String> {
        let tag = match (self.control, apdu.first()) {
            (None, _) => return Ok(apdu.to_vec()),
            (Some(_), Some(0xC0)) => 0xC8,
            (Some(_), Some(0xC1)) => 0xC9,
            (Some(_), _) => 0xCB,
        };
        self.protect(tag, apdu)
    }

    /// What came for the question that was asked last. Only an exception may come unprotected where protection is agreed on:
    /// there is no other way to send one.
    pub fn answer(&mut self, apdu: &[u8]) -> Result<Answer, String> {
        let plain = match (self.control, apdu.first()) {
            (None, _) | (Some(_), Some(&EXCEPTION)) => apdu.to_vec(),
            (Some(_), Some(0xCC | 0xCD | 0xCF)) => self.open(apdu)?,
            _ => return Err("an answer is not protected".to_owned()),
        };
        apdu::answer(self.invoke, &plain)
    }

    fn protect(&mut self, tag: u8, plain: &[u8]) -> Result<Vec<u8>, String> {
        let counter = self.count()?;
        let (Some(keys), Some(control)) = (&self.keys, self.control) else {
            return Err("there are no keys".to_owned());
        };
        let body = keys.protect(control, &self.title, counter, plain)?;
        Ok([&[tag], &apdu::write_length(body.len())[..], &body].concat())
    }

    /// Opens what the meter protected. Its counter only grows: what comes again is an old answer.
    fn open(&mut self, apdu: &[u8]) -> Result<Vec<u8>, String> {
        let (Some(keys), Some(control), Some(title)) = (&self.keys, self.control, &self.meter_title) else {
            return Err("a protected message came before the meter named itself".to_owned());
        };
        let mut reader = Reader::new(apdu.get(1..).unwrap_or_default());
        let length = apdu::length(&mut reader).map_err(|short| short.to_string())?;
        let (counter, plain) = keys.open(control, title, reader.take(length).map_err(|short| short.to_string())?)?;
        if let Some(last) = self.meter_counter.filter(|last| counter <= *last) {
            return Err(format!("an answer has counter {counter}, the last had {last}"));
        }
        self.meter_counter = Some(counter);
        Ok(plain)
    }

    /// The end of the association.
    pub fn release(&mut self) -> Vec<u8> {
        self.is_associated = false;
        vec![0x62, 0x03, 0x80, 0x01, 0x00]
    }
}

/// Why an association is refused, in words that name what to look at.
fn refusal(diagnostic: Diagnostic) -> String {
    let (code, word) = match diagnostic {
        Diagnostic::User(user) => (
            user.as_u8(),
            match user {
                UserDiagnostic::ApplicationContextNameNotSupported => {
                    "context not supported: other protection is expected"
                }
                UserDiagnostic::AuthenticationMechanismNameNotRecognised => "mechanism not known",
                UserDiagnostic::AuthenticationMechanismNameRequired => "mechanism required",
                UserDiagnostic::AuthenticationFailure => "authentication failure: wrong password or keys",
                UserDiagnostic::AuthenticationRequired => "authentication required",
                _ => "no reason given",
            },
        ),
        Diagnostic::Provider(code) => (code, "by the provider"),
    };
    format!("{word} ({code})")
}
