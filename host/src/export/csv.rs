//! Tables as text (RFC 4180), as spreadsheets of the language open it.

use super::sheet::{Cell, Head, Lang, Sheet, plain};

/// Without it Excel guesses the letters.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The table as text; the facts are left out, so that the first line is the head.
pub fn csv(sheet: &Sheet, lang: Lang) -> String {
    let separator = match lang {
        // The comma is the decimal mark.
        Lang::Ru => b';',
        Lang::En => b',',
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let heads = sheet.heads.iter().map(|head| {
        let name = match head.unit.as_str() {
            "" => head.name.clone(),
            unit => format!("{}, {unit}", head.name),
        };
        plain(&name).into_owned()
    });
    // Writing to memory cannot fail.
    let _ = writer.write_record(heads);
    for row in &sheet.rows {
        let _ = writer.write_record(row.iter().zip(&sheet.heads).map(|(cell, head)| text(cell, head, lang)));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    format!("{BYTE_ORDER_MARK}{}", String::from_utf8_lossy(&bytes))
}

fn text(cell: &Cell, head: &Head, lang: Lang) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => plain(text).into_owned(),
        Cell::Time(at) => at.strftime("%Y-%m-%d %H:%M").to_string(),
        Cell::Number(number) => {
            let number = match head.decimals {
                Some(decimals) => format!("{number:.*}", usize::from(decimals)),
                None => number.to_string(),
            };
            match lang {
                Lang::Ru => number.replace('.', ","),
                Lang::En => number,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let head = |name: &str, unit: &str, decimals| Head {
            name: name.to_owned(),
            unit: unit.to_owned(),
            decimals,
        };
        Sheet {
            title: String::new(),
            facts: Vec::new(),
            heads: vec![
                Head::of("начало"),
                head("t1", "°C", Some(2)),
                head("V", "", None),
                Head::of("НС"),
            ],
            rows: vec![
                vec![
                    Cell::Time("2026-11-20T13:00:00".parse().unwrap()),
                    Cell::Number(-64.5),
                    Cell::Number(0.1),
                    Cell::Text("=1+1".to_owned()),
                ],
                vec![
                    Cell::Time("2026-11-20T14:00:00".parse().unwrap()),
                    Cell::Empty,
                    Cell::Number(0.0),
                    Cell::Text("a;b \"c\"".to_owned()),
                ],
            ],
        }
    }

    #[test]
    fn each_language_has_its_marks_and_no_text_is_a_formula() {
        let want = "\u{feff}начало;t1, °C;V;НС\r\n2026-11-20 13:00;-64,50;0,1;'=1+1\r\n2026-11-20 14:00;;0;\"a;b \"\"c\"\"\"\r\n";
        assert_eq!(csv(&sheet(), Lang::Ru), want);
        let english = csv(&sheet(), Lang::En);
        assert!(english.contains("2026-11-20 13:00,-64.50,0.1,'=1+1\r\n"), "{english}");
    }
}
