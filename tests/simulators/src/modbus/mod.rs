//! Simulated Modbus slaves (RTU, ASCII, TCP; Modbus Application Protocol V1.1b3): the invented heat meter РЕГИСТР-1 of
//! `examples/modbus-map.toml` with three archives, and an ECL Comfort 310 with the application A266.1.
//!
//! A range with any register that is not there is refused whole (exception 02). The heat meter's labels are the ends of
//! intervals; hours without power have no record, so the ring has holes.

mod builder;
mod device;
pub(crate) mod frame;
mod heat;
mod regulator;
mod truth;

pub use builder::{ModbusBuilder, ModbusKind};
pub use device::ModbusSlave;
pub use frame::ModbusFraming;
