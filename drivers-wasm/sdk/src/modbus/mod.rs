//! Modbus in RTU, ASCII and TCP, for drivers of devices that speak it: [`pdu`] and [`frame`] are requests, answers and what is
//! around them, [`talk`] is one question and its answer.

pub mod frame;
pub mod pdu;
pub mod talk;
