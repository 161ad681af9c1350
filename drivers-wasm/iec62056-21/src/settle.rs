//! Several readouts of one meter: what of them can be relied on.

use crate::dataset::Set;
use crate::number;
use crate::obis::{Address, Class, meaning};

/// What is taken of values that move from readout to readout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moving {
    /// The last: the readouts had a check, and the line was not disturbed.
    Last,
    /// The middle one of three: nothing was checked.
    Middle,
    /// Nothing: only values that came twice.
    None,
}

/// Settles readouts set by set: a value is taken when two of them agree on it. What no two agree on is left without text.
/// None while no two readouts are made of the same sets.
pub fn settle(readouts: &[Vec<Set>], moving: Moving) -> Option<Vec<Set>> {
    let alike = |one: &Vec<Set>| -> Vec<&Vec<Set>> { readouts.iter().filter(|other| is_alike(one, other)).collect() };
    let group = readouts
        .iter()
        .map(alike)
        .max_by_key(Vec::len)
        .filter(|group| group.len() >= 2)?;
    let mut settled = (*group.last()?).clone();
    for (place, set) in settled.iter_mut().enumerate() {
        let versions: Vec<&Set> = group.iter().filter_map(|readout| readout.get(place)).collect();
        let is_agreed = |one: &&&Set| versions.iter().filter(|other| *other == *one).count() >= 2;
        let chosen = match versions.iter().find(is_agreed) {
            Some(agreed) => Some(*agreed),
            None if !is_moving(set) => None,
            None => match moving {
                Moving::Last => versions.last().copied(),
                Moving::Middle => middle(&versions),
                Moving::None => None,
            },
        };
        match chosen {
            Some(chosen) => *set = chosen.clone(),
            None => set.values.iter_mut().for_each(|item| item.text.clear()),
        }
    }
    Some(settled)
}

/// Whether something is left without a value that another readout may settle.
pub fn is_open(readouts: &[Vec<Set>], settled: &[Set]) -> bool {
    let is_lost = |(place, set): (usize, &Set)| {
        let was_there = |readout: &Vec<Set>| {
            readout
                .get(place)
                .is_some_and(|before| before.id == set.id && has_text(before))
        };
        !has_text(set) && readouts.iter().any(was_there)
    };
    settled.iter().enumerate().any(is_lost)
}

fn has_text(set: &Set) -> bool {
    set.values.iter().any(|item| !item.text.is_empty())
}

fn is_alike(one: &[Set], other: &[Set]) -> bool {
    let same = |(one, other): (&Set, &Set)| {
        let mut units = one.values.iter().zip(&other.values);
        one.id == other.id && one.values.len() == other.values.len() && units.all(|(one, other)| one.unit == other.unit)
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

fn is_moving(set: &Set) -> bool {
    let unit = set
        .values
        .iter()
        .map(|item| item.unit.as_str())
        .find(|unit| !unit.is_empty());
    Address::parse(&set.id).is_some_and(|address| {
        let class = meaning(&address, unit.unwrap_or_default()).class;
        address.period.is_none() && matches!(class, Class::Current | Class::Clock)
    })
}

/// The middle one of at least three numbers.
fn middle<'a>(versions: &[&'a Set]) -> Option<&'a Set> {
    let number = |set: &&'a Set| {
        let [only] = set.values.as_slice() else { return None };
        let number = number::fixed(&only.text)?;
        Some((number.decimals, number.digits, *set))
    };
    let numbers = versions.iter().map(number).collect::<Option<Vec<_>>>()?;
    let decimals = numbers.first()?.0;
    if numbers.len() < 3 || numbers.iter().any(|(other, ..)| *other != decimals) {
        return None;
    }
    let is_middle = |(_, digits, _): &&(u8, i64, &'a Set)| {
        let less = numbers.iter().filter(|(_, other, _)| other < digits).count();
        let same = numbers.iter().filter(|(_, other, _)| other == digits).count();
        (less..less + same).contains(&(numbers.len() / 2))
    };
    numbers.iter().find(is_middle).map(|(_, _, set)| *set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::parse;

    fn settled(readouts: &[&str], moving: Moving) -> Option<String> {
        let readouts: Vec<_> = readouts.iter().map(|text| parse(text)).collect();
        let sets = settle(&readouts, moving)?;
        let text = |set: &Set| set.values.iter().map(|item| item.text.clone()).collect::<String>();
        Some(sets.iter().map(text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn two_readouts_must_agree() {
        let steady = ["1.8.0(5)\n1.7.0(1)", "1.8.0(5)\n1.7.0(2)"];
        assert_eq!(settled(&steady, Moving::Last).as_deref(), Some("5 2"));
        assert_eq!(settled(&steady, Moving::None).as_deref(), Some("5 "));
        assert_eq!(settled(&steady[..1], Moving::Last), None);
        let damaged = ["1.8.0(5)\n1.7.0(1)", "1.8.0(9)\n1.7.0(9)", "1.8.0(5)\n1.7.0(2)"];
        assert_eq!(settled(&damaged, Moving::Middle).as_deref(), Some("5 2"));
        assert_eq!(
            settled(&["1.8.0(5)", "1.8.(5)"], Moving::Last),
            None,
            "another structure"
        );
        assert_eq!(
            settled(&["1.8.0*05(5)", "1.8.0*05(6)"], Moving::Last).as_deref(),
            Some("")
        );
        let readouts: Vec<_> = ["1.8.0(5)", "1.8.0(6)"].map(parse).into();
        assert!(is_open(&readouts, &settle(&readouts, Moving::Last).unwrap()));
    }
}
