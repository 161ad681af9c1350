//! Scenarios in which somebody else answers, nobody does, or the meter will not.

use meter_sim::Disguise;
use uzel::model::Outcome;

use super::rows::Stranger;
use super::stage::{Beside, Stage, line, moscow};
use super::{Make, Row};

/// Another device in the meter's place is refused by name, an address without a meter is silence, a wrong password is a
/// refusal; nothing of it is stored.
pub fn refused(row: &Row) {
    let noon = "2026-11-20T07:25:00Z".parse().expect("an instant");
    let mut beside = Vec::new();
    if let Some(config) = row.nobody {
        beside.push(Beside {
            name: "nobody",
            config: config(),
        });
    }
    if let Some(stranger) = &row.stranger {
        beside.push(Beside {
            name: "stranger",
            config: (stranger.config)(),
        });
    }
    let make = Make {
        seed: 16,
        installed: Some(jiff::civil::date(2026, 11, 18).at(0, 0, 0, 0)),
        hole: None,
    };
    let stage = Stage::at(noon, &moscow(), row, make, &beside);
    let others = [(Disguise::Serial, Some(row.others.0)), (Disguise::Model, row.others.1)];
    for (other, named) in others {
        let Some(named) = named.filter(|named| !named.is_empty()) else {
            continue;
        };
        stage.meter.set_faults(line().wrong(other));
        let live = stage.read();
        assert_eq!(live.outcome, Some(Outcome::WrongDevice), "{live:?}");
        assert!(
            live.detail.as_ref().is_some_and(|detail| detail.contains(named)),
            "{live:?}"
        );
    }
    stage.meter.set_faults(line());
    if row.nobody.is_some() {
        let live = stage.read_as("nobody");
        assert_eq!(live.outcome, Some(Outcome::NoAnswer), "{live:?}");
    }
    if let Some(Stranger { outcome, word, .. }) = row.stranger {
        let live = stage.read_as("stranger");
        assert_eq!(live.outcome, Some(outcome), "{live:?}");
        assert!(
            live.detail.as_ref().is_some_and(|detail| detail.contains(word)),
            "{live:?}"
        );
    }
    assert!(
        stage.stored().is_empty() && stage.moments().is_empty(),
        "what another device counted is stored"
    );
    stage.read_well();
    assert!(!stage.moments().is_empty());
}
