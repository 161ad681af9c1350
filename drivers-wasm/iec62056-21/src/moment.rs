//! What the meter shows now: measured values, totals, and the rest as settings.

use uzel_driver_sdk::{Aggregate, Column, Failure, LabelRule, Port, Row, Setting, Sink, Value};

use crate::config::Mode;
use crate::number;
use crate::obis::{self, Address, Class, Meaning, meaning};
use crate::register::Register;
use crate::session::Session;

/// Columns of one declaration at most, as the contract has it.
pub const COLUMNS_MAX: usize = 256;

/// The column of a register.
pub fn column(address: &Address, unit: &str, meaning: Meaning) -> Column {
    Column {
        id: address.name.chars().take(60).collect(),
        quantity: meaning.quantity.to_owned(),
        unit: obis::unit(unit).to_owned(),
        point: if address.is_sub_meter() {
            address.channel.unwrap_or(0)
        } else {
            0
        },
        tariff: address.tariff(),
        pipe: None,
        aggregate: meaning.aggregate,
        decimals: None,
    }
}

/// The column of the time beside a value.
pub fn time_column(address: &Address, of: &Column) -> Column {
    Column {
        id: format!("{} at", address.name.chars().take(60).collect::<String>()),
        quantity: "date".to_owned(),
        unit: String::new(),
        aggregate: Aggregate::State,
        ..of.clone()
    }
}

/// Columns with their values; a name that comes twice counts once.
#[derive(Debug, Default)]
pub struct Cells {
    pub columns: Vec<Column>,
    pub values: Vec<Value>,
}

impl Cells {
    pub fn push(&mut self, column: Column, value: Value) {
        let key = |column: &Column| (column.id.clone(), column.point, column.tariff);
        let is_new = self.columns.iter().all(|other| key(other) != key(&column));
        if is_new && self.columns.len() < COLUMNS_MAX {
            self.columns.push(column);
            self.values.push(value);
        }
    }

    /// A register and the time beside it.
    pub fn register(&mut self, register: &Register, meaning: Meaning) {
        let of_value = column(&register.address, &register.unit, meaning);
        let at = register
            .at
            .as_deref()
            .map(|at| (time_column(&register.address, &of_value), at));
        let value = match meaning.aggregate {
            // Digits of a state are no number: 0001 is a tariff.
            Aggregate::State if !register.text.is_empty() => Value::Text(register.text.chars().take(250).collect()),
            _ => number::value(&register.text),
        };
        self.push(of_value, value);
        if let Some((column, at)) = at {
            let value = if at.is_empty() {
                Value::Absent
            } else {
                Value::Text(at.to_owned())
            };
            self.push(column, value);
        }
    }
}

impl Session {
    /// One row of everything of a class.
    pub fn moment(&mut self, wanted: Class, out: &mut dyn Sink) -> Result<(), Failure> {
        let registers = self.registers()?;
        let label = self.clock.map(|reading| reading.shown);
        let mut cells = Cells::default();
        let stamped = crate::months::stamped(&registers);
        for register in &registers {
            let meaning = meaning(&register.address, &register.unit);
            let class = match register.address.period {
                None => meaning.class,
                // Of a period whose end is known it is in the archive; otherwise it keeps its index.
                Some(period) if stamped.contains(&period) => continue,
                Some(_) => Class::Total,
            };
            if class == wanted && (register.address.period.is_none() || meaning.class != Class::Setting) {
                cells.register(&indexed(register), meaning);
            }
        }
        if cells.columns.is_empty() {
            return Ok(());
        }
        out.declare(&cells.columns, LabelRule::Moment)?;
        let row = Row {
            label,
            other_end: None,
            length_s: None,
            values: cells.values,
            marks: Vec::new(),
            conditions: Vec::new(),
        };
        out.rows(&[row], None)
    }

    /// Everything that is neither measured nor counted.
    pub fn settings(&mut self, _: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        let registers = self.registers()?;
        let is_setting = |register: &&Register| {
            register.address.period.is_none() && meaning(&register.address, &register.unit).class == Class::Setting
        };
        let mut settings: Vec<Setting> = Vec::new();
        for register in registers.iter().filter(is_setting) {
            if settings.iter().any(|setting| setting.id == register.address.name) {
                continue;
            }
            settings.push(Setting {
                id: register.address.name.clone(),
                title: register.address.name.clone(),
                value: match register.text.as_str() {
                    "" => Value::Absent,
                    text => Value::Text(text.chars().take(250).collect()),
                },
                unit: Some(register.unit.clone()).filter(|unit| !unit.is_empty()),
                writable: false,
            });
        }
        Ok(settings)
    }

    /// Whether the meter sends by itself.
    pub fn is_listened(&self) -> bool {
        self.link.config.mode == Mode::Listen
    }
}

/// A value of a period without a stamp is named by the index.
fn indexed(register: &Register) -> Register {
    let mut register = register.clone();
    if let Some(period) = register.address.period {
        register.address.name = format!("{}*{period:02}", register.address.name);
    }
    register
}
