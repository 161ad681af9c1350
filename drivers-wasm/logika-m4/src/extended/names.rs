//! What a name of the maker's lists means (M4 note, section 16): quantity, unit, pipe, aggregate.

use uzel_driver_sdk::{Aggregate, Column};

use super::model::Medium;
use crate::legacy::table::{Units, column};

/// Which values a table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    Live,
    Record,
    Totals,
}

/// What a quantity does over an interval.
enum Over {
    Mean,
    Sum,
    Duration,
    State,
}

/// The column of `name`.
pub fn column_of(name: &'static str, point: u8, medium: Medium, block: Block, units: &Units) -> Column {
    let (quantity, unit, over) = if medium == Medium::Heat {
        heat(name, units)
    } else {
        gas(name, units)
    };
    let aggregate = match (block, over) {
        (_, Over::State) => Aggregate::State,
        (Block::Live, _) => Aggregate::Instant,
        (Block::Totals, _) => Aggregate::Total,
        (Block::Record, Over::Mean) => Aggregate::Mean,
        (Block::Record, Over::Sum) => Aggregate::Sum,
        (Block::Record, Over::Duration) => Aggregate::Duration,
    };
    let pipe = if medium == Medium::Heat { pipe(name) } else { None };
    column(name, quantity, unit, point, pipe, aggregate)
}

type Meaning = (&'static str, &'static str, Over);

fn heat(name: &str, units: &Units) -> Meaning {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some('d'), _) => ("temperature-difference", "Cel", Over::Mean),
        (Some('t'), _) => ("temperature", "Cel", Over::Mean),
        (Some('P'), _) => ("pressure", units.pressure, Over::Mean),
        (Some('G'), Some('м')) => ("mass-flow", "t/h", Over::Mean),
        (Some('G'), _) => ("volume-flow", "m3/h", Over::Mean),
        (Some('V'), _) => ("volume", "m3", Over::Sum),
        (Some('M'), _) => ("mass", "t", Over::Sum),
        (Some('Q'), _) => ("heat-energy", units.heat, Over::Sum),
        _ => common(name),
    }
}

/// Gas, and the flow meter: Q is a flow.
fn gas(name: &str, units: &Units) -> Meaning {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (Some('d' | 'P'), _) => ("pressure", units.own(name), Over::Mean),
        (Some('t'), _) => ("temperature", "Cel", Over::Mean),
        (Some('Q'), _) => ("volume-flow", "m3/h", Over::Mean),
        (Some('V'), _) => ("volume", "m3", Over::Sum),
        (Some('К'), _) => ("other", "1", Over::Mean),
        _ => common(name),
    }
}

/// Names that mean the same on every meter: schemes, flags and timers.
fn common(name: &str) -> Meaning {
    let quantity = match name {
        "СП" => return ("scheme", "", Over::State),
        "НС" => return ("abnormal", "", Over::State),
        "ДС" => return ("status", "", Over::State),
        "Tи" | "Tи_ч" => "time-normal",
        "Tmin" => "time-flow-below-min",
        "Tmax" => "time-flow-above-max",
        "Tdt" => "time-dt-below-min",
        "Tэп" => "time-power-off",
        "Tф" => "time-failure",
        _ => "time",
    };
    (quantity, "h", Over::Duration)
}

fn pipe(name: &str) -> Option<&'static str> {
    match name {
        "tх" | "Pх" => return Some("cold"),
        "tв" => return Some("air"),
        "Qг" => return Some("dhw"),
        _ => {}
    }
    let digit = name.strip_prefix(['t', 'P', 'V', 'M', 'G'])?;
    match digit.trim_start_matches('м') {
        "1" => Some("supply"),
        "2" => Some("return"),
        "3" => Some("third"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_the_glossary_says() {
        let units = Units {
            pressure: "bar",
            heat: "MWh",
            own: vec![("dP1", "kPa"), ("P1", "MPa")],
        };
        let (heat, gas) = (Medium::Heat, Medium::Gas);
        let cases = [
            ("t1", heat, "temperature Cel Some(\"supply\") Aggregate::Mean"),
            ("tх", heat, "temperature Cel Some(\"cold\") Aggregate::Mean"),
            ("tог", heat, "temperature Cel None Aggregate::Mean"),
            ("dt", heat, "temperature-difference Cel None Aggregate::Mean"),
            ("P4", heat, "pressure bar None Aggregate::Mean"),
            ("Gм2", heat, "mass-flow t/h Some(\"return\") Aggregate::Mean"),
            ("M3", heat, "mass t Some(\"third\") Aggregate::Sum"),
            ("Qг", heat, "heat-energy MWh Some(\"dhw\") Aggregate::Sum"),
            ("Tи", heat, "time-normal h None Aggregate::Duration"),
            ("СТ16", heat, "time h None Aggregate::Duration"),
            ("НС", heat, "abnormal  None Aggregate::State"),
            ("Q1", gas, "volume-flow m3/h None Aggregate::Mean"),
            ("Vр1", gas, "volume m3 None Aggregate::Sum"),
            ("P1", gas, "pressure MPa None Aggregate::Mean"),
            ("dP1д", gas, "pressure kPa None Aggregate::Mean"),
            ("Ксж1", gas, "other 1 None Aggregate::Mean"),
        ];
        for (name, medium, want) in cases {
            let column = column_of(name, 1, medium, Block::Record, &units);
            let got = format!(
                "{} {} {:?} {:?}",
                column.quantity, column.unit, column.pipe, column.aggregate
            );
            assert_eq!(got, want, "{name}");
        }
        assert_eq!(
            column_of("Q", 0, heat, Block::Totals, &units).aggregate,
            Aggregate::Total
        );
        assert_eq!(
            column_of("Q", 0, heat, Block::Live, &units).aggregate,
            Aggregate::Instant
        );
    }
}
