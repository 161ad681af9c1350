//! Who answers: the text of function 17, and the size of a record of hours (Vzlet note, sections 0 and 3.1).

use uzel_driver_sdk::Failure;

use crate::config::Told;
use crate::model::Model;
use crate::tables::tsrv02x::{TSRV020, TSRV022, TSRV023};
use crate::tables::tsrv03x::{TSRV030, TSRV034};
use crate::tables::tsrv024::{TSRV024, TSRV024M, TSRV024M_PLUS};
use crate::tables::tsrv026m::TSRV026M;
use crate::tables::tsrv043::TSRV043;

/// All models.
pub static MODELS: [&Model; 10] = [
    &TSRV020,
    &TSRV022,
    &TSRV023,
    &TSRV024,
    &TSRV024M,
    &TSRV024M_PLUS,
    &TSRV026M,
    &TSRV030,
    &TSRV034,
    &TSRV043,
];

/// Longest text that is looked at.
const TEXT_MAX: usize = 64;

/// Meters that one name may mean; they differ in the size of their records.
#[derive(Debug)]
pub struct Family {
    /// A part of the name that decides, whatever the number is.
    word: Option<&'static str>,
    /// The first groups of the number.
    numbers: &'static [&'static str],
    told: Option<Told>,
    /// The likeliest model first.
    models: &'static [&'static Model],
}

const fn family(number: &'static [&'static str], models: &'static [&'static Model]) -> Family {
    Family {
        word: None,
        numbers: number,
        told: None,
        models,
    }
}

/// Words go before numbers: 76.30.04 is a ТСРВ-043 with the words and a 024М+ without.
static FAMILIES: [Family; 8] = [
    Family {
        word: Some("TSRV-043"),
        ..family(&[], &[&TSRV043])
    },
    Family {
        word: Some("TSRV-026"),
        told: Some(Told::Tsrv026m),
        ..family(&[], &[&TSRV026M])
    },
    Family {
        word: Some("TSR6"),
        told: Some(Told::Tsrv02x),
        ..family(&["62.10.", "76.10."], &[&TSRV023, &TSRV022, &TSRV020])
    },
    // Which of the first two it is, its records say, too.
    family(&["76.30.02."], &[&TSRV024, &TSRV024M_PLUS]),
    family(&["76.30.03."], &[&TSRV024M, &TSRV024M_PLUS]),
    family(&["76.30.04."], &[&TSRV024M_PLUS, &TSRV024M]),
    family(&["63.01.01."], &[&TSRV030]),
    family(&["63.01.03."], &[&TSRV034]),
];

/// What function 17 says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Up to the first zero byte.
    pub text: String,
    /// `76.30.03.19`.
    pub number: Option<String>,
}

impl Name {
    /// Reads the data of an answer: a text in Windows-1251, then what nobody here needs.
    pub fn parse(data: &[u8]) -> Self {
        let text: String = data
            .iter()
            .take_while(|byte| **byte != 0)
            .take(TEXT_MAX)
            .map(|byte| letter(*byte))
            .collect();
        let text = text.trim().to_owned();
        let number = number(&text);
        Self { text, number }
    }

    /// Whether a meter of this maker says so.
    fn is_vzlet(&self) -> bool {
        let words = ["Взлёт", "Взлет", "ВЗЛЁТ", "ВЗЛЕТ"];
        let is_named =
            self.text.to_ascii_uppercase().contains("VZLJOT") || words.iter().any(|word| self.text.contains(word));
        self.number.is_some() && is_named
    }
}

/// A letter of Windows-1251; what is neither Russian nor ASCII is no letter of a name.
fn letter(byte: u8) -> char {
    match byte {
        0xa8 => 'Ё',
        0xb8 => 'ё',
        0xc0.. => char::from_u32(u32::from(byte) - 0xc0 + 0x410).unwrap_or('?'),
        0x20..=0x7e => char::from(byte),
        _ => '?',
    }
}

/// Four groups of two digits with dots or spaces between them, with dots.
fn number(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_ascii_digit()).collect::<Vec<_>>();
    let groups = words.windows(4).rev();
    let mut found = groups.filter(|groups| groups.iter().all(|group| group.len() == 2));
    found.next().map(|groups| groups.join("."))
}

impl Family {
    /// The family of a name; the configuration decides about names that nobody knows.
    ///
    /// # Errors
    /// Another device than the driver is for, by its own name and what was configured.
    pub fn of(name: Option<&Name>, told: Told) -> Result<&'static Self, Failure> {
        let shown = name.map_or("has no function 17".to_owned(), |name| {
            format!("calls itself \"{}\"", name.text)
        });
        let wrong = |want: &str| Failure::WrongDevice(format!("it {shown}, expected {want}"));
        if name.is_some_and(|name| !name.is_vzlet()) {
            return Err(wrong("VZLJOT or Взлёт and a number"));
        }
        let known = name.and_then(known);
        match (known, told) {
            (Some(family), Told::Nothing) => Ok(family),
            (Some(family), told) if family.told == Some(told) => Ok(family),
            (Some(_), Told::Tsrv02x) => Err(wrong("a ТСРВ-020 to 023, as the configuration says")),
            (Some(_), Told::Tsrv026m) => Err(wrong("a ТСРВ-026М, as the configuration says")),
            (None, Told::Nothing) => Err(wrong(
                "a known number; a ТСРВ-020 to 023 or 026М with another may be named in the configuration",
            )),
            (None, told) => {
                let family = FAMILIES.iter().find(|family| family.told == Some(told));
                family.ok_or_else(|| wrong("a known number"))
            }
        }
    }

    /// Models that may be meant, the likeliest first.
    pub fn models(&self) -> &'static [&'static Model] {
        self.models
    }

    /// The model whose records of hours have this size; without a size the only one.
    ///
    /// # Errors
    /// Records of a size that no model of this name has, or no way to tell.
    pub fn model(&self, size: Option<usize>) -> Result<&'static Model, Failure> {
        let hours = |model: &&'static Model| model.hours().map(|(_, size)| size);
        match (self.models, size) {
            ([only], None) => Ok(only),
            // Unlike the others, these have a name each.
            ([first, _], None) => Ok(first),
            (models, Some(size)) => {
                let found = models
                    .iter()
                    .find(|model| hours(model).is_none_or(|known| known == size));
                found.copied().ok_or_else(|| {
                    let sizes: Vec<_> = models.iter().filter_map(hours).map(|size| size.to_string()).collect();
                    let sizes = sizes.join(" or ");
                    Failure::WrongDevice(format!("its records of hours have {size} bytes, expected {sizes}"))
                })
            }
            (_, None) => Err(Failure::WrongDevice(
                "it gave no record of an hour, by whose size its model is told".to_owned(),
            )),
        }
    }
}

fn known(name: &Name) -> Option<&'static Family> {
    let upper = name.text.to_ascii_uppercase();
    let by_word = FAMILIES
        .iter()
        .find(|family| family.word.is_some_and(|word| upper.contains(word)));
    by_word.or_else(|| {
        let number = name.number.as_deref()?;
        FAMILIES
            .iter()
            .find(|family| family.numbers.iter().any(|first| number.starts_with(first)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &[u8], told: Told, size: Option<usize>) -> Result<&'static str, String> {
        let name = Name::parse(text);
        let model = Family::of(Some(&name), told).and_then(|family| family.model(size));
        model.map(|model| model.id).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn a_name_and_a_size_make_a_model() {
        let auto = |text, size| told(text, Told::Nothing, Some(size));
        let old = b"\xc2\xe7\xeb\xb8\xf2 \xd2\xd1\xd0\xc2-030 63.01.03.02\0\0\x23";
        assert_eq!(auto(b"VZLJOT 76.30.02.11\0", 172), Ok("tsrv024"));
        assert_eq!(auto(b"VZLJOT 76.30.03.19", 172), Ok("tsrv024m"));
        assert_eq!(auto(b"VZLJOT 76.30.03.19", 186), Ok("tsrv024m-plus"));
        assert_eq!(auto(b"VZLJOT 76.30.04.01\0", 186), Ok("tsrv024m-plus"));
        assert_eq!(auto(b"VZLJOT TSRV-043 76.30.04.05\0", 149), Ok("tsrv043"));
        assert_eq!(auto(b"VZLJOT 63.01.03.35 \0\0", 53), Ok("tsrv034"));
        assert_eq!(auto(old, 53), Ok("tsrv034"));
        assert_eq!(auto(b"Vzljot TSR6 62.10.03.09", 250), Ok("tsrv023"));
        assert_eq!(auto(b"VZLJOT 76 10 01 02", 175), Ok("tsrv022"));
        assert_eq!(told(b"VZLJOT 99.01.01.01", Told::Tsrv02x, Some(171)), Ok("tsrv020"));
        assert_eq!(told(b"VZLJOT 99.01.01.01", Told::Tsrv026m, None), Ok("tsrv026m"));
        assert_eq!(told(b"VZLJOT 63.01.03.35 ", Told::Nothing, None), Ok("tsrv034"));
    }

    #[test]
    fn nothing_else_is_taken_for_a_known_meter() {
        let auto = |text, size| told(text, Told::Nothing, size).unwrap_err();
        assert!(auto(b"VZLJOT 76.63.00.08", Some(30)).contains("a known number"));
        assert!(auto(b"VKT-7 76.30.02.01", Some(172)).contains("VKT-7"));
        assert!(auto(b"VZLJOT", Some(172)).contains("expected VZLJOT"));
        assert!(auto(b"VZLJOT 76.30.02.01", Some(149)).contains("149 bytes"));
        assert!(auto(b"VZLJOT 63.01.03.35", Some(52)).contains("52 bytes"));
        assert!(auto(b"VZLJOT 62.10.03.09", None).contains("no record"));
        let told = told(b"VZLJOT 76.30.02.11", Told::Tsrv02x, Some(172)).unwrap_err();
        assert!(told.contains("configuration"), "{told}");
        assert!(Family::of(None, Told::Nothing).is_err());
        assert!(Family::of(None, Told::Tsrv02x).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_name_or_none(data in proptest::collection::vec(any::<u8>(), 0..255), size in proptest::option::of(0usize..300)) {
            let name = Name::parse(&data);
            for told in [Told::Nothing, Told::Tsrv02x, Told::Tsrv026m] {
                let _ = Family::of(Some(&name), told).and_then(|family| family.model(size));
            }
        }
    }
}
