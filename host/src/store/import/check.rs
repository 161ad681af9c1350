//! What can be said of an import without the database.

use std::collections::{HashMap, HashSet};

use super::{ImportFault, NewDevice, NewSite};
use crate::store::keep::Form;

/// Longest name, bytes: a line of a screen or a report.
const NAME_BYTES: usize = 200;

/// Resources that a point may measure.
const RESOURCES: [&str; 6] = ["heat", "hot-water", "cold-water", "gas", "steam", "electricity"];

/// What a point may be for.
const PURPOSES: [&str; 2] = ["commercial", "technological"];

/// Every fault of every row.
pub(in crate::store) fn faults(devices: &[NewDevice]) -> Vec<ImportFault> {
    let mut check = Check {
        row: 0,
        faults: Vec::new(),
    };
    let mut names = HashSet::new();
    let mut sites: HashMap<(&str, &str), &NewSite> = HashMap::new();
    for (index, device) in devices.iter().enumerate() {
        check.row = index + 1;
        check.device(device);
        check.routes(device);
        check.points(device);
        check.site(&device.site);
        if !names.insert(device.name.as_str()) {
            check.fault("name", format!("{:?} stands in more than one row", device.name));
        }
        let first = sites
            .entry((device.organisation.as_str(), device.site.name.as_str()))
            .or_insert(&device.site);
        if first.time_zone != device.site.time_zone {
            let (one, other) = (&first.time_zone, &device.site.time_zone);
            check.fault("site.time_zone", format!("{other:?}, another row says {one:?}"));
        }
    }
    check.faults
}

/// Every fault of an object that is kept.
pub(in crate::store) fn form_faults(form: &Form) -> Vec<ImportFault> {
    let mut check = Check {
        row: 1,
        faults: Vec::new(),
    };
    check.name("name", form.name());
    match form {
        Form::Site {
            address,
            time_zone,
            latitude,
            longitude,
            ..
        } => {
            let address = address.iter().map(|address| ("address", address.as_str()));
            address.for_each(|(key, address)| check.name(key, address));
            check.zone("time_zone", time_zone);
            check.degrees("latitude", *latitude, 90.0);
            check.degrees("longitude", *longitude, 180.0);
        }
        Form::Point { resource, purpose, .. } => {
            check.word("resource", resource, &RESOURCES);
            check.word("purpose", purpose, &PURPOSES);
        }
        Form::Line(line) => check.name("address", line.address.address()),
        Form::Group(group) if group.sessions == Some(0) => {
            check.fault("sessions", "is 0, expected 1 or more, or nothing".to_owned());
        }
        Form::Organisation { .. } | Form::Node { .. } | Form::Group(_) => {}
    }
    check.faults
}

struct Check {
    row: usize,
    faults: Vec<ImportFault>,
}

impl Check {
    fn fault(&mut self, key: &str, reason: String) {
        self.faults.push(ImportFault {
            row: self.row,
            key: key.to_owned(),
            reason,
        });
    }

    fn name(&mut self, key: &str, name: &str) {
        if name.trim().is_empty() {
            self.fault(key, "is empty".to_owned());
        } else if name.len() > NAME_BYTES {
            self.fault(key, format!("has {} bytes, at most {NAME_BYTES} may stand", name.len()));
        } else if name.chars().any(char::is_control) {
            self.fault(key, "has control characters".to_owned());
        }
    }

    fn word(&mut self, key: &str, word: &str, words: &[&str]) {
        if !words.contains(&word) {
            self.fault(key, format!("{word:?}, expected one of {}", words.join(", ")));
        }
    }

    fn device(&mut self, device: &NewDevice) {
        self.name("name", &device.name);
        self.name("driver", &device.driver);
        self.name("organisation", &device.organisation);
        self.name("node", &device.node);
        if let Some(serial) = &device.serial {
            self.name("serial", serial);
        }
        if let Some(rule) = &device.clock_rule {
            self.word("clock_rule", rule, &["standard", "zone"]);
        }
        if let Some(group) = &device.group {
            self.name("group", group);
        }
        if !device.config.is_object() {
            self.fault("config", "is no JSON object".to_owned());
        }
    }

    fn routes(&mut self, device: &NewDevice) {
        if device.routes.is_empty() {
            self.fault("line", "there is no way to the device".to_owned());
        }
        for route in &device.routes {
            self.name("line.address", route.address.address());
            if let Some(line) = &route.line {
                self.name("line.name", line);
            }
        }
    }

    fn points(&mut self, device: &NewDevice) {
        let mut inputs = HashSet::new();
        for point in &device.points {
            self.name("points.name", &point.name);
            self.word("points.resource", &point.resource, &RESOURCES);
            self.word("points.purpose", &point.purpose, &PURPOSES);
            if !inputs.insert(point.input) {
                self.fault("points.input", format!("{} stands twice", point.input));
            }
        }
    }

    fn site(&mut self, site: &NewSite) {
        self.name("site.name", &site.name);
        self.zone("site.time_zone", &site.time_zone);
        self.degrees("site.latitude", site.latitude, 90.0);
        self.degrees("site.longitude", site.longitude, 180.0);
    }

    fn zone(&mut self, key: &str, zone: &str) {
        if jiff::tz::TimeZone::get(zone).is_err() {
            self.fault(key, format!("{zone:?} is no zone such as Europe/Moscow"));
        }
    }

    fn degrees(&mut self, key: &str, degrees: Option<f64>, most: f64) {
        if let Some(degrees) = degrees
            && !(-most..=most).contains(&degrees)
        {
            self.fault(key, format!("{degrees}, expected -{most} to {most}"));
        }
    }
}
