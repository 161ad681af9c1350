//! Current values and integrators: one row that holds at one moment.

use uzel_driver_sdk::{Failure, LabelRule, Port, Sink};

use crate::message::Source;
use crate::meter::{Meter, garbled, refused};

/// How often totals are read again because an hour ended meanwhile.
const TURNS: u32 = 3;

impl Meter {
    /// Reads `source` and gives its one row, labelled by the device's clock.
    ///
    /// Totals change as an hour ends, so the clock before and behind them must show the same hour.
    pub fn moment(&mut self, port: &mut dyn Port, source: Source, out: &mut dyn Sink) -> Result<(), Failure> {
        let plan = self.plan(source)?;
        let mut label = self.now(port)?;
        let mut turns = 0;
        let found = loop {
            let found = self.answers(port, &plan, None)?;
            if source == Source::Current {
                break found;
            }
            let after = self.now(port)?;
            let is_same_hour = after.hour == label.hour;
            label = after;
            if is_same_hour {
                break found;
            }
            turns += 1;
            if turns == TURNS {
                return Err(Failure::Garbled("the hour changes with every reading".to_owned()));
            }
        };
        let found = found.map_err(refused)?;
        let table = plan.table(&found).map_err(|error| garbled(&error))?;
        out.declare(&table.columns, LabelRule::Moment)?;
        out.rows(&[table.row(Some(label))], None)
    }
}
