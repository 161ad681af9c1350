//! What a driver remembers between sessions, and where an archive reading goes on.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::error::StoreError;
use super::writer::{Tx, Write};
use super::{Reader, Store};
use crate::model::{ArchiveKind, DeviceId};

struct PutMemory {
    device: DeviceId,
    driver: String,
    memory: BTreeMap<String, Vec<u8>>,
}

struct ClearResume {
    device: DeviceId,
    kind: ArchiveKind,
}

struct PutResume {
    device: DeviceId,
    driver_digest: String,
    kind: ArchiveKind,
    windows: String,
    token: Vec<u8>,
}

impl Reader {
    /// What `driver` remembers of a device.
    pub async fn memory(&mut self, device: DeviceId, driver: &str) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select key, value from driver_memory where device_id = $1 and driver = $2")
                .bind(device.0)
                .bind(driver)
                .fetch_all(&mut *self.conn)
                .await
                .map_err(StoreError::of("read the memory of a driver"))?;
        Ok(rows.into_iter().collect())
    }

    /// Where reading of an archive goes on: the windows that were asked for, and the driver's token. None when it was
    /// not cut, or was read by another build of the driver.
    pub async fn resume(
        &mut self,
        device: DeviceId,
        driver_digest: &str,
        kind: ArchiveKind,
    ) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        sqlx::query_as("select windows, token from resume where device_id = $1 and kind = $2 and driver_digest = $3")
            .bind(device.0)
            .bind(kind.to_string())
            .bind(driver_digest)
            .fetch_optional(&mut *self.conn)
            .await
            .map_err(StoreError::of("read where an archive reading goes on"))
    }
}

impl Store {
    /// Replaces what `driver` remembers of a device.
    pub async fn put_memory(
        &self,
        device: DeviceId,
        driver: &str,
        memory: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.queue
            .write(PutMemory {
                device,
                driver: driver.to_owned(),
                memory: memory.clone(),
            })
            .await
    }

    /// Keeps where reading of an archive goes on. With records use [`RecordBatch::resume`](super::RecordBatch::resume).
    pub async fn put_resume(
        &self,
        device: DeviceId,
        driver_digest: &str,
        kind: ArchiveKind,
        windows: &str,
        token: &[u8],
    ) -> Result<(), StoreError> {
        self.queue
            .write(PutResume {
                device,
                driver_digest: driver_digest.to_owned(),
                kind,
                windows: windows.to_owned(),
                token: token.to_vec(),
            })
            .await
    }

    /// Forgets where reading of an archive goes on: it was read to its end.
    pub async fn clear_resume(&self, device: DeviceId, kind: ArchiveKind) -> Result<(), StoreError> {
        self.queue.write(ClearResume { device, kind }).await
    }
}

#[async_trait]
impl Write for PutMemory {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let what = "replace the memory of a driver";
        sqlx::query("delete from driver_memory where device_id = $1 and driver = $2")
            .bind(self.device.0)
            .bind(self.driver.as_str())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of(what))?;
        for (key, value) in &self.memory {
            sqlx::query("insert into driver_memory (device_id, driver, key, value) values ($1, $2, $3, $4)")
                .bind(self.device.0)
                .bind(self.driver.as_str())
                .bind(key.as_str())
                .bind(value.as_slice())
                .execute(&mut tx.conn)
                .await
                .map_err(StoreError::of(what))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Write for PutResume {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query(
            "insert into resume (device_id, kind, driver_digest, windows, token) values ($1, $2, $3, $4, $5)
             on conflict (device_id, kind) do update set driver_digest = excluded.driver_digest,
                 windows = excluded.windows, token = excluded.token",
        )
        .bind(self.device.0)
        .bind(self.kind.to_string())
        .bind(self.driver_digest.as_str())
        .bind(self.windows.as_str())
        .bind(self.token.as_slice())
        .execute(&mut tx.conn)
        .await
        .map_err(StoreError::of("keep where an archive reading goes on"))?;
        Ok(())
    }
}

#[async_trait]
impl Write for ClearResume {
    type Answer = ();

    async fn run(&self, tx: &mut Tx) -> Result<(), StoreError> {
        sqlx::query("delete from resume where device_id = $1 and kind = $2")
            .bind(self.device.0)
            .bind(self.kind.to_string())
            .execute(&mut tx.conn)
            .await
            .map_err(StoreError::of("forget where an archive reading goes on"))?;
        Ok(())
    }
}
