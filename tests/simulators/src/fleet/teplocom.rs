//! Meters of Teplocom, as a fleet describes them.

use super::config::{FleetError, MeterConfig};
use super::start::digits;
use crate::serve::Link;
use crate::{SimClock, Vkt5};

pub(super) fn vkt5(meter: &MeterConfig, number: u64, seed: u64, clock: SimClock) -> Result<Link, FleetError> {
    let mut builder = Vkt5::builder().seed(seed).clock(clock).regulators();
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if meter.inputs == Some(2) {
        builder = builder.two_inputs();
    }
    if let Some(serial) = digits(meter, number)? {
        // The number among the requisites is a byte.
        builder = builder.number(serial.to_le_bytes()[0]);
    }
    Ok(builder.link())
}
