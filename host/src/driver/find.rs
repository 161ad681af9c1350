//! Finding a model by what a person calls it: СПТ943, SPT943, spt-943 or 943.

use super::describe::{Describe, Model};

/// How Cyrillic letters sound in Latin ones, as the makers' own Latin names write them.
const SOUNDS: &[(char, &str)] = &[
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "h"),
    ('ц', "c"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "sch"),
    ('ъ', ""),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "yu"),
    ('я', "ya"),
];

/// Cyrillic letters whose capitals look like Latin ones: BKT-7 on a Latin keyboard is a ВКТ-7.
const SHAPES: &[(char, &str)] = &[
    ('а', "a"),
    ('в', "b"),
    ('е', "e"),
    ('к', "k"),
    ('м', "m"),
    ('н', "h"),
    ('о', "o"),
    ('р', "p"),
    ('с', "c"),
    ('т', "t"),
    ('у', "y"),
    ('х', "x"),
];

/// So many candidates a person is shown; who has more before him says more of the name.
const CANDIDATES: usize = 12;

/// A model that a search found, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// What its driver says of itself.
    pub describe: &'a Describe,
    /// The model.
    pub model: &'a Model,
    /// How well it fits.
    closeness: Closeness,
}

/// How well a model fits what is looked for, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    /// It is one of its names.
    Name,
    /// One of its names begins so.
    Begin,
    /// It stands somewhere in a name, or is the maker or the driver.
    Part,
    /// Each of its words does.
    Words,
}

/// Why a name does not say which model is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOne {
    /// Nobody reads such a model.
    #[error("no driver knows a model {0:?}: `uzel driver list` names all models")]
    Nobody(String),
    /// It may be several.
    #[error("{text:?} may be {}: say which", .candidates.join(", "))]
    Several {
        /// What was looked for.
        text: String,
        /// Name, id and driver of each.
        candidates: Vec<String>,
    },
}

impl Found<'_> {
    /// Its name as a person may write it to mean this one, and whose it is.
    pub fn shown(&self) -> String {
        let name = self.model.names.first().unwrap_or(&self.model.id);
        format!("{name} ({}, driver {})", self.model.id, self.describe.id)
    }
}

/// The models that may be meant, the best first and otherwise in the order of the drivers. An empty text means all.
pub fn find<'a>(drivers: impl IntoIterator<Item = &'a Describe>, text: &str) -> Vec<Found<'a>> {
    let wanted = Wanted::of(text);
    let mut found = Vec::new();
    for describe in drivers {
        for model in &describe.models {
            found.extend(wanted.closeness(describe, model).map(|closeness| Found {
                describe,
                model,
                closeness,
            }));
        }
    }
    found.sort_by_key(|found| found.closeness);
    found
}

/// The one model that is meant: the only one with this name, or else the only one that fits at all.
///
/// # Errors
/// None does, or several do: those are named.
pub fn find_one<'a>(drivers: impl IntoIterator<Item = &'a Describe>, text: &str) -> Result<Found<'a>, NotOne> {
    let mut found = find(drivers, text);
    if found.iter().any(|found| found.closeness == Closeness::Name) {
        found.retain(|found| found.closeness == Closeness::Name);
    }
    match found[..] {
        [] => Err(NotOne::Nobody(text.to_owned())),
        [one] => Ok(one),
        _ => Err(NotOne::Several {
            text: text.to_owned(),
            candidates: named(&found),
        }),
    }
}

/// The first of them, and how many more there are.
fn named(found: &[Found]) -> Vec<String> {
    let mut named: Vec<_> = found.iter().take(CANDIDATES).map(Found::shown).collect();
    if found.len() > CANDIDATES {
        named.push(format!("{} more", found.len() - CANDIDATES));
    }
    named
}

/// What is looked for, folded in both ways.
struct Wanted {
    whole: [String; 2],
    /// Of each word.
    words: Vec<[String; 2]>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        let words = text.split_whitespace().map(folds);
        Self {
            whole: folds(text),
            words: words.filter(|word| !word.iter().all(String::is_empty)).collect(),
        }
    }

    fn closeness(&self, describe: &Describe, model: &Model) -> Option<Closeness> {
        let names: Vec<_> = model.names.iter().chain([&model.id]).map(|name| folds(name)).collect();
        if names
            .iter()
            .any(|name| meet(name, &self.whole, |name, part| name == part))
        {
            return Some(Closeness::Name);
        }
        if names
            .iter()
            .any(|name| meet(name, &self.whole, |name, part| name.starts_with(part)))
        {
            return Some(Closeness::Begin);
        }
        let whose = [&model.maker.ru, &model.maker.en, &describe.id].map(|text| folds(text));
        let has = |part: &[String; 2]| {
            names
                .iter()
                .chain(&whose)
                .any(|text| meet(text, part, |text, part| text.contains(part)))
        };
        if has(&self.whole) {
            return Some(Closeness::Part);
        }
        (self.words.len() > 1 && self.words.iter().all(has)).then_some(Closeness::Words)
    }
}

/// Whether `holds` for one of the ways in which both are folded.
fn meet(text: &[String; 2], part: &[String; 2], holds: impl Fn(&str, &str) -> bool) -> bool {
    text.iter().zip(part).any(|(text, part)| holds(text, part))
}

/// A name so that its spellings meet: small letters and digits only, Cyrillic ones by their sound, and by their shape.
fn folds(name: &str) -> [String; 2] {
    [SOUNDS, SHAPES].map(|table| {
        let plain = name
            .chars()
            .flat_map(char::to_lowercase)
            .filter(|c| c.is_alphanumeric());
        let mut folded = String::new();
        for c in plain {
            match table.iter().find(|(cyrillic, _)| *cyrillic == c) {
                Some((_, latin)) => folded.push_str(latin),
                None => folded.push(c),
            }
        }
        folded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet_by_sound_or_by_shape() {
        let meets = |a: &str, b: &str| meet(&folds(a), &folds(b), |a, b| a == b);
        for name in ["СПТ943", "SPT943", "spt-943", "спт 943", "CПТ943"] {
            assert!(meets(name, "СПТ943"), "{name}");
        }
        for name in ["ВКТ-7", "VKT7", "BKT-7", "вкт 7"] {
            assert!(meets(name, "ВКТ-7"), "{name}");
        }
        assert!(!meets("СПТ943", "СПТ942"));
        assert!(!meets("ВКТ-7", "ВКТ-77"));
    }
}
