//! Sets up a ТСРВ of a fleet.

use super::config::{FleetError, MeterConfig};
use super::start::digits;
use crate::SimClock;
use crate::serve::Link;
use crate::tsrv::TsrvBuilder;

pub(super) fn tsrv(
    builder: TsrvBuilder,
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
    if let Some(day) = meter.report_day {
        builder = builder.contract(day.clamp(1, 28), meter.report_hour.min(23));
    }
    Ok(builder.link())
}
