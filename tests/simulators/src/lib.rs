//! Simulated meters and replayed recordings on real sockets and pseudo-terminals.
//!
//! Every meter is a state machine ([`Meter`]: bytes in, replies out) built by a builder, put on a
//! line by [`Link`] and held by a [`Handle`]. Its archives are deterministic by seed and consistent:
//! days are sums of hours, totals are running sums. [`Handle::truth`] lists what they hold.
//! [`Faults`] spoil the line reproducibly.
//!
//! | meter | builder |
//! | --- | --- |
//! | ВКТ-7 of Teplocom | [`Vkt7::builder`] |
//! | ВКТ-5 of Teplocom | [`Vkt5::builder`] |
//! | ВКТ-4, ВКТ-4М of Teplocom | [`Vkt4::builder`] |
//! | ВКТ-9 of Teplocom | [`Vkt9::builder`] |
//! | СПТ943, СПТ942, СПТ941.10 of Logika (legacy M4) | [`Spt::spt943`], [`Spt::spt942`], [`Spt::spt941_10`] |
//! | СПТ940, СПТ941.20, СПТ943rev3, СПТ944, СПГ740, СПГ742, ЛГК410 of Logika (extended M4) | [`M4::builder`] |
//! | СПТ961.2, СПТ962, СПГ761.2, СПЕ543 of Logika (magistral protocol) | [`Spbus::spt961`], [`Spbus::spt962`], [`Spbus::spg761`], [`Spbus::spe543`] |
//! | M-Bus heat, water, electricity meters | [`Mbus::heat`], [`Mbus::water`], [`Mbus::electricity`] |
//! | Modbus slaves: an invented heat meter, an ECL Comfort 310 | [`ModbusSlave::heat`], [`ModbusSlave::regulator`] |
//! | IEC 62056-21: a meter of mode C, one that sends telegrams of P1 | [`Iec::meter`], [`Iec::p1`] |
//! | an electricity meter that sends SML telegrams | [`Sml::meter`] |
//! | ТСРВ-023, 024М, 024М+, 034, 043 of Взлёт | [`Tsrv::tsrv024m`], [`Tsrv::tsrv034`], [`Tsrv::tsrv043`], … |
//! | an electricity meter that speaks DLMS/COSEM, asked or by itself | [`Dlms::builder`] |
//! | ПРИМЕР-1 of the example drivers | [`Primer::builder`] |
//! | a recorded conversation | [`Recording::parse`], [`Recording::parse_json`], then [`Recording::link`] |
//!
//! [`Hayes`] is a modem, which calls meters behind the numbers of a [`PhoneBook`].
//!
//! `start_tcp` and `start_pty` of a builder serve one meter, [`Link::start_wire`] serves it within the process,
//! [`Link::start_udp`] and [`Link::start_rfc2217`] serve it in
//! datagrams and behind a serial server; [`Link::bus`] puts several on one line;
//! [`Link::call`] puts a meter behind a modem that calls the collector;
//! [`serve_many`] gives each connection a meter of its own; [`fleet`] does all that from TOML, and is
//! what the binary `meter-sim` runs.
//!
//! Nothing here is shared with the drivers: a mistake made
//! in common would pass every test.

mod bus;
mod civil;
mod clock;
mod dlms;
mod faults;
mod faulty;
pub mod fleet;
mod hayes;
pub mod hex;
mod iec;
mod mbus;
mod meter;
mod modbus;
mod modem;
mod plant;
mod primer;
mod random;
mod replay;
mod serve;
mod sml;
mod spbus;
mod spt;
mod spt4m;
mod truth;
mod tsrv;
mod vkt4;
mod vkt5;
mod vkt7;
mod vkt9;
mod water;
mod weather;

pub use clock::SimClock;
pub use dlms::{Dlms, DlmsBuilder, DlmsQuirk, DlmsTransport};
pub use faults::{Faults, FaultsError};
pub use faulty::Faulty;
pub use hayes::{Far, Hayes, ModemEvent, ModemHandle, PhoneBook};
pub use iec::{Iec, IecBuilder, IecHistory};
pub use mbus::{Mbus, MbusBuilder, MbusHistory, MbusKind};
pub use meter::{Disguise, Meter, Reply};
pub use modbus::{ModbusBuilder, ModbusFraming, ModbusKind, ModbusSlave};
pub use modem::{AdapterText, Caller, Modem, ModemError};
pub use primer::Primer;
pub use replay::{Exchange, Recording, RecordingError, Replayer};
pub use serve::{Endpoint, Handle, Link, Many, Quirk, Told, Wire, serve_many};
pub use sml::Sml;
pub use spbus::{Spbus, SpbusBuilder, SpbusHistory, SpbusModel};
pub use spt::{Spt, SptBuilder, SptHistory, SptModel, SptUnits};
pub use spt4m::{M4, M4Builder, M4Model};
pub use truth::{Truth, TruthKind, TruthNs, TruthRecord, TruthValue};
pub use tsrv::{Tsrv, TsrvBuilder, TsrvHistory, TsrvModel};
pub use vkt4::{Vkt4, Vkt4Builder, Vkt4History, Vkt4Model};
pub use vkt5::{Vkt5, Vkt5Builder, Vkt5Firmware, Vkt5History};
pub use vkt7::{Digits, ONE_INPUT, TWO_INPUTS, Units, Vkt7, Vkt7Builder, Vkt7Config, Vkt7History};
pub use vkt9::{Vkt9, Vkt9Builder};
