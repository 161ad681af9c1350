//! Texts in the cells of a table: what a spreadsheet would take for a formula stands behind an apostrophe.

/// Whether a spreadsheet may take a text for more than text, or could after an apostrophe is taken away.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'')
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A text as it is written into a table.
pub(super) fn guarded(text: &str) -> String {
    if is_formula(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A text as it was before [`guarded`].
pub(super) fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_every_text_comes_back() {
        for text in [
            "",
            "Котёл 7",
            "=1+1",
            "'=1",
            "''@x",
            "-33.9",
            "+7 495",
            "@a",
            "'quoted'",
            "\tx",
            "''",
        ] {
            let written = guarded(text);
            assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']), "{text:?}");
            assert_eq!(plain(&written), text);
        }
        // What people write themselves stays.
        for text in ["'tis", "'", "O'Neill"] {
            assert_eq!(plain(text), text);
        }
    }
}
