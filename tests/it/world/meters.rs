//! The meters of a world, their lines, and how a host is told of them.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use meter_sim::{Faults, Handle, Link, Mbus, SimClock, Spt, SptHistory, Vkt7, Vkt7History};
use serde_json::{Value as Json, json};
use uzel::model::{LineAddress, LineOptions};
use uzel::store::{NewDevice, NewRoute, NewSite};

use super::{Net, Time};

/// Civil time of the meters is so far ahead of UTC.
const ZONE_S: i64 = 3 * 3_600;

/// What kind of meter it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Vkt7,
    Spt943,
    Mbus,
}

/// A meter, where it is, and the device that it is to the host.
pub struct Metered {
    pub name: String,
    pub kind: Kind,
    pub line: String,
    pub meter: Arc<Handle>,
    /// Which of the meters of its line.
    pub place: usize,
    config: Json,
}

/// Meters on lines.
pub struct Town {
    pub time: Time,
    pub metered: Vec<Metered>,
    net: Net,
}

/// What a meter is made of.
pub struct Spec {
    pub kind: Kind,
    pub address: u8,
    /// How wrong its clock is, seconds.
    pub clock_error_s: i64,
    /// Since when it archives; none: for years.
    pub installed: Option<Timestamp>,
}

impl Spec {
    fn link(&self, time: &Time, seed: u64) -> Link {
        let told = time.clone();
        let utc_s = move || told.now().as_second();
        let clock = SimClock::following(utc_s, ZONE_S + self.clock_error_s);
        let installed = self.installed.map(|at| {
            let zone = jiff::tz::Offset::constant(3);
            zone.to_datetime(at)
        });
        match self.kind {
            Kind::Vkt7 => {
                static HISTORY: OnceLock<Arc<Vkt7History>> = OnceLock::new();
                let meter = Vkt7::builder().clock(clock).address(self.address).rs485();
                let meter = meter.serial(format!("{seed:08}"));
                let history = HISTORY.get_or_init(|| meter.generate()).clone();
                let meter = meter.history(history);
                match installed {
                    Some(at) => meter.installed(at).link(),
                    None => meter.link(),
                }
            }
            Kind::Spt943 => {
                static HISTORY: OnceLock<Arc<SptHistory>> = OnceLock::new();
                let meter = Spt::spt943().clock(clock).network(self.address);
                let meter = meter.serial(u32::try_from(seed).expect("a small number"));
                let history = HISTORY.get_or_init(|| meter.generate()).clone();
                let meter = meter.history(history);
                match installed {
                    Some(at) => meter.installed(at).link(),
                    None => meter.link(),
                }
            }
            Kind::Mbus => {
                let id = u32::try_from(seed).expect("a small number");
                Mbus::heat().clock(clock).primary(self.address).id(id).months(6).link()
            }
        }
    }
}

impl Town {
    /// A town without meters.
    pub fn at(time: &Time) -> Self {
        Self {
            time: time.clone(),
            metered: Vec::new(),
            net: Net::default(),
        }
    }

    /// A line at `host` with these meters.
    pub fn line(mut self, host: &str, specs: &[Spec]) -> Self {
        let first = u64::try_from(self.metered.len()).expect("a count") + 1;
        let links: Vec<Link> = specs
            .iter()
            .zip(first..)
            .map(|(spec, seed)| spec.link(&self.time, seed))
            .collect();
        let link = match <[Link; 1]>::try_from(links) {
            Ok([link]) => link,
            Err(links) => Link::bus(links, Faults::new()),
        };
        let time = self.time.clone();
        let (meter, wire) = link.start_wire(move || time.elapsed());
        let meter = Arc::new(meter);
        self.net.add(host, wire, meter.clone());
        for (place, spec) in specs.iter().enumerate() {
            let config = match spec.kind {
                Kind::Vkt7 | Kind::Mbus => json!({"address": spec.address}),
                Kind::Spt943 => json!({"address": spec.address, "wake": "fast"}),
            };
            let number = self.metered.len() + 1;
            self.metered.push(Metered {
                name: format!("{:?} {number}", spec.kind),
                kind: spec.kind,
                line: host.to_owned(),
                meter: meter.clone(),
                place,
                config,
            });
        }
        self
    }

    /// How the host reaches it, and the meters.
    pub fn build(self) -> (Arc<Net>, Vec<Metered>) {
        (Arc::new(self.net), self.metered)
    }
}

impl Metered {
    /// What the host is told of it.
    pub fn device(&self, schedule: &str) -> NewDevice {
        NewDevice {
            name: self.name.clone(),
            driver: match self.kind {
                Kind::Vkt7 => "vkt7",
                Kind::Spt943 => "logika-m4",
                Kind::Mbus => "mbus",
            }
            .to_owned(),
            organisation: "the world".to_owned(),
            site: NewSite {
                name: self.line.clone(),
                address: None,
                time_zone: "Europe/Moscow".to_owned(),
                latitude: None,
                longitude: None,
            },
            node: self.name.clone(),
            routes: vec![NewRoute {
                line: None,
                address: LineAddress::Tcp(self.line.clone()),
                settings: None,
                options: Some(LineOptions::default()),
            }],
            serial: None,
            model: None,
            enabled: true,
            clock_rule: None,
            config: self.config.clone(),
            schedule: Some(schedule.parse().expect("a schedule")),
            clock_policy: None,
            group: None,
            points: Vec::new(),
        }
    }
}
