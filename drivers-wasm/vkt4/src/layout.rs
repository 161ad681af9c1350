//! Which fields stand where: hourly and daily records, totals, current values (VKT-4 note, section 4).

use uzel_driver_sdk::Aggregate;

use crate::field::{Field, Kind, Of, Set, of_inputs, of_pipes};
use crate::model::Model;

/// Bytes of a record of ВКТ-4М; one firmware has five more behind them.
const RECORD_4M: [usize; 2] = [77, 82];

/// The fields of a record, and how many bytes it may have.
#[derive(Debug)]
pub struct Layout {
    pub fields: Vec<Field>,
    pub lengths: Vec<usize>,
}

/// The record of an hour, or of a day.
pub fn record(model: Model, is_day: bool) -> Layout {
    let mut fields = common(model);
    let lengths = match (model.is_4m(), is_day) {
        (true, _) => {
            fields.extend(times(model, Kind::HoursMinutes));
            fields.extend(of_inputs(model, "W", 0x2e, 4, Kind::Float, Aggregate::Sum));
            fields.extend(pressures(model, 0x36, Aggregate::Mean));
            fields.extend(others(model));
            RECORD_4M.into()
        }
        (false, true) => {
            fields.extend(times(model, Kind::HoursMinutes));
            fields.extend(of_inputs(model, "W", 0x2e, 4, Kind::Float, Aggregate::Sum));
            vec![54]
        }
        (false, false) => {
            fields.extend(times(model, Kind::Minutes));
            vec![44]
        }
    };
    Layout { fields, lengths }
}

/// Volumes, masses, temperatures, and the codes of temperatures.
fn common(model: Model) -> Vec<Field> {
    let mut fields = of_pipes(model, "V", 0x00, 4, Kind::Float, Aggregate::Sum);
    fields.extend(of_pipes(model, "M", 0x10, 4, Kind::Float, Aggregate::Sum));
    fields.extend(of_pipes(model, "t", 0x20, 2, Kind::Temperature, Aggregate::Mean));
    let code = Kind::Code(Set::Temperatures);
    fields.extend(of_inputs(model, "НС", 0x28, 1, code, Aggregate::State));
    fields
}

/// How long there was an НС of temperatures.
fn times(model: Model, kind: Kind) -> Vec<Field> {
    let size = if kind == Kind::Minutes { 1 } else { 2 };
    of_inputs(model, "Tнс", 0x2a, size, kind, Aggregate::Duration)
}

fn pressures(model: Model, offset: usize, aggregate: Aggregate) -> Vec<Field> {
    let kind = if model.has_contract_pressures() {
        Kind::ContractPressure
    } else {
        Kind::Pressure
    };
    of_pipes(model, "P", offset, 2, kind, aggregate)
}

/// Codes and times of pressures and flows, and the scheme at the end of the record's time.
fn others(model: Model) -> Vec<Field> {
    let (code, time) = (Kind::Code(Set::Others), Kind::HoursMinutes);
    let mut fields = of_inputs(model, "НС2", 0x3e, 1, code, Aggregate::State);
    fields.extend(of_inputs(model, "Tнс2 P", 0x40, 2, time, Aggregate::Duration));
    fields.extend(of_pipes(model, "Tнс2 G", 0x44, 2, time, Aggregate::Duration));
    fields.push(Field::new("СП", Of::Device, 0x4c, Kind::Scheme, Aggregate::State));
    fields
}

/// Totals: those up to the start of the hour, where the meter has them apart from those up to the start of the day.
pub fn totals(model: Model) -> Vec<Field> {
    let offset = if model.is_4m() { 0x18 } else { 0 };
    let mut fields = of_pipes(model, "V", offset, 4, Kind::Float, Aggregate::Total);
    fields.extend(of_inputs(model, "W", offset + 0x10, 4, Kind::Float, Aggregate::Total));
    fields
}

/// Current values: pressures of ВКТ-4М, nothing of ВКТ-4.
pub fn current(model: Model) -> Vec<Field> {
    if model.is_4m() {
        pressures(model, 0x0a, Aggregate::Instant)
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last byte of each field.
    fn end(field: &Field) -> usize {
        let size = match field.kind {
            Kind::Float => 4,
            Kind::Minutes | Kind::Code(_) | Kind::Scheme => 1,
            _ => 2,
        };
        field.offset + size
    }

    #[test]
    fn fields_fill_the_records_as_documented() {
        for (model, is_day, length) in [
            (Model::Vkt4, false, 44),
            (Model::Vkt4, true, 54),
            (Model::Pressures, false, 77),
            (Model::Pressures, true, 77),
        ] {
            let layout = record(model, is_day);
            let mut spans: Vec<(usize, usize)> = layout.fields.iter().map(|field| (field.offset, end(field))).collect();
            spans.sort_unstable();
            assert_eq!(spans.first().unwrap().0, 0);
            assert!(
                spans.windows(2).all(|pair| pair[0].1 == pair[1].0),
                "{model:?}: {spans:?}"
            );
            assert_eq!(spans.last().unwrap().1, length, "{model:?}");
            assert_eq!(layout.lengths.first(), Some(&length));
        }
        assert_eq!(totals(Model::Pressures).iter().map(end).max(), Some(48));
        assert_eq!(totals(Model::Vkt4).iter().map(end).max(), Some(24));
        assert_eq!(current(Model::Pressures).iter().map(end).max(), Some(18));
    }

    #[test]
    fn columns_are_told_apart_by_name_and_input() {
        for model in [Model::Vkt4, Model::TwoPipes, Model::FourPipes, Model::Pressures] {
            for fields in [
                record(model, false).fields,
                record(model, true).fields,
                totals(model),
                current(model),
            ] {
                let mut keys: Vec<_> = fields.iter().map(|field| (field.id.clone(), field.point)).collect();
                let count = keys.len();
                keys.sort_unstable();
                keys.dedup();
                assert_eq!(keys.len(), count, "{model:?}");
                assert!(keys.iter().all(|(_, point)| *point <= model.inputs()), "{model:?}");
            }
        }
    }
}
