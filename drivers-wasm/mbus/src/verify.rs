//! Answers to one request that are not equal: what of them can be relied on.

use std::borrow::Cow;

use crate::data::{self, Coding, Data};
use crate::modifier;
use crate::quantity::{self, Class};
use crate::record::Record;
use crate::telegram::Telegram;
use uzel_driver_sdk::calendar;

/// Settles answers to the same request record by record: a value is taken when two answers agree on it.
///
/// A meter that measures anew for each answer changes what it measures, so on a clean line the middle one of three
/// answers is taken for values of one moment. All else that no two answers agree on is without value. None when no two
/// answers are made of the same records.
pub fn settle<'a>(answers: &[Telegram<'a>], suspect: bool) -> Option<Telegram<'a>> {
    let alike =
        |one: &Telegram<'a>| -> Vec<&Telegram<'a>> { answers.iter().filter(|other| is_alike(one, other)).collect() };
    let group = answers
        .iter()
        .map(alike)
        .max_by_key(Vec::len)
        .filter(|group| group.len() >= 2)?;
    let mut settled = (*group.last()?).clone();
    for (at, record) in settled.records.iter_mut().enumerate() {
        let values: Vec<&Record<'_>> = group.iter().filter_map(|answer| answer.records.get(at)).collect();
        let agreed = values.iter().find(|one| {
            let equal = values.iter().filter(|other| other.data == one.data);
            equal.count() >= 2
        });
        let middle = || if suspect { None } else { middle(&values) };
        match agreed.copied().or_else(middle) {
            Some(settled) => record.data.clone_from(&settled.data),
            None => {
                record.coding = Coding::Unsettled;
                record.data = Cow::Borrowed(&[]);
            }
        }
    }
    Some(settled)
}

/// Whether two telegrams are of one meter and made of the same records.
fn is_alike(one: &Telegram<'_>, other: &Telegram<'_>) -> bool {
    let is_of_same_meter = match (&one.header, &other.header) {
        (Some(one), Some(other)) => one.is_of_same_meter(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let pairs = one.records.iter().zip(&other.records);
    is_of_same_meter
        && one.more == other.more
        && one.records.len() == other.records.len()
        && pairs.into_iter().all(|(one, other)| one.same_kind(other))
}

/// The middle one of at least three values that hold at one moment.
fn middle<'a, 'b>(values: &[&'b Record<'a>]) -> Option<&'b Record<'a>> {
    let sizes = values.iter().map(|record| size(record)).collect::<Option<Vec<_>>>()?;
    if sizes.len() < 3 {
        return None;
    }
    let is_less = |one: &(i64, f64), other: &(i64, f64)| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)).is_lt();
    // The middle one has as many below it as a sorted list would have before it, or fewer with its equals among them.
    let is_middle = |size: &&(i64, f64)| {
        let below = sizes.iter().filter(|other| is_less(other, size)).count();
        let above = sizes.iter().filter(|other| is_less(size, other)).count();
        below <= sizes.len() / 2 && above <= (sizes.len() - 1) / 2
    };
    let at = sizes.iter().position(|size| is_middle(&size))?;
    values.get(at).copied()
}

/// By what values of one moment are ordered: all of a group are whole numbers, or all are not.
fn size(record: &Record<'_>) -> Option<(i64, f64)> {
    let meaning = modifier::apply(&record.vif, quantity::meaning(&record.vif), &record.vifes).meaning;
    let is_of_one_moment = record.storage == 0 && matches!(meaning.class, Class::Instant | Class::DateTime);
    match data::decode(record.coding, &record.data, meaning.expected()) {
        _ if !is_of_one_moment => None,
        Data::Number(number) => Some((number, 0.0)),
        Data::Real(real) => Some((0, real)),
        Data::Stamp(stamp) => Some((calendar::reckon(stamp.time), 0.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record;
    use uzel_driver_sdk::bytes::unhex;

    fn telegram(records: &str) -> Telegram<'static> {
        let bytes = unhex(records).unwrap();
        let records = record::decode(&bytes).unwrap();
        let telegram = Telegram {
            header: None,
            records: records.list,
            more: records.more,
        };
        telegram.into_owned()
    }

    /// Energy and power of each answer, then what is settled: the data bytes or a dash.
    fn settled(answers: &[[u8; 2]], suspect: bool) -> Option<String> {
        let answers: Vec<_> = answers
            .iter()
            .map(|[energy, power]| telegram(&format!("01 06 {energy:02x} 01 2b {power:02x}")))
            .collect();
        let telegram = settle(&answers, suspect)?;
        let show = |record: &Record<'_>| match (record.coding, record.data.first()) {
            (Coding::Integer, Some(value)) => value.to_string(),
            _ => "-".to_owned(),
        };
        Some(telegram.records.iter().map(show).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn two_answers_must_agree() {
        let cases = [
            ("power moves", vec![[5, 1], [5, 2], [5, 90]], false, "5 2"),
            (
                "power moves on a disturbed line",
                vec![[5, 1], [5, 2], [5, 3]],
                true,
                "5 -",
            ),
            ("the counter steps on", vec![[5, 1], [6, 2], [6, 3]], false, "6 2"),
            ("two answers are too few", vec![[5, 1], [5, 2]], false, "5 -"),
            (
                "one answer is false in one record",
                vec![[5, 1], [9, 1], [5, 2]],
                true,
                "5 1",
            ),
            (
                "the counter cannot be relied on",
                vec![[5, 1], [6, 1], [7, 1]],
                false,
                "- 1",
            ),
        ];
        for (name, answers, suspect, want) in cases {
            assert_eq!(settled(&answers, suspect).as_deref(), Some(want), "{name}");
        }
    }

    #[test]
    fn answers_of_other_records_do_not_count() {
        let answers = [
            telegram("01 06 05"),
            telegram("01 06 07 01 2b 01"),
            telegram("01 06 05"),
        ];
        assert_eq!(settle(&answers, false), Some(telegram("01 06 05")));
        let different = [
            telegram("01 06 05"),
            telegram("01 06 07 01 2b 01"),
            telegram("01 13 05"),
        ];
        assert_eq!(settle(&different, false), None);
    }
}
