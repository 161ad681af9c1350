//! The answers of one row: in one piece while the line is good, question by question once it was not.

use uzel_driver_sdk::{Failure, Port};

use crate::frame::{Reply, Request};
use crate::message::{self, Source};
use crate::meter::{Meter, refused};
use crate::plan::Plan;
use crate::talk::Talk;

/// Answers in the order of their questions (none: left out by the device), or the code with which the device says that
/// there is no record.
pub type Answers = Result<Vec<Option<Vec<u8>>>, u8>;

/// What came of one question.
enum Found {
    Answer(Option<Vec<u8>>),
    NoRecord(u8),
}

impl Meter {
    /// Reads one row. `date`: writes which record is meant.
    ///
    /// On a good line the date and all questions are one piece of work. On a bad one that would rarely end well: there the
    /// date is one piece, which the device keeps, and each question another, asked for twice.
    pub fn answers(&mut self, port: &mut dyn Port, plan: &Plan, date: Option<&Request>) -> Result<Answers, Failure> {
        if !self.talk.is_doubtful() {
            let whole = self.talk.proven(port, plan.is_plain(), |talk, port| {
                if talk.is_doubtful() {
                    return Ok(None);
                }
                whole(talk, port, plan, date).map(Some)
            })?;
            if let Some(answers) = whole {
                return Ok(answers);
            }
        }
        self.piece_by_piece(port, plan, date)
    }

    fn piece_by_piece(&mut self, port: &mut dyn Port, plan: &Plan, date: Option<&Request>) -> Result<Answers, Failure> {
        if let Some(code) = self.talk.proven(port, true, |talk, port| set(talk, port, date))? {
            return Ok(Err(code));
        }
        let mut answers = Vec::new();
        for (request, is_optional) in plan.questions() {
            let mut found = self
                .talk
                .proven(port, true, |talk, port| twice(talk, port, plan, request, is_optional))?;
            if let Found::NoRecord(_) = found {
                // The device may have lost the date meanwhile.
                found = self
                    .talk
                    .proven(port, true, |talk, port| match set(talk, port, date)? {
                        Some(code) => Ok(Found::NoRecord(code)),
                        None => once(talk, port, plan, request, is_optional),
                    })?;
            }
            match found {
                Found::Answer(answer) => answers.push(answer),
                Found::NoRecord(code) => return Ok(Err(code)),
            }
        }
        Ok(Ok(answers))
    }
}

fn whole(talk: &mut Talk, port: &mut dyn Port, plan: &Plan, date: Option<&Request>) -> Result<Answers, Failure> {
    if let Some(code) = set(talk, port, date)? {
        return Ok(Err(code));
    }
    let mut answers = Vec::new();
    for (request, is_optional) in plan.questions() {
        match once(talk, port, plan, request, is_optional)? {
            Found::Answer(answer) => answers.push(answer),
            Found::NoRecord(code) => return Ok(Err(code)),
        }
    }
    Ok(Ok(answers))
}

/// Writes the date; gives the code with which the device says that there is no such record.
fn set(talk: &mut Talk, port: &mut dyn Port, date: Option<&Request>) -> Result<Option<u8>, Failure> {
    let Some(date) = date else { return Ok(None) };
    match talk.ask(port, date)? {
        Reply::Refused(code) if message::is_no_record(code) => Ok(Some(code)),
        Reply::Refused(code) => Err(refused(code)),
        Reply::Done | Reply::Data(_) => Ok(None),
    }
}

fn once(
    talk: &mut Talk,
    port: &mut dyn Port,
    plan: &Plan,
    request: &Request,
    is_optional: bool,
) -> Result<Found, Failure> {
    match talk.data(port, request)? {
        Ok(data) => Ok(Found::Answer(Some(data))),
        Err(code) if is_optional => {
            port.note(&format!("additional temperatures: {}", message::refusal(code)));
            Ok(Found::Answer(None))
        }
        Err(code) if plan.source.is_archive() && message::is_no_record(code) => Ok(Found::NoRecord(code)),
        Err(code) => Err(refused(code)),
    }
}

/// A CRC lets one damaged answer of 65 536 pass, but hardly the same damage twice. Current values change meanwhile.
fn twice(
    talk: &mut Talk,
    port: &mut dyn Port,
    plan: &Plan,
    request: &Request,
    is_optional: bool,
) -> Result<Found, Failure> {
    let found = once(talk, port, plan, request, is_optional)?;
    if plan.source == Source::Current {
        return Ok(found);
    }
    let again = once(talk, port, plan, request, is_optional)?;
    match (&found, &again) {
        (Found::Answer(one), Found::Answer(other)) if one == other => Ok(found),
        (Found::NoRecord(one), Found::NoRecord(other)) if one == other => Ok(found),
        _ => {
            let what = "two answers to one question differ";
            talk.trouble(port, what);
            Err(Failure::Garbled(what.to_owned()))
        }
    }
}
