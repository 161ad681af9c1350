//! Counts tests by the closing lines of `cargo test`.

use std::ops::AddAssign;

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
    pub ignored: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// What `test result: ok. 5 passed; 0 failed; 1 ignored; …` says; none for any other line.
pub fn read(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut tally = Tally::default();
    for count in counts.split("; ") {
        let (number, what) = count.split_once(' ')?;
        match what {
            "passed" => tally.passed = number.parse().ok()?,
            "failed" => tally.failed = number.parse().ok()?,
            "ignored" => tally.ignored = number.parse().ok()?,
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_read_and_other_lines_are_not() {
        let cases = [
            (
                "test result: ok. 16 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.31s",
                Some(Tally {
                    passed: 16,
                    failed: 0,
                    ignored: 0,
                }),
            ),
            (
                "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                Some(Tally {
                    passed: 3,
                    failed: 1,
                    ignored: 2,
                }),
            ),
            ("test it::reads_a_meter ... ok", None),
            ("test result: nonsense", None),
        ];
        for (line, want) in cases {
            assert_eq!(read(line), want, "{line}");
        }
    }
}
