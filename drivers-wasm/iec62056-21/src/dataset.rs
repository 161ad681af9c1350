//! Data sets `address(value*unit)(value)…` of a readout, a telegram or an answer (section 6.6). Unknown characters do not
//! stop the parse.

/// One data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// As the meter writes it; empty where a line begins with a value: it goes on with the set before.
    pub id: String,
    /// At least one.
    pub values: Vec<Item>,
}

/// What stands between parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub text: String,
    /// Behind the star; empty where there is none.
    pub unit: String,
}

/// Sets of one text at most: a load profile of a year of quarter hours is asked for in parts.
const SETS_MAX: usize = 20_000;
/// Values of one set at most.
const VALUES_MAX: usize = 512;
/// Characters of an address or value that are kept: a P1 text message is the longest, 2048.
const TEXT_MAX: usize = 2_048;

/// Takes a text apart.
pub fn parse(text: &str) -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    for line in text.split(['\r', '\n']) {
        if sets.len() >= SETS_MAX {
            break;
        }
        line_sets(line, &mut sets);
    }
    sets
}

fn line_sets(line: &str, sets: &mut Vec<Set>) {
    let mut rest = line;
    let mut current: Option<Set> = None;
    while let Some((before, after)) = rest.split_once('(') {
        let Some((inside, behind)) = after.split_once(')') else {
            break;
        };
        let id = before.trim().trim_start_matches([')', '!']).trim_ascii();
        if current.is_none() || !id.is_empty() {
            sets.extend(current.take());
            current = Some(Set {
                id: shortened(id),
                values: Vec::new(),
            });
        }
        if let Some(set) = current.as_mut().filter(|set| set.values.len() < VALUES_MAX) {
            set.values.push(item(inside));
        }
        rest = behind;
    }
    sets.extend(current);
}

fn item(inside: &str) -> Item {
    let (text, unit) = inside.split_once('*').unwrap_or((inside, ""));
    Item {
        text: shortened(text.trim()),
        unit: shortened(unit.trim()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// What a meter says instead of data: `(ERROR..)` or `(ER..)`.
pub fn error(text: &str) -> Option<&str> {
    let inside = text.trim().trim_start_matches('(').trim_end_matches(')');
    let is_error = inside.starts_with("ER") && inside.len() <= 40 && !inside.contains('(');
    is_error.then_some(inside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let value = |item: &Item| format!("{}~{}", item.text, item.unit);
        let set = |set: &Set| {
            format!(
                "{}={}",
                set.id,
                set.values.iter().map(value).collect::<Vec<_>>().join(",")
            )
        };
        parse(text).iter().map(set).collect()
    }

    #[test]
    fn sets_are_told_apart() {
        assert_eq!(
            shown("1-0:1.8.0*255(00052185.7825309*kWh)\r\n!\r\n"),
            ["1-0:1.8.0*255=00052185.7825309~kWh"]
        );
        assert_eq!(
            shown("6.8(0089.2*GJ)6.26(00755.54*m3)9.21(66153690)"),
            ["6.8=0089.2~GJ", "6.26=00755.54~m3", "9.21=66153690~"]
        );
        assert_eq!(
            shown("1.6.0(12.3*kW)(2208231615)\r\n(0.1)(0.2)\r\n"),
            ["1.6.0=12.3~kW,2208231615~", "=0.1~,0.2~"]
        );
        assert_eq!(shown("junk\r\nF.F(00)\r\n(cut"), ["F.F=00~"]);
    }

    #[test]
    fn a_refusal_is_no_data() {
        assert_eq!(error("(ERROR23)"), Some("ERROR23"));
        assert_eq!(error("(ER05)"), Some("ER05"));
        assert_eq!(error("P.01(ERROR)"), None);
        assert_eq!(error("1.8.0(1)"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}|[()*.0-9\r\nA-Z:-]{0,200}") {
            let sets = parse(&text);
            prop_assert!(sets.iter().all(|set| !set.values.is_empty()));
            error(&text);
        }
    }
}
