//! The identification message `/MMMZ\W…ident` (section 6.3.2): maker, speed character, enhancements, name.

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// Three letters; the third is small where the meter answers within 20 ms.
    pub maker: String,
    /// Speed character, which is also the mode.
    pub speed: char,
    /// What the meter calls itself, without enhancements.
    pub name: String,
    /// Characters behind backslashes: `2` announces HDLC.
    pub enhancements: String,
}

/// How the conversation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The meter sends its readout at the speed of the sign-on.
    A,
    /// It changes to this speed, baud, and sends.
    B(u32),
    /// It waits to be told this speed, baud, or a lower one, and what to do.
    C(u32),
}

/// Speeds of the characters from `0` on, baud; `A` is the second of them.
const SPEEDS: [u32; 7] = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200];

/// Longest line that is taken for an identification: 16 characters of name, enhancements, and what makers add.
const LINE_MAX: usize = 64;

impl Ident {
    /// Reads the line; none where it is no identification. What noise put in front is passed over.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end_matches(['\r', '\n']);
        let text = line.rsplit('/').next().filter(|text| text.len() < line.len())?;
        let mut characters = text.chars();
        let maker: String = characters.by_ref().take(3).collect();
        let speed = characters.next()?;
        let is_maker = maker.len() == 3 && maker.chars().all(|letter| letter.is_ascii_alphabetic());
        if !is_maker || !speed.is_ascii_graphic() || text.len() > LINE_MAX {
            return None;
        }
        let (mut name, mut enhancements) = (String::new(), String::new());
        while let Some(character) = characters.next() {
            match character {
                '\\' => enhancements.extend(characters.next()),
                _ if character.is_ascii_control() => return None,
                _ => name.push(character),
            }
        }
        Some(Self {
            maker,
            speed,
            name: name.trim().to_owned(),
            enhancements,
        })
    }

    /// What its speed character means.
    pub fn mode(&self) -> Mode {
        let speed = |first: char, step: u32| {
            let place = u32::from(self.speed).checked_sub(u32::from(first))? + step;
            SPEEDS.get(usize::try_from(place).ok()?).copied()
        };
        match (speed('0', 0), speed('A', 1)) {
            (Some(baud), _) => Mode::C(baud),
            (None, Some(baud)) => Mode::B(baud),
            _ => Mode::A,
        }
    }

    /// The line without its leading stroke.
    pub fn text(&self) -> String {
        format!("{}{}{}", self.maker, self.speed, self.name)
    }
}

/// The fastest speed of at most `limit` baud, and its character; 300 where none is so slow.
pub fn speed(limit: u32) -> (u32, u8) {
    let characters = SPEEDS.iter().zip(b'0'..);
    let fastest = characters.filter(|(speed, _)| **speed <= limit).last();
    fastest.map_or((300, b'0'), |(speed, character)| (*speed, character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_identification_is_taken_apart() {
        let ident = Ident::parse("/EMH5\\@LZQJL0013F\r\n").unwrap();
        assert_eq!((ident.maker.as_str(), ident.name.as_str()), ("EMH", "LZQJL0013F"));
        assert_eq!((ident.mode(), ident.enhancements.as_str()), (Mode::C(9_600), "@"));
        let ident = Ident::parse("\u{7f}/Els6\\2EK280\r\n").unwrap();
        assert_eq!((ident.text().as_str(), ident.enhancements.as_str()), ("Els6EK280", "2"));
        for wrong in ["", "\r\n", "EMH5", "/EM", "/1234name", "/EMH5na\u{1}me"] {
            assert_eq!(Ident::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_speed_character_is_the_mode() {
        let mode = |speed| Ident::parse(&format!("/ABC{speed}name")).unwrap().mode();
        let wanted = [
            ('0', Mode::C(300)),
            ('6', Mode::C(19_200)),
            ('7', Mode::A),
            ('A', Mode::B(600)),
            ('F', Mode::B(19_200)),
            ('G', Mode::A),
            ('?', Mode::A),
        ];
        for (character, want) in wanted {
            assert_eq!(mode(character), want, "{character}");
        }
        assert_eq!(
            (speed(9_600), speed(10_000), speed(100)),
            ((9_600, b'5'), (9_600, b'5'), (300, b'0'))
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(line in "\\PC{0,80}") {
            if let Some(ident) = Ident::parse(&line) {
                ident.mode();
            }
        }
    }
}
