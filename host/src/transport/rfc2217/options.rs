//! Which telnet options are on, and what is answered to an offer or a demand (RFC 1143, without its queue). Pure.

use std::collections::HashMap;

use super::port::COM_PORT;
use super::telnet::Verb;
use crate::limits;

/// Bytes pass unchanged (RFC 856).
const BINARY: u8 = 0;
/// No "go ahead" after each turn (RFC 858).
const NO_GO_AHEAD: u8 = 3;

/// Who does what an option is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    We,
    They,
}

/// How far an option has come on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// It was not spoken of: off.
    #[default]
    Unspoken,
    /// We asked for it.
    Asked,
    On,
    Refused,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    stage: Stage,
    answers: u8,
}

/// The options of one connection.
#[derive(Debug, Default)]
pub(super) struct Options(HashMap<(Side, u8), Known>);

impl Options {
    /// What we ask for at first: binary both ways, and to be allowed to set the port.
    pub(super) fn ask(&mut self) -> Vec<u8> {
        let asks = [
            (Side::We, COM_PORT),
            (Side::We, BINARY),
            (Side::They, BINARY),
            (Side::We, NO_GO_AHEAD),
            (Side::They, NO_GO_AHEAD),
        ];
        let mut out = Vec::new();
        for (side, option) in asks {
            self.0.entry((side, option)).or_default().stage = Stage::Asked;
            out.extend(say(side, true, option));
        }
        out
    }

    /// Takes what the far end says; gives the bytes of the answer, where one is due. A far end that says the same for
    /// ever is answered [`limits::TELNET_ANSWERS`] times.
    pub(super) fn hear(&mut self, verb: Verb, option: u8) -> Option<[u8; 3]> {
        let (side, on) = match verb {
            Verb::Will => (Side::They, true),
            Verb::Wont => (Side::They, false),
            Verb::Do => (Side::We, true),
            Verb::Dont => (Side::We, false),
        };
        let wanted = match option {
            BINARY | NO_GO_AHEAD | COM_PORT => true,
            // An echo would come back as an answer.
            _ => false,
        };
        let known = self.0.entry((side, option)).or_default();
        let (stage, answer) = match (known.stage, on) {
            (Stage::Asked, true) => (Stage::On, None),
            (Stage::On, true) => (Stage::On, None),
            (Stage::Unspoken | Stage::Refused, true) if wanted => (Stage::On, Some(true)),
            (Stage::Unspoken | Stage::Refused, true) => (Stage::Refused, Some(false)),
            (Stage::On, false) => (Stage::Refused, Some(false)),
            (Stage::Asked | Stage::Unspoken | Stage::Refused, false) => (Stage::Refused, None),
        };
        known.stage = stage;
        let answer = answer.filter(|_| known.answers < limits::TELNET_ANSWERS)?;
        known.answers += 1;
        Some(say(side, answer, option))
    }

    /// Whether the port may be set: none while that is open. Some servers offer what they should demand.
    pub(super) fn may_set_port(&self) -> Option<bool> {
        let stage = |side| self.0.get(&(side, COM_PORT)).copied().unwrap_or_default().stage;
        match (stage(Side::We), stage(Side::They)) {
            (Stage::On, _) | (_, Stage::On) => Some(true),
            (Stage::Refused, _) => Some(false),
            _ => None,
        }
    }
}

fn say(side: Side, on: bool, option: u8) -> [u8; 3] {
    match (side, on) {
        (Side::We, true) => Verb::Will,
        (Side::We, false) => Verb::Wont,
        (Side::They, true) => Verb::Do,
        (Side::They, false) => Verb::Dont,
    }
    .say(option)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: u8 = 1;

    #[test]
    fn offers_are_answered_once_and_answers_not_at_all() {
        let mut options = Options::default();
        assert_eq!(options.ask().len(), 15);
        let cases = [
            // What ser2net says first: of what we asked for, nothing is left to say.
            (Verb::Will, NO_GO_AHEAD, None),
            (Verb::Do, NO_GO_AHEAD, None),
            (Verb::Will, ECHO, Some([255, 254, 1])),
            (Verb::Dont, ECHO, None),
            (Verb::Do, BINARY, None),
            (Verb::Will, BINARY, None),
            (Verb::Do, COM_PORT, None),
            // Said again.
            (Verb::Do, COM_PORT, None),
            (Verb::Will, COM_PORT, Some([255, 253, 44])),
            // Withdrawn.
            (Verb::Wont, BINARY, Some([255, 254, 0])),
            (Verb::Wont, BINARY, None),
            // Terminal type.
            (Verb::Do, 24, Some([255, 252, 24])),
        ];
        for (verb, option, answer) in cases {
            assert_eq!(options.hear(verb, option), answer, "{verb:?} {option}");
        }
        assert_eq!(options.may_set_port(), Some(true));
    }

    #[test]
    fn setting_the_port_is_open_granted_or_refused() {
        let granted = |heard: &[Verb]| {
            let mut options = Options::default();
            options.ask();
            for verb in heard {
                options.hear(*verb, COM_PORT);
            }
            options.may_set_port()
        };
        assert_eq!(granted(&[]), None);
        assert_eq!(granted(&[Verb::Do]), Some(true));
        assert_eq!(granted(&[Verb::Will]), Some(true));
        assert_eq!(granted(&[Verb::Dont]), Some(false));
        assert_eq!(granted(&[Verb::Do, Verb::Dont]), Some(false));
        // It has no settings of its own to offer, but ours may still be granted.
        assert_eq!(granted(&[Verb::Wont]), None);
    }

    #[test]
    fn a_far_end_that_repeats_itself_gets_few_answers() {
        for verbs in [[Verb::Will, Verb::Wont], [Verb::Do, Verb::Dont], [Verb::Will; 2]] {
            for option in [BINARY, ECHO, COM_PORT] {
                let mut options = Options::default();
                options.ask();
                let heard = verbs.iter().cycle().take(1_000);
                let answers = heard.filter_map(|verb| options.hear(*verb, option)).count();
                assert!(
                    answers <= usize::from(limits::TELNET_ANSWERS),
                    "{verbs:?} {option}: {answers} answers"
                );
            }
        }
    }
}
