//! The wire trace of a session: every byte, wait and remark in order, as text that can be replayed.
//!
//! One entry a line, `<ms since start> <mark> <rest>`:
//!
//! | mark | rest |
//! | --- | --- |
//! | `>` | hex of bytes sent; `**` for a byte of a secret |
//! | `<` | hex of bytes received; a blank where one read ended and the next began |
//! | `~` | `timeout`: a read that ended by its deadline; `timeout, 5 bytes` when these had come |
//! | `=` | line settings |
//! | `*` | the driver's note to the bytes before |
//! | `!` | a log line: level, text |
//! | `x` | the line was closed |
//! | `@` | the driver was told the time: this one |

use std::fmt::Write as _;

/// Stands for a byte of a secret among the hex of bytes sent.
pub const MASKED: &str = "**";

/// One kind of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Bytes to the meter.
    Sent,
    /// Bytes from the meter.
    Received,
    /// A read ended by its deadline.
    Timeout,
    /// The line was changed.
    Settings,
    /// The driver's remark.
    Note,
    /// A log line.
    Log,
    /// The line was closed.
    Closed,
    /// The driver was told the time.
    Moment,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Milliseconds since the session started.
    pub at_ms: u64,
    /// What happened.
    pub kind: EntryKind,
    /// Hex bytes for `Sent` and `Received`, with blanks between reads, and [`MASKED`] for bytes of secrets that were sent;
    /// text otherwise.
    pub rest: String,
}

impl EntryKind {
    fn mark(self) -> char {
        match self {
            Self::Sent => '>',
            Self::Received => '<',
            Self::Timeout => '~',
            Self::Settings => '=',
            Self::Note => '*',
            Self::Log => '!',
            Self::Closed => 'x',
            Self::Moment => '@',
        }
    }

    fn of(mark: &str) -> Option<Self> {
        [
            Self::Sent,
            Self::Received,
            Self::Timeout,
            Self::Settings,
            Self::Note,
            Self::Log,
            Self::Closed,
            Self::Moment,
        ]
        .into_iter()
        .find(|kind| mark.len() == 1 && mark.starts_with(kind.mark()))
    }

    /// The word that the API uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Timeout => "timeout",
            Self::Settings => "settings",
            Self::Note => "note",
            Self::Log => "log",
            Self::Closed => "closed",
            Self::Moment => "moment",
        }
    }
}

/// A trace as it grows. Thousands of sessions hold theirs at once, so bytes are kept as they are and become text at the
/// end: that takes less than half of the memory.
#[derive(Debug, Default)]
pub struct Trace {
    /// Entries in order: a mark, milliseconds, the length of the rest, the rest. The numbers as [`put_number`] writes
    /// them.
    kept: Vec<u8>,
    /// Bytes of the text that it will be.
    len: usize,
    /// When bytes came last, if nothing else happened since.
    receiving: Option<u64>,
}

/// Bytes that come within this time of one another, milliseconds, are one answer to whoever reads the trace.
const ONE_ANSWER_MS: u64 = 50;

/// Bytes by which a trace grows, and the most that a number takes.
const STEP: usize = 2_048;
const NUMBER_BYTES: usize = 10;

/// The mark of more bytes of the answer before.
const MORE: u8 = b'+';

impl Trace {
    /// Adds an entry of bytes. An answer that was read in parts is one entry, at the time of its first part.
    pub fn bytes(&mut self, at_ms: u64, kind: EntryKind, bytes: &[u8]) {
        let goes_on = self
            .receiving
            .take()
            .is_some_and(|last| at_ms.saturating_sub(last) <= ONE_ANSWER_MS);
        if kind == EntryKind::Received {
            self.receiving = Some(at_ms);
        }
        if kind == EntryKind::Received && goes_on {
            self.make_room(1);
            self.kept.push(MORE);
            self.len += 1;
        } else {
            self.head(at_ms, kind);
        }
        self.rest(bytes);
        self.len += bytes.len() * 2;
    }

    /// Adds an entry of text; control characters become spaces.
    pub fn text(&mut self, at_ms: u64, kind: EntryKind, text: &str) {
        self.receiving = None;
        self.head(at_ms, kind);
        self.rest(text.as_bytes());
        self.len += text.len();
    }

    /// Room for so many bytes. Left to itself the vector would double.
    fn make_room(&mut self, more: usize) {
        if self.kept.capacity() - self.kept.len() < more {
            self.kept.reserve_exact(more.max(STEP));
        }
    }

    fn rest(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len() + NUMBER_BYTES);
        put_number(&mut self.kept, bytes.len() as u64);
        self.kept.extend_from_slice(bytes);
    }

    fn head(&mut self, at_ms: u64, kind: EntryKind) {
        self.make_room(1 + NUMBER_BYTES);
        // The marks are ASCII.
        self.kept.push(kind.mark() as u8);
        put_number(&mut self.kept, at_ms);
        // Digits, the mark between two blanks, the end of the line.
        self.len += at_ms.checked_ilog10().unwrap_or(0) as usize + 5;
    }

    /// Bytes of the text so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing happened yet.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The text.
    pub fn into_text(self) -> String {
        let mut text = String::with_capacity(self.len);
        let mut kept = self.kept.as_slice();
        while let Some((mark, rest)) = kept.split_first() {
            kept = rest;
            if *mark == MORE {
                text.pop();
                text.push(' ');
            } else {
                // Writing to a String cannot fail.
                let _ = write!(text, "{} {} ", take_number(&mut kept), char::from(*mark));
            }
            let length = usize::try_from(take_number(&mut kept)).unwrap_or(usize::MAX);
            let Some((bytes, rest)) = kept.split_at_checked(length) else {
                break;
            };
            kept = rest;
            if matches!(*mark, MORE | b'>' | b'<') {
                let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
                text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]));
            } else {
                let words = String::from_utf8_lossy(bytes);
                text.extend(words.chars().map(|c| if c.is_control() { ' ' } else { c }));
            }
            text.push('\n');
        }
        text
    }
}

/// Adds a number in groups of seven bits, the low ones first; the high bit says that more follow.
fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Takes a number off the front.
fn take_number(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else {
            break;
        };
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

/// Reads a trace back. A line that is no entry (a damaged file) is left out.
pub fn parse(text: &str) -> impl Iterator<Item = Entry> {
    text.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ' ');
        let at_ms = parts.next()?.parse().ok()?;
        let kind = EntryKind::of(parts.next()?)?;
        Some(Entry {
            at_ms,
            kind,
            rest: parts.next().unwrap_or_default().to_owned(),
        })
    })
}

/// The entries as people read them: an answer that was read in parts is one, and when the driver looked at the clock
/// is left out.
pub fn shown(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in parse(text) {
        match (entry.kind, entries.last_mut()) {
            (EntryKind::Moment, _) => {}
            (EntryKind::Received, Some(last))
                if last.kind == EntryKind::Received && entry.at_ms.saturating_sub(last.at_ms) <= ONE_ANSWER_MS =>
            {
                last.rest.push(' ');
                last.rest.push_str(&entry.rest);
            }
            _ => entries.push(entry),
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_comes_back_and_text_cannot_forge_entries() {
        let mut trace = Trace::default();
        trace.bytes(0, EntryKind::Sent, &[0xff, 0x01]);
        trace.bytes(184, EntryKind::Received, &[0x01]);
        trace.bytes(190, EntryKind::Received, &[0x02]);
        trace.text(190, EntryKind::Note, "hour\n5 > dead\u{7}");
        trace.bytes(191, EntryKind::Received, &[0x03]);
        trace.text(192, EntryKind::Moment, "");
        trace.bytes(70_000, EntryKind::Sent, &[0x5a; 300]);
        let len = trace.len();
        let text = trace.into_text();
        assert_eq!((text.len(), text.capacity()), (len, len), "{text}");
        let entries: Vec<_> = parse(&text).collect();
        assert_eq!(
            entries,
            [
                Entry {
                    at_ms: 0,
                    kind: EntryKind::Sent,
                    rest: "ff01".into()
                },
                Entry {
                    at_ms: 184,
                    kind: EntryKind::Received,
                    rest: "01 02".into()
                },
                Entry {
                    at_ms: 190,
                    kind: EntryKind::Note,
                    rest: "hour 5 > dead ".into()
                },
                Entry {
                    at_ms: 191,
                    kind: EntryKind::Received,
                    rest: "03".into()
                },
                Entry {
                    at_ms: 192,
                    kind: EntryKind::Moment,
                    rest: String::new()
                },
                Entry {
                    at_ms: 70_000,
                    kind: EntryKind::Sent,
                    rest: "5a".repeat(300)
                },
            ]
        );
    }

    #[test]
    fn an_answer_read_in_parts_is_shown_as_one() {
        let shown = shown("0 > 10\n9 < 68fe\n9 @ \n20 < 16\n30 ~ timeout\n99 < e5\n");
        let rests: Vec<_> = shown.iter().map(|entry| entry.rest.as_str()).collect();
        assert_eq!(rests, ["10", "68fe 16", "timeout", "e5"]);
    }
}
