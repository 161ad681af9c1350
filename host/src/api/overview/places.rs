//! Places as they hang together.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;

use super::search::{Found, Index, Kind};
use crate::api::catalog::Drivers;
use crate::model::{ArchiveKind, Schedule};
use crate::store::query::{PlaceDevice, PlaceNode, PlacePoint, PlaceSite, Places};

/// All places: each list is in the order of organisation, site, node and name, so that what belongs together lies together.
#[derive(Default)]
pub(in crate::api) struct Structure {
    pub(in crate::api) organisations: Vec<OrganisationAt>,
    pub(in crate::api) sites: Vec<SiteAt>,
    pub(in crate::api) nodes: Vec<NodeAt>,
    pub(in crate::api) points: Vec<PlacePoint>,
    pub(in crate::api) devices: Vec<DeviceAt>,
    /// What the search looks through.
    pub(in crate::api) index: Index,
    by_node: HashMap<i64, usize>,
    by_device: HashMap<i64, usize>,
}

/// An organisation.
pub(in crate::api) struct OrganisationAt {
    pub(in crate::api) id: i64,
    pub(in crate::api) name: String,
    /// Its sites.
    pub(in crate::api) sites: Range<usize>,
    /// Nodes of its sites.
    pub(in crate::api) nodes: Range<usize>,
}

/// A site.
pub(in crate::api) struct SiteAt {
    pub(in crate::api) site: PlaceSite,
    /// Of which organisation.
    pub(in crate::api) organisation: usize,
    /// Its nodes.
    pub(in crate::api) nodes: Range<usize>,
}

/// A node.
pub(in crate::api) struct NodeAt {
    pub(in crate::api) node: PlaceNode,
    /// At which site.
    pub(in crate::api) site: usize,
    /// Its points.
    pub(in crate::api) points: Range<usize>,
    /// Its devices.
    pub(in crate::api) devices: Range<usize>,
}

/// A device.
pub(in crate::api) struct DeviceAt {
    pub(in crate::api) device: PlaceDevice,
    /// The model's official spelling.
    pub(in crate::api) model_name: Option<String>,
    /// How long each archive waits for its next reading, seconds.
    waits_s: Vec<(ArchiveKind, i64)>,
}

impl DeviceAt {
    /// How long an archive waits for its next reading at most; none: it is not read.
    pub(super) fn wait_s(&self, kind: ArchiveKind) -> Option<i64> {
        self.waits_s.iter().find(|(of, _)| *of == kind).map(|(_, wait)| *wait)
    }
}

/// Takes the run at the head of `rest` for which `is_of` holds.
fn run<T>(items: &[T], at: &mut usize, is_of: impl Fn(&T) -> bool) -> Range<usize> {
    let start = *at;
    while items.get(*at).is_some_and(&is_of) {
        *at += 1;
    }
    start..*at
}

impl Structure {
    pub(super) fn of(places: Places, drivers: &Drivers, now: Timestamp) -> Self {
        let Places {
            organisations,
            mut sites,
            mut nodes,
            mut points,
            mut devices,
        } = places;
        // A stable sort by the parent's place keeps the order of names.
        let order: HashMap<i64, usize> = organisations
            .iter()
            .enumerate()
            .map(|(at, (id, _))| (*id, at))
            .collect();
        // What belongs to a place that is no longer in use is not in use either.
        sites.retain(|site| order.contains_key(&site.organisation));
        sites.sort_by_key(|site| order.get(&site.organisation).copied());
        let order: HashMap<i64, usize> = sites.iter().enumerate().map(|(at, site)| (site.id, at)).collect();
        nodes.retain(|node| order.contains_key(&node.site));
        nodes.sort_by_key(|node| order.get(&node.site).copied());
        let order: HashMap<i64, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id, at)).collect();
        points.retain(|point| order.contains_key(&point.node));
        points.sort_by_key(|point| order.get(&point.node).copied());
        devices.retain(|device| order.contains_key(&device.node));
        devices.sort_by_key(|device| order.get(&device.node).copied());
        let zones: HashMap<i64, &str> = sites.iter().map(|site| (site.id, site.time_zone.as_str())).collect();
        let zones: HashMap<i64, &str> = nodes
            .iter()
            .filter_map(|node| Some((node.id, *zones.get(&node.site)?)))
            .collect();
        let mut waits = Waits::default();
        let devices: Vec<DeviceAt> = devices
            .into_iter()
            .map(|device| DeviceAt {
                model_name: drivers
                    .model(&device.driver, device.model.as_deref())
                    .and_then(|model| model.names.first().cloned()),
                waits_s: waits.of(&device.schedule, zones.get(&device.node).copied().unwrap_or("UTC"), now),
                device,
            })
            .collect();
        let mut structure = Self {
            by_device: devices
                .iter()
                .enumerate()
                .map(|(at, one)| (one.device.id, at))
                .collect(),
            by_node: order,
            points,
            devices,
            ..Self::default()
        };
        structure.hang(organisations, sites, nodes);
        structure.index = Index::of(&structure, drivers);
        structure
    }

    /// Says what belongs to what.
    fn hang(&mut self, organisations: Vec<(i64, String)>, sites: Vec<PlaceSite>, nodes: Vec<PlaceNode>) {
        let (mut site, mut node, mut point, mut device) = (0, 0, 0, 0);
        for (id, name) in organisations {
            let of_it = run(&sites, &mut site, |one| one.organisation == id);
            let first = node;
            for at in of_it.clone() {
                let Some(one) = sites.get(at) else { break };
                let nodes_of_it = run(&nodes, &mut node, |node| node.site == one.id);
                self.sites.push(SiteAt {
                    site: one.clone(),
                    organisation: self.organisations.len(),
                    nodes: nodes_of_it,
                });
            }
            self.organisations.push(OrganisationAt {
                id,
                name,
                sites: of_it,
                nodes: first..node,
            });
        }
        for (at, site) in self.sites.iter().enumerate() {
            for one in nodes.get(site.nodes.clone()).unwrap_or_default() {
                self.nodes.push(NodeAt {
                    node: one.clone(),
                    site: at,
                    points: run(&self.points, &mut point, |point| point.node == one.id),
                    devices: run(&self.devices, &mut device, |device| device.device.node == one.id),
                });
            }
        }
    }

    /// The place of a node in `nodes`.
    pub(in crate::api) fn node(&self, id: i64) -> Option<usize> {
        self.by_node.get(&id).copied()
    }

    /// A device.
    pub(in crate::api) fn device(&self, id: i64) -> Option<&DeviceAt> {
        self.devices.get(*self.by_device.get(&id)?)
    }

    /// Devices of a node.
    pub(in crate::api) fn devices_of(&self, node: &NodeAt) -> std::slice::Iter<'_, DeviceAt> {
        self.devices.get(node.devices.clone()).unwrap_or_default().iter()
    }

    /// Points of a node.
    pub(in crate::api) fn points_of(&self, node: &NodeAt) -> &[PlacePoint] {
        self.points.get(node.points.clone()).unwrap_or_default()
    }

    /// Nodes of something that the search found.
    pub(in crate::api) fn nodes_of(&self, found: Found) -> Option<Range<usize>> {
        let of_node = |node: i64| self.node(node).map(|at| at..at + 1);
        match found.kind {
            Kind::Organisation => self.organisations.get(found.at).map(|one| one.nodes.clone()),
            Kind::Site => self.sites.get(found.at).map(|one| one.nodes.clone()),
            Kind::Node => Some(found.at..found.at + 1),
            Kind::Point => self.points.get(found.at).and_then(|one| of_node(one.node)),
            Kind::Device => self.devices.get(found.at).and_then(|one| of_node(one.device.node)),
        }
    }

    /// Whether a device is not known, or its model or serial number is not.
    pub(super) fn is_unnamed(&self, device: i64) -> bool {
        self.device(device)
            .is_none_or(|at| at.device.model.is_none() || at.device.serial.is_none())
    }
}

/// How long archives wait by schedule and zone: thousands of devices share a few.
#[derive(Default)]
struct Waits(HashMap<(String, String), Vec<(ArchiveKind, i64)>>);

impl Waits {
    fn of(&mut self, schedule: &str, zone: &str, now: Timestamp) -> Vec<(ArchiveKind, i64)> {
        let key = (schedule.to_owned(), zone.to_owned());
        self.0.entry(key).or_insert_with(|| waits(schedule, zone, now)).clone()
    }
}

fn waits(schedule: &str, zone: &str, now: Timestamp) -> Vec<(ArchiveKind, i64)> {
    use crate::model::Task;

    // A schedule that cannot be read is the collector's to complain of.
    let Ok(schedule) = schedule.parse::<Schedule>() else {
        return Vec::new();
    };
    let kinds = schedule.tasks().into_iter().filter_map(|task| match task {
        Task::Archive(kind) => Some(kind),
        _ => None,
    });
    kinds
        .filter_map(|kind| Some((kind, schedule.wait_for(kind, zone, now)?.as_secs())))
        .collect()
}
