//! Where results go.

use crate::{Absence, Column, Event, Failure, LabelRule, Row, Verdict, Window};

/// Takes results. A call returns when what it carries is durable.
///
/// An error of the host's sink (a row that does not fit its declaration) is a fault of the driver: it comes back as
/// [`Failure::Unsupported`] with the host's words, so that `?` ends the call. [`Verdict::Stop`] comes back as
/// [`Failure::Stopped`] for the same reason.
pub trait Sink {
    /// Declares the columns of the rows that follow and how their labels are meant.
    fn declare(&mut self, columns: &[Column], labels: LabelRule) -> Result<(), Failure>;

    /// Stores rows; `resume` is given back if the session is cut after this call.
    fn rows(&mut self, rows: &[Row], resume: Option<&[u8]>) -> Result<(), Failure>;

    /// The meter has nothing for `window`.
    fn absent(&mut self, window: Window, why: Absence) -> Result<(), Failure>;

    /// Entries of the device's own journal.
    fn events(&mut self, events: &[Event]) -> Result<(), Failure>;

    /// For the person who watches.
    fn progress(&mut self, done: u32, total: u32);
}

/// The answer of the host's sink as the driver's `Result`.
pub(crate) fn judge(answer: Result<Verdict, String>) -> Result<(), Failure> {
    match answer {
        Ok(Verdict::GoOn) => Ok(()),
        Ok(Verdict::Stop) => Err(Failure::Stopped),
        Err(text) => Err(Failure::Unsupported(text)),
    }
}

/// Gathers rows, so that a fast line pays for one commit per [`Batch::ROWS`] rows and a slow one loses at most
/// [`Batch::HOLD_MS`] of work.
///
/// Call [`Batch::flush`] before returning, on the error path too: rows that were read whole are good.
#[derive(Default)]
pub struct Batch {
    rows: Vec<Row>,
    resume: Option<Vec<u8>>,
    since: Option<crate::Instant>,
}

impl Batch {
    /// Rows held at most.
    pub const ROWS: usize = 32;
    /// Milliseconds for which the oldest held row may wait.
    pub const HOLD_MS: i64 = 5_000;

    /// Adds a row; passes the held rows on when there are enough or the oldest has waited long enough at `now`.
    pub fn push(
        &mut self,
        row: Row,
        resume: Option<Vec<u8>>,
        now: crate::Instant,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.rows.push(row);
        self.resume = resume;
        let since = *self.since.get_or_insert(now);
        if self.rows.len() >= Self::ROWS || now.saturating_sub(since) >= Self::HOLD_MS {
            return self.flush(out);
        }
        Ok(())
    }

    /// Passes the held rows on.
    pub fn flush(&mut self, out: &mut dyn Sink) -> Result<(), Failure> {
        self.since = None;
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        out.rows(&rows, self.resume.take().as_deref())
    }
}
