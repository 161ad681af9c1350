//! Versions of drivers: what is decided, and that it waits for nobody.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::Fixture;
use crate::model::{Actor, DriverState};
use crate::store::writer::{Tx, Write};
use crate::store::{Deed, DriverVersion, Standing, Step, Store, StoreError, Subject};

fn deed() -> Deed {
    Deed {
        who: Actor {
            who: "somebody".to_owned(),
            ..Actor::host()
        },
        why: "a test".to_owned(),
    }
}

async fn installed(store: &Store, digest: &str) {
    let now = store.now();
    let version = DriverVersion {
        digest: digest.to_owned(),
        driver: "vkt7".to_owned(),
        version: "1.0.0".to_owned(),
        vendor: "Works".to_owned(),
        origin: "package".to_owned(),
        manifest: None,
        signed_by: None,
        granted: Vec::new(),
        state: DriverState::SelfTested,
        since: now,
        why: String::new(),
        installed_at: now,
        report: None,
        shadow: None,
        canary: None,
    };
    let package = digest.as_bytes().to_vec();
    assert!(store.add_driver_version(version, package, deed()).await.unwrap());
}

/// Moves versions, whatever stands; gives the digest that would have been gone back to before that.
async fn moved(store: &Store, steps: &[(&str, DriverState)]) -> Option<String> {
    let steps: Vec<Step> = steps
        .iter()
        .map(|(digest, to)| Step {
            digest: (*digest).to_owned(),
            to: *to,
            deed: deed(),
            shadow: None,
            canary: None,
        })
        .collect();
    let before = Arc::new(Mutex::new(None));
    let seen = before.clone();
    let judge = move |standing: &Standing| {
        seen.lock().unwrap().clone_from(&standing.before);
        Ok::<_, ()>(steps.clone())
    };
    let subject = Subject::Driver("vkt7".to_owned());
    store.decide_driver(subject, judge).await.unwrap().unwrap();
    before.lock().unwrap().take()
}

#[tokio::test]
async fn what_is_gone_back_to_worked_before_and_was_not_stopped() {
    use DriverState::{Active, Draining, Quarantined, Retired};
    let f = Fixture::new().await;
    for digest in ["aa", "ab", "ba"] {
        installed(&f.store, digest).await;
    }
    assert_eq!(moved(&f.store, &[("aa", Active)]).await, None);
    assert_eq!(moved(&f.store, &[("aa", Draining), ("ab", Active)]).await, None);
    let before = moved(&f.store, &[("aa", Retired), ("ab", Draining), ("ba", Active)]).await;
    assert_eq!(before.as_deref(), Some("aa"));
    // The last one that worked is stopped, and then taken out: it is not gone back to.
    assert_eq!(moved(&f.store, &[("ab", Quarantined)]).await.as_deref(), Some("ab"));
    assert_eq!(moved(&f.store, &[("ab", Retired)]).await.as_deref(), Some("aa"));
    assert_eq!(moved(&f.store, &[]).await.as_deref(), Some("aa"));
}

#[tokio::test]
async fn a_decision_finds_what_is_meant_and_changes_nothing_when_it_is_refused() {
    let f = Fixture::new().await;
    for digest in ["aa", "ab", "ba"] {
        installed(&f.store, digest).await;
    }
    for (prefix, want) in [("a", 2), ("ab", 1), ("b", 1), ("c", 0), ("", 3), ("A", 0), ("a%", 0)] {
        let judge = |standing: &Standing| Err((standing.meant.len(), standing.versions.len()));
        let refused = f.store.decide_driver(Subject::Digest(prefix.to_owned()), judge);
        let (meant, versions) = refused.await.unwrap().unwrap_err();
        assert_eq!((meant, versions), (want, if want == 1 { 3 } else { 0 }), "{prefix:?}");
        assert_eq!(f.store.driver_version(prefix).await.unwrap().len(), want, "{prefix:?}");
    }
    let revision = f.store.drivers_revision().await.unwrap();
    let judge = |standing: &Standing| {
        Ok::<_, ()>(vec![Step {
            digest: standing.meant[0].digest.clone(),
            to: DriverState::Active,
            deed: deed(),
            shadow: None,
            canary: None,
        }])
    };
    let decided = f.store.decide_driver(Subject::Digest("ba".to_owned()), judge).await;
    let decided = decided.unwrap().unwrap();
    assert_eq!(decided.revisions, (revision, revision + 1));
    assert_eq!(decided.versions.len(), 3);
    assert_eq!(decided.moved[0].state, DriverState::Active);
    assert_eq!(f.store.driver_package("ba").await.unwrap().as_deref(), Some(&b"ba"[..]));
    // The database allows one at work: such a step is refused whole.
    let judge = |_: &Standing| {
        let step = |digest: &str, to| Step {
            digest: digest.to_owned(),
            to,
            deed: deed(),
            shadow: None,
            canary: None,
        };
        Ok::<_, ()>(vec![
            step("aa", DriverState::Quarantined),
            step("ab", DriverState::Active),
        ])
    };
    let failed = f.store.decide_driver(Subject::Driver("vkt7".to_owned()), judge).await;
    failed.unwrap_err();
    let stands = f.texts("select state from driver_version order by digest").await;
    assert_eq!(stands, ["self-tested", "self-tested", "active"]);
}

/// Notes that it is done, in its turn, and waits for leave.
struct Noted {
    name: &'static str,
    done: Arc<Mutex<Vec<&'static str>>>,
    leave: Option<Arc<Semaphore>>,
}

#[async_trait]
impl Write for Noted {
    type Answer = ();

    async fn run(&self, _tx: &mut Tx) -> Result<(), StoreError> {
        self.done.lock().unwrap().push(self.name);
        if let Some(leave) = &self.leave {
            leave.acquire().await.unwrap().forget();
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_decision_goes_between_the_writes_of_a_group_that_is_on_its_way() {
    let f = Fixture::new().await;
    let (done, leave) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(0)));
    let noted = |name, waits: bool| Noted {
        name,
        done: done.clone(),
        leave: waits.then(|| leave.clone()),
    };
    let queue = &f.store.queue;
    let reached = async |count| {
        while done.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let session = async |name, waits| queue.write(noted(name, waits)).await.unwrap();
    // The first keeps the writer, so that two wait behind it and become one group; in its middle somebody decides.
    tokio::join!(session("first", true), async {
        reached(1).await;
        tokio::join!(session("second", true), session("third", false), async {
            leave.add_permits(1);
            reached(2).await;
            let decision = async { queue.write_ahead(noted("decision", false)).await.unwrap() };
            tokio::join!(decision, async { leave.add_permits(1) });
        });
    });
    let done = done.lock().unwrap().clone();
    assert_eq!(done, ["first", "second", "decision", "third"]);
}
