//! What people say of an object that is kept.

use serde_json::{Value as Json, json};

use super::Kind;
use crate::model::{LineAddress, LineOptions, LineSettings};
use crate::store::NewGroup;

/// What people say of an object. The parent is a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// Who owns sites.
    Organisation {
        /// Unique.
        name: String,
    },
    /// A building or plant.
    Site {
        /// Who owns it.
        organisation: i64,
        /// Unique in the organisation.
        name: String,
        /// Postal address.
        address: Option<String>,
        /// IANA name.
        time_zone: String,
        /// Degrees, north is positive.
        latitude: Option<f64>,
        /// Degrees, east is positive.
        longitude: Option<f64>,
    },
    /// A metering installation.
    Node {
        /// Where it stands.
        site: i64,
        /// Unique in the site.
        name: String,
    },
    /// One commercial quantity set.
    Point {
        /// Which installation it is of.
        node: i64,
        /// Unique in the node.
        name: String,
        /// `heat`, `hot-water`, `cold-water`, `gas`, `steam` or `electricity`.
        resource: String,
        /// `commercial` or `technological`.
        purpose: String,
    },
    /// A way to devices.
    Line(NewLine),
    /// Devices that are read alike.
    Group(NewGroup),
}

/// A line as a person describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// Unique.
    pub name: String,
    /// Unique.
    pub address: LineAddress,
    /// None: the drivers' own.
    pub settings: Option<LineSettings>,
    /// What it needs beside.
    pub options: LineOptions,
}

/// An object as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its key.
    pub id: i64,
    /// What was said of it.
    pub form: Form,
    /// Key and name of what it belongs to.
    pub parent: Option<(i64, String)>,
    /// Counts its changes.
    pub revision: i64,
    /// Since when it is out of use.
    pub archived_at: Option<jiff::Timestamp>,
    /// What hangs on it and is in use: sites, nodes, points, devices.
    pub children: i64,
}

impl Form {
    /// Of what it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Organisation { .. } => Kind::Organisation,
            Self::Site { .. } => Kind::Site,
            Self::Node { .. } => Kind::Node,
            Self::Point { .. } => Kind::Point,
            Self::Line(_) => Kind::Line,
            Self::Group(_) => Kind::Group,
        }
    }

    /// Key of what it belongs to.
    pub(super) fn parent(&self) -> Option<i64> {
        match self {
            Self::Site { organisation, .. } => Some(*organisation),
            Self::Node { site, .. } => Some(*site),
            Self::Point { node, .. } => Some(*node),
            Self::Organisation { .. } | Self::Line(_) | Self::Group(_) => None,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Organisation { name }
            | Self::Site { name, .. }
            | Self::Node { name, .. }
            | Self::Point { name, .. } => name,
            Self::Line(line) => &line.name,
            Self::Group(group) => &group.name,
        }
    }

    /// For the audit.
    pub(super) fn shown(&self) -> Json {
        match self {
            Self::Organisation { name } => json!({ "name": name }),
            Self::Site {
                organisation,
                name,
                address,
                time_zone,
                latitude,
                longitude,
            } => json!({ "organisation": organisation, "name": name, "address": address, "time_zone": time_zone,
                "latitude": latitude, "longitude": longitude }),
            Self::Node { site, name } => json!({ "site": site, "name": name }),
            Self::Point {
                node,
                name,
                resource,
                purpose,
            } => json!({ "node": node, "name": name, "resource": resource, "purpose": purpose }),
            Self::Line(line) => json!({ "name": line.name, "address": line.address.to_string(),
                "settings": line.settings.map(|settings| settings.to_string()), "options": line.options.to_string() }),
            Self::Group(group) => json!({ "name": group.name, "schedule": group.schedule.to_string(),
                "sessions": group.sessions, "clock_policy": group.clock_policy.to_string() }),
        }
    }
}
