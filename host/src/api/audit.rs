//! What was done: by whom, from where, what it was before and is now.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ApiState;
use super::csv_stream::{self, List, Paged};
use super::dto::{Instant, Named, Page};
use super::extract::{Query, cursor, limit};
use super::problem::Problem;
use super::signed_in::SignedIn;
use crate::export::plain;
use crate::limits;
use crate::model::{Right, Scope};
use crate::store::query::{AuditQuery as Wanted, AuditRow};
use crate::store::{Store, StoreError};

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
    /// Rows of the page, 100 unless said otherwise, at most 1000; of the table as many as there are unless said otherwise,
    /// at most 1000000.
    limit: Option<u32>,
}

impl AuditQuery {
    fn wanted(self, limit: u32) -> Result<Wanted, Problem> {
        Ok(Wanted {
            who: self.who,
            deed: self.deed,
            subject: self.subject,
            id: self.id,
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
            after: cursor(self.after.as_deref())?,
            limit,
        })
    }
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
    let wanted = query.wanted(most + 1)?;
    let rows = state.store.audit(asks.scope(Right::Administer), &wanted).await?;
    Ok(Json(Page::of(rows, most, |row| row.id.to_string(), show)))
}

/// What was done as CSV, the newest first; the filters are those of the list. An export ends after 1000000 rows: the next
/// begins with `after` at the `id` of its last row.
#[utoipa::path(get, path = "/audit.csv", tag = "accounts", operation_id = "export_audit", params(AuditQuery),
    responses((status = OK, body = String, content_type = "text/csv"),
        (status = SERVICE_UNAVAILABLE, description = "Too many exports are under way: `busy`")))]
pub(super) async fn export(
    State(state): State<ApiState>,
    asks: SignedIn,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    let rows = limit(query.limit, limits::EXPORT_ROWS, limits::EXPORT_ROWS)?;
    let query = query.wanted(0)?;
    let after = query.after;
    let deeds = Deeds {
        store: state.store.clone(),
        scope: asks.scope(Right::Administer),
        query,
    };
    csv_stream::send(&state, Paged::new(deeds, after, rows))
}

/// What an export is of.
struct Deeds {
    store: Store,
    scope: Scope,
    /// Its place and limit are those of the page asked for last.
    query: Wanted,
}

impl List for Deeds {
    const FILE: &'static str = "audit.csv";
    const HEAD: &'static [&'static str] = &[
        "id",
        "at",
        "account_id",
        "who",
        "from",
        "deed",
        "subject",
        "subject_id",
        "subject_name",
        "before",
        "after",
    ];
    type Row = AuditRow;

    async fn page(&mut self, after: Option<i64>, limit: u32) -> Result<(Vec<AuditRow>, Option<i64>), StoreError> {
        (self.query.after, self.query.limit) = (after, limit);
        let rows = self.store.audit(self.scope, &self.query).await?;
        let is_full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
        let next = rows.last().filter(|_| is_full).map(|row| row.id);
        Ok((rows, next))
    }

    fn cells(row: &AuditRow) -> Vec<String> {
        let plain = |text: &str| plain(text).into_owned();
        let or_empty = |text: Option<&str>| text.map(plain).unwrap_or_default();
        vec![
            row.id.to_string(),
            row.at.to_string(),
            row.account.map(|account| account.to_string()).unwrap_or_default(),
            plain(&row.who),
            plain(&row.from),
            plain(&row.deed),
            plain(&row.subject),
            plain(&row.subject_id),
            plain(&row.subject_name),
            or_empty(row.before.as_deref()),
            or_empty(row.after.as_deref()),
        ]
    }
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
