//! The search for meters by secondary addresses with wildcards (EN 13757-3, section 11).
//!
//! Whoever fits the selection acknowledges it, all at once: acknowledgements may cover each other perfectly, so only a
//! clean answer with data says that one meter is there. Where answers collide, one thing after the other that the
//! pattern leaves open is filled in.

use std::fmt::Write;

use uzel_driver_sdk::{Failure, Level, Port};

use crate::address::{SELECTED, Secondary};
use crate::frame;
use crate::header::Header;
use crate::link::{Link, Trouble};
use crate::telegram::{self, Context};

/// How often a selection is sent that nobody acknowledges, and a question on which the answer is damaged.
const TRIES: u32 = 2;
/// Selections of one search at most: ten minutes where nobody answers within a second.
const MAX_SELECTIONS: u32 = 600;
/// Addresses that a failure names; all are in the journal.
const NAMED: usize = 8;

/// What a search came to.
pub enum Found {
    /// No meter fits.
    Nobody,
    /// One meter fits: the pattern with its number filled in.
    One(Secondary),
    /// Answers are damaged and it cannot be told by whom.
    Unclear,
    /// So many that the person has to choose.
    Several(Failure),
}

/// Who answers a selection.
enum Heard {
    Nobody,
    One(Header),
    Several,
}

/// A search under way.
struct Search<'a> {
    link: &'a mut Link,
    port: &'a mut dyn Port,
    selections: u32,
    found: Vec<Secondary>,
}

/// Finds the meters that fit `pattern`.
pub fn find(link: &mut Link, port: &mut dyn Port, pattern: Secondary) -> Result<Found, Failure> {
    let mut search = Search {
        link,
        port,
        selections: 0,
        found: Vec::new(),
    };
    search.deselect()?;
    match search.ask(&pattern)? {
        Heard::Nobody => return Ok(Found::Nobody),
        Heard::One(header) => {
            search.tell(&pattern, &header);
            return Ok(Found::One(pattern.with_number(&header)));
        }
        Heard::Several => search.go_deeper(&pattern)?,
    }
    // Of one meter behind answers that collide a second one was not heard, or the line is disturbed.
    Ok(match search.found.as_slice() {
        [] | [_] => Found::Unclear,
        found => Found::Several(refusal(&pattern, found, search.selections >= MAX_SELECTIONS)),
    })
}

fn refusal(pattern: &Secondary, found: &[Secondary], is_cut: bool) -> Failure {
    let mut names = String::new();
    for address in found.iter().take(NAMED) {
        let before = if names.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(names, "{before}{address}");
    }
    let (least, more) = (
        if is_cut { "at least " } else { "" },
        if found.len() > NAMED {
            ", … (see the journal)"
        } else {
            ""
        },
    );
    let count = found.len();
    Failure::Config(format!("secondary {pattern} fits {least}{count} meters: {names}{more}"))
}

impl Search<'_> {
    fn deselect(&mut self) -> Result<(), Failure> {
        match self
            .link
            .acknowledged(self.port, &frame::short(frame::SND_NKE, SELECTED))
        {
            Err(Trouble::Fatal(failure)) => Err(failure),
            // Only a meter that was selected answers.
            _ => Ok(()),
        }
    }

    /// Fills in the first open place of a pattern under which answers collide.
    fn go_deeper(&mut self, pattern: &Secondary) -> Result<(), Failure> {
        let Some(narrower) = pattern.narrower() else {
            // Meters with the very same address, or one of which all answers are damaged.
            self.add(*pattern);
            return Ok(());
        };
        let before = self.found.len();
        for patterns in [narrower.usual, narrower.unusual] {
            for pattern in patterns {
                if self.selections >= MAX_SELECTIONS {
                    return Ok(());
                }
                match self.ask(&pattern)? {
                    Heard::Nobody => {}
                    Heard::One(header) => self.tell(&pattern, &header),
                    Heard::Several => self.go_deeper(&pattern)?,
                }
            }
            // Who collides, is two at least.
            if self.found.len() > before + 1 {
                return Ok(());
            }
        }
        Ok(())
    }

    fn tell(&mut self, pattern: &Secondary, header: &Header) {
        self.add(Secondary::of(header).unwrap_or_else(|| pattern.with_number(header)));
    }

    fn add(&mut self, address: Secondary) {
        self.port.log(Level::Info, &format!("found {address}"));
        self.found.push(address);
    }

    /// Who fits a pattern. Answers that cover each other may have a right sum by chance: the number that was read is
    /// selected by itself, and must give the same header.
    fn ask(&mut self, pattern: &Secondary) -> Result<Heard, Failure> {
        let heard = self.select(pattern)?;
        let Heard::One(header) = heard else { return Ok(heard) };
        if !pattern.has_open_digits() {
            return Ok(Heard::One(header));
        }
        Ok(match self.select(&pattern.with_number(&header))? {
            Heard::One(again) if again.is_of_same_meter(&header) => Heard::One(header),
            _ => Heard::Several,
        })
    }

    fn select(&mut self, pattern: &Secondary) -> Result<Heard, Failure> {
        for _ in 0..TRIES {
            self.selections += 1;
            match self.link.acknowledged(self.port, &pattern.select()) {
                Ok(()) | Err(Trouble::Garbled(_)) => return self.who(pattern),
                Err(Trouble::Silent) => {}
                Err(Trouble::Fatal(failure)) => return Err(failure),
            }
        }
        Ok(Heard::Nobody)
    }

    /// Asks those that are selected for data.
    fn who(&mut self, pattern: &Secondary) -> Result<Heard, Failure> {
        // The frame count bit behind a selection is 1.
        let request = frame::short(frame::REQ_UD2 | frame::FCB, SELECTED);
        for _ in 0..TRIES {
            match self.link.response(self.port, &request) {
                Ok(frame) => {
                    let header = header(&frame).filter(|header| !header.id.is_empty() && pattern.matches(header));
                    return Ok(header.map_or(Heard::Several, Heard::One));
                }
                Err(Trouble::Fatal(failure)) => return Err(failure),
                Err(_) => {}
            }
        }
        Ok(Heard::Several)
    }
}

/// Who a frame says it is of.
fn header(frame: &[u8]) -> Option<Header> {
    telegram::decode(&frame::decode(frame).ok()?, &Context::default())
        .ok()?
        .header
}
