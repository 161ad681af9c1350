//! Bad lines: whatever a line does to the bytes, nothing is read that the meter does not hold.
//!
//! Waiting costs nothing here, so that there are many lines; `UZEL_NOISE_SEEDS` sets how many.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use meter_sim::{Faults, Handle, SimClock};
use system_tests::parts;
use system_tests::session::Read;
use uzel::model::{ArchiveKind, LineAddress, Outcome, Task};
use uzel::transport::Transport;

use super::{Make, Row};
use crate::judge::{Judge, Model, from_taken, values};
use crate::world::{Net, Time};

/// Lines of the ordinary run.
const SEEDS: u64 = 200;
const LINE: &str = "line:1";
/// Where the meter's clock stands: a month has just ended.
const NOW: DateTime = DateTime::constant(2026, 11, 1, 1, 20, 0, 0);

fn seeds() -> u64 {
    let set = std::env::var("UZEL_NOISE_SEEDS").ok();
    set.map_or(SEEDS, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("UZEL_NOISE_SEEDS is {text:?}, expected a number"))
    })
}

/// Four kinds of bad lines in turn: a little of everything, a gateway that is late and repeats itself, a line full of
/// noise, a line that loses much. Those of damage let some of it pass their check bytes.
fn faults(row: &Row, seed: u64) -> Faults {
    let share = |percent: f64| (percent / 100.0 * row.often).min(1.0);
    let faults = Faults::new().seed(seed);
    if !row.damaged {
        let late = faults.late(share(5.0)).duplicate(share(5.0));
        return late.deaf(share(2.0)).silence(share(2.0));
    }
    let faults = faults.sly(share(1.0));
    match seed % 4 {
        0 => {
            let noisy = faults.noise(share(2.0)).noise_in(share(2.0)).cut(share(2.0));
            let late = noisy.late(share(2.0)).duplicate(share(2.0));
            late.deaf(share(2.0)).silence(share(2.0))
        }
        1 => faults.late(share(8.0)).duplicate(share(8.0)).deaf(share(3.0)),
        2 => faults.noise(share(9.0)).noise_in(share(5.0)).cut(share(3.0)),
        _ => faults
            .deaf(share(6.0))
            .silence(share(6.0))
            .late(share(4.0))
            .noise(share(1.0)),
    }
}

fn from(kind: ArchiveKind) -> DateTime {
    match kind {
        ArchiveKind::Daily => NOW.date().saturating_sub(4.days()).at(0, 0, 0, 0),
        ArchiveKind::Monthly => DateTime::constant(2026, 8, 1, 0, 0, 0, 0),
        _ => NOW.date().saturating_sub(1.day()).at(16, 0, 0, 0),
    }
}

/// One line: how the session ended, how many values it read, and what is wrong.
async fn session(row: &Row, meter: &Handle, judge: &Judge, transport: Arc<Transport>) -> (Outcome, usize, Vec<String>) {
    let mut read = Read::new(
        parts::driver(row.driver),
        LineAddress::Tcp(LINE.to_owned()),
        (row.config)(),
    );
    read.transport = transport;
    for task in [Task::Clock, Task::Current, Task::Totals] {
        if row.tasks.split(' ').any(|word| word == task.to_string()) {
            read = read.task(task);
        }
    }
    for kind in row.archives() {
        read = read.archive(kind, from(kind), NOW);
    }
    let (report, taken) = read.run().await;
    let seen = from_taken(&taken);
    let mut wrong = judge.wrong(&seen);
    match row.model {
        // What two readouts did not agree on is left out.
        Model::Iec => wrong.retain(|wrong| !wrong.contains("quality: Absent") && !super::archives::is_of_time(wrong)),
        Model::Sml => wrong.retain(|wrong| !super::archives::is_of_time(wrong)),
        _ => {}
    }
    let civil = |at| TimeZone::UTC.to_datetime(at);
    for (kind, span, _) in &taken.absent {
        wrong.extend(judge.denied(*kind, civil(span.start), civil(span.end)));
    }
    // The clock of a ВКТ-4 has no minutes.
    let shown = report
        .clock
        .map(|clock| clock.shown)
        .filter(|_| row.model != Model::Vkt4);
    if shown.is_some_and(|shown| shown != meter.clock().now()) {
        wrong.push(format!("the clock showed {shown:?}, it stands at {NOW}"));
    }
    if report.outcome == Outcome::Complete {
        for kind in row.archives() {
            let left = judge.unread(kind, from(kind), NOW, &seen);
            wrong.extend(left.iter().map(|start| format!("complete without {kind} {start}")));
        }
    }
    let faults = report.faults.iter();
    wrong.extend(faults.map(|fault| format!("fault of the driver: {fault}")));
    if !wrong.is_empty() {
        wrong.push(report.trace.clone());
    }
    (report.outcome, values(&seen), wrong)
}

/// Reads over one good line and over all bad ones.
pub fn noise(row: &Row) {
    let time = Time::from("2026-11-01T00:00:00Z".parse().expect("an instant"));
    let hole = (
        NOW.date().saturating_sub(1.day()).at(19, 0, 0, 0),
        NOW.date().saturating_sub(1.day()).at(21, 0, 0, 0),
    );
    let make = Make {
        seed: 17,
        installed: None,
        hole: Some(hole),
    };
    let elapsed = time.clone();
    let (meter, wire) = (row.link)(make, SimClock::fixed(NOW)).start_wire(move || elapsed.elapsed());
    let (meter, mut net) = (Arc::new(meter), Net::default());
    net.add(LINE, wire, meter.clone());
    let transport = Arc::new(Transport::default().with_network(Arc::new(net)));
    let judge = Judge::of(row.model, &meter);
    let one = |faults: Faults| {
        meter.set_faults(faults);
        // A meter that was left in the middle of a conversation waits for nobody so long.
        time.pass(SignedDuration::from_mins(5));
        time.run(|| false, session(row, &meter, &judge, transport.clone()))
    };
    let (outcome, good, wrong) = one(Faults::new());
    assert!(wrong.is_empty(), "a good line:\n{}", wrong.join("\n"));
    assert_eq!(outcome, Outcome::Complete, "a good line gives everything");
    let (mut read, mut complete, asked) = (0, 0, meter.requests());
    for seed in 0..seeds() {
        let (outcome, values, wrong) = one(faults(row, seed));
        assert!(wrong.is_empty(), "seed {seed}:\n{}", wrong.join("\n"));
        read += values;
        complete += u64::from(outcome == Outcome::Complete);
    }
    let most = good * usize::try_from(seeds()).expect("a count");
    println!(
        "{}: {complete} of {} sessions complete, {read} of {most} values, {} requests for {}",
        row.name,
        seeds(),
        meter.requests() - asked,
        asked * seeds()
    );
    assert!(read * 2 > most, "{read} of {most} values are too little to judge by");
    assert!(meter.requests() - asked > asked * seeds(), "the lines were too good");
}
