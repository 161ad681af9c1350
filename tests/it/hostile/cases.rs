//! The acts of `tests/hostile/misbehave`, and how the session of each has to end.

use std::collections::BTreeMap;
use std::time::Duration;

use system_tests::session::Taken;
use uzel::driver::env::Budget;
use uzel::model::trace::{EntryKind, parse};
use uzel::model::{ArchiveKind, Outcome, RecordKind, Task, Value};
use uzel::session::Report;

/// One act, and what has to come of it.
pub struct Case {
    /// Its name in the guest.
    pub how: &'static str,
    /// What the session may use, where that is not the usual.
    pub budget: fn(&mut Budget),
    /// Tasks before the hourly archive.
    pub first: &'static [Task],
    outcome: Outcome,
    /// Is contained in the detail.
    detail: &'static str,
    /// All of them, in order.
    faults: &'static [&'static str],
    /// What the host answered to wrong calls.
    told: &'static [&'static str],
    /// Records of current values, and hours.
    rows: (usize, usize),
    /// What else is wrong.
    also: fn(&Report, &Taken) -> Vec<String>,
}

/// The session went on to its end: a current value and the three hours of the guest's archive.
fn goes_on(how: &'static str) -> Case {
    Case {
        how,
        budget: |_| (),
        first: &[Task::Current],
        outcome: Outcome::Complete,
        detail: "",
        faults: &[],
        told: &[],
        rows: (1, 3),
        also: |_, _| Vec::new(),
    }
}

/// The session ended in the act.
fn ends(how: &'static str, outcome: Outcome, detail: &'static str) -> Case {
    Case {
        outcome,
        detail,
        rows: (0, 0),
        ..goes_on(how)
    }
}

/// The host refused the only call that carried current values, said so and noted it.
fn refused(how: &'static str, told: &'static [&'static str]) -> Case {
    Case {
        told,
        faults: told,
        rows: (0, 3),
        ..goes_on(how)
    }
}

/// All acts.
pub fn cases() -> Vec<Case> {
    let mut cases = exhausting();
    cases.extend(wrong_answers());
    cases.extend(wrong_rows());
    cases.extend(wrong_memory());
    cases
}

fn exhausting() -> Vec<Case> {
    let cpu = "more than 200 ms of processor time";
    let quick = |budget: &mut Budget| budget.cpu_ticks = 20;
    let second = |budget: &mut Budget| budget.wall = Duration::from_secs(1);
    let limit = |how, outcome, detail, budget| Case {
        budget,
        ..ends(how, outcome, detail)
    };
    vec![
        goes_on("nothing"),
        limit(
            "nothing",
            Outcome::LimitMemory,
            "the driver could not be started: asked for 1114112 bytes of memory, at most 65536 may",
            |budget| budget.memory_bytes = 65_536,
        ),
        limit("loop", Outcome::LimitCpu, cpu, quick),
        limit("hidden-loop", Outcome::LimitCpu, cpu, quick),
        limit("sleep", Outcome::LimitTime, "longer than 1 s", second),
        limit("deaf", Outcome::LimitTime, "longer than 1 s", second),
        ends(
            "unheard",
            Outcome::NoAnswer,
            "nothing came within the deadline and the retries",
        ),
        ends("memory", Outcome::LimitMemory, "bytes of memory, at most 16777216 may"),
        ends("log-flood", Outcome::LimitLog, "more than 50000 log lines and notes"),
        ends("note-flood", Outcome::LimitLog, "more than 50000 log lines and notes"),
        ends(
            "progress-flood",
            Outcome::LimitLog,
            "more than 200000 calls to the host",
        ),
        Case {
            rows: (200_000, 0),
            ..ends("row-flood", Outcome::LimitRows, "more than 200000 rows and events")
        },
        ends("token-flood", Outcome::LimitBytes, "more than 200000 calls that wait"),
        ends("byte-flood", Outcome::LimitBytes, "more than 16777216 bytes"),
        ends("call-flood", Outcome::LimitBytes, "more than 200000 calls that wait"),
        Case {
            rows: (0, 3),
            ..ends(
                "big-write",
                Outcome::Partial,
                "current: driver-fault: the driver asked the line for what it cannot do",
            )
        },
    ]
}

fn wrong_answers() -> Vec<Case> {
    let clock = |how, detail| Case {
        first: &[Task::Clock, Task::Current],
        rows: (1, 3),
        ..ends(how, Outcome::Partial, detail)
    };
    vec![
        ends(
            "unknown-model",
            Outcome::DriverFault,
            "the driver identified model \"atlantis\", which it does not describe",
        ),
        Case {
            also: |report, _| {
                let details = report.identity.iter().flat_map(|identity| &identity.details);
                let lengths: Vec<_> = details.map(|(key, _)| key.len()).collect();
                if lengths == [256; 64] {
                    vec![]
                } else {
                    vec![format!("details of {lengths:?} bytes")]
                }
            },
            ..goes_on("many-details")
        },
        Case {
            also: |report, _| match report.detail.as_ref().map(String::len) {
                Some(256) => vec![],
                length => vec![format!("detail of {length:?} bytes")],
            },
            ..ends("long-failure", Outcome::Garbled, "so 9 x so 9 x ")
        },
        clock(
            "clock-date",
            "clock: driver-fault: clock: 2026-02-30 00:00:00 is no date and time",
        ),
        clock(
            "clock-instant",
            "clock: driver-fault: clock: -9223372036854775808 ms is no instant",
        ),
        Case {
            also: |report, _| {
                let want = BTreeMap::from([("k".to_owned(), b"v".to_vec())]);
                if report.memory == Some(want) {
                    vec![]
                } else {
                    vec![format!("it remembers {:?}", report.memory)]
                }
            },
            ..refused(
                "remember",
                &[
                    "key has 65 bytes, at most 64 may",
                    "65537 bytes in all, at most 65536 may",
                ],
            )
        },
    ]
}

fn wrong_rows() -> Vec<Case> {
    vec![
        refused("undeclared", &["rows before columns are declared"]),
        Case {
            outcome: Outcome::Partial,
            detail: "current: driver-fault: rows before columns are declared",
            faults: &["rows before columns are declared"],
            rows: (0, 3),
            ..goes_on("passed-on")
        },
        refused("wrong-count", &["row 1 has 1 values, 2 columns are declared"]),
        refused(
            "wrong-columns",
            &[
                "0 columns declared, 1 to 256 may be",
                "257 columns declared, 1 to 256 may be",
                "column \"t1\" of point 1, tariff 0 is declared twice",
                "column \" \": a name has 1 to 64 bytes",
                "column \"tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt\": a name has 1 to 64 bytes",
                "column \"t1\": at most 15 decimals",
                "rows before columns are declared",
            ],
        ),
        Case {
            faults: &[
                "current row 0: a mark names column 1 of 1",
                "current row 1: column 0 has a value and a mark that says it has none",
                "current row 2: condition \"02\" names column 9 of 1",
                "row 0 has more marks than columns or too many conditions",
            ],
            told: &["row 0 has more marks than columns or too many conditions"],
            ..goes_on("wrong-marks")
        },
        refused("many-rows", &["1025 rows in a call, at most 1024 may be"]),
        refused("long-token", &["resume token has 1025 bytes, at most 1024 may"]),
        Case {
            faults: &[
                "column \"nan\": NaN is no number",
                "column \"inf\": inf is no number",
                "column \"minus\": -inf is no number",
                "column \"fine\": 16 decimals, at most 15 may",
            ],
            also: |_, taken| {
                let cells = taken
                    .tables
                    .first()
                    .and_then(|table| table.records.first())
                    .map(|record| &record.cells);
                let values: Vec<_> = cells.into_iter().flatten().map(|cell| cell.value.clone()).collect();
                let [
                    Value::Absent,
                    Value::Absent,
                    Value::Absent,
                    Value::Absent,
                    Value::Fixed { digits: 1, .. },
                ] = values[..]
                else {
                    return vec![format!("values {values:?}")];
                };
                vec![]
            },
            ..goes_on("no-numbers")
        },
        Case {
            outcome: Outcome::Partial,
            detail: "current: refused: 1 0 > dead  0 x gone [2J ",
            also: without_controls,
            ..goes_on("controls")
        },
        Case {
            faults: &[
                "1025 events in a call, at most 1024 may be",
                "event 0: 2026-02-30 00:00:00 is no date and time",
            ],
            also: |_, taken| match taken.events.len() {
                1 => vec![],
                count => vec![format!("{count} events")],
            },
            ..refused("wrong-events", &["1025 events in a call, at most 1024 may be"])
        },
        Case {
            faults: &[
                "hourly row 0: 2026-02-30 00:00:00 is no date and time",
                "hourly row 1: 2026-13-01 00:00:00 is no date and time",
                "hourly row 2: 2026-01-01 24:00:00 is no date and time",
                "hourly row 3: 65535-255-255 255:255:255 is no date and time",
                "hourly row 4: 0000-01-01 00:00:00 is no date and time",
                "hourly row 5: an archive record has no label",
                "hourly row 6: the interval from 2026-01-01T05:00:00Z to 2026-01-01T04:00:00Z is none of hourly",
                "hourly row 7: the interval from 2026-01-01T05:00:00Z to 2027-01-01T05:00:00Z is none of hourly",
            ],
            rows: (1, 1),
            ..goes_on("wrong-dates")
        },
        Case {
            rows: (1, 3),
            also: |_, taken| taken.absent.iter().map(|absent| format!("absent {absent:?}")).collect(),
            ..refused(
                "wrong-windows",
                &[
                    "window from 2026-01-01T05:00:00 to 2026-01-01T05:00:00 is empty",
                    "window from 2026-01-01T05:00:00 to 2026-01-01T04:00:00 is empty",
                    "2026-02-30 00:00:00 is no date and time",
                ],
            )
        },
    ]
}

/// Texts of the guest are one line each, and none of them is an entry of the trace that they are not.
fn without_controls(report: &Report, taken: &Taken) -> Vec<String> {
    let mut wrong = Vec::new();
    let shown = format!("{:?} {:?} {:?}", taken.tables, taken.events, report.detail);
    // The debug form of a text writes control characters as escapes, and there are no others in it.
    wrong.extend(shown.contains('\\').then(|| format!("control characters: {shown}")));
    let kinds = parse(&report.trace).map(|entry| entry.kind);
    let kinds: Vec<_> = kinds.filter(|kind| *kind != EntryKind::Moment).collect();
    if kinds != [EntryKind::Log, EntryKind::Note] {
        wrong.push(format!("trace:\n{}", report.trace));
    }
    wrong
}

fn wrong_memory() -> Vec<Case> {
    let trap = |how, detail| ends(how, Outcome::DriverTrap, detail);
    vec![
        trap("panic", "unreachable"),
        trap("recursion", "call stack exhausted"),
        trap("kept-borrow", "borrow handles still remain at the end of the call"),
        trap("dropped-borrow", "unknown handle index"),
        trap("invented-handle", "unknown handle index"),
        trap("other-handle", "used with the wrong type"),
        trap(
            "overlap",
            "too much data is being copied between the host and the guest",
        ),
        trap("wild-pointer", "out of bounds"),
        trap("no-text", "utf-8"),
    ]
}

impl Case {
    /// What is wrong with a session of this act.
    pub fn wrong(&self, report: &Report, taken: &Taken) -> Vec<String> {
        let mut wrong = (self.also)(report, taken);
        let detail = report.detail.as_deref().unwrap_or_default();
        if report.outcome != self.outcome || !detail.contains(self.detail) {
            wrong.push(format!(
                "ended {} {detail}, expected {} {}",
                report.outcome, self.outcome, self.detail
            ));
        }
        if report.faults != self.faults {
            wrong.push(format!("faults {:#?}, expected {:#?}", report.faults, self.faults));
        }
        let log = parse(&report.trace).filter(|entry| entry.kind == EntryKind::Log);
        let told: Vec<_> = log
            .filter_map(|entry| entry.rest.split_once("told: ").map(|(_, t)| t.to_owned()))
            .collect();
        if told != self.told {
            wrong.push(format!("it was told {told:#?}, expected {:#?}", self.told));
        }
        let count = |kind| {
            let tables = taken.tables.iter().filter(|table| table.kind == kind);
            tables.map(|table| table.records.len()).sum::<usize>()
        };
        let rows = (
            count(RecordKind::Current),
            count(RecordKind::Archive(ArchiveKind::Hourly)),
        );
        if rows != self.rows {
            wrong.push(format!("{rows:?} records, expected {:?}", self.rows));
        }
        // Whatever it did, what is left of it fits into a journal.
        let longest = report.faults.iter().map(String::len).chain([detail.len()]).max();
        if longest > Some(4_096) || report.trace.len() > 5 << 20 {
            wrong.push(format!("texts of {longest:?} bytes, trace of {}", report.trace.len()));
        }
        wrong.iter().map(|what| format!("{}: {what}", self.how)).collect()
    }
}
