//! Finds places and devices by what people remember of them. Pure.
//!
//! Letters that look alike in both scripts are one letter, Russian words are found by their Latin spelling and the other
//! way round, and a query in the wrong keyboard layout is understood.

use super::places::Structure;
use crate::api::catalog::Drivers;

/// What an entry of the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::api) enum Kind {
    /// A building or plant.
    Site,
    /// A metering node.
    Node,
    /// A calculator or meter.
    Device,
    /// A metering point.
    Point,
    /// An owner of sites.
    Organisation,
}

impl Kind {
    /// As the API says it.
    pub(in crate::api) fn word(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Node => "node",
            Self::Device => "device",
            Self::Point => "point",
            Self::Organisation => "organisation",
        }
    }
}

/// All entries.
#[derive(Default)]
pub(in crate::api) struct Index(Vec<Entry>);

struct Entry {
    found: Found,
    /// By its own words.
    own: Folded,
    /// By those of the places above it too.
    whole: Folded,
}

/// Where something that was found stands in the lists of the structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) struct Found {
    /// What it is.
    pub(in crate::api) kind: Kind,
    /// Its place in the list of its kind.
    pub(in crate::api) at: usize,
}

/// A text as it looks and as it sounds.
struct Folded {
    looks: String,
    sounds: String,
}

impl Folded {
    fn of(text: &str) -> Self {
        Self {
            looks: looks(text),
            sounds: sounds(text),
        }
    }

    fn holds(&self, wanted: &Wanted) -> bool {
        let all = |text: &str, words: &[String]| words.iter().all(|word| text.contains(word.as_str()));
        wanted
            .variants
            .iter()
            .any(|(by_looks, by_sound)| all(&self.looks, by_looks) || all(&self.sounds, by_sound))
    }

    /// Whether a word of it begins as the query does.
    fn begins(&self, wanted: &Wanted) -> bool {
        let begins = |text: &str, words: &[String]| {
            let words = words.join(" ");
            text.starts_with(&words) || text.contains(&format!(" {words}")) || text.contains(&format!("«{words}"))
        };
        wanted
            .variants
            .iter()
            .any(|(by_looks, by_sound)| begins(&self.looks, by_looks) || begins(&self.sounds, by_sound))
    }
}

/// A query in the spellings in which it may have been meant.
struct Wanted {
    variants: Vec<(Vec<String>, Vec<String>)>,
}

impl Wanted {
    fn of(query: &str) -> Option<Self> {
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let meant = [Some(query.to_owned()), other_layout(query)];
        let variants: Vec<_> = meant
            .into_iter()
            .flatten()
            .map(|text| (words(looks(&text)), words(sounds(&text))))
            .filter(|(by_looks, _)| !by_looks.is_empty())
            .collect();
        (!variants.is_empty()).then_some(Self { variants })
    }
}

impl Index {
    pub(super) fn of(places: &Structure, drivers: &Drivers) -> Self {
        let mut entries = Vec::new();
        let mut add = |kind, at, own: &str, above: &str| {
            entries.push(Entry {
                found: Found { kind, at },
                own: Folded::of(own),
                whole: Folded::of(&format!("{own} {above}")),
            });
        };
        for (at, organisation) in places.organisations.iter().enumerate() {
            add(Kind::Organisation, at, &organisation.name, "");
        }
        for (at, site) in places.sites.iter().enumerate() {
            let own = format!(
                "{} {}",
                site.site.name,
                site.site.address.as_deref().unwrap_or_default()
            );
            let owner = places.organisations.get(site.organisation);
            add(Kind::Site, at, &own, owner.map_or("", |owner| &owner.name));
            for node_at in site.nodes.clone() {
                let Some(node) = places.nodes.get(node_at) else {
                    continue;
                };
                add(Kind::Node, node_at, &node.node.name, &own);
                for (point, one) in node.points.clone().zip(places.points_of(node)) {
                    add(Kind::Point, point, &one.name, &format!("{} {own}", node.node.name));
                }
                for (device, one) in node.devices.clone().zip(places.devices_of(node)) {
                    let device_of = &one.device;
                    let names = drivers
                        .model(&device_of.driver, device_of.model.as_deref())
                        .map(|model| model.names.join(" "))
                        .unwrap_or_default();
                    let serial = device_of.serial.as_deref().unwrap_or_default();
                    let words = format!("{} {serial} {names}", device_of.name);
                    add(Kind::Device, device, &words, &own);
                }
            }
        }
        Self(entries)
    }

    /// What matches the query, the best first: by its own words before by those of its place, from the beginning of a
    /// word before from within. `may` leaves out what whoever asks does not see.
    pub(in crate::api) fn find(&self, query: &str, may: impl Fn(Found) -> bool) -> Vec<Found> {
        let Some(wanted) = Wanted::of(query) else {
            return Vec::new();
        };
        let mut found: Vec<(u8, Kind, usize)> = self
            .0
            .iter()
            .filter_map(|entry| {
                let rank = match (entry.own.holds(&wanted), entry.whole.holds(&wanted)) {
                    (true, _) if entry.own.begins(&wanted) => 0,
                    (true, _) => 1,
                    (false, true) => 2,
                    (false, false) => return None,
                };
                may(entry.found).then_some((rank, entry.found.kind, entry.found.at))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, kind, at)| Found { kind, at }).collect()
    }

    /// Whether each node, by itself or by what belongs to it, matches the query.
    pub(in crate::api) fn nodes(&self, query: &str, places: &Structure) -> Vec<bool> {
        let mut found = vec![false; places.nodes.len()];
        let Some(wanted) = Wanted::of(query) else {
            found.fill(true);
            return found;
        };
        for entry in self.0.iter().filter(|entry| entry.whole.holds(&wanted)) {
            if let Some(of_it) = places.nodes_of(entry.found).and_then(|nodes| found.get_mut(nodes)) {
                of_it.fill(true);
            }
        }
        found
    }
}

/// Lower case; letters that look alike in both scripts are the Latin one.
fn looks(text: &str) -> String {
    text.to_lowercase()
        .trim()
        .chars()
        .map(|letter| match letter {
            'а' => 'a',
            'в' => 'b',
            'е' | 'ё' => 'e',
            'к' => 'k',
            'м' => 'm',
            'н' => 'h',
            'о' => 'o',
            'р' => 'p',
            'с' => 'c',
            'т' => 't',
            'у' => 'y',
            'х' => 'x',
            other => other,
        })
        .collect()
}

/// Lower case; Russian letters as Latin ones that sound like them (the usual transliteration of street names).
fn sounds(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.to_lowercase().trim().chars() {
        let latin = match letter {
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' => "g",
            'д' => "d",
            'е' | 'ё' | 'э' => "e",
            'ж' => "zh",
            'з' => "z",
            'и' | 'й' => "i",
            'к' => "k",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => "h",
            'ц' => "c",
            'ч' => "ch",
            'ш' => "sh",
            'щ' => "sch",
            'ы' => "y",
            'ю' => "yu",
            'я' => "ya",
            'ъ' | 'ь' => "",
            other => {
                out.push(other);
                continue;
            }
        };
        out.push_str(latin);
    }
    out
}

/// The same keys in the other layout; none when the text has letters of both.
fn other_layout(text: &str) -> Option<String> {
    const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.";
    const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбю";
    let is_russian = text.to_lowercase().chars().any(|letter| ('а'..='ё').contains(&letter));
    let (from, to) = if is_russian { (RUSSIAN, LATIN) } else { (LATIN, RUSSIAN) };
    text.to_lowercase()
        .chars()
        .map(|letter| match from.chars().position(|key| key == letter) {
            Some(at) => to.chars().nth(at),
            None if to.contains(letter) && letter.is_alphabetic() => None,
            None => Some(letter),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, query: &str) -> bool {
        Wanted::of(query).is_some_and(|wanted| Folded::of(text).holds(&wanted))
    }

    #[test]
    fn either_script_and_either_layout_are_understood() {
        let text = "Лесная, 1 · ВКТ-7 № 0068431";
        for query in [
            "лесная",
            "ЛЕСНАЯ 1",
            "lesnaya",
            "ktcyfz",
            "BKT-7",
            "VKT-7",
            "ВКТ-7",
            "0068431",
            "1 лес",
        ] {
            assert!(holds(text, query), "{query}");
        }
        assert!(holds("СПТ943 № А17", "SPT943"));
        assert!(holds("SPT943 No. A17", "спт943"));
        assert!(holds("SPT943 No. A17", "а17"));
        for query in ["садовая", "0068432", "лесная 2", ""] {
            assert!(!holds(text, query), "{query}");
        }
    }

    #[test]
    fn the_beginning_of_a_word_is_told_from_its_middle() {
        let begins = |text: &str, query: &str| Wanted::of(query).is_some_and(|wanted| Folded::of(text).begins(&wanted));
        assert!(begins("Лесная 7", "лес"));
        assert!(begins("Улица Лесная 7", "лес"));
        assert!(!begins("Перелесная 7", "лес"));
    }
}
