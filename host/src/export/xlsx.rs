//! Tables as a workbook of a spreadsheet: the table on one sheet, what is said of it on another.

use rust_xlsxwriter::{Format, FormatBorder, Workbook, Worksheet};

use super::sheet::{Cell, Lang, Sheet};

/// Why a workbook could not be written: the table is larger than such a file may be.
#[derive(Debug, thiserror::Error)]
#[error("the table cannot be written as a workbook")]
pub struct XlsxError(#[from] rust_xlsxwriter::XlsxError);

/// Rows of the head: name and unit.
const HEAD_ROWS: u32 = 2;

/// Characters that a column of times takes.
const TIME_WIDTH: f64 = 16.0;

/// Characters that any other column takes at least, and at most.
const WIDTHS: (f64, f64) = (9.0, 60.0);

/// The table as a workbook. Texts are texts there: a spreadsheet runs no formula of them.
///
/// # Errors
/// The table is larger than such a file may be.
pub fn xlsx(sheet: &Sheet, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let (data, about) = match lang {
        Lang::Ru => ("Данные", "О выгрузке"),
        Lang::En => ("Data", "About"),
    };
    let worksheet = book.add_worksheet();
    worksheet.set_name(data)?;
    table(worksheet, sheet)?;
    let worksheet = book.add_worksheet();
    worksheet.set_name(about)?;
    let bold = Format::new().set_bold();
    worksheet.write_string_with_format(0, 0, &sheet.title, &bold)?;
    for (row, (name, text)) in (2u32..).zip(&sheet.facts) {
        worksheet.write_string(row, 0, name)?;
        worksheet.write_string(row, 1, text)?;
    }
    worksheet.set_column_width(0, 24)?;
    worksheet.set_column_width(1, WIDTHS.1)?;
    Ok(book.save_to_buffer()?)
}

fn table(worksheet: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let faint = Format::new().set_italic().set_border_bottom(FormatBorder::Thin);
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let numbers: Vec<Format> = sheet
        .heads
        .iter()
        .map(|head| match head.decimals {
            Some(0) => Format::new().set_num_format("0"),
            Some(decimals) => Format::new().set_num_format(format!("0.{}", "0".repeat(decimals.into()))),
            None => Format::new(),
        })
        .collect();
    for (column, head) in (0u16..).zip(&sheet.heads) {
        worksheet.write_string_with_format(0, column, &head.name, &bold)?;
        worksheet.write_string_with_format(1, column, &head.unit, &faint)?;
        worksheet.set_column_width(column, width(sheet, usize::from(column)))?;
    }
    for (row, cells) in (HEAD_ROWS..).zip(&sheet.rows) {
        for ((column, cell), number) in (0u16..).zip(cells).zip(&numbers) {
            match cell {
                Cell::Empty => {}
                Cell::Number(value) => {
                    worksheet.write_number_with_format(row, column, *value, number)?;
                }
                Cell::Text(text) => {
                    worksheet.write_string(row, column, text)?;
                }
                Cell::Time(at) => {
                    worksheet.write_number_with_format(row, column, serial(*at), &time)?;
                }
            }
        }
    }
    worksheet.set_freeze_panes(HEAD_ROWS, 1)?;
    Ok(())
}

/// Days since 30 December 1899: how spreadsheets count time.
fn serial(at: jiff::civil::DateTime) -> f64 {
    let seconds = at
        .duration_since(jiff::civil::date(1899, 12, 30).at(0, 0, 0, 0))
        .as_secs_f64();
    seconds / 86_400.0
}

#[allow(clippy::cast_precision_loss, reason = "a width of some characters")]
fn width(sheet: &Sheet, column: usize) -> f64 {
    let mut most = sheet.heads.get(column).map_or(0, |head| head.name.chars().count());
    for row in sheet.rows.iter().take(200) {
        match row.get(column) {
            Some(Cell::Time(_)) => return TIME_WIDTH,
            Some(Cell::Text(text)) => most = most.max(text.chars().count()),
            _ => {}
        }
    }
    (most as f64 + 2.0).clamp(WIDTHS.0, WIDTHS.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Head;

    #[test]
    fn a_workbook_has_the_numbers_as_numbers_and_runs_no_text() {
        let sheet = Sheet {
            title: "Heating".to_owned(),
            facts: vec![("=cmd".to_owned(), "+1".to_owned())],
            heads: vec![Head::of("=start"), Head::of("t1")],
            rows: vec![vec![Cell::Text("=1+1".to_owned()), Cell::Number(64.48)]],
        };
        let bytes = xlsx(&sheet, Lang::En).unwrap();
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut read = |name: &str| {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut zip.by_name(name).unwrap(), &mut text).unwrap();
            text
        };
        let data = read("xl/worksheets/sheet1.xml");
        assert!(data.contains("<v>64.48</v>"), "{data}");
        assert!(!data.contains("<f>"), "{data}");
        assert!(read("xl/sharedStrings.xml").contains("=1+1"));
        assert_eq!(serial("2026-11-20T12:00:00".parse().unwrap()), 46_346.5);
    }
}
