//! The host is killed at any moment and started again: its store is whole, nothing is missing, nothing is there twice.

mod content;
mod town;

use std::collections::BTreeSet;

use jiff::Timestamp;
use system_tests::TestHost;

use content::Content;
use town::Town;

/// How often the host is killed.
const ROUNDS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_at_any_moment_loses_nothing_and_stores_nothing_twice() {
    let seed = seed();
    println!("seed {seed}: UZEL_TEST_SEED={seed} chooses the same moments again");
    let town = Town::start().await;
    let mut host = TestHost::prepare(&town.devices, "");
    let empty = std::fs::read(host.database()).expect("the import made the database");

    drop(host.launch());
    town.await_moment(&host, u64::MAX).await;
    assert!(host.stop(), "{}", host.log());
    let whole = Content::read(&host).await;
    town.assert_truth(&whole);
    let questions = town.questions();
    assert_eq!(
        whole.running,
        BTreeSet::new(),
        "sessions that still run after a proper end"
    );

    let mut random = Random(seed);
    let (mut stores, mut cut) = (0, 0);
    let mut before = None;
    for round in 0..ROUNDS {
        if before.is_none() {
            renew(&host, &empty);
        }
        let moment = town.questions() + 1 + random.below(questions);
        drop(host.launch());
        town.await_moment(&host, moment).await;
        host.kill();
        let now = Content::read(&host).await;
        now.assert_part_of(&whole, round);
        now.assert_follows(before.as_ref(), round);
        cut += now.running.len();
        stores += usize::from(now.records == whole.records);
        before = (now.records != whole.records).then_some(now);
    }
    // It may have nothing to read any more: only a host that serves ends properly when it is told to.
    host.spawn();
    town.await_moment(&host, u64::MAX).await;
    assert!(host.stop(), "{}", host.log());
    let end = Content::read(&host).await;
    assert_eq!(end.records, whole.records, "the last store");
    assert!(!host.log().contains("panicked"), "{}", host.log());
    println!("{ROUNDS} rounds cut {cut} sessions and filled {stores} stores, {questions} questions each");
    assert!(
        cut > ROUNDS / 2 && stores > 2,
        "the moments were not spread over the polling"
    );
}

/// The seed of `UZEL_TEST_SEED`, or one that is new each time.
fn seed() -> u64 {
    match std::env::var("UZEL_TEST_SEED") {
        Ok(text) => text.parse().expect("UZEL_TEST_SEED is a whole number"),
        Err(_) => Timestamp::now().as_microsecond().unsigned_abs(),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    /// 0 to `limit` - 1.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Puts the database without records in place of the one there is.
fn renew(host: &TestHost, empty: &[u8]) {
    for ending in ["-wal", "-shm"] {
        let mut name = host.database().into_os_string();
        name.push(ending);
        // A store that was closed has neither.
        let _ = std::fs::remove_file(name);
    }
    std::fs::write(host.database(), empty).expect("write the database");
}
