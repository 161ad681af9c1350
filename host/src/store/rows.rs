//! Statements that insert many rows at once.
//!
//! The number of rows of one statement is a power of two, so that a few prepared statements serve every length. The
//! parameters are bare question marks: SQLite finds the name of a numbered parameter by walking through all of them.

use std::sync::OnceLock;

/// The most rows of one statement, as a power of two.
const MOST: usize = 9;

/// `<head> (?, ?), (?, ?), … <tail>`.
pub(super) struct Rows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sizes: [OnceLock<String>; MOST + 1],
}

impl Rows {
    /// A statement with `columns` parameters in a row.
    pub(super) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self {
            head,
            columns,
            tail,
            sizes: [const { OnceLock::new() }; MOST + 1],
        }
    }

    /// The statement for 2^`power` rows.
    fn sql(&'static self, power: usize) -> &'static str {
        self.sizes[power].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.columns].join(","));
            format!("{} {} {}", self.head, vec![row; 1 << power].join(","), self.tail)
        })
    }

    /// The statement for one row.
    pub(super) fn one(&'static self) -> &'static str {
        self.sql(0)
    }

    /// Cuts `items` into pieces, each with the statement for its length.
    pub(super) fn pieces<'a, T>(&'static self, items: &'a [T]) -> impl Iterator<Item = (&'static str, &'a [T])> {
        let mut rest = items;
        std::iter::from_fn(move || {
            let power = usize::try_from(rest.len().checked_ilog2()?).ok()?.min(MOST);
            let (piece, after) = rest.split_at_checked(1 << power)?;
            rest = after;
            Some((self.sql(power), piece))
        })
    }
}

/// The most rows of one statement.
pub(super) const MOST_ROWS: usize = 1 << MOST;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_piece() {
        static ROWS: Rows = Rows::new("insert into t values", 2, "returning id");
        for count in [0, 1, 2, 3, 24, 511, 512, 513, 1500] {
            let items: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            for (sql, piece) in ROWS.pieces(&items) {
                assert_eq!(sql.matches("(?,?)").count(), piece.len());
                seen.extend_from_slice(piece);
            }
            assert_eq!(seen, items);
        }
    }
}
