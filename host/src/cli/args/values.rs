//! Values of arguments.

use jiff::civil::DateTime;

/// `KEY=VALUE`.
pub(in crate::cli) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?}: expected KEY=VALUE"))?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// A day, which begins at midnight, or a moment.
pub(super) fn civil(text: &str) -> Result<DateTime, String> {
    let wrong = |_| format!("{text:?}: expected a date such as 2026-11-19, or a moment such as 2026-11-19T14:00");
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if !text.contains(['T', ' ', ':']) => Ok(date.at(0, 0, 0, 0)),
        _ => text.parse().map_err(wrong),
    }
}
