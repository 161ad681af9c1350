//! Groups of devices that are read alike.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::dto::{Instant, Page};
use super::super::extract::{Body, Path, Query};
use super::super::problem::FieldFault;
use super::super::site::KeptPageQuery;
use super::{ApiState, IfMatch, Patch, Problem, SignedIn, Tagged, doer, kept, tell};
use crate::model::{ClockPolicy, Right, Schedule};
use crate::store::{Form, Kept, Kind, NewGroup};

/// What is said of a group.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupBody {
    /// Unique.
    name: String,
    /// When its devices are read, and what, unless they have schedules of their own.
    schedule: String,
    /// Sessions at once of its devices; null: as many as there may be.
    sessions: Option<u32>,
    /// Whether the clocks of its devices are set: `off`, or limits such as `beyond 30s within 10m every 1d`; null: off.
    clock_policy: Option<String>,
}

/// What is other of it.
pub(super) type GroupPatch = Patch<GroupBody>;

/// Devices that are read alike.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Group {
    id: i64,
    name: String,
    schedule: String,
    sessions: Option<u32>,
    clock_policy: String,
    /// Devices in use that are in it.
    devices: i64,
    /// Counts its changes; its `ETag`.
    revision: i64,
    /// Null: it is in use.
    archived_at: Option<Instant>,
}

/// Groups.
#[utoipa::path(get, path = "/groups", operation_id = "list_groups", tag = "groups", params(KeptPageQuery),
    responses((status = OK, body = Page<Group>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<KeptPageQuery>,
) -> Result<Json<Page<Group>>, Problem> {
    let limit = query.limit()?;
    let rows = state.store.kept_list(Kind::Group, &query.wanted(&asks)?).await?;
    let groups = rows
        .into_iter()
        .filter_map(|kept| Some((kept.id, shown(kept)?)))
        .collect();
    Ok(Json(Page::of(
        groups,
        limit,
        |(id, _)| id.to_string(),
        |(_, group)| group,
    )))
}

/// One group.
#[utoipa::path(get, path = "/groups/{id}", operation_id = "one_group", tag = "groups", params(("id" = i64, Path)),
    responses((status = OK, body = Group)))]
pub(super) async fn one(
    State(state): State<ApiState>,
    _: SignedIn,
    Path(id): Path<i64>,
) -> Result<Tagged<Group>, Problem> {
    let kept = kept(&state, Kind::Group, id).await?;
    let revision = kept.revision;
    let group = shown(kept).ok_or_else(|| Problem::not_found(format!("there is no group {id}")))?;
    Ok(Tagged::ok(revision, group))
}

/// Makes a group.
#[utoipa::path(post, path = "/groups", operation_id = "create_group", tag = "groups", request_body = GroupBody,
    responses((status = CREATED, body = Group), (status = UNPROCESSABLE_ENTITY, description = "`invalid`"),
        (status = CONFLICT, description = "The name is taken")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<GroupBody>,
) -> Result<Tagged<Group>, Problem> {
    let form = Form::Group(group(body)?);
    let id = state
        .store
        .create(&doer(&state, &asks, Right::Administer), form)
        .await?;
    let made = one(State(state), asks, Path(id)).await?;
    Ok(made.created(format!("/groups/{id}")))
}

/// Changes a group, for all of its devices.
#[utoipa::path(patch, path = "/groups/{id}", operation_id = "change_group", tag = "groups", params(("id" = i64, Path)),
    request_body = GroupPatch, responses((status = OK, body = Group),
        (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<GroupPatch>,
) -> Result<Tagged<Group>, Problem> {
    let kept = kept(&state, Kind::Group, id).await?;
    let Form::Group(is) = kept.form else {
        return Err(Problem::not_found(format!("there is no group {id}")));
    };
    let body = patch.of(&GroupBody {
        name: is.name,
        schedule: is.schedule.to_string(),
        sessions: is.sessions,
        clock_policy: Some(is.clock_policy.to_string()),
    })?;
    let doer = doer(&state, &asks, Right::Administer);
    let form = Form::Group(group(body)?);
    state.store.change(&doer, id, expected.or(kept.revision), form).await?;
    tell(&state).await;
    one(State(state), asks, Path(id)).await
}

fn group(body: GroupBody) -> Result<NewGroup, Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, reason: String| {
        faults.push(FieldFault {
            field: field.to_owned(),
            reason,
        });
    };
    let schedule = body.schedule.parse::<Schedule>();
    let schedule = schedule.map_err(|error| fault("schedule", error.to_string()));
    let clock_policy = body.clock_policy.as_deref().map(str::parse::<ClockPolicy>).transpose();
    let clock_policy = clock_policy.map_err(|error| fault("clock_policy", error.to_string()));
    match (schedule, clock_policy) {
        (Ok(schedule), Ok(clock_policy)) => Ok(NewGroup {
            name: body.name,
            schedule,
            sessions: body.sessions,
            clock_policy: clock_policy.unwrap_or(ClockPolicy::Off),
        }),
        _ => Err(Problem::invalid(faults)),
    }
}

fn shown(kept: Kept) -> Option<Group> {
    let Form::Group(group) = kept.form else { return None };
    Some(Group {
        id: kept.id,
        name: group.name,
        schedule: group.schedule.to_string(),
        sessions: group.sessions,
        clock_policy: group.clock_policy.to_string(),
        devices: kept.children,
        revision: kept.revision,
        archived_at: kept.archived_at.map(Instant),
    })
}
