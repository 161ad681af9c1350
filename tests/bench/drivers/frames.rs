//! M-Bus telegrams, every record to value, unit and storage number: the driver's decoder in a sandbox and natively,
//! beside `m-bus-parser` and pyMeterBus. The telegrams are those of libmbus that all of them can read.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use m_bus_parser::WiredFrame;
use m_bus_parser::mbus_data::MbusData;
use uzel_driver_sdk::bytes::{hex, unhex};
use wasmtime::{Engine, Instance, Memory, Module, Store, TypedFunc};

use super::driver_folder;
use crate::{python, report};

/// Passes over all frames; the best counts, for what disturbs only adds.
const PASSES: u32 = 200;

/// Measures all of them.
pub fn run() -> Result<()> {
    let mut guest = Guest::start("decode")?;
    let mut frames = frames()?;
    frames.retain(|frame| {
        let ours = decoder::decode(frame);
        ours.is_some() && ours == theirs(frame)
    });
    ensure!(!frames.is_empty(), "there are frames that all decoders read");
    let records: u32 = frames.iter().filter_map(|frame| decoder::decode(frame)).sum();
    println!("  {} telegrams of libmbus with {records} records", frames.len());
    let sandbox = best(&frames, |frame| guest.decode(frame))?;
    let native = best(&frames, |frame| Ok(decoder::decode(frame)))?;
    let parser = best(&frames, |frame| Ok(theirs(frame)))?;
    let rate = |pass: Duration| f64::from(u32::try_from(frames.len()).unwrap_or(u32::MAX)) / pass.as_secs_f64();
    report::figure("mbus.frames.native", rate(native), "1/s", "our decoder without sandbox");
    report::figure("mbus.frames.parser", rate(parser), "1/s", "m-bus-parser 0.5.3, native");
    let share = rate(sandbox) / rate(parser);
    report::goal(
        "mbus.frames.sandbox",
        rate(sandbox),
        "1/s",
        share >= 0.5,
        &format!("half of m-bus-parser ({share:.2} of it)"),
    );
    match meterbus(&frames, records) {
        Ok(pass) => {
            report::figure("mbus.frames.python", rate(pass), "1/s", "pyMeterBus 0.8.5");
            let times = rate(sandbox) / rate(pass);
            report::goal(
                "mbus.frames.times",
                times,
                "",
                times >= 50.0,
                "50 times pyMeterBus from the sandbox",
            );
        }
        Err(error) => println!("  SKIPPED: pyMeterBus: {error:#}"),
    }
    Ok(())
}

/// The test frames of libmbus that the driver's package carries.
fn frames() -> Result<Vec<Vec<u8>>> {
    let folder = driver_folder("mbus").join("recordings/libmbus/test-frames");
    let mut paths = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
        let path = file?.path();
        paths.extend(
            path.extension()
                .is_some_and(|extension| extension == "hex")
                .then_some(path),
        );
    }
    paths.sort();
    let read = |path| unhex(&fs::read_to_string(&path)?).with_context(|| format!("{path:?} is hexadecimal"));
    paths.into_iter().map(read).collect()
}

/// `m-bus-parser`: the records of a frame; none: it does not read it whole.
fn theirs(frame: &[u8]) -> Option<u32> {
    let parsed = MbusData::<WiredFrame>::try_from(frame).ok()?;
    let mut count = 0;
    for record in parsed.data_records? {
        let record = record.ok()?;
        let storage = record
            .data_record_header
            .processed_data_record_header
            .data_information
            .as_ref();
        black_box(storage.map(|information| information.storage_number));
        if let Some(information) = record.value_information() {
            for unit in information.units() {
                black_box(unit);
            }
            black_box(information.decimal_scale_exponent);
        }
        black_box(&record.data);
        count += 1;
    }
    Some(count)
}

/// pyMeterBus: the time of one pass.
fn meterbus(frames: &[Vec<u8>], records: u32) -> Result<Duration> {
    let python = python::Python::prepare()?;
    let mut file = tempfile::NamedTempFile::new()?;
    let lines: Vec<_> = frames.iter().map(|frame| hex(frame)).collect();
    std::io::Write::write_all(&mut file, lines.join("\n").as_bytes())?;
    let said = python.run("mbus_frames.py", &[file.path()])?;
    let (count, took) = said.trim().split_once(' ').context("records and seconds")?;
    println!("  pyMeterBus finds {count} records where there are {records}");
    Ok(Duration::try_from_secs_f64(took.parse()?)?)
}

/// The shortest of many passes over all frames.
pub fn best(frames: &[Vec<u8>], mut decode: impl FnMut(&[u8]) -> Result<Option<u32>>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..PASSES {
        let begun = Instant::now();
        for frame in frames {
            black_box(decode(black_box(frame))?).context("a frame that was read before")?;
        }
        best = best.min(begun.elapsed());
    }
    Ok(best)
}

/// The decoder as a guest, with an engine that counts epochs as the host's does.
pub struct Guest {
    store: Store<()>,
    memory: Memory,
    room: TypedFunc<u32, u32>,
    decode: TypedFunc<(), i32>,
}

impl Guest {
    /// With the export `decode`, which takes the bytes that lie in its room.
    pub fn start(decode: &str) -> Result<Self> {
        let file =
            std::env::var("UZEL_DECODER").context("UZEL_DECODER names the guest: run `cargo xtask bench drivers`")?;
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config)?;
        let bytes = fs::read(&file).with_context(|| format!("read {file}"))?;
        let module = Module::new(&engine, bytes)?;
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = Instance::new(&mut store, &module, &[])?;
        Ok(Self {
            memory: instance
                .get_memory(&mut store, "memory")
                .context("a guest has memory")?,
            room: instance.get_typed_func(&mut store, "room")?,
            decode: instance.get_typed_func(&mut store, decode)?,
            store,
        })
    }

    /// Decodes one; none: it is not what the decoder reads.
    pub fn decode(&mut self, frame: &[u8]) -> Result<Option<u32>> {
        let at = self.room.call(&mut self.store, u32::try_from(frame.len())?)?;
        self.memory.write(&mut self.store, at as usize, frame)?;
        Ok(u32::try_from(self.decode.call(&mut self.store, ())?).ok())
    }
}
