//! What decoding costs: each driver natively and in the sandbox over its own recordings, and telegrams beside other
//! decoders.

mod frames;
mod held;
mod port;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use system_tests::parts;
use uzel::conformance;

use crate::report;
use held::Held;

/// How often each recording is held; the median counts.
const ROUNDS: u32 = 40;

/// Most bytes of a component.
const COMPONENT_BYTES: usize = 250_000;

/// A driver as a crate, and how a recording is held with it.
struct Subject {
    name: &'static str,
    hold: fn(&Held) -> Result<usize>,
}

/// All drivers.
const SUBJECTS: &[Subject] = &[
    Subject {
        name: "dlms",
        hold: held::plain::<dlms::Dlms>,
    },
    Subject {
        name: "iec62056-21",
        hold: held::whole::<iec62056_21::Iec62056>,
    },
    Subject {
        name: "logika-m4",
        hold: held::whole::<logika_m4::LogikaM4>,
    },
    Subject {
        name: "logika-spbus",
        hold: held::whole::<logika_spbus::LogikaSpbus>,
    },
    Subject {
        name: "mbus",
        hold: held::plain::<mbus::Mbus>,
    },
    Subject {
        name: "modbus",
        hold: held::whole::<modbus::Modbus>,
    },
    Subject {
        name: "sml",
        hold: held::whole::<sml::Sml>,
    },
    Subject {
        name: "vkt4",
        hold: held::whole::<vkt4::Vkt4>,
    },
    Subject {
        name: "vkt5",
        hold: held::whole::<vkt5::Vkt5>,
    },
    Subject {
        name: "vkt7",
        hold: held::whole::<vkt7::Vkt7>,
    },
    Subject {
        name: "vkt9",
        hold: held::whole::<vkt9::Vkt9>,
    },
    Subject {
        name: "vzlet-tsrv",
        hold: held::whole::<vzlet_tsrv::VzletTsrv>,
    },
];

/// Measures all of it.
pub fn run() -> Result<()> {
    report::head(
        "drivers",
        "time of the recorded conversations, on a line that does not wait",
    );
    let runtime = tokio::runtime::Runtime::new()?;
    for subject in SUBJECTS {
        runtime.block_on(one(subject))?;
    }
    rows::run(&runtime)?;
    frames::run()
}

async fn one(subject: &Subject) -> Result<()> {
    let name = subject.name;
    let file = parts::driver_file(name);
    let component = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    let bytes = u32::try_from(component.len()).map_or(f64::MAX, f64::from);
    let fits = component.len() <= COMPONENT_BYTES;
    report::goal(
        &format!("{name}.component"),
        bytes / 1_000.0,
        "KB",
        fits,
        "at most 250 KB",
    );
    let recordings = recordings(name)?;
    ensure!(!recordings.is_empty(), "driver {name} has no recording");
    let engine = uzel::driver::Runtime::new(None)?;
    let measures = conformance::measure(&engine, &component, &file, &recordings, &json!({}), ROUNDS).await?;
    for (measure, (recording, bytes)) in measures.iter().zip(&recordings) {
        let held = Held::open(bytes).with_context(|| format!("{name}: {recording}"))?;
        let (native, values) = held::measure(&held, subject.hold, ROUNDS).with_context(|| recording.clone())?;
        ensure!(
            values == measure.values,
            "{recording}: {values} values natively, {} in the sandbox",
            measure.values
        );
        let each =
            |time: Duration| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(values.max(1)).unwrap_or(u32::MAX));
        let what = format!(
            "a value, {} questions and {values} values of {recording}",
            measure.exchanges
        );
        report::figure(&format!("{name}.native"), each(native), "us", &what);
        let (sandbox, ratio) = (each(measure.busy), measure.busy.as_secs_f64() / native.as_secs_f64());
        report::figure(
            &format!("{name}.sandbox"),
            sandbox,
            "us",
            &format!("a value, {ratio:.1} times native"),
        );
    }
    Ok(())
}

/// The recordings that the driver's package carries: name and bytes.
fn recordings(name: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = driver_folder(name).join("recordings");
    let files = fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))?;
    let mut found = Vec::new();
    for file in files {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "uzel-reading") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, fs::read(&path)?));
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of the driver's sources.
fn driver_folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../drivers-wasm").join(name)
}
