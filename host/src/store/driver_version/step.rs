//! Versions move from one state to another, and the step is written down with it.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;

use super::event::{Deed, DriverEvent, wrote};
use crate::model::DriverState;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::writer::{Tx, Write};

/// What a version becomes, in one go.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which.
    pub digest: String,
    /// Where to.
    pub to: DriverState,
    /// Who and why.
    pub deed: Deed,
    /// Report of a shadow run, to be kept.
    pub shadow: Option<Value>,
    /// Which devices a canary reads; none: none.
    pub canary: Option<Value>,
}

struct Steps(Vec<Step>, Timestamp);

impl Store {
    /// Moves versions, all or none.
    ///
    /// # Errors
    /// `Malformed` when one of them is not there or may not go there.
    pub async fn move_driver_versions(&self, steps: Vec<Step>) -> Result<(), StoreError> {
        self.queue.write(Steps(steps, self.now())).await
    }
}

#[async_trait]
impl Write for Steps {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for step in &self.0 {
            take(tx, step, self.1).await?;
        }
        Ok(())
    }
}

/// Takes one step, inside the change that it is part of.
pub(super) async fn take(tx: &mut Tx, step: &Step, at: Timestamp) -> Result<(), StoreError> {
    let what = "move a version of a driver";
    let row = sqlx::query("select state, driver, version from driver_version where digest = $1")
        .bind(step.digest.as_str())
        .fetch_optional(&mut tx.conn)
        .await
        .map_err(StoreError::of(what))?;
    let Some(row) = row else {
        return Err(StoreError::Malformed {
            what: "digest of a driver's version",
            got: step.digest.clone(),
            want: "one that is installed".to_owned(),
        });
    };
    let from: DriverState = row.get::<&str, _>(0).parse()?;
    if !from.may_become(step.to) {
        return Err(StoreError::Malformed {
            what: "next state of a driver's version",
            got: step.to.word().to_owned(),
            want: format!("one that a version which is {from} may become"),
        });
    }
    sqlx::query(
        "update driver_version set state = $2, since = $3, why = $4, shadow = coalesce($5, shadow), canary = $6
         where digest = $1",
    )
    .bind(step.digest.as_str())
    .bind(step.to.word())
    .bind(at.as_second())
    .bind(step.deed.why.as_str())
    .bind(step.shadow.as_ref().map(Value::to_string))
    .bind(step.canary.as_ref().map(Value::to_string))
    .execute(&mut tx.conn)
    .await
    .map_err(StoreError::of(what))?;
    wrote(
        tx,
        &DriverEvent {
            id: 0,
            at,
            driver: row.get(1),
            version: row.get(2),
            digest: step.digest.clone(),
            who: step.deed.who.who.clone(),
            from: Some(from.word().to_owned()),
            to: step.to.word().to_owned(),
            why: step.deed.why.clone(),
        },
        &step.deed.who,
    )
    .await
}
