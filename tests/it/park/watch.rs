//! What a developer builds into the watched folder becomes a candidate by itself.

use std::io::Write as _;
use std::time::{Duration, Instant};

use system_tests::TestHost;

use super::kit::{component, package, park, state};

/// The digests of the versions that are there beside the folder's own, with their states.
async fn candidates(host: &TestHost) -> Vec<(String, String)> {
    let versions = host.get("/api/v1/drivers/versions").await;
    let word = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
    let items = versions["items"].as_array().unwrap().iter();
    let packages = items.filter(|one| one["origin"] == "package");
    packages.map(|one| (word(one, "digest"), word(one, "state"))).collect()
}

/// Waits until a component is a candidate; gives its digest.
async fn candidate(host: &TestHost, component: &[u8]) -> String {
    let digest = uzel::driver::digest(component);
    host.until("the candidate", async |host| {
        let there = candidates(host).await;
        there
            .contains(&(digest.clone(), "self-tested".to_owned()))
            .then_some(())
    })
    .await;
    digest
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_built_into_the_watched_folder_becomes_a_candidate() {
    let (host, _meters) = park(1, "unsigned = true\nwatch = 'built'\n[polling]\nscheduled = false").await;
    let folder = host.folder().join("built");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("vkt7.wasm");
    std::fs::write(&file, component("one")).unwrap();
    std::fs::write(folder.join("notes.txt"), "not for the host").unwrap();
    let first = candidate(&host, &component("one")).await;

    std::fs::write(&file, component("the second")).unwrap();
    let second = candidate(&host, &component("the second")).await;
    host.until("the end of the first", async |host| {
        (state(host, &first).await.0 == "retired").then_some(())
    })
    .await;
    // The configuration names the folder by a path from its own.
    assert_eq!(state(&host, &first).await.1, "built/vkt7.wasm was built anew");

    std::fs::write(folder.join("vkt7.uzel-driver"), package(&component("packed"), None)).unwrap();
    candidate(&host, &component("packed")).await;
    assert_eq!(
        state(&host, &second).await.0,
        "self-tested",
        "another file changes nothing for it"
    );
    let catalog = host.get("/api/v1/drivers").await.to_string();
    assert!(
        !catalog.contains(&first) && !catalog.contains(&second),
        "nobody put it to work: {catalog}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_half_written_is_not_taken_and_what_is_broken_is_told_once() {
    let (host, _meters) = park(1, "unsigned = true\nwatch = 'built'\n[polling]\nscheduled = false").await;
    let folder = host.folder().join("built");
    std::fs::create_dir(&folder).unwrap();
    let whole = component("slowly");
    let (mut written, mut slow) = (
        whole.len() / 2,
        std::fs::File::create(folder.join("a-slow.wasm")).unwrap(),
    );
    slow.write_all(&whole[..written]).unwrap();
    std::fs::write(folder.join("broken.wasm"), "hello").unwrap();
    std::fs::write(folder.join("broken.uzel-driver"), "PK hello").unwrap();
    // A piece at each look of ours, of which there are many to one of the host's; on a machine that lets this test wait for
    // half a second the file may look whole.
    let (mut last, mut paused) = (Instant::now(), false);
    host.until("the reasons", async |host| {
        paused |= last.elapsed() > Duration::from_millis(500);
        last = Instant::now();
        slow.write_all(&whole[written..written + 16]).unwrap();
        written += 16;
        let log = host.log();
        let told = |file: &str| {
            log.lines()
                .any(|line| line.contains(file) && line.contains("is no candidate"))
        };
        (told("broken.wasm") && told("broken.uzel-driver")).then_some(())
    })
    .await;
    assert_eq!(candidates(&host).await, []);
    slow.write_all(&whole[written..]).unwrap();
    drop(slow);
    candidate(&host, &whole).await;
    let log = host.log();
    let half = log
        .lines()
        .find(|line| line.contains("a-slow.wasm") && line.contains("is no candidate"));
    assert!(paused || half.is_none(), "{half:?}");
    let told = log.lines().filter(|line| line.contains("broken.wasm")).count();
    assert_eq!(told, 1, "{log}");
    assert_eq!(candidates(&host).await.len(), 1);
}
