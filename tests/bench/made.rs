//! What the benchmarks put into a database before they measure.

use serde_json::json;
use uzel::model::{Aggregate, ArchiveKind, Column, LineAddress, Schedule, Task};
use uzel::store::{NewDevice, NewPoint, NewRoute, NewSite};

/// A device with a site, a point and a line of its own, which reads hours. Nothing answers on its line.
pub fn device(number: u32) -> NewDevice {
    NewDevice {
        name: format!("device {number}"),
        driver: "vkt7".to_owned(),
        organisation: "Heat networks".to_owned(),
        site: NewSite {
            name: format!("site {number}"),
            address: None,
            time_zone: "Europe/Moscow".to_owned(),
            latitude: None,
            longitude: None,
        },
        node: "Basement".to_owned(),
        routes: vec![NewRoute {
            line: None,
            address: LineAddress::Tcp(format!("127.0.0.1:{}", 1 + number % 60_000)),
            settings: None,
            options: None,
        }],
        serial: None,
        model: Some("vkt7".to_owned()),
        enabled: true,
        clock_rule: None,
        clock_policy: None,
        config: json!({ "address": 1 }),
        schedule: Schedule::every(60, vec![Task::Archive(ArchiveKind::Hourly)]).ok(),
        group: None,
        points: vec![NewPoint {
            input: 1,
            name: "Heating".to_owned(),
            resource: "heat".to_owned(),
            purpose: "commercial".to_owned(),
        }],
    }
}

/// A temperature of supply and return in turn.
pub fn column(place: u8) -> Column {
    Column {
        id: format!("t{place}"),
        quantity: "temperature".to_owned(),
        unit: "Cel".to_owned(),
        point: 1,
        tariff: 0,
        pipe: Some(if place.is_multiple_of(2) { "supply" } else { "return" }.to_owned()),
        aggregate: Aggregate::Mean,
        decimals: Some(2),
    }
}
