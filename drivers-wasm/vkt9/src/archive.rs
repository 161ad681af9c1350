//! Hourly and daily archives: the page of a date is found, then page follows page (VKT-9 note, archives).
//!
//! A page number does not say what is on the page; the common block does, by its date. A page that was overwritten on the
//! way holds a newer record, so labels that do not grow, or that reach the meter's clock, end the window and nothing is
//! said of what was not seen.

use uzel_driver_sdk::absence::gaps;
use uzel_driver_sdk::calendar::{DAY, HOUR, civil, reckon, seconds};
use uzel_driver_sdk::resume::Token;
use uzel_driver_sdk::{ArchiveKind, Batch, CivilTime, Failure, LabelRule, Port, Sink, Window};

use crate::field::{self, Heat};
use crate::question::{Answer, Block, Question};
use crate::session::{Session, refused};
use crate::table;

/// The hour in the date of a record that is of a whole day.
const WHOLE_DAY: u8 = 24;
/// A block that begins so ends the archive.
const END: [u8; 3] = [0xff; 3];
/// What stands before the data of a block: next page, count.
const HEAD: usize = 3;
/// Pages beyond those of a window: a day of hours before it, and what may lie between.
const BEYOND: i64 = 64;
/// How often a page is asked for whose answer is to another one.
const TRIES: usize = 4;
const FORM: &str = "vkt9/1";

/// One block of one page.
struct Read {
    next: u16,
    data: Vec<u8>,
}

/// One call of `read_archive`.
struct Reader<'a> {
    session: &'a mut Session,
    port: &'a mut dyn Port,
    out: &'a mut dyn Sink,
    archive: u8,
    step: i64,
    clock: i64,
    /// Unit of heat of the meter as a whole.
    heat: Heat,
    /// Heat systems that the meter has.
    systems: Vec<u8>,
    batch: Batch,
    /// Units of the heat systems that are declared.
    declared: Option<Vec<Heat>>,
    done: u32,
    total: u32,
}

/// Reads the records whose intervals begin within `windows`.
pub fn read(
    session: &mut Session,
    port: &mut dyn Port,
    kind: ArchiveKind,
    windows: &[Window],
    resume: Option<&[u8]>,
    out: &mut dyn Sink,
) -> Result<(), Failure> {
    let (archive, step) = match kind {
        ArchiveKind::Hourly => (0, HOUR),
        ArchiveKind::Daily => (1, DAY),
        _ => {
            let why = "of ВКТ-9 hours and days are read: which days its months are of is not documented";
            return Err(Failure::Unsupported(why.to_owned()));
        }
    };
    let clock = session.clock(port)?;
    let heat = session.heat(port)?;
    let mut reader = Reader {
        session,
        port,
        out,
        archive,
        step,
        clock,
        heat,
        systems: vec![1, 2],
        batch: Batch::default(),
        declared: None,
        done: 0,
        total: 0,
    };
    let read = reader.windows(windows, resume.and_then(|bytes| Token::parse(FORM, bytes)));
    // What was read whole is good, whatever ended the call.
    let flushed = reader.batch.flush(reader.out);
    read.and(flushed)
}

impl Reader<'_> {
    fn windows(&mut self, windows: &[Window], resume: Option<Token>) -> Result<(), Failure> {
        for (number, window) in windows.iter().enumerate() {
            let (begin, end) = (reckon(window.begin), reckon(window.end).min(self.clock));
            let begin = match resume {
                Some(token) if number < token.window => continue,
                Some(token) if number == token.window && (begin..end).contains(&token.start) => token.start + self.step,
                _ => begin,
            };
            let count = u32::try_from((end - begin).max(0) / self.step).unwrap_or(u32::MAX);
            self.total = self.total.saturating_add(count);
            if begin < end {
                self.window(number, begin, end)?;
            }
        }
        Ok(())
    }

    fn window(&mut self, number: usize, begin: i64, end: i64) -> Result<(), Failure> {
        let find = Question::find(self.archive, civil(begin));
        let found = match self.session.link.sure(self.port, &find)? {
            Answer::Data(data) => data,
            Answer::Refused(code) => return Err(refused(&find, code)),
        };
        let &[_, _, _, low, high] = found.as_slice() else {
            return Err(Failure::Garbled(format!(
                "{} bytes of a page number, expected 5",
                found.len()
            )));
        };
        let mut page = u16::from_le_bytes([low, high]);
        let mut seen: Vec<(i64, i64)> = Vec::new();
        let mut last = None;
        for _ in 0..(end - begin) / self.step + BEYOND {
            let Some((label, common)) = self.common(page, last)? else {
                break;
            };
            // Newer than the meter's clock was: it is written while it is read, or it lies where an old one was.
            if label + self.step > self.clock {
                break;
            }
            if label >= begin {
                seen.push((label, label + self.step));
            }
            if label >= end {
                break;
            }
            if label >= begin {
                self.record(number, label, page, &common)?;
            }
            (page, last) = (common.next, Some(label));
        }
        // Behind the newest record nothing is known yet.
        let until = seen.last().map_or(begin, |(_, until)| *until);
        let asked = Window {
            begin: civil(begin),
            end: civil(end),
        };
        for (gap, why) in gaps(asked, &seen, i64::MIN, until) {
            self.out.absent(gap, why)?;
        }
        Ok(())
    }

    /// The common block of a page, with its label; none where the archive ends. Its label has to be behind `last`: an
    /// answer to the page before is asked for again.
    fn common(&mut self, page: u16, last: Option<i64>) -> Result<Option<(i64, Read)>, Failure> {
        let mut wrong = String::new();
        for _ in 0..TRIES {
            let read = match self.block(page, Block::Common, last.is_none())? {
                Ok(read) => read,
                Err(code) => return Err(refused(&self.question(page, Block::Common), code)),
            };
            if read.data.starts_with(&END) {
                return Ok(None);
            }
            match label(&read.data, self.step) {
                Some(label) if last.is_none_or(|last| label > last) => return Ok(Some((label, read))),
                Some(_) if last.is_some() => wrong = format!("the record of page {page} is not behind the one before"),
                _ => {
                    let date = uzel_driver_sdk::bytes::hex(read.data.get(..4).unwrap_or_default());
                    wrong = format!("a record has the date {date}");
                }
            }
            self.port.note(&wrong);
            self.session.link.hear_out(self.port, 1)?;
        }
        Err(Failure::Garbled(wrong))
    }

    fn question(&self, page: u16, block: Block) -> Question {
        Question::Page {
            archive: self.archive,
            page,
            block,
        }
    }

    /// One block; the inner error is the meter's refusal.
    fn block(&mut self, page: u16, block: Block, is_first: bool) -> Result<Result<Read, u8>, Failure> {
        let question = self.question(page, block);
        let answer = if is_first {
            self.session.link.sure(self.port, &question)?
        } else {
            self.session.link.ask(self.port, &question)?
        };
        let data = match answer {
            Answer::Data(data) => data,
            Answer::Refused(code) => return Ok(Err(code)),
        };
        match data.split_at_checked(HEAD) {
            Some((&[low, high, 1], rest)) => Ok(Ok(Read {
                next: u16::from_le_bytes([low, high]),
                data: rest.to_vec(),
            })),
            _ => Err(Failure::Garbled(
                "a page was asked for, and its answer has not one".to_owned(),
            )),
        }
    }

    fn record(&mut self, number: usize, start: i64, page: u16, common: &Read) -> Result<(), Failure> {
        let mut data = common.data.get(..Block::Common.size()).unwrap_or_default().to_vec();
        let mut units = Vec::new();
        for system in self.systems.clone() {
            let block = if system == 1 { Block::First } else { Block::Second };
            let Some(read) = self.system(page, block, common.next)? else {
                // A system that the meter does not have is refused once and not asked for again.
                self.systems.retain(|one| *one != system);
                continue;
            };
            units.push(Heat::of(
                read.get(table::BLOCK_HEAT_UNIT).copied().unwrap_or_default().into(),
            ));
            data.extend(read);
        }
        let fields = table::record(&self.systems);
        if self.declared.as_ref() != Some(&units) {
            self.batch.flush(self.out)?;
            let unit = |point: u8| {
                let place = self.systems.iter().position(|system| *system == point);
                place.and_then(|place| units.get(place)).copied().unwrap_or(self.heat)
            };
            let columns: Vec<_> = fields.iter().map(|field| field.column(unit(field.point))).collect();
            self.out.declare(&columns, LabelRule::IntervalStart)?;
            self.declared = Some(units);
        }
        let short = || Failure::Garbled(format!("{} bytes of a record, less than the fields need", data.len()));
        let mut row = field::row(&fields, &data).ok_or_else(short)?;
        row.label = Some(civil(start));
        self.port.note(&format!("record {:?} of page {page}", civil(start)));
        let token = Token { window: number, start }.write(FORM);
        self.batch.push(row, Some(token), self.port.now(), self.out)?;
        self.done = self.done.saturating_add(1);
        self.out.progress(self.done, self.total.max(self.done));
        Ok(())
    }

    /// The block of a heat system on the page whose common block named `next`; none where the meter refuses it.
    fn system(&mut self, page: u16, block: Block, next: u16) -> Result<Option<Vec<u8>>, Failure> {
        for _ in 0..TRIES {
            match self.block(page, block, false)? {
                Err(2 | 3) => return Ok(None),
                Err(code) => return Err(refused(&self.question(page, block), code)),
                Ok(read) if read.next == next => {
                    // Layout 1.0 has another order and is shorter: how much, nobody has written down.
                    let size = Block::First.size();
                    return Ok(Some(read.data.get(..size).unwrap_or_default().to_vec()));
                }
                Ok(read) => self.port.note(&format!("page {} is next, expected {next}", read.next)),
            }
            self.session.link.hear_out(self.port, 1)?;
        }
        Err(Failure::Garbled(format!("no answer to page {page} leads on to {next}")))
    }
}

/// When the interval of a record begins, seconds: a label is taken for the start, as other meters of this maker have it.
fn label(data: &[u8], step: i64) -> Option<i64> {
    let &[year, month, day, hour] = data.first_chunk::<4>()?;
    let hour = match (step, hour) {
        (DAY, WHOLE_DAY | 0) => 0,
        (HOUR, hour @ 0..WHOLE_DAY) => hour,
        _ => return None,
    };
    seconds(CivilTime {
        year: 2_000 + u16::from(year),
        month,
        day,
        hour,
        minute: 0,
        second: 0,
    })
}
