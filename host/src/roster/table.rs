//! Tables that people bring: CSV or XLSX, with a head line that names the columns.

use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, Xlsx};

use super::cell::plain;
use super::row::{COLUMNS, Row};
use crate::limits;

/// What a table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Text with separators: comma, semicolon or tab.
    Csv,
    /// A workbook; its first sheet counts.
    Xlsx,
}

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Its text is no text.
    #[error("the file is not UTF-8 from byte {0}: save it as \"CSV UTF-8\" or as XLSX")]
    Encoding(usize),
    /// A line of it cannot be read.
    #[error("the file is no CSV: {0}")]
    Csv(String),
    /// It is none, is damaged or is encrypted.
    #[error("the file is no XLSX workbook: {0}")]
    Xlsx(String),
    /// It has too much.
    #[error("the file has more than {most} {what}")]
    Large {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
    /// Its head line names columns that are not known, or one twice.
    #[error("column {got:?} {why}, expected {}", COLUMNS.join(", "))]
    Column {
        /// As given.
        got: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It has no head line.
    #[error("the file is empty, expected a head line with {}", COLUMNS.join(", "))]
    Empty,
}

/// Begin of a ZIP archive, which a workbook is.
const ZIP: &[u8] = b"PK\x03\x04";

/// The rows of a table. What it is written in is told by its first bytes.
pub fn read(bytes: &[u8]) -> Result<(TableKind, Vec<Row>), TableError> {
    let (kind, lines) = if bytes.starts_with(ZIP) {
        (TableKind::Xlsx, workbook(bytes)?)
    } else {
        (TableKind::Csv, text(bytes)?)
    };
    let mut lines = lines.into_iter();
    let head = lines.next().ok_or(TableError::Empty)?;
    check_head(&head)?;
    let row = |cells: Vec<String>| {
        let said = head
            .iter()
            .zip(cells)
            .filter(|(key, cell)| !key.is_empty() && !cell.is_empty());
        said.map(|(key, cell)| (key.clone(), plain(&cell).to_owned()))
            .collect::<Row>()
    };
    Ok((kind, lines.map(row).filter(|row| !row.is_empty()).collect()))
}

fn check_head(head: &[String]) -> Result<(), TableError> {
    for (at, column) in head.iter().enumerate().filter(|(_, column)| !column.is_empty()) {
        let wrong = |why| TableError::Column {
            got: column.clone(),
            why,
        };
        if !COLUMNS.contains(&column.as_str()) {
            return Err(wrong("is not known"));
        }
        if head.iter().take(at).any(|other| other == column) {
            return Err(wrong("stands twice"));
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    let text = std::str::from_utf8(bytes).map_err(|error| TableError::Encoding(error.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().unwrap_or_default();
    // Spreadsheets write what their country separates with.
    let separator = [b',', b';', b'\t'].into_iter().max_by_key(|separator| {
        (
            head.bytes().filter(|byte| byte == separator).count(),
            *separator == b',',
        )
    });
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator.unwrap_or(b','))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| TableError::Csv(error.to_string()))?;
        bounded(lines.len(), record.len())?;
        lines.push(record.iter().map(str::to_owned).collect());
    }
    Ok(lines)
}

/// `rows` stand before this line, the head line not counted.
fn bounded(rows: usize, columns: usize) -> Result<(), TableError> {
    for (what, is, most) in [
        ("rows", rows, limits::IMPORT_ROWS),
        ("columns", columns, limits::IMPORT_COLUMNS),
    ] {
        if is > most {
            return Err(TableError::Large { what, most });
        }
    }
    Ok(())
}

fn workbook(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    check_inflated(bytes)?;
    // What a crate that reads foreign files did not foresee is a fault of the file.
    catch_unwind(AssertUnwindSafe(|| sheet(bytes)))
        .unwrap_or_else(|_| Err(TableError::Xlsx("it is damaged".to_owned())))
}

/// A small file may inflate to more than there is memory: each part is inflated here first, and counted.
fn check_inflated(bytes: &[u8]) -> Result<(), TableError> {
    let bad = |error: &dyn std::fmt::Display| TableError::Xlsx(error.to_string());
    let large = || TableError::Large {
        what: "bytes when it is inflated",
        most: limits::IMPORT_INFLATED_BYTES,
    };
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| bad(&error))?;
    if zip.len() > limits::IMPORT_PARTS {
        let (what, most) = ("parts", limits::IMPORT_PARTS);
        return Err(TableError::Large { what, most });
    }
    let mut left = u64::try_from(limits::IMPORT_INFLATED_BYTES).unwrap_or(u64::MAX);
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(|error| bad(&error))?;
        let mut part = part.take(left.saturating_add(1));
        let inflated = std::io::copy(&mut part, &mut std::io::sink()).map_err(|error| bad(&error))?;
        left = left.checked_sub(inflated).ok_or_else(large)?;
    }
    Ok(())
}

/// The cells of the first sheet, one by one: a sheet whose last cell is far away takes no room.
fn sheet(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    let bad = |error: calamine::XlsxError| TableError::Xlsx(error.to_string());
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(bad)?;
    let first = book.sheet_names().first().cloned();
    let first = first.ok_or_else(|| TableError::Xlsx("it has no sheet".to_owned()))?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(bad)?;
    let mut lines: Vec<Vec<String>> = Vec::new();
    // Rows are numbered as they come: empty ones between them count for nothing.
    let mut last = None;
    while let Some(cell) = cells.next_cell().map_err(bad)? {
        let (row, column) = cell.get_position();
        let text = shown(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if last != Some(row) {
            lines.push(Vec::new());
            last = Some(row);
        }
        bounded(lines.len() - 1, column.saturating_add(1))?;
        if let Some(line) = lines.last_mut() {
            line.resize(line.len().max(column + 1), String::new());
            line[column] = text;
        }
    }
    Ok(lines)
}

/// A cell as people see it. A serial number that a spreadsheet took for a number is one without decimals.
fn shown(value: &DataRef<'_>) -> String {
    let text = match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(is) => is.to_string(),
        DataRef::DateTime(at) => at.as_f64().to_string(),
        DataRef::Error(error) => error.to_string(),
    };
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Row>, TableError> {
        read(text.as_bytes()).map(|(_, rows)| rows)
    }

    #[test]
    fn columns_are_told_by_the_head_whatever_separates_them() {
        for text in [
            "name,line\nКотёл 7, tcp:a:1 \n\n",
            "\u{feff}line;name\r\ntcp:a:1;Котёл 7\r\n",
            "name\tline\tserial\nКотёл 7\ttcp:a:1\t\n",
        ] {
            let rows = rows(text).unwrap();
            assert_eq!(rows.len(), 1, "{text:?}");
            assert_eq!(
                (rows[0]["name"].as_str(), rows[0]["line"].as_str()),
                ("Котёл 7", "tcp:a:1")
            );
            assert_eq!(rows[0].len(), 2, "what is empty is not said");
        }
    }

    #[test]
    fn what_is_no_table_is_refused_by_name() {
        let told = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(told(b"").starts_with("the file is empty"));
        assert!(told("name,nmae\n".as_bytes()).starts_with("column \"nmae\" is not known, expected name, driver"));
        assert!(told(b"name,name\n").starts_with("column \"name\" stands twice"));
        assert!(told(b"name\n\xcf\xf0").starts_with("the file is not UTF-8 from byte 5"));
        assert!(told(b"PK\x03\x04 and nothing").starts_with("the file is no XLSX workbook"));
        let many = "name\n".to_owned() + &"a\n".repeat(limits::IMPORT_ROWS + 1);
        assert!(told(many.as_bytes()).starts_with("the file has more than"));
        assert!(told(",".repeat(100).as_bytes()).starts_with("the file has more than"));
    }

    fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
        use std::io::Write as _;
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_workbook_that_inflates_without_end_is_refused() {
        let zeros = vec![0; limits::IMPORT_INFLATED_BYTES + 1];
        let bomb = zipped(&[("xl/workbook.xml", &zeros)]);
        assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
        assert_eq!(
            read(&bomb).unwrap_err().to_string(),
            format!(
                "the file has more than {} bytes when it is inflated",
                limits::IMPORT_INFLATED_BYTES
            )
        );
    }

    #[test]
    fn a_cell_far_away_takes_no_room() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_string(0, 0, "name").unwrap();
        sheet.write_string(1, 0, "Котёл 7").unwrap();
        sheet.write_number(1_048_575, 0, 7).unwrap();
        let rows = read(&book.save_to_buffer().unwrap()).unwrap().1;
        assert_eq!(
            rows.iter().map(|row| row["name"].as_str()).collect::<Vec<_>>(),
            ["Котёл 7", "7"]
        );
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().write_string(0, 16_383, "name").unwrap();
        assert!(read(&book.save_to_buffer().unwrap()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_stop_it(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), zip in proptest::bool::ANY) {
            let bytes = if zip { [ZIP, &bytes].concat() } else { bytes };
            let _ = read(&bytes);
        }
    }
}
