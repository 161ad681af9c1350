//! Which state claims a node, and how nodes rank.

use std::collections::HashMap;

use jiff::Timestamp;

use super::places::Structure;
use super::rank::{self, StakeWord};
use super::verdict::{self, NodeState, Verdict};
use crate::api::catalog::Drivers;
use crate::api::{DriverCatalog, DriverEntry};
use crate::driver::describe::Describe;
use crate::model::{ArchiveKind, Outcome, RecordKind};
use crate::store::query::{Abnormal, Failing, PlaceDevice, PlaceNode, PlaceSite, Places, Situation, Standing};

const HOURLY: RecordKind = RecordKind::Archive(ArchiveKind::Hourly);
const DAILY: RecordKind = RecordKind::Archive(ArchiveKind::Daily);

struct OneDriver;

impl DriverCatalog for OneDriver {
    fn list(&self) -> Vec<DriverEntry> {
        let text = serde_json::json!({ "ru": "x", "en": "x" });
        let describe: Describe = serde_json::from_value(serde_json::json!({
            "id": "hm1", "version": "1.0.0", "vendor": "v", "title": text,
            "line": { "media": ["tcp"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1 },
            "config": [], "conditions": [],
            "models": [{ "id": "a", "maker": text, "names": ["HM-1"], "resources": ["heat"], "evidence": {},
                         "archives": [{ "kind": "hourly", "depth": 48, "label": "interval-start" },
                                      { "kind": "daily", "depth": 30, "label": "interval-start" }] }],
        }))
        .unwrap();
        vec![DriverEntry {
            describe: describe.into(),
            digest: String::new(),
            size_bytes: 0,
            interfaces: Vec::new(),
            file: String::new(),
            loaded_at: Timestamp::UNIX_EPOCH,
        }]
    }
}

/// So many hours after an instant.
fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 / 3600 * 3600 + hours * 3600).unwrap()
}

/// One node with these devices, polled every hour.
fn places(devices: &[(i64, bool)]) -> Structure {
    let device = |(id, enabled): &(i64, bool)| PlaceDevice {
        id: *id,
        node: 1,
        name: format!("d{id}"),
        serial: None,
        model: Some("a".to_owned()),
        driver: "hm1".to_owned(),
        enabled: *enabled,
        schedule: "every 60m: hourly daily".to_owned(),
        line: None,
    };
    let site = PlaceSite {
        id: 1,
        organisation: 1,
        name: "s".to_owned(),
        address: None,
        time_zone: "UTC".to_owned(),
        coordinates: None,
    };
    let all = Places {
        organisations: vec![(1, "o".to_owned())],
        sites: vec![site],
        nodes: vec![PlaceNode {
            id: 1,
            site: 1,
            name: "n".to_owned(),
        }],
        points: Vec::new(),
        devices: devices.iter().map(device).collect(),
    };
    Structure::of(all, &Drivers::of(&OneDriver), at(0))
}

/// Read at hour 10, with hours until `last_end`.
fn read(last_end: i64) -> Standing {
    Standing {
        last_outcome: Some(Outcome::Complete),
        last_good_at: Some(at(10)),
        reach: vec![(HOURLY, at(last_end)), (DAILY, at(last_end))],
        ..Standing::default()
    }
}

/// Failed so often, the first time at `first`.
fn failed(standing: Standing, outcome: Outcome, times: u32, first: i64) -> Standing {
    Standing {
        last_outcome: Some(outcome),
        failures_in_row: times,
        failing: Some(Failing {
            session: 7,
            outcome,
            detail: None,
            driver_version: "1.0.0".to_owned(),
            line: ("l".to_owned(), "a".to_owned()),
            contact_at: standing.last_good_at,
            first_at: at(first),
        }),
        ..standing
    }
}

fn abnormal(standing: Standing, kind: RecordKind, effect: Option<&str>, hours_tell: bool) -> Standing {
    let one = Abnormal {
        kind,
        session: 1,
        starts_at: at(9),
        ends_at: at(10),
        since: at(7),
        hours_tell,
        situations: vec![Situation {
            code: "02".to_owned(),
            category: None,
            effect: effect.map(str::to_owned),
            duration_s: None,
        }],
    };
    Standing {
        abnormal: standing.abnormal.iter().cloned().chain([one]).collect(),
        ..standing
    }
}

fn judge(standings: Vec<Standing>, now: Timestamp) -> (Verdict, rank::Stake) {
    let keyed: HashMap<i64, Standing> = (1..).zip(standings).collect();
    let devices: Vec<_> = keyed.keys().map(|id| (*id, true)).collect();
    let places = places(&devices);
    let devices: Vec<_> = places.devices_of(&places.nodes[0]).collect();
    let verdict = verdict::of(&devices, &keyed, now);
    let stake = rank::of(&verdict, &devices, &keyed, &Drivers::of(&OneDriver), now);
    (verdict, stake)
}

#[test]
fn the_first_that_hides_the_truth_is_the_state() {
    use NodeState::{Abnormal, DriverFault, Late, NoConnection, Normal};
    let now = at(10);
    let silent = |standing, times, first| failed(standing, Outcome::NoAnswer, times, first);
    let stopped = |standing| abnormal(standing, HOURLY, Some("stopped"), false);
    let cases = [
        ("well", vec![read(10)], Normal, None, None),
        ("never read", vec![Standing::default()], Late, None, None),
        (
            "never read, failed once just now",
            vec![silent(Standing::default(), 1, 10)],
            Late,
            None,
            None,
        ),
        (
            "never read, failed for an hour",
            vec![silent(Standing::default(), 2, 9)],
            NoConnection,
            Some(9),
            None,
        ),
        ("failed once", vec![silent(read(10), 1, 10)], Normal, None, None),
        (
            "failed three times",
            vec![silent(read(10), 3, 10)],
            NoConnection,
            Some(10),
            None,
        ),
        (
            "failed for an hour",
            vec![silent(read(10), 1, 9)],
            NoConnection,
            Some(9),
            None,
        ),
        ("three hours old", vec![read(7)], Normal, None, None),
        ("four hours old", vec![read(6)], Late, Some(6), None),
        ("abnormal", vec![stopped(read(10))], Abnormal, Some(7), None),
        (
            "driver",
            vec![failed(read(10), Outcome::DriverTrap, 1, 10)],
            DriverFault,
            Some(10),
            None,
        ),
        (
            "refused once",
            vec![failed(read(10), Outcome::Refused, 1, 10)],
            Normal,
            None,
            None,
        ),
        (
            "refused",
            vec![failed(read(10), Outcome::Refused, 3, 10)],
            DriverFault,
            Some(10),
            None,
        ),
        (
            "other device",
            vec![failed(read(10), Outcome::WrongDevice, 3, 8)],
            NoConnection,
            Some(8),
            None,
        ),
        (
            "silent and abnormal",
            vec![silent(stopped(read(5)), 4, 6)],
            NoConnection,
            Some(6),
            Some(Abnormal),
        ),
        (
            "one of two devices",
            vec![read(10), silent(read(10), 3, 8)],
            NoConnection,
            Some(8),
            None,
        ),
        (
            "late and abnormal",
            vec![stopped(read(5))],
            Late,
            Some(5),
            Some(Abnormal),
        ),
    ];
    for (name, standings, state, since, hidden) in cases {
        let (verdict, _) = judge(standings, now);
        assert_eq!(verdict.state, state, "{name}");
        assert_eq!(verdict.since, since.map(at), "{name}");
        assert_eq!(verdict.hidden.map(|(state, ..)| state), hidden, "{name}");
    }
}

#[test]
fn a_node_without_a_polled_device_is_disabled() {
    let places = places(&[(1, false)]);
    let devices: Vec<_> = places.devices_of(&places.nodes[0]).collect();
    assert_eq!(verdict::of(&devices, &HashMap::new(), at(0)).state, NodeState::Disabled);
    assert_eq!(verdict::of(&[], &HashMap::new(), at(0)).state, NodeState::Disabled);
}

#[test]
fn an_hour_that_is_well_ends_what_was_wrong_the_day_before() {
    let told_by_hours = abnormal(read(10), DAILY, None, true);
    assert_eq!(judge(vec![told_by_hours], at(10)).0.state, NodeState::Normal);
    let of_the_day_alone = abnormal(read(10), DAILY, None, false);
    assert_eq!(judge(vec![of_the_day_alone], at(10)).0.state, NodeState::Abnormal);
}

#[test]
fn what_is_lost_first_ranks_first() {
    let heat = |gcal, standing| Standing {
        heat_day_gcal: Some(gcal),
        ..standing
    };
    let stopped = |gcal| heat(gcal, abnormal(read(100), HOURLY, Some("stopped"), false));
    let doubtful = |gcal| heat(gcal, abnormal(read(100), HOURLY, Some("constant-used"), false));
    let silent = |last_end| failed(read(last_end), Outcome::NoAnswer, 9, 10);
    // Hours are kept for two days: what ends at hour 60 is overwritten from hour 108 on.
    let with_days = |standing: Standing, days_end| Standing {
        reach: vec![(DAILY, at(days_end))],
        ..standing
    };
    let rows = vec![
        (StakeWord::Overwriting, judge(vec![silent(60)], at(100))),
        (StakeWord::HeatStopped, judge(vec![stopped(11.8)], at(100))),
        (StakeWord::HeatStopped, judge(vec![stopped(4.2)], at(100))),
        (
            StakeWord::LostSoon,
            judge(vec![with_days(silent(0), 100 - 25 * 24)], at(100)),
        ),
        (StakeWord::HeatInDoubt, judge(vec![doubtful(1.9)], at(100))),
        (
            StakeWord::Unknown,
            judge(vec![abnormal(read(100), HOURLY, None, false)], at(100)),
        ),
        (StakeWord::Kept, judge(vec![with_days(silent(0), 90)], at(100))),
        (StakeWord::Unknown, judge(vec![Standing::default()], at(100))),
    ];
    let order: Vec<_> = rows.iter().map(|(_, (_, stake))| (stake.class, stake.key)).collect();
    assert!(order.is_sorted(), "{order:?}");
    for (want, (verdict, stake)) in &rows {
        assert_eq!(stake.word, *want, "{verdict:?}");
    }
    let (_, (_, first)) = &rows[0];
    assert_eq!(
        (first.unread, first.depth, first.lost_at),
        (Some(40), Some(48), Some(at(108)))
    );
}
