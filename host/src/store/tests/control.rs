//! Orders to change a device: confirmed once, in time, not too often, and never forgotten.

use std::sync::Mutex;

use super::*;
use crate::model::{Actor, Change, Clock, ControlId, ControlState, Held};
use crate::store::{ControlEnd, NewControl, NotConfirmed, Old};

/// A store whose clock stands until it is told otherwise.
struct Desk {
    f: Fixture,
    now: Arc<Mutex<Timestamp>>,
}

impl Desk {
    async fn new() -> Self {
        let mut f = Fixture::new().await;
        let now = Arc::new(Mutex::new(at(0)));
        let shown = now.clone();
        f.store = f.store.with_clock(Clock::of(move || *shown.lock().unwrap()));
        Self { f, now }
    }

    fn pass(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = Timestamp::from_second(now.as_second() + seconds).unwrap();
    }

    /// An order that waits to be confirmed, and its token.
    async fn shown(&self, setting: &str) -> (ControlId, String) {
        let id = self.asked(setting).await;
        self.end(id, ControlState::Shown, None).await;
        let order = self.f.store.control(id).await.unwrap().unwrap();
        assert_eq!(
            (order.state, order.shown.as_slice()),
            (ControlState::Shown, &[held("20.0")][..])
        );
        (id, order.token.unwrap())
    }

    async fn asked(&self, setting: &str) -> ControlId {
        let new = NewControl {
            device: self.f.device,
            change: Change::Setting {
                id: setting.to_owned(),
                value: "21.5".to_owned(),
            },
            why: "cold".to_owned(),
            by: Actor::host(),
        };
        self.f.store.ask_control(new).await.unwrap()
    }

    async fn end(&self, id: ControlId, state: ControlState, written_at: Option<Timestamp>) {
        let end = ControlEnd {
            id,
            session: Some(self.f.session),
            state,
            shown: vec![held("20.0")],
            held: written_at.map(|_| held("21.5")).into_iter().collect(),
            written_at,
            text: String::new(),
        };
        self.f.store.end_control(end).await.unwrap();
    }

    async fn confirm(&self, id: ControlId, token: &str) -> Result<(), NotConfirmed> {
        self.f.store.confirm_control(id, token, &Actor::host()).await.unwrap()
    }

    /// Confirmed and written.
    async fn written(&self, setting: &str) {
        let (id, token) = self.shown(setting).await;
        self.confirm(id, &token).await.unwrap();
        let now = *self.now.lock().unwrap();
        self.end(id, ControlState::Done, Some(now)).await;
    }
}

async fn incidents(desk: &Desk) -> Vec<String> {
    desk.f.texts("select kind || ': ' || text from incident").await
}

fn held(value: &str) -> Held {
    Held {
        id: "11180".to_owned(),
        title: "Comfort room T".to_owned(),
        unit: None,
        value: value.to_owned(),
    }
}

#[tokio::test]
async fn a_token_is_good_once_and_for_five_minutes() {
    let desk = Desk::new().await;
    let (id, token) = desk.shown("11180").await;
    assert_eq!(desk.confirm(id, "").await, Err(NotConfirmed::Token(id)));
    assert_eq!(
        desk.confirm(ControlId(99), &token).await,
        Err(NotConfirmed::Nothing(ControlId(99)))
    );
    desk.pass(300);
    let until = at(300);
    assert_eq!(desk.confirm(id, &token).await, Err(NotConfirmed::Expired { id, until }));

    let (id, token) = desk.shown("11180").await;
    desk.pass(299);
    assert_eq!(desk.confirm(id, &token).await, Ok(()));
    let state = ControlState::Confirmed;
    assert_eq!(desk.confirm(id, &token).await, Err(NotConfirmed::State { id, state }));
    // Nobody could act upon it: it waits again.
    desk.f
        .store
        .unconfirm_control(id, &token, &Actor::host())
        .await
        .unwrap();
    assert_eq!(desk.confirm(id, &token).await, Ok(()));
    let order = desk.f.store.control(id).await.unwrap().unwrap();
    assert_eq!((order.token, order.confirmed_at), (None, Some(at(599))));
}

#[tokio::test]
async fn a_setting_is_not_written_twice_in_a_minute_nor_a_device_more_than_twenty_times_a_day() {
    let desk = Desk::new().await;
    desk.written("11180").await;
    desk.pass(59);
    let (id, token) = desk.shown("11180").await;
    assert_eq!(desk.confirm(id, &token).await, Err(NotConfirmed::TooSoon(at(0))));
    desk.written("11181").await;
    desk.pass(1);
    assert_eq!(desk.confirm(id, &token).await, Ok(()), "a minute has passed");
    desk.end(id, ControlState::Done, Some(at(60))).await;
    for _ in 3..20 {
        desk.pass(60);
        desk.written("11181").await;
    }
    desk.pass(60);
    let (id, token) = desk.shown("11181").await;
    assert_eq!(desk.confirm(id, &token).await, Err(NotConfirmed::TooMany(20)));
    desk.pass(24 * HOUR);
    desk.written("11181").await;
}

#[tokio::test]
async fn what_a_dead_host_left_is_ended_and_what_an_order_names_is_kept() {
    let desk = Desk::new().await;
    let asked = desk.asked("11180").await;
    let (shown, _) = desk.shown("11180").await;
    let (confirmed, token) = desk.shown("11181").await;
    desk.confirm(confirmed, &token).await.unwrap();
    desk.f.store.end_interrupted().await.unwrap();
    let cases = [
        (asked, ControlState::Failed),
        (shown, ControlState::Shown),
        (confirmed, ControlState::Unknown),
    ];
    for (id, want) in cases {
        let order = desk.f.store.control(id).await.unwrap().unwrap();
        assert_eq!(order.state, want, "{order:?}");
    }
    let incident = incidents(&desk).await;
    assert_eq!(
        incident,
        [format!(
            "control-unknown: order {confirmed}: the host ended while it was written"
        )]
    );
    // The last session of a device stays anyway: another comes after it.
    let next = begin(&desk.f.store, desk.f.device).await;
    desk.f
        .store
        .end_session(session_end(next, Outcome::NoAnswer))
        .await
        .unwrap();
    let pruned = desk.f.store.prune(Old::Sessions, at(1_000 * HOUR)).await.unwrap();
    assert_eq!(pruned.removed, 0);
    let listed = desk.f.store.controls(desk.f.device, None, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|order| order.id).collect::<Vec<_>>(),
        [confirmed, shown, asked]
    );
    let before = desk.f.store.controls(desk.f.device, Some(shown), 10).await.unwrap();
    assert_eq!(before.len(), 1);
    desk.f.store.forget_control(asked, &Actor::host()).await.unwrap();
    assert_eq!(
        desk.f.store.controls(desk.f.device, None, 10).await.unwrap().len(),
        3,
        "it has ended, not begun"
    );
}
