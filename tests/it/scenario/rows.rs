//! The meters of the table: how each is made, told of to the host, and what it says in place of itself.

use jiff::civil::DateTime;
use meter_sim::{
    Dlms, DlmsTransport, Iec, Link, M4, Mbus, ModbusFraming, ModbusSlave, SimClock, Sml, Spbus, Spt, Tsrv, TsrvModel,
    Vkt4, Vkt4Model, Vkt5, Vkt7, Vkt9,
};
use serde_json::{Value as Json, json};
use uzel::model::{ArchiveKind, Outcome};

use crate::devices::kept;
use crate::judge::Model;

/// How a meter is made for a scenario.
#[derive(Debug, Clone, Copy, Default)]
pub struct Make {
    pub seed: u64,
    /// Since when it archives; none: its rings are full.
    pub installed: Option<DateTime>,
    /// Hours without records.
    pub hole: Option<(DateTime, DateTime)>,
}

/// Somebody with a wrong password: the configuration, what a session comes to, and what it says.
pub struct Stranger {
    pub config: fn() -> Json,
    pub outcome: Outcome,
    pub word: &'static str,
}

/// A driver and a meter that it reads.
pub struct Row {
    pub name: &'static str,
    pub driver: &'static str,
    pub model: Model,
    /// What its schedule reads: all that it has.
    pub tasks: &'static str,
    pub config: fn() -> Json,
    /// Its serial number, as the driver tells it.
    pub serial: &'static str,
    pub link: fn(Make, SimClock) -> Link,
    /// What is in the detail when another device of the kind answers, and when another model does.
    pub others: (&'static str, Option<&'static str>),
    /// Configuration of an address at which nobody is.
    pub nobody: Option<fn() -> Json>,
    /// Somebody without the password.
    pub stranger: Option<Stranger>,
    /// Day and hour at which its months and its days of report end.
    pub report: Option<(u8, u8)>,
    /// Its hours are told by civil time, and it may be without some.
    pub has_holes: bool,
    /// How often its line fails, as a multiple; whether the line lets bytes be damaged.
    pub often: f64,
    pub damaged: bool,
}

impl Row {
    /// The archives that it has.
    pub fn archives(&self) -> impl Iterator<Item = ArchiveKind> {
        let named = self.tasks.split(' ').filter_map(|word| word.parse().ok());
        named.filter(|kind| kept(self.model).contains(kind))
    }
}

/// A meter with a clock of its own since its installation, that may be without some hours.
macro_rules! holey {
    ($builder:expr) => {
        |make: Make, clock: SimClock| {
            let meter = $builder.seed(make.seed).clock(clock);
            let meter = match make.installed {
                Some(at) => meter.installed(at),
                None => meter,
            };
            match make.hole {
                Some((from, to)) => meter.without_hours(from, to).link(),
                None => meter.link(),
            }
        }
    };
}

/// One that is never without.
macro_rules! whole {
    ($builder:expr) => {
        |make: Make, clock: SimClock| {
            let meter = $builder.seed(make.seed).clock(clock);
            match make.installed {
                Some(at) => meter.installed(at).link(),
                None => meter.link(),
            }
        }
    };
}

/// One without archives of its own making, or with months alone.
macro_rules! bare {
    ($builder:expr) => {
        |make: Make, clock: SimClock| $builder.seed(make.seed).clock(clock).link()
    };
}

const USUAL: &str = "clock current totals hourly daily monthly";

pub const VKT7: Row = Row {
    name: "ВКТ-7",
    driver: "vkt7",
    model: Model::Vkt7,
    tasks: USUAL,
    config: || json!({"address": 1}),
    serial: "00012345",
    link: holey!(Vkt7::builder().serial("00012345").two_inputs().report_day(25)),
    others: ("9999", None),
    nobody: Some(|| json!({"address": 7})),
    stranger: None,
    report: Some((26, 0)),
    has_holes: true,
    often: 1.0,
    damaged: true,
};

pub const VKT5: Row = Row {
    name: "ВКТ-5",
    driver: "vkt5",
    model: Model::Vkt5,
    tasks: "clock current totals hourly daily",
    config: || json!({"address": 1}),
    serial: "0000000000000-0-7",
    link: holey!(Vkt5::builder().two_inputs()),
    others: ("0-99", Some("no ВКТ-5")),
    nobody: Some(|| json!({"address": 9})),
    stranger: None,
    report: None,
    has_holes: true,
    often: 1.0,
    damaged: true,
};

pub const VKT4: Row = Row {
    name: "ВКТ-4М",
    driver: "vkt4",
    model: Model::Vkt4,
    tasks: "clock current totals hourly daily",
    config: || json!({"address": 1}),
    serial: "004711",
    link: holey!(Vkt4::builder(Vkt4Model::Pressures)),
    others: ("999999", Some("type 07")),
    nobody: Some(|| json!({"address": 4})),
    stranger: None,
    report: None,
    has_holes: true,
    often: 1.0,
    damaged: true,
};

pub const VKT9: Row = Row {
    name: "ВКТ-9",
    driver: "vkt9",
    model: Model::Vkt9,
    tasks: "clock current totals hourly daily",
    config: || json!({"address": 1}),
    serial: "123456",
    link: holey!(Vkt9::builder()),
    others: ("999999", Some("42h")),
    nobody: Some(|| json!({"address": 7})),
    stranger: None,
    report: None,
    has_holes: true,
    often: 1.0,
    damaged: true,
};

pub const SPT943: Row = Row {
    name: "СПТ943",
    driver: "logika-m4",
    model: Model::Spt943,
    tasks: "clock current totals hourly daily",
    config: || json!({"address": 1, "wake": "fast"}),
    serial: "77001",
    link: holey!(Spt::spt943().serial(77_001).network(1)),
    others: ("9999", None),
    nobody: Some(|| json!({"address": 7, "wake": "fast"})),
    stranger: None,
    report: None,
    has_holes: true,
    often: 1.0,
    damaged: true,
};

pub const SPT941_20: Row = Row {
    name: "СПТ941.20",
    driver: "logika-m4",
    model: Model::Tagged,
    tasks: USUAL,
    config: || json!({"address": 1, "wake": "fast"}),
    serial: "55150",
    link: holey!(M4::spt941_20().settlement(25, 10)),
    others: ("999999", Some("54 2D 01")),
    nobody: Some(|| json!({"address": 7, "wake": "fast"})),
    stranger: None,
    report: Some((25, 10)),
    has_holes: true,
    often: 2.0,
    damaged: true,
};

pub const SPT961: Row = Row {
    name: "СПТ961.2",
    driver: "logika-spbus",
    model: Model::Spbus,
    tasks: USUAL,
    config: || json!({"address": 1}),
    serial: "1-00123-0000",
    link: holey!(Spbus::spt961().settlement(25, 10)),
    others: ("9-99999-0000", Some("544v01")),
    nobody: Some(|| json!({"address": 7})),
    stranger: None,
    report: Some((25, 10)),
    has_holes: true,
    often: 2.0,
    damaged: true,
};

pub const SPE543: Row = Row {
    name: "СПЕ543",
    driver: "logika-spbus",
    model: Model::Spe,
    tasks: "clock current totals minutes-30 daily monthly",
    config: || json!({"address": 1}),
    serial: "",
    link: holey!(Spbus::spe543().settlement(25, 10)),
    others: ("", Some("544v01")),
    nobody: Some(|| json!({"address": 7})),
    stranger: None,
    report: Some((25, 10)),
    has_holes: true,
    often: 1.0,
    damaged: true,
};

pub const TSRV024M: Row = Row {
    name: "ТСРВ-024М",
    driver: "vzlet-tsrv",
    model: Model::Tsrv(TsrvModel::Tsrv024m),
    tasks: USUAL,
    config: || json!({}),
    serial: "802485",
    link: holey!(Tsrv::tsrv024m().contract(25, 10)),
    others: ("99999999", Some("76.63.00.08")),
    nobody: Some(|| json!({"address": 9})),
    stranger: None,
    report: Some((25, 10)),
    has_holes: true,
    often: 0.4,
    damaged: true,
};

pub const MBUS: Row = Row {
    name: "M-Bus",
    driver: "mbus",
    model: Model::Mbus,
    tasks: "clock current totals monthly",
    config: || json!({"address": 1}),
    serial: "06855817",
    link: bare!(Mbus::heat().months(36)),
    others: ("9999", None),
    nobody: Some(|| json!({"address": 7})),
    stranger: None,
    report: None,
    has_holes: false,
    often: 4.0,
    damaged: true,
};

fn registers(more: &Json) -> Json {
    let mut config = json!({"map": "own", "map_text": include_str!("../../../examples/modbus-map.toml")});
    let (Some(config_of), Some(more)) = (config.as_object_mut(), more.as_object()) else {
        return config;
    };
    config_of.extend(more.clone());
    config
}

pub const MODBUS: Row = Row {
    name: "Modbus RTU",
    driver: "modbus",
    model: Model::Register,
    tasks: USUAL,
    config: || registers(&json!({"framing": "rtu"})),
    serial: "123456",
    link: whole!(ModbusSlave::heat().framing(ModbusFraming::Rtu)),
    others: ("99999999", Some("РЕГИСТР-1")),
    nobody: Some(|| registers(&json!({"framing": "rtu", "address": 9}))),
    stranger: None,
    report: None,
    has_holes: false,
    often: 1.0,
    damaged: true,
};

pub const MODBUS_TCP: Row = Row {
    name: "Modbus TCP",
    config: || registers(&json!({"framing": "tcp"})),
    link: whole!(ModbusSlave::heat().framing(ModbusFraming::Tcp)),
    nobody: Some(|| registers(&json!({"framing": "tcp", "address": 9}))),
    damaged: false,
    ..MODBUS
};

pub const IEC: Row = Row {
    name: "IEC 62056-21, mode C",
    driver: "iec62056-21",
    model: Model::Iec,
    tasks: "clock current totals hourly monthly",
    config: || json!({"parity": "line", "password": "1234"}),
    serial: "12345678",
    link: whole!(Iec::meter().password("1234")),
    others: ("99999999", Some("EK280")),
    nobody: Some(|| json!({"parity": "line", "address": "87654321"})),
    stranger: Some(Stranger {
        config: || json!({"parity": "line", "password": "4321"}),
        outcome: Outcome::Partial,
        word: "password",
    }),
    report: None,
    has_holes: false,
    often: 2.0,
    damaged: true,
};

pub const P1: Row = Row {
    name: "IEC 62056-21, P1",
    tasks: "clock current totals",
    config: || json!({"mode": "listen", "listen_s": 30}),
    link: |_, clock| Iec::p1().clock(clock).link(),
    others: ("", None),
    nobody: None,
    stranger: None,
    ..IEC
};

pub const SML: Row = Row {
    name: "SML",
    driver: "sml",
    model: Model::Sml,
    tasks: "current totals",
    config: || json!({"listen_s": 30}),
    serial: "1DZG0060694612",
    link: bare!(Sml::meter()),
    others: ("1DZG0060694613", None),
    nobody: None,
    stranger: None,
    report: None,
    has_holes: false,
    often: 4.0,
    damaged: true,
};

pub const DLMS: Row = Row {
    name: "DLMS, HDLC",
    driver: "dlms",
    model: Model::Dlms,
    tasks: USUAL,
    config: || json!({"client": 32, "authentication": "low", "password": "12345678", "device_name": "SIM"}),
    serial: "40512345",
    link: whole!(Dlms::builder().password("12345678")),
    others: ("99999999", Some("XYZ0000000000001")),
    nobody: Some(|| json!({"physical": 33})),
    stranger: Some(Stranger {
        config: || json!({"client": 32, "authentication": "low", "password": "00000000"}),
        outcome: Outcome::Refused,
        word: "wrong password or keys",
    }),
    report: None,
    has_holes: false,
    often: 1.0,
    damaged: true,
};

pub const DLMS_WRAPPER: Row = Row {
    name: "DLMS, wrapper",
    config: || json!({"framing": "wrapper", "device_name": "SIM"}),
    link: whole!(Dlms::builder().transport(DlmsTransport::Wrapper).compact()),
    nobody: None,
    stranger: None,
    damaged: false,
    ..DLMS
};

pub const DLMS_PUSH: Row = Row {
    name: "DLMS, push",
    tasks: "clock current totals",
    config: || json!({"mode": "listen", "listen_s": 30}),
    link: whole!(Dlms::builder().pushes(std::time::Duration::from_secs(1))),
    others: ("99999999", None),
    nobody: None,
    stranger: None,
    often: 4.0,
    ..DLMS
};
