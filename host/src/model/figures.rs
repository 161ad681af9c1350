//! Figures of the host itself, minute by minute for a day: what its charts show. In memory only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::limits::FIGURE_MINUTES;

/// Length of a step, seconds.
pub const STEP_S: i64 = 60;

/// A figure of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Sessions that run.
    SessionsRunning,
    /// Devices whose turn has come and that wait.
    SessionsWaiting,
    /// Sessions that ended in the minute.
    SessionsEnded,
    /// Of these, those that gave everything.
    SessionsComplete,
    /// Records that became new in the store in the minute.
    Records,
    /// Questions asked in the minute.
    Exchanges,
    /// Questions asked again in the minute.
    Retries,
    /// Bytes to and from meters in the minute.
    LineBytes,
    /// Processor time of drivers in the minute, milliseconds.
    DriverCpuMs,
    /// Processor time of the whole process in the minute, milliseconds.
    CpuMs,
    /// Memory of the process, bytes.
    MemoryBytes,
    /// Size of the database, bytes.
    DatabaseBytes,
    /// Size of its write-ahead log, bytes.
    LogBytes,
    /// Free on the disk of the database, bytes.
    DiskFreeBytes,
    /// Writes that wait for the writer.
    WritesWaiting,
    /// 1 while the storage takes nothing.
    StorePaused,
    /// Modems that are connected to listeners.
    CallersConnected,
    /// Answers of the API in the minute.
    HttpAnswers,
    /// Of these, failures of the host.
    HttpFailures,
}

impl Figure {
    /// All of them, in the order in which a point has them.
    pub const ALL: [Self; 19] = [
        Self::SessionsRunning,
        Self::SessionsWaiting,
        Self::SessionsEnded,
        Self::SessionsComplete,
        Self::Records,
        Self::Exchanges,
        Self::Retries,
        Self::LineBytes,
        Self::DriverCpuMs,
        Self::CpuMs,
        Self::MemoryBytes,
        Self::DatabaseBytes,
        Self::LogBytes,
        Self::DiskFreeBytes,
        Self::WritesWaiting,
        Self::StorePaused,
        Self::CallersConnected,
        Self::HttpAnswers,
        Self::HttpFailures,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SessionsRunning => "sessions-running",
            Self::SessionsWaiting => "sessions-waiting",
            Self::SessionsEnded => "sessions-ended",
            Self::SessionsComplete => "sessions-complete",
            Self::Records => "records",
            Self::Exchanges => "exchanges",
            Self::Retries => "retries",
            Self::LineBytes => "line-bytes",
            Self::DriverCpuMs => "driver-cpu-ms",
            Self::CpuMs => "cpu-ms",
            Self::MemoryBytes => "memory-bytes",
            Self::DatabaseBytes => "database-bytes",
            Self::LogBytes => "log-bytes",
            Self::DiskFreeBytes => "disk-free-bytes",
            Self::WritesWaiting => "writes-waiting",
            Self::StorePaused => "store-paused",
            Self::CallersConnected => "callers-connected",
            Self::HttpAnswers => "http-answers",
            Self::HttpFailures => "http-failures",
        }
    }

    /// Whether it is of the minute before; otherwise of the moment.
    pub fn is_sum(self) -> bool {
        matches!(
            self,
            Self::SessionsEnded
                | Self::SessionsComplete
                | Self::Records
                | Self::Exchanges
                | Self::Retries
                | Self::LineBytes
                | Self::DriverCpuMs
                | Self::CpuMs
                | Self::HttpAnswers
                | Self::HttpFailures
        )
    }
}

/// One value of each figure; none: it is not known.
pub type Point = [Option<f64>; Figure::ALL.len()];

/// The last day, shared between who looks and who shows.
#[derive(Debug, Clone, Default)]
pub struct Figures(Arc<Mutex<VecDeque<(i64, Point)>>>);

impl Figures {
    /// Keeps what was seen at an instant. The second look of a minute takes the place of the first.
    pub fn note(&self, at: Timestamp, point: Point) {
        let minute = at.as_second().div_euclid(STEP_S);
        let mut points = self.lock();
        // A clock that was set back begins anew.
        while points.back().is_some_and(|(last, _)| *last >= minute) {
            points.pop_back();
        }
        points.push_back((minute, point));
        while points.len() > FIGURE_MINUTES {
            points.pop_front();
        }
    }

    /// What was seen in the `minutes` up to the last look: when the first of them began, and one point a minute; minutes in
    /// which nobody looked have nothing.
    pub fn last(&self, minutes: usize) -> Option<(Timestamp, Vec<Point>)> {
        let points = self.lock();
        let (last, _) = points.back()?;
        let reach = i64::try_from(minutes.clamp(1, FIGURE_MINUTES)).unwrap_or(i64::MAX);
        let kept = points.iter().filter(|(minute, _)| *minute > last.saturating_sub(reach));
        let mut found = Vec::new();
        let mut first = None;
        for (minute, point) in kept {
            let begin = *first.get_or_insert(*minute);
            let place = usize::try_from(minute.saturating_sub(begin)).unwrap_or(usize::MAX);
            if place >= FIGURE_MINUTES {
                break;
            }
            found.resize(place, [None; Figure::ALL.len()]);
            found.push(*point);
        }
        let at = Timestamp::from_second(first?.saturating_mul(STEP_S)).ok()?;
        Some((at, found))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(i64, Point)>> {
        // Every change is whole in itself, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * STEP_S + 7).unwrap()
    }

    fn point(value: f64) -> Point {
        [Some(value); Figure::ALL.len()]
    }

    #[test]
    fn a_minute_in_which_nobody_looked_is_a_gap() {
        let figures = Figures::default();
        assert_eq!(figures.last(10), None);
        for (minute, value) in [(10, 1.0), (11, 2.0), (11, 3.0), (14, 4.0)] {
            figures.note(at(minute), point(value));
        }
        let (from, points) = figures.last(100).unwrap();
        let first: Vec<_> = points.iter().map(|point| point[0]).collect();
        assert_eq!(from.as_second(), 600);
        assert_eq!(first, [Some(1.0), Some(3.0), None, None, Some(4.0)]);
        assert_eq!(figures.last(1).unwrap().1.len(), 1);
    }

    #[test]
    fn a_day_is_kept_and_a_clock_that_was_set_back_begins_anew() {
        let figures = Figures::default();
        let day = i64::try_from(FIGURE_MINUTES).unwrap();
        for minute in 0..day + 100 {
            figures.note(at(minute), point(0.0));
        }
        assert_eq!(figures.last(usize::MAX).unwrap().1.len(), FIGURE_MINUTES);
        figures.note(at(50), point(1.0));
        assert_eq!(figures.last(usize::MAX).unwrap().1, [point(1.0)]);
        figures.note(at(1_000_000), point(2.0));
        assert_eq!(
            figures.last(usize::MAX).unwrap().1,
            [point(2.0)],
            "an hour ago is not kept as a gap of years"
        );
    }
}
