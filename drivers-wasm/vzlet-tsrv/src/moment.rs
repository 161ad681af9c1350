//! What the meter shows now: its current values and its totals, block by block.

use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::modbus::pdu::{Exception, Request, Span};
use uzel_driver_sdk::{Column, Failure, LabelRule, Mark, Port, Quality, Row, Sink, Value};

use crate::ask;
use crate::cells::absent;
use crate::layout::{Block, Meaning, Run, conditions};
use crate::session::Session;

/// One row of blocks, labelled by the meter's clock.
///
/// # Errors
/// [`Failure::Unsupported`] without blocks, [`Failure::Refused`] when the meter refuses them all.
pub fn read(
    session: &mut Session,
    port: &mut dyn Port,
    blocks: &'static [Block],
    out: &mut dyn Sink,
) -> Result<(), Failure> {
    let blocks: Vec<&'static Block> = blocks.iter().filter(|block| session.context.has(block.point)).collect();
    if blocks.is_empty() {
        return Err(Failure::Unsupported(format!(
            "of {} no such registers are known",
            session.model.id
        )));
    }
    let clock = session.model.clock;
    let (label, found) = session.talk.proven(port, |talk, port| {
        let label = talk.data(port, &ask::registers(clock, 2))?.ok();
        let mut found = Vec::with_capacity(blocks.len());
        for block in &blocks {
            let span = Span {
                area: block.area,
                at: block.at,
                count: block.count,
            };
            found.push(talk.data(port, &Request::Read(span))?);
        }
        Ok((label, found))
    })?;
    if let Some(Err(exception)) = found.first()
        && found.iter().all(Result::is_err)
    {
        return Err(Failure::Refused(exception.to_string()));
    }
    let seconds = label.and_then(|bytes| bytes.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes)));
    let mut row = Row {
        label: seconds.map(|seconds| civil(seconds.into())),
        other_end: None,
        length_s: None,
        values: Vec::new(),
        marks: Vec::new(),
        conditions: Vec::new(),
    };
    let mut columns: Vec<Column> = Vec::new();
    let meanings = meanings(session);
    for (block, data) in blocks.into_iter().zip(&found) {
        let places = session.context.columns(block.runs, block.point);
        put(&mut row, &places, data);
        if let Ok(data) = data {
            let held = conditions(block.signs, meanings, data, block.point);
            row.conditions
                .extend(held.into_iter().filter(|held| session.context.has(held.point)));
        }
        columns.extend(places.into_iter().map(|(column, ..)| column));
    }
    out.declare(&columns, LabelRule::Moment)?;
    out.rows(&[row], None)
}

/// The words of this meter's archives are those of its registers.
fn meanings(session: &Session) -> &'static [Meaning] {
    let first = session.model.archives.first().and_then(|archive| archive.parts.first());
    first.map_or(&[], |part| part.layout.meanings)
}

fn put(row: &mut Row, places: &[(Column, &'static Run, usize)], data: &Result<Vec<u8>, Exception>) {
    for (_, run, at) in places {
        match data {
            Ok(data) => {
                let value = run.form.value(data, *at);
                if value == Value::Absent {
                    row.marks.push(Mark {
                        column: u16::try_from(row.values.len()).unwrap_or(u16::MAX),
                        quality: Quality::Absent,
                        code: None,
                    });
                }
                row.values.push(value);
            }
            Err(exception) => {
                let (value, mark) = absent(row.values.len(), Some(exception.to_string()));
                row.values.push(value);
                row.marks.push(mark);
            }
        }
    }
}
