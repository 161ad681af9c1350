//! The families of meters as data, from the Vzlet note (`docs/protocols/vzlet-tsrv.md`); its sections are named in each file.

pub mod tsrv024;
mod tsrv024_now;
pub mod tsrv026m;
pub mod tsrv02x;
pub mod tsrv03x;
pub mod tsrv043;

use uzel_driver_sdk::Aggregate;

use crate::layout::What;

const fn what(quantity: &'static str, unit: &'static str, aggregate: Aggregate) -> What {
    What {
        quantity,
        unit,
        aggregate,
        pipe: None,
    }
}

impl What {
    const fn pipe(self, pipe: &'static str) -> Self {
        Self {
            pipe: Some(pipe),
            ..self
        }
    }
}

const fn now(quantity: &'static str, unit: &'static str) -> What {
    what(quantity, unit, Aggregate::Instant)
}

const fn mean(quantity: &'static str, unit: &'static str) -> What {
    what(quantity, unit, Aggregate::Mean)
}

const fn sum(quantity: &'static str, unit: &'static str) -> What {
    what(quantity, unit, Aggregate::Sum)
}

const fn total(quantity: &'static str, unit: &'static str) -> What {
    what(quantity, unit, Aggregate::Total)
}

const fn lasted(quantity: &'static str) -> What {
    what(quantity, "min", Aggregate::Duration)
}

const fn state(quantity: &'static str) -> What {
    what(quantity, "", Aggregate::State)
}

const T_MEAN: What = mean("temperature", "Cel");
const T_NOW: What = now("temperature", "Cel");
const P_MEAN: What = mean("pressure", "MPa");
const P_NOW: What = now("pressure", "MPa");
const Q_NOW: What = now("volume-flow", "m3/h");
const G_NOW: What = now("mass-flow", "t/h");
