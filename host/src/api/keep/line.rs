//! Lines.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::extract::{Body, Path};
use super::super::problem::FieldFault;
use super::super::talk::{self, Line};
use super::{ApiState, IfMatch, Patch, Problem, SignedIn, Tagged, doer, kept, tell};
use crate::model::{LineAddress, LineOptions, LineSettings, Right};
use crate::store::{Form, Kind, NewLine};

/// What is said of a line.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LineBody {
    /// Unique.
    name: String,
    /// `tcp:10.0.0.7:4001`, `udp:…`, `rfc2217:…`, `serial:/dev/ttyS0`, `incoming:LISTENER/IDENTITY` or `modem:POOL/NUMBER`.
    address: String,
    /// `9600-8N2`; null: the drivers' own.
    settings: Option<String>,
    /// Words between spaces: `rts echo gap=50`.
    options: Option<String>,
}

/// What is other of it.
pub(super) type LinePatch = Patch<LineBody>;

/// Makes a line.
#[utoipa::path(post, path = "/lines", operation_id = "create_line", tag = "lines", request_body = LineBody,
    responses((status = CREATED, body = Line), (status = UNPROCESSABLE_ENTITY, description = "`invalid`"),
        (status = CONFLICT, description = "Name or address belong to another line, which the detail names")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    asks: SignedIn,
    Body(body): Body<LineBody>,
) -> Result<Tagged<Line>, Problem> {
    let form = Form::Line(line(body)?);
    let id = state.store.create(&doer(&state, &asks, Right::Engineer), form).await?;
    let made = talk::one_line(State(state), asks, Path(id)).await?;
    Ok(made.created(format!("/lines/{id}")))
}

/// Changes a line, for all devices that are reached over it.
#[utoipa::path(patch, path = "/lines/{id}", operation_id = "change_line", tag = "lines", params(("id" = i64, Path)), request_body = LinePatch,
    responses((status = OK, body = Line), (status = PRECONDITION_FAILED, description = "`changed-meanwhile`")))]
pub(super) async fn change(
    State(state): State<ApiState>,
    asks: SignedIn,
    Path(id): Path<i64>,
    expected: IfMatch,
    Body(patch): Body<LinePatch>,
) -> Result<Tagged<Line>, Problem> {
    let kept = kept(&state, Kind::Line, id).await?;
    let Form::Line(is) = kept.form else {
        return Err(Problem::not_found(format!("there is no line {id}")));
    };
    let body = patch.of(&LineBody {
        name: is.name,
        address: is.address.to_string(),
        settings: is.settings.map(|settings| settings.to_string()),
        options: Some(is.options.to_string()),
    })?;
    let doer = doer(&state, &asks, Right::Engineer);
    let form = Form::Line(line(body)?);
    state.store.change(&doer, id, expected.or(kept.revision), form).await?;
    tell(&state).await;
    talk::one_line(State(state), asks, Path(id)).await
}

fn line(body: LineBody) -> Result<NewLine, Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, reason: String| {
        faults.push(FieldFault {
            field: field.to_owned(),
            reason,
        });
    };
    let address = body.address.parse::<LineAddress>();
    let address = address.map_err(|error| fault("address", error.to_string())).ok();
    let settings = body.settings.as_deref().map(str::parse::<LineSettings>).transpose();
    let settings = settings.map_err(|error| fault("settings", error.to_string()));
    let options = body.options.as_deref().unwrap_or_default().parse::<LineOptions>();
    let options = options.map_err(|error| fault("options", error.to_string()));
    match (address, settings, options) {
        (Some(address), Ok(settings), Ok(options)) => Ok(NewLine {
            name: body.name,
            address,
            settings,
            options,
        }),
        _ => Err(Problem::invalid(faults)),
    }
}
