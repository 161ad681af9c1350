//! The buffer of a profile: which profile an archive is, and its rows by the best way that the meter knows.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::xdlms::{Conformance, DataAccessResult};
use uzel_driver_sdk::calendar::DAY;
use uzel_driver_sdk::{ArchiveKind, Failure, Port};

use crate::apdu::{Attribute, Encoded, word};
use crate::column::PROFILE;
use crate::interval::Step;
use crate::meter::Meter;
use crate::object::usual_profiles;
use crate::profile::{self, Profile, Row};
use crate::select::{self, BY_ENTRY, BY_RANGE, Tag};
use crate::talk::Talk;
use crate::{name, tree};

/// Profiles looked at for one archive at most.
const CANDIDATES_MAX: usize = 32;
/// Rows of one question by number.
const ENTRIES: u32 = 64;
/// Rows that are kept at most of a meter that gives no ranges.
const KEPT_MAX: usize = 40_000;
/// Sort methods in which the newest row is the first (IEC 62056-62, section 5.2.2): LIFO, and the largest first.
const NEWEST_FIRST: [u8; 2] = [2, 3];

/// How rows are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Range(Tag),
    Entries,
    Whole,
}

/// A profile, and what is known of reading it.
pub struct Buffer {
    pub profile: Profile,
    way: Way,
    /// A range has given rows: one without rows is believed then.
    is_proven: bool,
    /// What was read by number or as a whole, and how many rows are still older.
    kept: Vec<Row>,
    older: Option<u32>,
}

fn attribute(name: Obis, number: i8) -> Attribute {
    Attribute::new(PROFILE, name, number)
}

impl Meter {
    /// The buffer of an archive; looked for once a session.
    pub fn buffer(&mut self, port: &mut dyn Port, kind: ArchiveKind, step: Step) -> Result<Buffer, Failure> {
        if let Some(place) = self.found.iter().position(|(known, _)| *known == kind) {
            return Ok(self.found.swap_remove(place).1);
        }
        let mut seen = Vec::new();
        for name in self.candidates(port, kind)? {
            let Ok(period) = self.talk.get(port, attribute(name, 4), None)? else {
                continue;
            };
            let Some(period_s) = tree::number::<u32>(&period) else {
                continue;
            };
            if is_of(step, period_s, name) {
                return self.describe(port, name, period_s.into());
            }
            seen.push(format!("{} has a period of {period_s} s", name::write(name)));
        }
        if seen.is_empty() {
            seen.push("the meter shows no profile".to_owned());
        }
        Err(Failure::Unsupported(format!(
            "no profile is this archive: {}",
            seen.join(", ")
        )))
    }

    /// Keeps what was learned for the next reading of the session.
    pub fn keep(&mut self, kind: ArchiveKind, mut buffer: Buffer) {
        // Rows may come meanwhile.
        buffer.kept.clear();
        buffer.older = None;
        self.found.push((kind, buffer));
    }

    /// The profile that a person named, or the usual ones, then those of the object list.
    fn candidates(&mut self, port: &mut dyn Port, kind: ArchiveKind) -> Result<Vec<Obis>, Failure> {
        let [hourly, daily, monthly] = self.config.profiles;
        let named = match kind {
            ArchiveKind::Daily => daily,
            ArchiveKind::Monthly => monthly,
            _ => hourly,
        };
        if let Some(name) = named {
            return Ok(vec![name]);
        }
        let mut names: Vec<Obis> = Vec::new();
        let listed = self.objects(port)?;
        let listed: Vec<Obis> = listed
            .iter()
            .filter(|one| one.class == PROFILE)
            .map(|one| one.name)
            .collect();
        let usual = usual_profiles(kind).iter();
        // Where there is a list, only what is in it is asked for.
        names.extend(usual.filter(|name| listed.is_empty() || listed.contains(name)));
        let more: Vec<Obis> = listed.into_iter().filter(|name| !names.contains(name)).collect();
        names.extend(more);
        names.truncate(CANDIDATES_MAX);
        Ok(names)
    }

    fn describe(&mut self, port: &mut dyn Port, name: Obis, period_s: i64) -> Result<Buffer, Failure> {
        let refused = |what: &str| Failure::Refused(format!("profile {}: {what}", name::write(name)));
        let objects = self.talk.get(port, attribute(name, 3), None)?;
        let objects = objects.map_err(|why| refused(&format!("what it captures is not shown: {}", word(why))))?;
        let captured = profile::captured(&objects).map_err(|why| refused(&why))?;
        let clock = profile::clock(&captured).map_err(|why| refused(&why))?;
        let mut scales = Vec::with_capacity(captured.len());
        for one in &captured {
            scales.push(self.scale(port, one)?);
        }
        let mut number = |meter: &mut Self, place: i8| -> Result<Option<u32>, Failure> {
            let said = meter.talk.get(port, attribute(name, place), None)?;
            Ok(said.ok().as_ref().and_then(tree::number))
        };
        let sort = number(self, 5)?.unwrap_or(1);
        let in_use = number(self, 7)?.unwrap_or(u32::MAX);
        let capacity = number(self, 8)?.unwrap_or(0);
        let can_select = self.talk.can(Conformance::SELECTIVE_ACCESS);
        Ok(Buffer {
            profile: Profile {
                name,
                period_s,
                capacity,
                in_use,
                is_newest_first: NEWEST_FIRST.iter().any(|method| u32::from(*method) == sort),
                captured,
                scales,
                clock,
            },
            way: if can_select {
                Way::Range(Tag::Octets)
            } else {
                Way::Whole
            },
            is_proven: false,
            kept: Vec::new(),
            older: None,
        })
    }
}

/// Whether a profile with this period is the archive.
fn is_of(step: Step, period_s: u32, name: Obis) -> bool {
    let [_, _, c, d, ..] = name.0;
    match step {
        Step::Seconds(DAY) if period_s == 0 => (c, d) == (98, 2),
        Step::Seconds(step) => i64::from(period_s) == step,
        Step::Month => (period_s == 0 || i64::from(period_s) >= 28 * DAY) && (c, d) == (98, 1),
    }
}

impl Buffer {
    /// Rows with stamps `first` to `last`, both included; others may be among them.
    pub fn rows(&mut self, talk: &mut Talk, port: &mut dyn Port, first: i64, last: i64) -> Result<Vec<Row>, Failure> {
        // There are four ways, and none is tried twice.
        loop {
            let found = match self.way {
                Way::Range(tag) => self.by_range(talk, port, tag, first, last)?,
                Way::Entries => self.by_entries(talk, port, first)?,
                Way::Whole => self.whole(talk, port)?,
            };
            match found {
                Some(rows) => return Ok(rows),
                None => self.worse(port)?,
            }
        }
    }

    fn worse(&mut self, port: &mut dyn Port) -> Result<(), Failure> {
        let next = match self.way {
            Way::Range(Tag::Octets) => Way::Range(Tag::DateTime),
            Way::Range(Tag::DateTime) => Way::Entries,
            Way::Entries => Way::Whole,
            Way::Whole => {
                let name = name::write(self.profile.name);
                return Err(Failure::Refused(format!("the meter does not give the rows of {name}")));
            }
        };
        port.note(&format!("{:?} is not known to the meter, {next:?} is tried", self.way));
        self.way = next;
        Ok(())
    }

    fn ask(&self, talk: &mut Talk, port: &mut dyn Port, selector: u8, parameters: &[u8]) -> Result<Encoded, Failure> {
        talk.get_encoded(port, attribute(self.profile.name, 2), Some((selector, parameters)))
    }

    fn expand(&self, buffer: &[u8]) -> Result<Vec<Row>, Failure> {
        self.profile.rows(buffer).map_err(Failure::Garbled)
    }

    /// None: the meter does not know this.
    fn by_range(
        &mut self,
        talk: &mut Talk,
        port: &mut dyn Port,
        tag: Tag,
        first: i64,
        last: i64,
    ) -> Result<Option<Vec<Row>>, Failure> {
        let Some(rows) = self.range(talk, port, tag, first, last)? else {
            return Ok(None);
        };
        let is_proven = rows.iter().any(|row| (first..=last).contains(&row.stamp));
        self.is_proven |= is_proven;
        if self.is_proven || self.profile.in_use == 0 {
            return Ok(Some(rows));
        }
        // A meter that does not understand a range may give nothing for it: its newest row decides.
        let newest = if self.profile.is_newest_first {
            1
        } else {
            self.profile.in_use
        };
        let newest = match self.ask(talk, port, BY_ENTRY, &select::entries(newest, newest))? {
            Ok(found) => self.expand(&found)?.pop(),
            Err(why) => {
                port.note(&format!("the newest row is not given: {}", word(why)));
                None
            }
        };
        let Some(stamp) = newest.map(|row| row.stamp) else {
            return Ok(None);
        };
        let again = self.range(talk, port, tag, stamp, stamp)?;
        self.is_proven = again.is_some_and(|rows| rows.iter().any(|row| row.stamp == stamp));
        Ok(self.is_proven.then_some(rows))
    }

    fn range(
        &self,
        talk: &mut Talk,
        port: &mut dyn Port,
        tag: Tag,
        first: i64,
        last: i64,
    ) -> Result<Option<Vec<Row>>, Failure> {
        let Some(clock) = self.profile.captured.get(self.profile.clock) else {
            return Ok(None);
        };
        match self.ask(talk, port, BY_RANGE, &select::range(clock, tag, first, last))? {
            Ok(buffer) => self.expand(&buffer).map(Some),
            Err(why) => unknown(why).map(|()| None),
        }
    }

    /// From the newest row back until one is older than what is wanted.
    fn by_entries(&mut self, talk: &mut Talk, port: &mut dyn Port, first: i64) -> Result<Option<Vec<Row>>, Failure> {
        let in_use = self.profile.in_use;
        if in_use == u32::MAX {
            return Ok(None);
        }
        loop {
            let older = self.older.unwrap_or(in_use);
            let oldest = self.kept.iter().map(|row| row.stamp).min();
            if older == 0 || oldest.is_some_and(|oldest| oldest < first) || self.kept.len() > KEPT_MAX {
                return Ok(Some(self.kept.clone()));
            }
            let count = older.min(ENTRIES);
            let (from, to) = if self.profile.is_newest_first {
                (in_use - older + 1, in_use - older + count)
            } else {
                (older - count + 1, older)
            };
            match self.ask(talk, port, BY_ENTRY, &select::entries(from, to))? {
                Ok(buffer) => {
                    // More rows than were asked for may come, and some of them again.
                    for row in self.expand(&buffer)? {
                        if !self.kept.iter().any(|kept| kept.stamp == row.stamp) {
                            self.kept.push(row);
                        }
                    }
                }
                Err(why) => return unknown(why).map(|()| None),
            }
            self.older = Some(older - count);
        }
    }

    fn whole(&mut self, talk: &mut Talk, port: &mut dyn Port) -> Result<Option<Vec<Row>>, Failure> {
        if self.older.is_none() {
            match talk.get_encoded(port, attribute(self.profile.name, 2), None)? {
                Ok(buffer) => self.kept = self.expand(&buffer)?,
                Err(why) => return unknown(why).map(|()| None),
            }
            self.older = Some(0);
        }
        Ok(Some(self.kept.clone()))
    }
}

/// Whether a refusal is one of the way of asking.
fn unknown(why: DataAccessResult) -> Result<(), Failure> {
    match why {
        DataAccessResult::HardwareFault | DataAccessResult::TemporaryFailure | DataAccessResult::LongGetAborted => {
            Err(Failure::Refused(format!("the meter does not give rows: {}", word(why))))
        }
        _ => Ok(()),
    }
}
