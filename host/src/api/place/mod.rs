//! Places: the tree, the search, the map, a node with all that hangs on it.

mod map;
mod node;
mod search;
mod tree;

use std::ops::Range;

pub(super) use map::{__path_map, map};
pub(super) use node::{__path_state, state};
pub(super) use search::{__path_search, search};
pub(super) use tree::{__path_tree, tree};

use super::overview::Structure;
use super::problem::Problem;

/// A place of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Organisation(i64),
    Site(i64),
    Node(i64),
}

impl At {
    /// `organisation:3`, `site:5`, `node:7`.
    pub(super) fn of(text: Option<&str>) -> Result<Option<Self>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let bad = || {
            Problem::bad_query(format!(
                "at is {text:?}, expected such as organisation:3, site:5 or node:7"
            ))
        };
        let (kind, id) = text.split_once(':').ok_or_else(bad)?;
        let id = id.parse().map_err(|_| bad())?;
        match kind {
            "organisation" => Ok(Some(Self::Organisation(id))),
            "site" => Ok(Some(Self::Site(id))),
            "node" => Ok(Some(Self::Node(id))),
            _ => Err(bad()),
        }
    }

    /// Its nodes; none: there is no such place.
    pub(super) fn nodes(self, places: &Structure) -> Option<Range<usize>> {
        match self {
            Self::Organisation(id) => places
                .organisations
                .iter()
                .find(|one| one.id == id)
                .map(|one| one.nodes.clone()),
            Self::Site(id) => places
                .sites
                .iter()
                .find(|one| one.site.id == id)
                .map(|one| one.nodes.clone()),
            Self::Node(id) => places.node(id).map(|at| at..at + 1),
        }
    }
}
