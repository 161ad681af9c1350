//! Groups of devices that are read alike.

use async_trait::async_trait;
use sqlx::Row as _;

use super::Store;
use super::error::StoreError;
use super::plan::{clock_policy, schedule};
use super::writer::{Tx, Write};
use crate::model::{ClockPolicy, Schedule};

/// A group as a person describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Unique among all groups.
    pub name: String,
    /// When its devices are read, and what, unless they have schedules of their own.
    pub schedule: Schedule,
    /// Sessions at once of its devices; none: as many as there may be.
    pub sessions: Option<u32>,
    /// Whether the clocks of its devices are set, unless they have a policy of their own.
    pub clock_policy: ClockPolicy,
}

/// A group with the number of its devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// What was said of it.
    pub group: NewGroup,
    /// Devices in it.
    pub devices: u32,
}

impl Store {
    /// Makes a group, or changes the one of this name.
    pub async fn put_group(&self, group: NewGroup) -> Result<(), StoreError> {
        self.queue.write(group).await
    }

    /// Every group, by name.
    pub async fn groups(&self) -> Result<Vec<GroupInfo>, StoreError> {
        let rows = sqlx::query(
            "select g.name, g.schedule, g.sessions, count(d.id), g.clock_policy from poll_group g
             left join device d on d.poll_group_id = g.id and d.archived_at is null
             where g.archived_at is null group by g.id order by g.name",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(StoreError::of("read the groups"))?;
        rows.iter()
            .map(|row| {
                Ok(GroupInfo {
                    group: NewGroup {
                        name: row.get(0),
                        schedule: schedule(row.get(1))?,
                        sessions: row.get(2),
                        clock_policy: clock_policy(row.get(4))?,
                    },
                    devices: row.get(3),
                })
            })
            .collect()
    }
}

#[async_trait]
impl Write for NewGroup {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let what = "make or change a group";
        sqlx::query(
            "insert into poll_group (name, schedule, sessions, clock_policy) values ($1, $2, $3, $4)
             on conflict (name) do update set schedule = excluded.schedule, sessions = excluded.sessions,
                 clock_policy = excluded.clock_policy",
        )
        .bind(self.name.as_str())
        .bind(self.schedule.to_string())
        .bind(self.sessions)
        .bind(self.clock_policy.to_string())
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
        sqlx::query("update revision set number = number + 1 where subject = 'devices'")
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
        Ok(())
    }
}
