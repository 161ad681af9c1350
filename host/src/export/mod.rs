//! Tables as files for other programs: comma-separated text and workbooks of spreadsheets.

mod csv;
mod sheet;
mod xlsx;

pub use csv::csv;
pub use sheet::{Cell, Head, Lang, Sheet, plain};
pub use xlsx::{XlsxError, xlsx};
