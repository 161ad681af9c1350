//! Whether a world ended as it should: the store equals what the meters hold, once each, and every session that failed
//! says why.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Row as _, SqlitePool};
use uzel::model::{ArchiveKind, Outcome, RecordKind};

use super::chronicle::{Chronicle, Circumstances};
use crate::devices::{kept, may_lack, moscow};
use crate::judge::{Judge, Model, from_store_since};
use crate::world::{Kind, Metered, Trouble};

/// What worlds came to.
#[derive(Debug, Default)]
pub struct Tally {
    sessions: u64,
    records: usize,
    /// Sessions by how they ended.
    outcomes: BTreeMap<String, u64>,
    /// Sessions by what their lines had all the time.
    troubles: BTreeMap<String, u64>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.records += other.records;
        for (word, count) in other.outcomes {
            *self.outcomes.entry(word).or_default() += count;
        }
        for (word, count) in other.troubles {
            *self.troubles.entry(word).or_default() += count;
        }
    }

    /// The worlds were not all the same and easy.
    pub fn assert_varied(&self, seeds: u64) {
        for trouble in Trouble::ALL {
            let met = self.troubles.get(&format!("{trouble:?}")).copied().unwrap_or_default();
            assert!(
                met * 20 > seeds,
                "{trouble:?} was met by {met} sessions in {seeds} worlds"
            );
        }
        assert!(self.outcomes.contains_key("interrupted"), "no session was killed");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} sessions, {} new records, ended {:?}, on lines with {:?}",
            self.sessions, self.records, self.outcomes, self.troubles
        )
    }
}

fn model(kind: Kind) -> Model {
    match kind {
        Kind::Vkt7 => Model::Vkt7,
        Kind::Spt943 => Model::Spt943,
        Kind::Mbus => Model::Mbus,
    }
}

/// How a session may end on a line that has this all the time.
fn may_end(trouble: Trouble) -> &'static [Outcome] {
    use Outcome::{Complete, Garbled, LineClosed, LineRefused, NoAnswer, NoRoute, Partial, WrongDevice};
    match trouble {
        Trouble::None | Trouble::Slow => &[Complete],
        Trouble::Refused => &[LineRefused],
        Trouble::Unreachable => &[NoRoute],
        Trouble::HalfOpen | Trouble::Silent => &[NoAnswer],
        Trouble::Noise | Trouble::Losses => &[Complete, Partial, Garbled, NoAnswer],
        Trouble::Drops => &[Complete, LineClosed],
        Trouble::WrongDevice => &[WrongDevice],
    }
}

/// How it may end beside when what its line had changed while it ran.
const CHANGED: &[Outcome] = &[
    Outcome::Complete,
    Outcome::Partial,
    Outcome::LineClosed,
    // It was closed just after it opened.
    Outcome::LineBusy,
    Outcome::NoAnswer,
];

fn is_explained(outcome: Outcome, during: &Circumstances) -> bool {
    if outcome == Outcome::Interrupted {
        return during.killed;
    }
    let mut troubles = during.all.iter();
    troubles.any(|trouble| may_end(*trouble).contains(&outcome))
        || (during.troubles.len() > 1 && CHANGED.contains(&outcome))
}

/// The verdict on a world that lasted since `begin`.
pub fn of(
    metered: &[Metered],
    chronicle: &Chronicle,
    folder: &Path,
    begin: Timestamp,
    settled: bool,
    crowded: usize,
) -> (Tally, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("uzel.sqlite"))
            .read_only(true);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.expect("the file can be read");
        let (mut tally, mut wrong) = (Tally::default(), Vec::new());
        if !settled {
            wrong.push("not everything was read after the last trouble".to_owned());
        }
        if crowded > 0 {
            wrong.push(format!("{crowded} times a line had two connections at once"));
        }
        let incidents =
            "select text from incident where session_id in (select id from session where started_at_ms >= ?)";
        let incidents: Vec<String> = sqlx::query_scalar(incidents)
            .bind(begin.as_millisecond() - 30 * 3_600_000)
            .fetch_all(&pool)
            .await
            .expect("the table is there");
        wrong.extend(incidents.iter().map(|text| format!("incident: {text}")));
        sessions(&pool, metered, chronicle, &mut tally, &mut wrong).await;
        for one in metered {
            archives(&pool, one, begin, &mut tally, &mut wrong).await;
        }
        pool.close().await;
        if !wrong.is_empty() {
            wrong.extend(chronicle.notes().iter().cloned());
        }
        (tally, wrong)
    })
}

async fn sessions(
    pool: &SqlitePool,
    metered: &[Metered],
    chronicle: &Chronicle,
    tally: &mut Tally,
    wrong: &mut Vec<String>,
) {
    let query = "select s.id, d.name, s.started_at_ms, s.ended_at_ms, s.outcome, s.detail, s.faults from session s \
        join device d on d.id = s.device_id where s.id > ? order by s.id";
    let first_read = i64::try_from(metered.len()).expect("a count");
    let rows = sqlx::query(query).bind(first_read).fetch_all(pool).await;
    for row in rows.expect("the table is there") {
        let (id, name): (i64, String) = (row.get(0), row.get(1));
        let instant = |column| {
            row.get::<Option<i64>, _>(column)
                .map(|ms| Timestamp::from_millisecond(ms).expect("an instant"))
        };
        let (Some(from), Some(to)) = (instant(2), instant(3)) else {
            wrong.push(format!("session {id} of {name} never ended"));
            continue;
        };
        let (word, detail): (String, Option<String>) = (row.get(4), row.get(5));
        let outcome = Outcome::ALL
            .iter()
            .find(|outcome| outcome.word() == word)
            .expect("one of the list");
        let one = metered.iter().find(|one| one.name == name).expect("one of the town");
        let during = chronicle.during(&one.line, from, to);
        tally.sessions += 1;
        *tally.outcomes.entry(word).or_default() += 1;
        if let [trouble] = Vec::from_iter(&during.troubles)[..] {
            *tally.troubles.entry(trouble.clone()).or_default() += 1;
        }
        // What the end of the host cancels has no other reason.
        if !is_explained(*outcome, &during) && *outcome != Outcome::Cancelled {
            wrong.push(format!(
                "session {id} of {name}, {from} to {to}, ended {outcome} ({detail:?}) on a line that had {:?}",
                during.troubles
            ));
        }
        let faults: String = row.get(6);
        if faults != "[]" {
            wrong.push(format!("session {id} of {name}: faults of the driver: {faults}"));
        }
    }
}

async fn archives(pool: &SqlitePool, one: &Metered, begin: Timestamp, tally: &mut Tally, wrong: &mut Vec<String>) {
    let judge = Judge::of_place(model(one.kind), &one.meter, one.place);
    let query = "select d.id, s.started_at_ms from device d join session s on s.device_id = d.id \
        where d.name = ? and s.outcome = 'complete' order by s.id desc limit 1";
    let row = sqlx::query(query)
        .bind(&one.name)
        .fetch_one(pool)
        .await
        .expect("the tables are there");
    let (device, last_ms): (i64, i64) = (row.get(0), row.get(1));
    // What has ended only now is left for the next session; a ВКТ-7 closes a day in the hour after it.
    let read_at = Timestamp::from_millisecond(last_ms).expect("an instant");
    let by_clock = |back| moscow().civil(read_at - back);
    for kind in kept(judge.model()) {
        let until = match kind {
            ArchiveKind::Hourly => by_clock(SignedDuration::from_mins(6)),
            _ => by_clock(SignedDuration::from_mins(66)),
        };
        let held = judge.held(RecordKind::Archive(*kind));
        let since = begin - SignedDuration::from_hours(if *kind == ArchiveKind::Monthly { 24 * 32 } else { 24 });
        let seen = from_store_since(pool, device, RecordKind::Archive(*kind), &moscow(), since).await;
        tally.records += seen.len();
        wrong.extend(judge.wrong(&seen).iter().map(|what| format!("{}: {what}", one.name)));
        let stored = sqlx::query_scalar::<_, i64>("select count(*) from record where device_id = ? and kind = ?")
            .bind(device)
            .bind(kind.to_string())
            .fetch_one(pool)
            .await;
        let stored = usize::try_from(stored.expect("the table is there")).expect("a count");
        let first = may_lack(held.len());
        let due: Vec<_> = held.iter().skip(first).filter(|held| held.end <= until).collect();
        if stored < due.len() {
            wrong.push(format!(
                "{}: {stored} of {} {kind} records are stored, {} to {until}",
                one.name,
                due.len(),
                due[0].start
            ));
        }
        let since = moscow().civil(since);
        for held in due.iter().filter(|held| held.start >= since) {
            if !seen.iter().any(|seen| seen.start == held.start) {
                wrong.push(format!("{}: {kind} {} is missing", one.name, held.start));
            }
        }
    }
    let twice = "select count(*) from record where device_id = ? and version > 1";
    let twice: i64 = sqlx::query_scalar(twice)
        .bind(device)
        .fetch_one(pool)
        .await
        .expect("the table is there");
    if twice > 0 {
        wrong.push(format!("{}: {twice} records have a second version", one.name));
    }
}
