//! Who answers: the text of parameter 099 (SPbus note, section 4).

use crate::model::{self, Model};

/// What the text of 099 says.
#[derive(Debug, Clone, Copy)]
pub enum Device {
    Known(&'static Model),
    Unknown,
}

/// Tells models apart: `961.1v01`, `961.2V01`, `961.M`, `962v01`, `761.2v02`, `961`, `543v01`.
pub fn device(text: &str) -> Device {
    let text = text.trim();
    let Some((number, rest)) = text.split_at_checked(3) else {
        return Device::Unknown;
    };
    let mut rest = rest.chars();
    let revision = match (rest.next(), rest.next(), rest.next()) {
        (Some('.'), Some('1' | '2'), Some('V')) => Revision::Second,
        (Some('.'), Some('1' | '2'), _) => Revision::First,
        // Latin and Russian.
        (Some('.'), Some('M' | 'М'), _) => Revision::M,
        (None | Some('v' | 'V' | ' '), ..) => Revision::Old,
        _ => return Device::Unknown,
    };
    let id = match (number, revision) {
        ("961", Revision::Old) => "spt961",
        ("961", Revision::M) => "spt961m",
        ("961", Revision::First) => "spt961.1",
        ("961", Revision::Second) => "spt961.1m",
        ("962", Revision::Old | Revision::First | Revision::Second) => "spt962",
        ("963", Revision::Old | Revision::First | Revision::Second) => "spt963",
        ("761", Revision::Old) => "spg761",
        ("762", Revision::Old) => "spg762",
        ("763", Revision::Old) => "spg763",
        ("761", Revision::First | Revision::Second) => "spg761.1",
        ("762", Revision::First | Revision::Second) => "spg762.1",
        ("763", Revision::First | Revision::Second) => "spg763.1",
        ("542", Revision::Old) => "spe542",
        ("543", Revision::Old) => "spe543",
        _ => return Device::Unknown,
    };
    model::model(id).map_or(Device::Unknown, Device::Known)
}

#[derive(Clone, Copy)]
enum Revision {
    /// Without .1, .2 or .M.
    Old,
    M,
    /// .1 and .2.
    First,
    /// .1М and .2М, which write a capital V.
    Second,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn models_are_told_apart_by_the_note() {
        let cases = [
            ("961", "spt961"),
            ("961v05", "spt961"),
            ("961.1v01", "spt961.1"),
            ("961.2v02", "spt961.1"),
            ("961.2V01", "spt961.1m"),
            ("961.M", "spt961m"),
            ("961.Мv01", "spt961m"),
            ("962v01", "spt962"),
            (" 963.1v01 ", "spt963"),
            ("761.2v02", "spg761.1"),
            ("762", "spg762"),
            ("763.1v01", "spg763.1"),
            ("543v01", "spe543"),
            ("542", "spe542"),
            ("543.1v01", "unknown"),
            ("943", "unknown"),
            ("961.3v01", "unknown"),
            ("961.", "unknown"),
            ("9619", "unknown"),
            ("Нет данных?", "unknown"),
            ("", "unknown"),
        ];
        for (text, want) in cases {
            let got = match device(text) {
                Device::Known(model) => model.id,
                Device::Unknown => "unknown",
            };
            assert_eq!(got, want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,10}|[79]6[123][.12vVM]{0,4}") {
            device(&text);
        }
    }
}
