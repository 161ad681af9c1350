//! Which channels and groups of an electricity meter are wanted: `к1-16 г1`.

use crate::model::Group;

/// The highest channel and the highest group (SPbus note, section 8).
const CHANNEL_MAX: u8 = 128;
const GROUP_MAX: u8 = 32;
/// Channels of one reference of an archive; the references of channels come first, then those of groups.
const PART: usize = 16;
const PARTS_OF_CHANNELS: usize = CHANNEL_MAX as usize / PART;

/// Ranges, both ends in them; none is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channels(Vec<(Group, u8, u8)>);

impl Channels {
    /// Reads what a person entered; says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ranges = Vec::new();
        for word in text.split_ascii_whitespace() {
            let wrong = || format!("channels has {word:?}, expected such as к1-16 г1, к to 128, г to 32");
            ranges.push(range(word).ok_or_else(wrong)?);
        }
        Ok(Self(ranges))
    }

    /// Whether a channel is wanted.
    pub fn has(&self, group: Group, channel: u8) -> bool {
        self.has_any(group, channel, channel)
    }

    /// Whether any channel of a reference is wanted, by its place among those of an archive.
    pub fn has_part(&self, place: usize) -> bool {
        let (group, part) = match place.checked_sub(PARTS_OF_CHANNELS) {
            None => (Group::Pipe, place),
            Some(part) => (Group::Main, part),
        };
        let before = u8::try_from(part * PART).unwrap_or(u8::MAX);
        self.has_any(group, before.saturating_add(1), before.saturating_add(16))
    }

    fn has_any(&self, group: Group, first: u8, last: u8) -> bool {
        let mut ranges = self.0.iter();
        self.0.is_empty() || ranges.any(|(of, from, to)| *of == group && *from <= last && first <= *to)
    }
}

/// `к5`, `г1-16`, with Latin letters, too.
fn range(word: &str) -> Option<(Group, u8, u8)> {
    let mut rest = word.chars();
    let (group, most) = match rest.next()? {
        'к' | 'К' | 'k' | 'K' => (Group::Pipe, CHANNEL_MAX),
        'г' | 'Г' | 'g' | 'G' => (Group::Main, GROUP_MAX),
        _ => return None,
    };
    let (first, last) = rest.as_str().split_once('-').unwrap_or((rest.as_str(), rest.as_str()));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (1 <= first && first <= last && last <= most).then_some((group, first, last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_choose_channels_and_the_references_they_are_in() {
        let wanted = Channels::parse("к5 k17-32 г2").unwrap();
        let channels: Vec<u8> = (1..=128).filter(|channel| wanted.has(Group::Pipe, *channel)).collect();
        assert_eq!((channels.len(), channels[0], channels[1]), (17, 5, 17));
        assert!(wanted.has(Group::Main, 2) && !wanted.has(Group::Main, 5));
        let parts: Vec<usize> = (0..10).filter(|part| wanted.has_part(*part)).collect();
        assert_eq!(parts, [0, 1, 8]);
        let all = Channels::parse(" ").unwrap();
        assert!((0..10).all(|part| all.has_part(part)) && all.has(Group::Main, 32));
        for wrong in ["5", "к1,г1", "к0", "к129", "г33", "к5-4", "к1-", "т1", "к1-2-3"] {
            assert!(Channels::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[кг0-9 ,-]{0,20}") {
            let _ = Channels::parse(&text);
        }
    }
}
