//! `uzel import`: a reading that was brought by hand goes into the store, on the way that a session's goes.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::args::ImportArgs;
use super::belongs::{check_zone, device};
use crate::limits;
use crate::model::{Civil, DeviceId, Outcome, Reason, Record, SessionId, Span};
use crate::portable::{self, Manifest, Package, PackageError, Trust, longest, unpack};
use crate::store::{
    ClockSeen, Counters, IdentitySeen, NewSession, PollDevice, RecordBatch, SessionEnd, Store, StoreError, Stored,
};

/// Why a reading was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be read, or the result not printed.
    #[error("{what}")]
    File {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("package {file} has {got} bytes, at most {} may be", limits::PACKAGE_BYTES)]
    Size {
        /// Which.
        file: PathBuf,
        /// Its size.
        got: u64,
    },
    /// The package is refused.
    #[error("package {file} is refused")]
    Package {
        /// Which.
        file: PathBuf,
        /// Why.
        source: PackageError,
    },
    /// Nobody signed it, and that is not allowed here.
    #[error("--unsigned is not allowed here: import.unsigned of the configuration is false")]
    UnsignedForbidden,
    /// Something in its manifest cannot be.
    #[error("the manifest says that {what} is {got:?}, expected {want}")]
    Manifest {
        /// What.
        what: &'static str,
        /// As given.
        got: String,
        /// As it must be.
        want: &'static str,
    },
    /// Which device it is cannot be told.
    #[error("{0}")]
    Device(String),
    /// It was read as if the device stood somewhere else.
    #[error("record {record}: its label {label} is {here} for this device; the package was read with zone {zone}")]
    Zone {
        /// Archive, start and end.
        record: String,
        /// As the device shows it.
        label: Civil,
        /// By the site's zone.
        here: String,
        /// Zone and rule of the package.
        zone: String,
    },
    /// The store failed. What was stored stays; importing again goes on.
    #[error("the store")]
    Store(#[from] StoreError),
}

/// Records that are stored at once.
const BATCH: usize = 2_000;

/// How far a reader's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Takes a package and says what became of it.
pub async fn import(
    args: &ImportArgs,
    config: &portable::Config,
    store: &Store,
    out: &mut (dyn Write + Send),
) -> Result<(), ImportError> {
    let package = read(args, config)?;
    let printed = |source| ImportError::File {
        what: "the result".to_owned(),
        source,
    };
    if let Some(session) = store.session_of_package(&package.digest).await? {
        let text = format!("this package was imported before, as session {session}: nothing was added\n");
        return out.write_all(text.as_bytes()).map_err(printed);
    }
    let reading = Checked::of(&package.manifest)?;
    let device = device(store, &package.manifest, args.device.as_deref()).await?;
    check_zone(&package, &device, reading.follows)?;
    let (session, stored) = keep(store, &package, &device, &reading, &args.file).await?;
    let text = told(store, &package, &device, session, stored).await?;
    out.write_all(text.as_bytes()).map_err(printed)
}

fn read(args: &ImportArgs, config: &portable::Config) -> Result<Package, ImportError> {
    let file = &args.file;
    let read = |source| ImportError::File {
        what: format!("package {}", file.display()),
        source,
    };
    let trust = match (args.unsigned, config.unsigned) {
        (false, _) => Trust::Keys(&config.keys),
        (true, true) => Trust::KeysOrUnsigned(&config.keys),
        (true, false) => return Err(ImportError::UnsignedForbidden),
    };
    let got = std::fs::metadata(file).map_err(read)?.len();
    if got > u64::try_from(limits::PACKAGE_BYTES).unwrap_or(u64::MAX) {
        let file = file.clone();
        return Err(ImportError::Size { file, got });
    }
    let bytes = std::fs::read(file).map_err(read)?;
    unpack(&bytes, trust).map_err(|source| ImportError::Package {
        file: file.clone(),
        source,
    })
}

/// What of the manifest has to be more than text.
struct Checked {
    started_at: Timestamp,
    ended_at: Timestamp,
    outcome: Outcome,
    clock: Option<(ClockSeen, Timestamp)>,
    /// True: the device follows its zone's summer time.
    follows: bool,
}

impl Checked {
    fn of(manifest: &Manifest) -> Result<Self, ImportError> {
        let wrong = |what, got: &str, want| ImportError::Manifest {
            what,
            got: got.to_owned(),
            want,
        };
        let instant = |what, text: &str| {
            text.parse::<Timestamp>()
                .map_err(|_| wrong(what, text, "an instant such as 2026-11-20T11:00:00Z"))
        };
        let started_at = instant("started_at", &manifest.started_at)?;
        let ended_at = instant("ended_at", &manifest.ended_at)?;
        if ended_at < started_at {
            return Err(wrong("ended_at", &manifest.ended_at, "not before started_at"));
        }
        if ended_at.duration_since(Timestamp::now()) > AHEAD {
            return Err(wrong("ended_at", &manifest.ended_at, "an instant that has come"));
        }
        let clock = match &manifest.clock {
            None => None,
            Some(clock) => {
                let shown = clock.shown.parse();
                let shown = shown.map_err(|_| wrong("clock.shown", &clock.shown, "a date and time"))?;
                let seen = ClockSeen {
                    shown,
                    offset_ms: clock.offset_ms,
                    uncertainty_ms: clock.uncertainty_ms.into(),
                };
                Some((seen, instant("clock.at", &clock.at)?))
            }
        };
        let follows = match manifest.clock_rule.as_str() {
            "standard" => false,
            "zone" => true,
            other => return Err(wrong("clock_rule", other, "standard or zone")),
        };
        Ok(Self {
            started_at,
            ended_at,
            outcome: manifest
                .outcome
                .parse()
                .map_err(|_| wrong("outcome", &manifest.outcome, "an outcome of the journal"))?,
            clock,
            follows,
        })
    }
}

async fn keep(
    store: &Store,
    package: &Package,
    device: &PollDevice,
    reading: &Checked,
    file: &Path,
) -> Result<(SessionId, Stored), ImportError> {
    let Some(route) = device.routes.first() else {
        return Err(ImportError::Device(format!("device {} has no line", device.name)));
    };
    let manifest = &package.manifest;
    let session = NewSession {
        device: device.id,
        line: route.line,
        driver: manifest.driver.id.clone(),
        driver_version: manifest.driver.version.clone(),
        driver_digest: manifest.driver.digest.clone(),
        reason: Reason::ByHand,
        started_at: reading.started_at,
    };
    let session = store.begin_session(session).await?;
    store.mark_package(session, &package.digest).await?;
    let mut sum = Stored::default();
    let mut values_added = 0;
    for table in &package.reading.tables {
        let columns = u64::try_from(table.columns.len()).unwrap_or(0);
        for records in table.records.chunks(BATCH) {
            let stored = store
                .put_records(batch(device.id, session, &table.columns, records))
                .await?;
            sum.added += stored.added;
            sum.same += stored.same;
            sum.changed += stored.changed;
            values_added += stored.added * columns;
        }
    }
    keep_rest(store, package, device.id, session, reading).await?;
    store
        .end_session(session_end(package, reading, session, (sum, values_added), file))
        .await?;
    Ok((session, sum))
}

fn batch(
    device: DeviceId,
    session: SessionId,
    columns: &std::sync::Arc<[crate::model::Column]>,
    records: &[Record],
) -> RecordBatch {
    RecordBatch {
        device,
        session,
        columns: columns.clone(),
        records: records.to_vec(),
        resume: None,
    }
}

/// Absences, events, settings and the clock.
async fn keep_rest(
    store: &Store,
    package: &Package,
    device: DeviceId,
    session: SessionId,
    reading: &Checked,
) -> Result<(), ImportError> {
    for (kind, span, why) in &package.reading.absent {
        // What had ended only then may have been written since: the device is asked again until that is past.
        let settled = reading.started_at.checked_sub(longest(*kind)).unwrap_or(span.start);
        let span = Span {
            start: span.start,
            end: span.end.min(settled),
        };
        if span.start < span.end {
            store.put_absence(device, session, *kind, span, *why).await?;
        }
    }
    for events in package.reading.events.chunks(BATCH) {
        store.put_events(device, session, events).await?;
    }
    // Settings are those read last: an older reading changes none.
    let newer = store.device_settings(device).await?;
    let newer = newer.iter().any(|setting| setting.read_at > reading.started_at);
    if !newer {
        let settings = &package.reading.settings;
        store
            .put_settings(device, session, reading.started_at, settings)
            .await?;
    }
    if let Some((clock, at)) = reading.clock {
        store
            .put_clock(device, session, at, clock.offset_ms, clock.uncertainty_ms)
            .await?;
    }
    Ok(())
}

fn session_end(
    package: &Package,
    reading: &Checked,
    session: SessionId,
    (stored, values_added): (Stored, u64),
    file: &Path,
) -> SessionEnd {
    let manifest = &package.manifest;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let brought = format!("brought by hand in {name}: read by {}", who(package));
    let detail = manifest.detail.iter().cloned().chain([brought]);
    let device = &manifest.device;
    let moved = manifest.moved;
    SessionEnd {
        schedule_done: None,
        tells_of_device: false,
        session,
        ended_at: reading.ended_at,
        outcome: reading.outcome,
        detail: Some(detail.collect::<Vec<_>>().join("; ")),
        identity: Some(IdentitySeen {
            model: device.model.clone(),
            serial: device.serial.clone(),
            firmware: device.firmware.clone(),
            details: device.details.clone(),
        }),
        phases: Vec::new(),
        counters: Counters {
            exchanges: moved.exchanges.into(),
            retries: moved.retries.into(),
            bytes_sent: moved.bytes_sent,
            bytes_received: moved.bytes_received,
            records_added: stored.added,
            values_added,
            wall_ms: moved.wall_ms,
            ..Counters::default()
        },
        faults: manifest.faults.clone(),
        trace: package.reading.trace.as_str().into(),
        asked: Some(manifest.asked.to_string()),
        clock: reading.clock.map(|(clock, _)| clock),
    }
}

fn who(package: &Package) -> String {
    let by = package.manifest.by.as_deref().unwrap_or("somebody");
    match &package.signed_by {
        Some(key) => format!("{by}, signed with key {key}"),
        None => format!("{by}, not signed"),
    }
}

/// What became of it, with every conflict.
async fn told(
    store: &Store,
    package: &Package,
    device: &PollDevice,
    session: SessionId,
    stored: Stored,
) -> Result<String, ImportError> {
    let manifest = &package.manifest;
    let total = stored.added + stored.same + stored.changed;
    let mut text = format!(
        "{} No. {}, read {} by {}\ndevice {}, session {session}: {total} records, {} new, {} the same, {} in conflict\n",
        manifest.device.model,
        manifest.device.serial.as_deref().unwrap_or("—"),
        manifest.started_at,
        who(package),
        device.name,
        stored.added,
        stored.same,
        stored.changed,
    );
    for incident in store.incidents_of_session(session).await? {
        let record = incident.record.map(|(kind, start)| format!("{kind} {start}: "));
        let record = record.unwrap_or_default();
        text.push_str(&format!("conflict: {} {record}{}\n", incident.kind, incident.text));
    }
    Ok(text)
}
