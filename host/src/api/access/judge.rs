//! Whether somebody may do what a route does.

use super::Needs;
use crate::api::ApiState;
use crate::api::problem::Problem;
use crate::api::signed_in::SignedIn;
use crate::model::Right;
use crate::store::Object;

/// Whether `asks` has what a route needs of the object `id` that its path names.
///
/// # Errors
/// Nobody is signed in; the right is lacking; or the object is foreign, and then it is as if it were not there.
pub(super) async fn judge(state: &ApiState, asks: &SignedIn, needs: Needs, id: Option<&str>) -> Result<(), Problem> {
    if needs == Needs::Open {
        return Ok(());
    }
    let Some(known) = asks.known() else {
        return Err(Problem::not_signed_in("sign in first, or show a key"));
    };
    if known.must_change && needs != Needs::Begun {
        return Err(Problem::choose_password());
    }
    let has = match needs {
        Needs::Open | Needs::Begun | Needs::Account => true,
        Needs::Somewhere(right) => known.has_somewhere(right),
        Needs::Everywhere(right) => known.has_everywhere(right),
        Needs::Over(right, object) => return over(state, asks, (right, object), id.unwrap_or_default()).await,
        Needs::Version => return version(state, asks, id.unwrap_or_default()).await,
    };
    if has { Ok(()) } else { Err(Problem::forbidden()) }
}

async fn over(state: &ApiState, asks: &SignedIn, (right, object): (Right, Object), id: &str) -> Result<(), Problem> {
    let Some(known) = asks.known().filter(|known| !known.has_everywhere(right)) else {
        return Ok(());
    };
    // Who sees everything learns that it is the right that is lacking; an object may be too new to hang on anything.
    let nothing = || {
        if known.has_everywhere(Right::See) {
            return Problem::forbidden();
        }
        Problem::not_found(format!("there is no {} {id}", word(object)))
    };
    let key: i64 = id.parse().map_err(|_| nothing())?;
    let over = state.store.roles_over(known.account, object, key).await?;
    if over.any & known.roles(Right::See) == 0 {
        return Err(nothing());
    }
    let having = if right == Right::See { over.any } else { over.whole };
    if having & known.roles(right) == 0 {
        return Err(Problem::forbidden());
    }
    Ok(())
}

/// A version of a driver is seen by those who see all drivers, and by its vendor.
async fn version(state: &ApiState, asks: &SignedIn, digest: &str) -> Result<(), Problem> {
    let Some(vendors) = asks.vendors() else { return Ok(()) };
    if vendors.is_empty() {
        return Err(Problem::forbidden());
    }
    let meant = state.store.driver_version(digest).await?;
    if meant.is_empty() || meant.iter().any(|version| !vendors.contains(&version.vendor)) {
        return Err(Problem::not_found(format!("there is no version {digest}")));
    }
    Ok(())
}

fn word(object: Object) -> &'static str {
    match object {
        Object::Organisation => "organisation",
        Object::Site => "site",
        Object::Node => "node",
        Object::Point => "point",
        Object::Device => "device",
        Object::Series => "series",
        Object::Record => "record",
        Object::Session => "session",
        Object::Control => "order",
        Object::Line => "line",
        Object::Caller => "caller",
    }
}
