//! The list of devices as a file.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::cell::guarded;
use super::row::{COLUMNS, Row};

/// Columns that hold what a workbook's reader wants to see without widening them.
const WIDE: f64 = 24.0;

/// As CSV: UTF-8 with a mark at its begin, without which spreadsheets take it for something else.
///
/// # Errors
/// There is no memory for it.
pub fn csv(rows: &[Row]) -> Result<Vec<u8>, ::csv::Error> {
    let mut writer = ::csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(COLUMNS)?;
    for row in rows {
        writer.write_record(COLUMNS.iter().map(|key| guarded(cell(row, key))))?;
    }
    writer
        .into_inner()
        .map_err(|error| ::csv::Error::from(error.into_error()))
}

/// As a workbook. Every cell is text.
///
/// # Errors
/// A cell is longer than a workbook takes.
pub fn xlsx(rows: &[Row]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let head = Format::new().set_bold();
    for (column, key) in (0u16..).zip(COLUMNS) {
        sheet.write_string_with_format(0, column, *key, &head)?;
        sheet.set_column_width(column, WIDE)?;
    }
    sheet.set_freeze_panes(1, 1)?;
    for (line, row) in (1u32..).zip(rows) {
        for (column, key) in (0u16..).zip(COLUMNS) {
            let text = cell(row, key);
            if !text.is_empty() {
                sheet.write_string(line, column, guarded(text))?;
            }
        }
    }
    book.save_to_buffer()
}

fn cell<'a>(row: &'a Row, key: &str) -> &'a str {
    row.get(key).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::{TableKind, read};

    #[test]
    fn what_is_written_is_read_again_in_both_kinds() {
        let row = |name: &str, serial: &str| -> Row {
            [("name", name), ("serial", serial), ("config", "{\"address\":1}")]
                .map(|(key, text)| (key.to_owned(), text.to_owned()))
                .into()
        };
        let rows = vec![
            row("Котёл 7", "00123"),
            row("=HYPERLINK(\"x\")", "+7"),
            row("a;b,\"c\"", "'"),
        ];
        assert_eq!(read(&csv(&rows).unwrap()).unwrap(), (TableKind::Csv, rows.clone()));
        assert_eq!(read(&xlsx(&rows).unwrap()).unwrap(), (TableKind::Xlsx, rows));
    }
}
