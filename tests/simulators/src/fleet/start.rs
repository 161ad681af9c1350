//! Starts a fleet.

use super::config::{Fleet, FleetError, Kind, Line, MeterConfig};
use super::modem::{book, start_modem};
use super::teplocom::{vkt4, vkt9};
use super::tsrv::tsrv;
use crate::civil::HOUR_S;
use crate::faults::Faults;
use crate::modem::Caller;
use crate::serve::{Handle, Link, Many, WHOLE, serve_many};
use crate::{
    Dlms, Iec, IecBuilder, M4, M4Model, Mbus, MbusBuilder, ModbusBuilder, ModbusSlave, ModemHandle, Primer, Recording,
    SimClock, Sml, Spbus, SpbusBuilder, Spt, SptBuilder, SptHistory, Tsrv, Vkt4, Vkt4Model, Vkt7, Vkt7History,
};
use jiff::civil::DateTime;
use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Copies of a line take their data from so many seeds in turn, so that a large fleet shares memory.
const SEEDS: u64 = 16;

/// A fleet at work.
#[derive(Default)]
pub struct Running {
    pub started: Vec<Started>,
}

/// One line at work.
pub struct Started {
    /// How to reach it and what is there, for people.
    pub text: String,
    service: Service,
    link: Option<PathBuf>,
}

enum Service {
    Line(Handle),
    Caller(Caller),
    Many(Many),
    Modem(ModemHandle),
}

impl Running {
    /// Requests that all meters took so far.
    pub fn requests(&self) -> u64 {
        let requests = |started: &Started| match &started.service {
            Service::Line(handle) => handle.requests(),
            Service::Caller(caller) => caller.requests(),
            Service::Many(many) => many.requests(),
            Service::Modem(_) => 0,
        };
        self.started.iter().map(requests).sum()
    }

    /// Ends all lines and takes away the links to pseudo-terminals.
    pub async fn shutdown(self) {
        for started in self.started {
            match started.service {
                Service::Line(handle) => handle.shutdown().await,
                Service::Caller(caller) => caller.shutdown().await,
                Service::Many(many) => many.shutdown().await,
                Service::Modem(modem) => modem.shutdown().await,
            }
            if let Some(link) = started.link {
                // Somebody else may have taken it away; then there is nothing to do.
                let _ = fs::remove_file(link);
            }
        }
    }
}

impl Fleet {
    /// Starts every line; when one cannot start, none goes on.
    pub async fn start(&self) -> Result<Running, FleetError> {
        self.check()?;
        let mut running = Running::default();
        let mut shared = Shared::default();
        for (place, line) in self.lines.iter().enumerate() {
            for copy in 0..line.count {
                running
                    .started
                    .push(start_line(line, place + 1, copy, &mut shared).await?);
            }
        }
        let book = book(&self.numbers);
        for (place, modem) in self.modems.iter().enumerate() {
            let (handle, link) = start_modem(modem, place + 1, &book).await?;
            let name = link.as_ref().map(|link| format!(" as {}", link.display()));
            running.started.push(Started {
                text: format!("{}{}  modem", handle.endpoint(), name.unwrap_or_default()),
                service: Service::Modem(handle),
                link,
            });
        }
        Ok(running)
    }
}

/// Data generated once for all meters that can have the same.
#[derive(Clone, Default)]
struct Shared {
    /// By seed, clock and report day.
    vkt7: HashMap<(u64, Option<DateTime>, Option<u8>), Arc<Vkt7History>>,
    /// By seed, clock and model.
    spt: HashMap<(u64, Option<DateTime>, Kind), Arc<SptHistory>>,
}

async fn start_line(line: &Line, number: usize, copy: u16, shared: &mut Shared) -> Result<Started, FleetError> {
    let faults = line.faults(number, copy)?;
    let serve = |source| FleetError::Serve { line: number, source };
    let meters: Vec<String> = line.meters.iter().map(|meter| describe(meter, copy)).collect();
    let meters = meters.join(" + ");
    if let (true, Some(listen), Some(meter)) = (line.each_connection, line.listen, line.meters.first()) {
        let many = start_many(meter, copied(listen, copy), faults, shared)
            .await?
            .map_err(serve)?;
        let text = format!("tcp {}  {meters}, one for each connection", many.addr());
        return Ok(Started {
            text,
            service: Service::Many(many),
            link: None,
        });
    }
    let mut links = Vec::new();
    for meter in &line.meters {
        links.push(meter_link(meter, copy.into(), shared)?);
    }
    let bus = Link::bus(links, faults);
    if let Some(server) = line.call {
        let caller = bus.call(server, line.modem(number, copy)?);
        return Ok(Started {
            text: format!("{}  {meters}", caller.endpoint()),
            service: Service::Caller(caller),
            link: None,
        });
    }
    let (handle, link) = match (&line.listen, &line.udp, &line.pty) {
        (None, Some(listen), _) => (
            bus.start_udp_at(copied(*listen, copy), WHOLE).await.map_err(serve)?,
            None,
        ),
        (Some(listen), ..) => (bus.start_tcp_at(copied(*listen, copy)).await.map_err(serve)?, None),
        (None, None, pty) => {
            let handle = bus.start_pty().map_err(serve)?;
            let link = pty.as_ref().filter(|link| !link.as_os_str().is_empty()).cloned();
            if let Some(link) = &link {
                make_link(handle.path(), link)?;
            }
            (handle, link)
        }
    };
    let name = link
        .as_ref()
        .map(|link| format!(" as {}", link.display()))
        .unwrap_or_default();
    let text = format!("{}{name}  {meters}", handle.endpoint());
    Ok(Started {
        text,
        service: Service::Line(handle),
        link,
    })
}

/// The outer error is the description's, the inner one the socket's.
async fn start_many(
    meter: &MeterConfig,
    listen: SocketAddr,
    faults: Faults,
    shared: &mut Shared,
) -> Result<std::io::Result<Many>, FleetError> {
    // Whatever may be refused is refused here, before the first connection; all data is generated once.
    meter_link(meter, 0, shared)?;
    let seeds = if meter.kind == Kind::Vkt7 { SEEDS } else { 1 };
    for number in 0..seeds {
        meter_link(meter, number, shared)?;
    }
    let mut own = Shared {
        vkt7: shared.vkt7.clone(),
        spt: shared.spt.clone(),
    };
    let own = Mutex::new(std::mem::take(&mut own));
    let meter = meter.clone();
    let factory = move |number: u64| {
        let mut shared = own.lock().unwrap_or_else(PoisonError::into_inner);
        let link = meter_link(&meter, number, &mut shared).expect("the same description was accepted before");
        Link::bus([link], faults.clone())
    };
    Ok(serve_many(listen, factory).await)
}

/// A link whose name stays the same from run to run; replaces a link, never a file.
pub(super) fn make_link(path: &Path, link: &Path) -> Result<(), FleetError> {
    let failed = |source| FleetError::Link {
        path: link.into(),
        source,
    };
    if fs::symlink_metadata(link).is_ok_and(|there| there.file_type().is_symlink()) {
        fs::remove_file(link).map_err(failed)?;
    }
    std::os::unix::fs::symlink(path, link).map_err(failed)
}

/// The address of a copy: ports count up, port 0 stays free to choose.
fn copied(mut listen: SocketAddr, copy: u16) -> SocketAddr {
    if listen.port() != 0 {
        listen.set_port(listen.port().saturating_add(copy));
    }
    listen
}

fn describe(meter: &MeterConfig, copy: u16) -> String {
    let kind = clap::ValueEnum::to_possible_value(&meter.kind).map(|value| value.get_name().to_owned());
    let mut text = kind.unwrap_or_default();
    if let Some(address) = meter.address {
        text.push_str(&format!(" address {address}"));
    }
    if let Some(serial) = &meter.serial {
        text.push_str(&format!(" serial {}", counted(serial, copy.into())));
    }
    if let Some(recording) = &meter.recording {
        text.push_str(&format!(" {}", recording.display()));
    }
    text
}

/// A serial number that many places further, as wide as it was; one with letters stays.
fn counted(serial: &str, number: u64) -> String {
    match serial.parse::<u64>() {
        Ok(first) => format!("{:0width$}", first.wrapping_add(number), width = serial.len()),
        Err(_) => serial.to_owned(),
    }
}

/// Meter `number` of a description that may be repeated.
fn meter_link(meter: &MeterConfig, number: u64, shared: &mut Shared) -> Result<Link, FleetError> {
    let clock = match meter.clock {
        Some(clock) => SimClock::fixed(clock),
        None => SimClock::running(i64::from(meter.utc_offset_h) * HOUR_S, meter.clock_error_s),
    };
    let seed = meter.seed.wrapping_add(number % SEEDS);
    Ok(match meter.kind {
        Kind::Vkt7 => vkt7(meter, number, seed, clock, shared),
        Kind::Vkt5 => super::teplocom::vkt5(meter, number, seed, clock)?,
        Kind::Vkt4 => vkt4(Vkt4::builder(Vkt4Model::Vkt4), meter, number, seed, clock)?,
        Kind::Vkt4m => vkt4(Vkt4::builder(Vkt4Model::Pressures), meter, number, seed, clock)?,
        Kind::Vkt9 => vkt9(meter, number, seed, clock)?,
        Kind::Spt943 => spt(Spt::spt943(), meter, number, seed, clock, shared)?,
        Kind::Spt942 => spt(Spt::spt942(), meter, number, seed, clock, shared)?,
        Kind::Spt941_10 => spt(Spt::spt941_10(), meter, number, seed, clock, shared)?,
        Kind::Spt940 => tagged(M4Model::Spt940, meter, number, seed, clock)?,
        Kind::Spt941_20 => tagged(M4Model::Spt941_20, meter, number, seed, clock)?,
        Kind::Spt943rev3 => tagged(M4Model::Spt943rev3, meter, number, seed, clock)?,
        Kind::Spt944 => tagged(M4Model::Spt944, meter, number, seed, clock)?,
        Kind::Spg740 => tagged(M4Model::Spg740, meter, number, seed, clock)?,
        Kind::Spg742 => tagged(M4Model::Spg742, meter, number, seed, clock)?,
        Kind::Lgk410 => tagged(M4Model::Lgk410, meter, number, seed, clock)?,
        Kind::Spt961_2 => spbus(Spbus::spt961(), meter, seed, clock),
        Kind::Spt962 => spbus(Spbus::spt962(), meter, seed, clock),
        Kind::Spg761_2 => spbus(Spbus::spg761(), meter, seed, clock),
        Kind::Spe543 => spbus(Spbus::spe543(), meter, seed, clock),
        Kind::MbusHeat => mbus(Mbus::heat(), meter, number, seed, clock)?,
        Kind::MbusWater => mbus(Mbus::water(), meter, number, seed, clock)?,
        Kind::MbusElectricity => mbus(Mbus::electricity(), meter, number, seed, clock)?,
        Kind::MbusCompact => mbus(Mbus::heat().compact(), meter, number, seed, clock)?,
        Kind::MbusFixed => mbus(Mbus::heat().fixed(), meter, number, seed, clock)?,
        Kind::ModbusHeat => modbus(ModbusSlave::heat(), meter, number, seed, clock)?,
        Kind::EclComfort => modbus(ModbusSlave::regulator(), meter, number, seed, clock)?,
        Kind::IecMeter => iec(Iec::meter(), meter, number, seed, clock),
        Kind::P1Meter => iec(Iec::p1(), meter, number, seed, clock),
        Kind::SmlMeter => Sml::meter().seed(seed).clock(clock).link(),
        Kind::Tsrv023 => tsrv(Tsrv::tsrv023(), meter, number, seed, clock)?,
        Kind::Tsrv024m => tsrv(Tsrv::tsrv024m(), meter, number, seed, clock)?,
        Kind::Tsrv024mPlus => tsrv(Tsrv::tsrv024m_plus(), meter, number, seed, clock)?,
        Kind::Tsrv034 => tsrv(Tsrv::tsrv034(), meter, number, seed, clock)?,
        Kind::Tsrv043 => tsrv(Tsrv::tsrv043(), meter, number, seed, clock)?,
        Kind::Dlms => dlms(meter, number, seed, clock)?,
        Kind::Primer => primer(meter, number, seed, clock)?,
        Kind::Replay => replay(meter)?,
    })
}

fn vkt7(meter: &MeterConfig, number: u64, seed: u64, clock: SimClock, shared: &mut Shared) -> Link {
    let mut builder = Vkt7::builder().seed(seed).clock(clock);
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if let Some(day) = meter.report_day {
        builder = builder.report_day(day);
    }
    if meter.inputs == Some(2) {
        builder = builder.two_inputs();
    }
    builder = builder.serial(counted(meter.serial.as_deref().unwrap_or("00247792"), number));
    let history = shared
        .vkt7
        .entry((seed, meter.clock, meter.report_day))
        .or_insert_with(|| builder.generate());
    builder.history(Arc::clone(history)).link()
}

fn spt(
    builder: SptBuilder,
    meter: &MeterConfig,
    number: u64,
    seed: u64,
    clock: SimClock,
    shared: &mut Shared,
) -> Result<Link, FleetError> {
    let mut builder = builder
        .seed(seed)
        .clock(clock)
        .settlement(meter.report_day.unwrap_or(1), meter.report_hour);
    if let Some(address) = meter.address {
        builder = builder.network(address);
    }
    if let Some(inputs) = meter.inputs {
        builder = builder.inputs(inputs);
    }
    if let Some(serial) = digits(meter, number)? {
        builder = builder.serial(serial);
    }
    let history = shared
        .spt
        .entry((seed, meter.clock, meter.kind))
        .or_insert_with(|| builder.generate());
    Ok(builder.history(Arc::clone(history)).link())
}

fn tagged(model: M4Model, meter: &MeterConfig, number: u64, seed: u64, clock: SimClock) -> Result<Link, FleetError> {
    let mut builder = M4::builder(model)
        .seed(seed)
        .clock(clock)
        .settlement(meter.report_day.unwrap_or(1), meter.report_hour);
    if let Some(address) = meter.address {
        builder = builder.network(address);
    }
    if let Some(inputs) = meter.inputs {
        builder = builder.inputs(inputs);
    }
    if let Some(serial) = digits(meter, number)? {
        builder = builder.serial(serial);
    }
    Ok(builder.link())
}

fn spbus(builder: SpbusBuilder, meter: &MeterConfig, seed: u64, clock: SimClock) -> Link {
    let mut builder = builder
        .seed(seed)
        .clock(clock)
        .settlement(meter.report_day.unwrap_or(1), meter.report_hour);
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if let Some(serial) = &meter.serial {
        builder = builder.serial(serial.clone());
    }
    builder.link()
}

fn mbus(
    builder: MbusBuilder,
    meter: &MeterConfig,
    number: u64,
    seed: u64,
    clock: SimClock,
) -> Result<Link, FleetError> {
    let mut builder = builder.seed(seed).clock(clock);
    if let Some(address) = meter.address {
        builder = builder.primary(address);
    }
    if let Some(id) = digits(meter, number)? {
        builder = builder.id(id);
    }
    Ok(builder.link())
}

fn modbus(
    builder: ModbusBuilder,
    meter: &MeterConfig,
    number: u64,
    seed: u64,
    clock: SimClock,
) -> Result<Link, FleetError> {
    let mut builder = builder.seed(seed).clock(clock);
    if let Some(framing) = &meter.framing {
        let wrong = |text| FleetError::Framing { kind: meter.kind, text };
        builder = builder.framing(framing.parse().map_err(wrong)?);
    }
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if let Some(serial) = digits(meter, number)? {
        builder = builder.serial(serial);
    }
    Ok(builder.link())
}

fn iec(builder: IecBuilder, meter: &MeterConfig, number: u64, seed: u64, clock: SimClock) -> Link {
    let mut builder = builder.seed(seed).clock(clock);
    if let Some(serial) = &meter.serial {
        builder = builder.serial(counted(serial, number));
    }
    builder.link()
}

fn dlms(meter: &MeterConfig, number: u64, seed: u64, clock: SimClock) -> Result<Link, FleetError> {
    let mut builder = Dlms::builder().seed(seed).clock(clock);
    if let Some(framing) = &meter.framing {
        let wrong = |text| FleetError::Framing { kind: meter.kind, text };
        builder = builder.transport(framing.parse().map_err(wrong)?);
    }
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if let Some(serial) = &meter.serial {
        builder = builder.serial(counted(serial, number));
    }
    Ok(builder.link())
}

fn primer(meter: &MeterConfig, number: u64, seed: u64, clock: SimClock) -> Result<Link, FleetError> {
    let mut builder = Primer::builder().seed(seed).clock(clock);
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if let Some(serial) = digits(meter, number)? {
        builder = builder.serial(serial);
    }
    Ok(builder.link())
}

fn replay(meter: &MeterConfig) -> Result<Link, FleetError> {
    let path = meter.recording.clone().ok_or(FleetError::NoRecording)?;
    let text = fs::read_to_string(&path).map_err(|source| FleetError::ReadRecording {
        path: path.clone(),
        source,
    })?;
    let json = path.extension().is_some_and(|extension| extension == "json");
    let parsed = if json {
        Recording::parse_json(&text, meter.session)
    } else {
        Recording::parse(&text)
    };
    let recording = parsed.map_err(|source| FleetError::Recording { path, source })?;
    Ok(recording.link(Faults::new()))
}

/// The serial number of a kind whose wire has a number.
pub(super) fn digits(meter: &MeterConfig, number: u64) -> Result<Option<u32>, FleetError> {
    let Some(serial) = &meter.serial else { return Ok(None) };
    let parsed = counted(serial, number).parse().map_err(|_| FleetError::Serial {
        kind: meter.kind,
        serial: serial.clone(),
    })?;
    Ok(Some(parsed))
}
