//! The log: for people on a terminal, JSON lines elsewhere. `RUST_LOG` chooses what.
//!
//! What is logged may hold words of drivers, packages, meters and registries. Whatever they are, an event stays one line,
//! and what a terminal would obey stands there by its number.

use std::fmt::{Debug, Write as _};
use std::io::{self, IsTerminal as _, Write};

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::foreign::{is_active, shown};

/// Starts the log on standard error.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    // A second start in one process (tests) keeps the first log.
    let _ = if io::stderr().is_terminal() {
        log.fmt_fields(fields()).with_writer(io::stderr).try_init()
    } else {
        let lines = log.json().flatten_event(true);
        lines.with_writer(|| Lines(io::stderr())).try_init()
    };
}

/// The message and the fields of an event for people.
fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    let field = |writer: &mut Writer<'_>, field: &Field, value: &dyn Debug| match field.name() {
        "message" => writer.write_str(&shown(&format!("{value:?}"))),
        name => write!(writer, "{name}={}", shown(&format!("{value:?}"))),
    };
    debug_fn(field).delimited(" ")
}

/// Lines of JSON. Its strings have escapes for what is active in ASCII; this adds those for the rest.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let is_hidden = |c: char| is_active(c) && c != '\n';
        if !text.contains(is_hidden) {
            self.0.write_all(line)?;
            return Ok(line.len());
        }
        let mut safe = String::with_capacity(text.len());
        for c in text.chars() {
            if is_hidden(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            } else {
                safe.push(c);
            }
        }
        self.0.write_all(safe.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line_for_people_whatever_its_words_are() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = tracing_subscriber::fmt()
            .fmt_fields(fields())
            .with_ansi(false)
            .without_time();
        let log = log.with_writer(file.reopen().unwrap()).finish();
        let evil = "a\nINFO forged \u{1b}[2J\u{202e}";
        tracing::subscriber::with_default(log, || {
            tracing::warn!(driver.id = evil, driver.name = %evil, "refused: {evil}");
        });
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.trim_end().contains(is_active), "{text:?}");
        assert!(
            text.contains("refused: a\\nINFO forged") && text.contains("driver.name=a"),
            "{text}"
        );
    }

    #[test]
    fn what_is_active_in_a_line_of_json_is_escaped_and_reads_back() {
        let event = json!({"message": "Котёл \u{202e}\u{9b}31m\u{e0041} \n\u{1b}"});
        let mut written = Vec::new();
        Lines(&mut written).write_all(format!("{event}\n").as_bytes()).unwrap();
        let text = String::from_utf8(written).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), event);
        assert_eq!(
            text,
            "{\"message\":\"Котёл \\u202e\\u009b31m\\udb40\\udc41 \\n\\u001b\"}\n"
        );
    }
}
