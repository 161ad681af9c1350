//! Shapes that the routes of accounts share.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::dto::Named;
use crate::api::problem::Problem;
use crate::limits;
use crate::model::{AccountKind, Grant as Granted, GrantOn, Right, Role};
use crate::store::GrantInfo;

/// A role over something. At most one of `organisation`, `site`, `node` and `vendor` is there; none: over everything.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Grant {
    /// `administrator`, `dispatcher`, `engineer`, `viewer` or `vendor`.
    role: &'static str,
    organisation: Option<Named>,
    site: Option<Named>,
    node: Option<Named>,
    /// The drivers of this vendor, with role `vendor`.
    vendor: Option<String>,
}

/// A role to be granted. At most one of `organisation`, `site`, `node` and `vendor` is given; none: over everything.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    /// `administrator`, `dispatcher`, `engineer`, `viewer` or `vendor`.
    role: String,
    organisation: Option<i64>,
    site: Option<i64>,
    node: Option<i64>,
    /// The drivers of this vendor, with role `vendor`.
    vendor: Option<String>,
}

impl From<GrantInfo> for Grant {
    fn from(info: GrantInfo) -> Self {
        let named = |id: i64| Named::new(id, info.name.clone().unwrap_or_default());
        let mut grant = Self {
            role: info.grant.role.word(),
            organisation: None,
            site: None,
            node: None,
            vendor: None,
        };
        match info.grant.on {
            GrantOn::Everything => {}
            GrantOn::Organisation(id) => grant.organisation = Some(named(id)),
            GrantOn::Site(id) => grant.site = Some(named(id)),
            GrantOn::Node(id) => grant.node = Some(named(id)),
            GrantOn::Vendor(vendor) => grant.vendor = Some(vendor),
        }
        grant
    }
}

impl NewGrant {
    fn granted(self) -> Result<Granted, Problem> {
        let expected = || Problem::bad_body(format!("role {:?}, expected one of {}", self.role, roles()));
        let role = Role::of(&self.role).ok_or_else(expected)?;
        let on = match (self.organisation, self.site, self.node, self.vendor) {
            (None, None, None, None) => GrantOn::Everything,
            (Some(id), None, None, None) => GrantOn::Organisation(id),
            (None, Some(id), None, None) => GrantOn::Site(id),
            (None, None, Some(id), None) => GrantOn::Node(id),
            (None, None, None, Some(vendor)) => GrantOn::Vendor(line(&vendor, "vendor")?),
            _ => {
                let text = "a grant names one of organisation, site, node and vendor, or none of them for everything";
                return Err(Problem::bad_body(text));
            }
        };
        let grant = Granted { role, on };
        if grant.is_sound() {
            return Ok(grant);
        }
        let text = "role vendor is over the drivers of a vendor, and no other role is";
        Err(Problem::bad_body(text))
    }
}

fn roles() -> String {
    Role::ALL.map(Role::word).join(", ")
}

/// Grants as they are given.
pub(super) fn grants(new: Vec<NewGrant>) -> Result<Vec<Granted>, Problem> {
    if new.len() > limits::GRANTS_OF_ACCOUNT {
        let text = format!("{} grants, at most {} may be", new.len(), limits::GRANTS_OF_ACCOUNT);
        return Err(Problem::bad_body(text));
    }
    new.into_iter().map(NewGrant::granted).collect()
}

/// Rights as they are given.
pub(super) fn rights(words: &[String]) -> Result<Vec<String>, Problem> {
    let all = || Right::ALL.map(Right::word).join(", ");
    if words.is_empty() {
        return Err(Problem::bad_body(format!(
            "rights is empty, expected some of {}",
            all()
        )));
    }
    let right = |word: &String| {
        let known = Right::of(word).map(|right| right.word().to_owned());
        known.ok_or_else(|| Problem::bad_body(format!("right {word:?}, expected one of {}", all())))
    };
    words.iter().map(right).collect()
}

/// A line of text for people.
pub(super) fn line(text: &str, what: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 || text.contains(char::is_control) {
        let got: String = text.chars().take(40).collect();
        return Err(Problem::bad_body(format!(
            "{what} is {got:?}, expected 1 to 200 characters without control characters"
        )));
    }
    Ok(text.to_owned())
}

/// The name that an account signs in with: what is typed on any keyboard of the office.
pub(in crate::api) fn name(text: &str) -> Result<String, Problem> {
    let text = line(text, "name")?.to_lowercase();
    let fits = |char: char| char.is_alphanumeric() || ".-_@".contains(char);
    if text.chars().count() > 64 || !text.chars().all(fits) {
        return Err(Problem::bad_body(format!(
            "name is {text:?}, expected 1 to 64 letters, digits, dots, dashes, underscores or @"
        )));
    }
    Ok(text)
}

/// Of whom an account is.
pub(super) fn kind(word: &str) -> Result<AccountKind, Problem> {
    AccountKind::of(word).ok_or_else(|| Problem::bad_body(format!("kind is {word:?}, expected person or machine")))
}
