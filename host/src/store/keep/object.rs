//! Making and changing an object, whatever it is.

use async_trait::async_trait;
use sqlx::{Row as _, SqliteConnection};

use super::form::{Form, Kept};
use super::scope::{Place, has};
use super::{Doer, Kind, Refusal, group, line, missing, place};
use crate::model::Scope;
use crate::store::audit::{self, Done};
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};
use crate::store::{Store, instant};

struct Put {
    doer: Doer,
    /// Key and revision of the one that is changed; none: a new one.
    known: Option<(i64, i64)>,
    form: Form,
    at: i64,
}

impl Store {
    /// Makes an object. Gives its key.
    ///
    /// # Errors
    /// `Import` with every fault of what was said; `Refused` when something is in the way.
    pub async fn create(&self, doer: &Doer, form: Form) -> Result<i64, StoreError> {
        self.put(doer, None, form).await
    }

    /// Makes an object what is said here, when it still has the revision `revision`.
    pub async fn change(&self, doer: &Doer, id: i64, revision: i64, form: Form) -> Result<(), StoreError> {
        self.put(doer, Some((id, revision)), form).await.map(drop)
    }

    /// An object as it is kept; none: there is none of this key.
    pub async fn kept(&self, kind: Kind, id: i64) -> Result<Option<Kept>, StoreError> {
        let mut reader = self.reader().await?;
        read(&mut reader.conn, kind, id).await
    }

    async fn put(&self, doer: &Doer, known: Option<(i64, i64)>, form: Form) -> Result<i64, StoreError> {
        let faults = crate::store::import::form_faults(&form);
        if !faults.is_empty() {
            return Err(StoreError::Import(faults));
        }
        let put = Put {
            doer: doer.clone(),
            known,
            form,
            at: self.now().as_second(),
        };
        self.queue.write(put).await
    }
}

#[async_trait]
impl Write for Put {
    type Answer = i64;

    async fn run(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let kind = self.form.kind();
        let known = match self.known {
            Some((id, revision)) => Some(expect(&mut tx.conn, kind, id, Some(revision)).await?),
            None => None,
        };
        if let Some(known) = known.as_ref().filter(|known| known.archived_at.is_some()) {
            let reason = format!("{kind} {:?} is archived: restore it first", known.form.name());
            return Err(super::conflict("", reason));
        }
        check(&mut tx.conn, &self.doer, known.as_ref(), &self.form).await?;
        let before = known.map(|kept| kept.form.shown());
        let id = match self.known {
            None => insert(&mut tx.conn, &self.form).await?,
            Some((id, _)) => {
                update(&mut tx.conn, id, &self.form).await?;
                id
            }
        };
        if matches!(kind, Kind::Site | Kind::Line | Kind::Group) {
            count_change(&mut tx.conn).await?;
        }
        let deed = match (kind, before.is_some()) {
            (Kind::Organisation, false) => "organisation.create",
            (Kind::Organisation, true) => "organisation.change",
            (Kind::Site, false) => "site.create",
            (Kind::Site, true) => "site.change",
            (Kind::Node, false) => "node.create",
            (Kind::Node, true) => "node.change",
            (Kind::Point, false) => "point.create",
            (Kind::Point, true) => "point.change",
            (Kind::Line, false) => "line.create",
            (Kind::Line, true) => "line.change",
            (Kind::Group, false) => "group.create",
            (Kind::Group, true) => "group.change",
            (Kind::Device, _) => "device.change",
        };
        let done = Done {
            deed,
            subject: kind.word(),
            id: id.to_string(),
            name: self.form.name().to_owned(),
            before,
            after: Some(self.form.shown()),
        };
        audit::note(&mut tx.conn, self.at, &self.doer.actor, &done).await?;
        Ok(id)
    }
}

/// Says that a running host should take the devices anew.
pub(in crate::store) async fn count_change(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("update revision set number = number + 1 where subject = 'devices'")
        .execute(conn)
        .await
        .map(drop)
        .map_err(StoreError::of("count a change of the devices"))
}

/// What is in the way of an object being so. `known` is what it is now.
async fn check(conn: &mut SqliteConnection, doer: &Doer, known: Option<&Kept>, form: &Form) -> Result<(), StoreError> {
    let (kind, whole) = match form {
        Form::Organisation { .. } => (Kind::Organisation, Place::Everywhere),
        Form::Line(_) => (Kind::Line, Place::Everywhere),
        Form::Group(_) => (Kind::Group, Place::Everywhere),
        Form::Site { organisation, .. } => (Kind::Organisation, Place::Organisation(*organisation)),
        Form::Node { site, .. } => (Kind::Site, Place::Site(*site)),
        Form::Point { node, .. } => (Kind::Node, Place::Node(*node)),
    };
    // Who changes something in its place was found to have it; what it is moved to has to be his, too.
    let is_moved = known.is_none_or(|known| known.form.parent() != form.parent());
    if let Some(parent) = form.parent().filter(|_| is_moved) {
        let kept = read(conn, kind, parent).await?;
        let is_his = has(conn, doer.scope, whole).await?;
        let kept = kept.filter(|_| is_his).ok_or_else(|| missing(kind, parent))?;
        if kept.archived_at.is_some() {
            let reason = format!("{kind} {:?} is archived: restore it first", kept.form.name());
            return Err(super::conflict(kind.word(), reason));
        }
    } else if form.parent().is_none() && known.is_none() && !has(conn, doer.scope, whole).await? {
        let reason = format!("a new {} needs rights over everything", form.kind());
        return Err(super::conflict("", reason));
    }
    let own = known.map(|known| known.id);
    match form {
        Form::Organisation { .. } | Form::Site { .. } | Form::Node { .. } | Form::Point { .. } => {
            place::in_the_way(conn, own, form).await
        }
        Form::Line(line) => line::in_the_way(conn, own, line).await,
        Form::Group(group) => group::in_the_way(conn, own, group).await,
    }
}

async fn insert(conn: &mut SqliteConnection, form: &Form) -> Result<i64, StoreError> {
    match form {
        Form::Line(line) => line::insert(conn, line).await,
        Form::Group(group) => group::insert(conn, group).await,
        _ => place::insert(conn, form).await,
    }
}

async fn update(conn: &mut SqliteConnection, id: i64, form: &Form) -> Result<(), StoreError> {
    match form {
        Form::Line(line) => line::update(conn, id, line).await,
        Form::Group(group) => group::update(conn, id, group).await,
        _ => place::update(conn, id, form).await,
    }
}

/// An object of a key, if there is one.
pub(super) async fn read(conn: &mut SqliteConnection, kind: Kind, id: i64) -> Result<Option<Kept>, StoreError> {
    let sql = match kind {
        Kind::Organisation | Kind::Site | Kind::Node | Kind::Point => place::select(kind),
        Kind::Line => line::SELECT,
        Kind::Group => group::SELECT,
        Kind::Device => return Ok(None),
    };
    let row = sqlx::query(sql)
        .bind(id)
        .fetch_optional(conn)
        .await
        .map_err(StoreError::of("read what is kept"))?;
    let Some(row) = row else { return Ok(None) };
    let form = match kind {
        Kind::Line => Form::Line(line::form(&row)?),
        Kind::Group => Form::Group(group::form(&row)?),
        _ => place::form(kind, &row),
    };
    Ok(Some(Kept {
        id,
        form,
        revision: row.get("revision"),
        archived_at: row.get::<Option<i64>, _>("archived_at").map(instant),
        parent: row
            .get::<Option<i64>, _>("parent")
            .zip(row.get::<Option<String>, _>("parent_name")),
        children: row.get("children"),
    }))
}

/// An object that must be there, with the revision that is expected of it.
pub(super) async fn expect(
    conn: &mut SqliteConnection,
    kind: Kind,
    id: i64,
    revision: Option<i64>,
) -> Result<Kept, StoreError> {
    let kept = read(conn, kind, id).await?.ok_or_else(|| missing(kind, id))?;
    expect_revision(kind, id, kept.revision, revision)?;
    Ok(kept)
}

/// Refuses what somebody has changed meanwhile.
pub(super) fn expect_revision(kind: Kind, id: i64, is: i64, expected: Option<i64>) -> Result<(), StoreError> {
    match expected {
        Some(expected) if expected != is => Err(StoreError::Refused(Refusal::Changed { kind, id, expected, is })),
        _ => Ok(()),
    }
}

/// Which objects of a list: keys above `after`, in the order of keys.
#[derive(Debug, Clone, Copy)]
pub struct KeptQuery {
    /// Of these objects.
    pub scope: Scope,
    /// Only of this parent.
    pub parent: Option<i64>,
    /// Those that are archived, else those in use.
    pub archived: bool,
    /// Keys above this one.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Organisations, nodes or groups. Groups are everybody's.
    pub async fn kept_list(&self, kind: Kind, query: &KeptQuery) -> Result<Vec<Kept>, StoreError> {
        let sql = match kind {
            Kind::Organisation => {
                "select id from organisation where id > $1 and (archived_at is not null) = $2 and $3 is null
                     and ($4 is null or id in (select s.organisation_id from account_node a join node n on n.id = a.node_id
                         join site s on s.id = n.site_id where a.account_id = $4 and a.role & $5 <> 0)
                         or id in (select g.organisation_id from account_grant g where g.account_id = $4 and g.role & $5 <> 0))
                 order by id limit $6"
            }
            Kind::Node => {
                "select id from node where id > $1 and (archived_at is not null) = $2 and ($3 is null or site_id = $3)
                     and ($4 is null or id in (select node_id from account_node where account_id = $4 and role & $5 <> 0))
                 order by id limit $6"
            }
            _ => {
                "select id from poll_group where id > $1 and (archived_at is not null) = $2 and $3 is null
                     and ($4 is null or $5 is not null) order by id limit $6"
            }
        };
        let mut reader = self.reader().await?;
        let keys: Vec<i64> = sqlx::query_scalar(sql)
            .bind(query.after)
            .bind(query.archived)
            .bind(query.parent)
            .bind(query.scope.key())
            .bind(query.scope.roles)
            .bind(query.limit)
            .fetch_all(&mut *reader.conn)
            .await
            .map_err(StoreError::of("list what is kept"))?;
        let mut list = Vec::with_capacity(keys.len());
        for key in keys {
            list.extend(read(&mut reader.conn, kind, key).await?);
        }
        Ok(list)
    }
}
