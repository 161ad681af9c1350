//! Load profiles and logs: `P.01(stamp)(status)(period min)(n)(ch1)(unit1)…` and n values a row, or a line a row that
//! begins with its own time (`P.01(yy-mm-dd,hh:mm)(v1)(v2)…`).

use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::calendar::{MINUTE, civil, reckon};

use crate::dataset::{Item, Set};
use crate::number;
use crate::stamp::stamp;

/// Channels of one profile at most.
const CHANNELS_MAX: usize = 64;

/// Why an answer is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("the answer is about {got:?}, expected {want:?}")]
    Name { got: String, want: String },
    #[error("{what} is {got:?}, expected {want}")]
    Head {
        what: &'static str,
        got: String,
        want: &'static str,
    },
    #[error("rows have {got} values, which is no multiple of {channels} channels")]
    Columns { got: usize, channels: usize },
}

/// A column of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// As the meter writes it, such as `1.5` or `1-1:1.29`; empty where it names none.
    pub id: String,
    pub unit: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub label: CivilTime,
    /// Hex digits; empty where the row has none of its own.
    pub status: String,
    /// Minutes; none in logs and in the form without headers.
    pub period_min: Option<u32>,
    pub channels: Vec<Channel>,
    /// One for each channel.
    pub values: Vec<String>,
}

/// The rows of an answer to a question for `name`, in their order; none when the meter has nothing there.
pub fn decode(name: &str, sets: &[Set]) -> Result<Vec<Entry>, ProfileError> {
    let mut entries = Vec::new();
    let mut block: Option<Block> = None;
    for set in sets {
        if set.id.is_empty() {
            if let Some(block) = block.as_mut() {
                block.values.extend(set.values.iter().map(|item| item.text.clone()));
            }
            continue;
        }
        entries.extend(block.take().map_or(Ok(Vec::new()), Block::rows)?);
        if set.id != name {
            let (got, want) = (set.id.clone(), name.to_owned());
            return Err(ProfileError::Name { got, want });
        }
        match set.values.as_slice() {
            [only] if only.text.is_empty() => {}
            [first, rest @ ..] if first.text.contains('-') => entries.push(line(first, rest)?),
            values => block = Some(Block::begin(values)?),
        }
    }
    entries.extend(block.map_or(Ok(Vec::new()), Block::rows)?);
    Ok(entries)
}

/// A row that begins with its own time.
fn line(first: &Item, values: &[Item]) -> Result<Entry, ProfileError> {
    let channel = |item: &Item| Channel {
        id: String::new(),
        unit: item.unit.clone(),
    };
    Ok(Entry {
        label: time(first)?,
        status: String::new(),
        period_min: None,
        channels: values.iter().take(CHANNELS_MAX).map(channel).collect(),
        values: values.iter().take(CHANNELS_MAX).map(|item| item.text.clone()).collect(),
    })
}

/// A header and the values behind it.
struct Block {
    label: CivilTime,
    status: String,
    period_min: Option<u32>,
    channels: Vec<Channel>,
    values: Vec<String>,
}

impl Block {
    fn begin(items: &[Item]) -> Result<Self, ProfileError> {
        let [at, status, period, count, rest @ ..] = items else {
            let got = items.len().to_string();
            return Err(head("a header", &got, "stamp, status, period and number of channels"));
        };
        let wanted = number::whole(&count.text, 999).and_then(|number| usize::try_from(number).ok());
        let wanted = wanted.unwrap_or(usize::MAX);
        if wanted > CHANNELS_MAX {
            return Err(head("the number of channels", &count.text, "at most 64"));
        }
        let Some((names, values)) = rest.split_at_checked(wanted * 2) else {
            return Err(head(
                "the number of channels",
                &count.text,
                "so many names and units behind it",
            ));
        };
        let period_min = match period.text.as_str() {
            "" => None,
            text => {
                let minutes = number::whole(text, 44_640).filter(|minutes| *minutes > 0);
                Some(minutes.ok_or_else(|| head("the period", text, "minutes"))?)
            }
        };
        let channel = |pair: &[Item]| match pair {
            [id, unit] => Channel {
                id: id.text.clone(),
                unit: unit.text.clone(),
            },
            _ => Channel {
                id: String::new(),
                unit: String::new(),
            },
        };
        Ok(Self {
            label: time(at)?,
            status: status.text.clone(),
            period_min,
            channels: names.chunks(2).map(channel).collect(),
            values: values.iter().map(|item| item.text.clone()).collect(),
        })
    }

    /// Row k is k periods behind the stamp. The status is that of the first: one of another row has its own header.
    fn rows(self) -> Result<Vec<Entry>, ProfileError> {
        let Self {
            label,
            status,
            period_min,
            channels,
            values,
        } = self;
        let entry = |(place, values): (i64, &[String])| Entry {
            label: civil(reckon(label) + place * i64::from(period_min.unwrap_or(0)) * MINUTE),
            status: if place == 0 { status.clone() } else { String::new() },
            period_min,
            channels: channels.clone(),
            values: values.to_vec(),
        };
        if channels.is_empty() && values.is_empty() {
            return Ok(vec![entry((0, &[]))]);
        }
        let is_whole = !channels.is_empty() && values.len().is_multiple_of(channels.len());
        // Without a period only one row has a time.
        if !is_whole || values.len() > channels.len() && period_min.is_none() {
            return Err(ProfileError::Columns {
                got: values.len(),
                channels: channels.len(),
            });
        }
        Ok((0..).zip(values.chunks(channels.len())).map(entry).collect())
    }
}

fn time(item: &Item) -> Result<CivilTime, ProfileError> {
    stamp(&item.text).ok_or_else(|| head("the stamp", &item.text, "a date and time"))
}

fn head(what: &'static str, got: &str, want: &'static str) -> ProfileError {
    ProfileError::Head {
        what,
        got: got.to_owned(),
        want,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::parse;

    fn told(text: &str) -> Result<Vec<(String, String, Vec<String>)>, String> {
        let entries = decode("P.01", &parse(text)).map_err(|error| error.to_string())?;
        let short = |entry: Entry| {
            let at = crate::stamp::Form::Short.write(entry.label);
            (at, entry.status, entry.values)
        };
        Ok(entries.into_iter().map(short).collect())
    }

    fn row(at: &str, status: &str, values: &[&str]) -> (String, String, Vec<String>) {
        let values = values.iter().map(|value| (*value).to_owned());
        (at.to_owned(), status.to_owned(), values.collect())
    }

    #[test]
    fn rows_follow_their_header() {
        let head = "P.01(1220823161500)(00000080)(15)(2)(1.5)(kW)(2.5)(kW)";
        let want = vec![
            row("2208231615", "00000080", &["0.1", "0.2"]),
            row("2208231630", "", &["0.3", "-----"]),
        ];
        assert_eq!(
            told(&format!("{head}\r\n(0.1)(0.2)\r\n(0.3)(-----)\r\n")),
            Ok(want.clone())
        );
        assert_eq!(
            told(&format!("{head}(0.1)(0.2)\r\n(0.3)(-----)")),
            Ok(want),
            "on the line of the header"
        );
        assert_eq!(told("P.01()"), Ok(Vec::new()));
        assert_eq!(
            told("P.01(22-08-23,16:15)(0.1*kWh)(0.2)"),
            Ok(vec![row("2208231615", "", &["0.1", "0.2"])])
        );
    }

    #[test]
    fn what_is_no_profile_is_named() {
        let cases = [
            (
                "P.02(1220823161500)(00)(15)(0)",
                "the answer is about \"P.02\", expected \"P.01\"",
            ),
            (
                "P.01(1220823161500)(00)(15)",
                "a header is \"3\", expected stamp, status, period and number of channels",
            ),
            (
                "P.01(1220823)(00)(15)(0)",
                "the stamp is \"1220823\", expected a date and time",
            ),
            ("P.01(1220823161500)(00)(x)(0)", "the period is \"x\", expected minutes"),
            (
                "P.01(1220823161500)(00)(15)(99)",
                "the number of channels is \"99\", expected at most 64",
            ),
            ("P.01(1220823161500)(00)(15)(1)(1.5)(kW)(1)(2)", ""),
            (
                "P.01(1220823161500)(00)(15)(2)(1.5)(kW)(2.5)(kW)(1)",
                "rows have 1 values, which is no multiple of 2 channels",
            ),
        ];
        for (text, want) in cases {
            let error = told(text).err().unwrap_or_default();
            assert_eq!(error, want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}|(P\\.01)?(\\([0-9.:-]{0,13}\\)\r?\n?){0,20}") {
            let _ = decode("P.01", &parse(&text));
        }
    }
}
