//! What was done: by whom, from where, what it was before and is now.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::dto::{Instant, Named, Page};
use super::extract::{Query, cursor, limit};
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::model::Right;
use crate::store::query::{AuditQuery as Wanted, AuditRow};

/// Which deeds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Only by the account of this name.
    who: Option<String>,
    /// Only deeds that begin so: `device.`, `device.create`.
    deed: Option<String>,
    /// Only about this kind of objects: `device`, `site`, `account`, `driver`, …
    subject: Option<String>,
    /// Only about the object with this key, with `subject`.
    id: Option<String>,
    /// Only from here on.
    from: Option<Instant>,
    /// Only before.
    to: Option<Instant>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    id: i64,
    at: Instant,
    /// Key of the account; null: the host itself, the command line, or nobody signed in.
    account: Option<i64>,
    /// Name of the account, `command line`, `host`, `nobody signed in`.
    who: String,
    /// Address; empty for the host itself.
    from: String,
    /// `device.create`, `session.cancel`, …
    deed: String,
    /// Kind of the object.
    subject: String,
    /// Its key.
    subject_id: String,
    /// As people knew it then.
    subject_name: String,
    /// What it was; null: it was not there, or the deed changes nothing that is kept.
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    /// What it is; null: it is no more.
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
}

/// What was done, the newest first. Who administers some objects only sees what was done with those.
#[utoipa::path(get, path = "/audit", tag = "accounts", operation_id = "list_audit", params(AuditQuery),
    responses((status = OK, body = Page<AuditEntry>)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    let most = limit(query.limit, 100, 1000)?;
    let wanted = Wanted {
        who: query.who,
        deed: query.deed,
        subject: query.subject,
        id: query.id,
        from: query.from.map(|at| at.0),
        to: query.to.map(|at| at.0),
        after: cursor(query.after.as_deref())?,
        limit: most + 1,
    };
    let rows = state.store.audit(asks.scope(Right::Administer), &wanted).await?;
    Ok(Json(Page::of(rows, most, |row| row.id.to_string(), show)))
}

/// Which refused sign-ins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RefusedQuery {
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of the page, 100 unless said otherwise, at most 1000.
    limit: Option<u32>,
}

/// Sign-ins that were refused, those within an hour of each other together.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RefusedSignIn {
    id: i64,
    /// Whose name was tried; null: nobody has it, and what was typed is not kept.
    account: Option<Named>,
    /// Address.
    from: String,
    /// `wrong-password`, `wrong-code`, `unknown-name`, `too-early`: before the wait was over, `provider`: the provider of
    /// identities or what it said, `not-written`: so many came too fast to be told one by one.
    why: String,
    began_at: Instant,
    last_at: Instant,
    /// How many.
    count: i64,
}

/// Sign-ins that were refused, the newest first. The newest 10 000 rows are kept.
#[utoipa::path(get, path = "/refused-sign-ins", tag = "accounts", operation_id = "list_refused_sign_ins", params(RefusedQuery),
    responses((status = OK, body = Page<RefusedSignIn>)))]
pub(super) async fn refused(
    State(state): State<ApiState>,
    _: SignedIn,
    Query(query): Query<RefusedQuery>,
) -> Result<Json<Page<RefusedSignIn>>, Problem> {
    let most = limit(query.limit, 100, 1000)?;
    let after = cursor(query.after.as_deref())?;
    let rows = state.store.refused_sign_ins(after, most + 1).await?;
    Ok(Json(Page::of(
        rows,
        most,
        |row| row.id.to_string(),
        |row| RefusedSignIn {
            id: row.id,
            account: row.account.map(|(id, name)| Named::new(id, name)),
            from: row.from,
            why: row.why,
            began_at: Instant(row.began_at),
            last_at: Instant(row.last_at),
            count: row.count,
        },
    )))
}

fn show(row: AuditRow) -> AuditEntry {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    AuditEntry {
        id: row.id,
        at: Instant(row.at),
        account: row.account,
        who: row.who,
        from: row.from,
        deed: row.deed,
        subject: row.subject,
        subject_id: row.subject_id,
        subject_name: row.subject_name,
        before: json(row.before),
        after: json(row.after),
    }
}
