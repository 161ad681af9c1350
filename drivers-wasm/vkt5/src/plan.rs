//! What is asked for one row, and in which order its answers become cells.

use crate::extra::{self, Extra};
use crate::frame::Request;
use crate::message::{self, Source};
use crate::record::{RecordError, Table};
use crate::scheme::{Generation, Input, Measured, Scheme};

/// What one question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// By place among the heat inputs.
    Values(usize),
    Situations(usize),
    Extra,
    ExtraSituations,
}

/// What is asked for one row, and how answers become its cells.
#[derive(Debug, Clone)]
pub struct Plan {
    pub source: Source,
    inputs: Vec<Input>,
    extras: Vec<Extra>,
    pressure_unit: String,
    parts: Vec<(Part, Request)>,
}

impl Plan {
    /// For a device with this configuration.
    pub fn new(scheme: &Scheme, source: Source, pressure_unit: &str) -> Self {
        let extras = extra::extras(scheme);
        let generation = scheme.generation;
        let mut parts = Vec::new();
        for (place, input) in scheme.inputs.iter().enumerate() {
            let (number, pipes) = (input.number, input.pipes.len());
            let values = message::input(source, number, pipes, vec![values_length(generation, source, pipes)]);
            parts.push((Part::Values(place), values));
            if source != Source::Totals {
                let lengths = ns_lengths(generation, source, pipes);
                let situations = message::input_ns(source, number, pipes, lengths);
                parts.push((Part::Situations(place), situations));
            }
        }
        if source != Source::Totals && extras.iter().any(|extra| extra.used != Measured::No) {
            // In this order no answer is as long as the one before.
            let request = message::extra_ns(source, extra::ns_length(generation));
            parts.push((Part::ExtraSituations, request));
            let request = message::extra(source, extra::length(generation));
            parts.push((Part::Extra, request));
        }
        Self {
            source,
            inputs: scheme.inputs.clone(),
            extras,
            pressure_unit: pressure_unit.to_owned(),
            parts,
        }
    }

    /// The questions of a row. Those behind the heat inputs a device may refuse.
    pub fn questions(&self) -> impl Iterator<Item = (&Request, bool)> {
        let is_optional = |part: &Part| matches!(part, Part::Extra | Part::ExtraSituations);
        self.parts
            .iter()
            .map(move |(part, request)| (request, is_optional(part)))
    }

    /// Whether every answer tells by its length that it is not the one before.
    pub fn is_plain(&self) -> bool {
        self.parts.windows(2).all(|pair| match pair {
            [(_, one), (_, other)] => one.lengths.iter().all(|length| !other.lengths.contains(length)),
            _ => true,
        })
    }

    /// The row of answers, in the order of the questions.
    pub fn table(&self, answers: &[Option<Vec<u8>>]) -> Result<Table, RecordError> {
        let mut table = Table::new(self.source, &self.pressure_unit);
        let mut extra_situations = None;
        for ((part, _), answer) in self.parts.iter().zip(answers) {
            let Some(data) = answer else { continue };
            match part {
                Part::Values(place) => match self.inputs.get(*place) {
                    Some(input) if self.source == Source::Totals => table.totals(input, data)?,
                    Some(input) => table.input(input, data)?,
                    None => {}
                },
                Part::Situations(place) => {
                    if let Some(input) = self.inputs.get(*place) {
                        table.situations(input, data)?;
                    }
                }
                Part::Extra => extra::values(&mut table, &self.extras, data)?,
                // Behind their columns.
                Part::ExtraSituations => extra_situations = Some(data),
            }
        }
        if let Some(data) = extra_situations {
            extra::situations(&mut table, &self.extras, data)?;
        }
        Ok(table)
    }
}

fn values_length(generation: Generation, source: Source, pipes: usize) -> usize {
    let is_new = generation == Generation::Six;
    match source {
        Source::Totals => 16 * pipes + if is_new { 40 } else { 32 },
        _ => 12 * pipes + if is_new { 20 } else { 16 },
    }
}

fn ns_lengths(generation: Generation, source: Source, pipes: usize) -> Vec<usize> {
    match generation {
        Generation::Six if source.is_archive() => vec![18 * pipes + 6, 18 * pipes + 18],
        Generation::Six => vec![18 * pipes + 6],
        _ => vec![18 * pipes + 4],
    }
}
