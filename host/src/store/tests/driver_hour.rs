//! What the sessions of a driver came to.

use sqlx::Row as _;

use super::*;
use crate::store::whole_hours;

/// A session with a driver of digest `d1d1` that ends `hours` after the first one.
async fn session(f: &Fixture, hours: i64, outcome: Outcome, counters: Counters) {
    let session = begin(&f.store, f.device).await;
    let mut end = session_end(session, outcome);
    end.ended_at = at(hours * HOUR + 5);
    end.counters = counters;
    f.store.end_session(end).await.unwrap();
}

#[tokio::test]
async fn sessions_are_summed_up_by_hour_and_outcome() {
    let f = Fixture::new().await;
    let digest = f.texts("select driver_digest from session").await.remove(0);
    let worked = |memory_peak_bytes| Counters {
        exchanges: 10,
        retries: 1,
        bytes_sent: 100,
        bytes_received: 1_000,
        records_added: 5,
        cpu_ms: 7,
        wall_ms: 900,
        memory_peak_bytes,
        ..Counters::default()
    };
    session(&f, 0, Outcome::Complete, worked(400)).await;
    session(&f, 0, Outcome::Complete, worked(200)).await;
    session(&f, 0, Outcome::NoRoute, Counters::default()).await;
    session(&f, 1, Outcome::Complete, worked(900)).await;
    assert_eq!(f.count("select count(*) from driver_hour").await, 3);

    let (from, to) = whole_hours(at(10), at(20));
    let sums = f.store.driver_sums(&digest, from, to).await.unwrap();
    assert_eq!(sums.outcomes, [(Outcome::Complete, 2), (Outcome::NoRoute, 1)]);
    assert_eq!((sums.ran, sums.memory_peak_bytes, sums.memory_sum_bytes), (2, 400, 600));
    assert_eq!((sums.exchanges, sums.retries, sums.records), (20, 2, 10));
    assert_eq!((sums.bytes_sent, sums.bytes_received), (200, 2_000));
    assert_eq!((sums.cpu_ms, sums.wall_ms), (14, 1_800));
    let (from, to) = whole_hours(at(10), at(HOUR + 10));
    let both = f.store.driver_sums(&digest, from, to).await.unwrap();
    assert_eq!((both.ran, both.memory_peak_bytes), (3, 900));
    let other = f.store.driver_sums("another", from, to).await.unwrap();
    assert_eq!(other.outcomes, []);
}

#[tokio::test]
async fn a_session_that_the_end_of_the_host_cut_counts_and_a_tunnel_does_not() {
    let f = Fixture::new().await;
    let tunnel = NewSession {
        reason: Reason::Tunnel,
        ..new_session(f.device)
    };
    let tunnel = f.store.begin_session(tunnel).await.unwrap();
    f.store
        .end_session(session_end(tunnel, Outcome::Complete))
        .await
        .unwrap();
    assert_eq!(f.store.end_interrupted().await.unwrap(), 1);
    assert_eq!(f.texts("select outcome from driver_hour").await, ["interrupted"]);
}

/// With a month of a large fleet in it no row of another version or another time is looked at.
#[tokio::test]
async fn statistics_and_logs_look_at_their_own_rows_only() {
    let f = Fixture::new().await;
    for (sql, key) in [
        (
            "select sum(sessions) from driver_hour where digest = 'a' and starts_at >= 1 and starts_at < 2 group by outcome",
            "digest=? AND starts_at>? AND starts_at<?",
        ),
        (
            "select s.id from session s where s.driver_digest = 'a' and s.id < 9 order by s.id desc limit 200",
            "session_of_version (driver_digest=? AND rowid<?)",
        ),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
        let plan = sqlx::raw_sql(sql).fetch_all(&f.store.readers).await.unwrap();
        let steps: Vec<&str> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(steps[0].starts_with("SEARCH") && steps[0].contains(key), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("ORDER BY")), "{steps:?}");
    }
}

#[tokio::test]
async fn a_journal_from_before_is_summed_up_when_the_file_is_opened() {
    let f = Fixture::new().await;
    let counters = Counters {
        exchanges: 10,
        memory_peak_bytes: 300,
        ..Counters::default()
    };
    session(&f, 0, Outcome::Complete, counters).await;
    session(&f, 0, Outcome::Complete, counters).await;
    session(&f, 3, Outcome::NoRoute, Counters::default()).await;
    let all = "select digest || starts_at || outcome || sessions || ran || exchanges || memory_peak_bytes || memory_sum_bytes from driver_hour";
    let counted = f.texts(all).await;
    f.store.close().await;

    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(f.dir.path().join("uzel.sqlite"));
    let mut old = sqlx::ConnectOptions::connect(&file).await.unwrap();
    sqlx::raw_sql(
        "drop table driver_hour; drop index session_of_version; delete from _sqlx_migrations where version = 11;
         create index session_of_driver on session (driver_digest, outcome);",
    )
    .execute(&mut old)
    .await
    .unwrap();
    sqlx::Connection::close(old).await.unwrap();
    let store = open(&f.dir).await.unwrap();
    let again: Vec<String> = sqlx::query_scalar(all).fetch_all(&store.readers).await.unwrap();
    assert_eq!((again.len(), again), (2, counted));
}
