//! Meters of Teplocom besides the ВКТ-7, as a fleet describes them.

use super::config::{FleetError, MeterConfig};
use super::start::digits;
use crate::serve::Link;
use crate::{SimClock, Vkt4Builder, Vkt5, Vkt9};

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

pub(super) fn vkt4(
    builder: Vkt4Builder,
    meter: &MeterConfig,
    number: u64,
    seed: u64,
    clock: SimClock,
) -> Result<Link, FleetError> {
    let mut builder = builder
        .seed(seed)
        .clock(clock)
        .report_day(meter.report_day.unwrap_or(25));
    if let Some(address) = meter.address {
        builder = builder.number(address);
    }
    if let Some(object) = digits(meter, number)? {
        builder = builder.object(object);
    }
    Ok(builder.link())
}

pub(super) fn vkt9(meter: &MeterConfig, number: u64, seed: u64, clock: SimClock) -> Result<Link, FleetError> {
    let mut builder = Vkt9::builder().seed(seed).clock(clock);
    if let Some(address) = meter.address {
        builder = builder.address(address);
    }
    if meter.inputs == Some(1) {
        builder = builder.one_system();
    }
    if let Some(serial) = digits(meter, number)? {
        builder = builder.serial(serial);
    }
    Ok(builder.link())
}
