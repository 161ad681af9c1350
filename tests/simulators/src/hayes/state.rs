//! The modem's own state: settings, command line, call.

use super::answer::{framed, information};
use super::phone_book::PhoneBook;
use crate::random::Random;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest command line; what is longer is refused.
const COMMAND_BYTES: usize = 160;

/// What a modem was told and what happened to it, as it noted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModemEvent {
    /// A whole command line, without its end.
    Command(String),
    /// A number was dialled.
    Dialled(String),
    /// The far end took the call.
    Connected(String),
    /// `+++` between its guard times: commands again, the call stays.
    Escaped,
    /// The host ended the call.
    HungUp(String),
    /// The far end, or chance, ended it.
    CarrierLost(String),
}

/// A modem before it is started.
#[derive(Clone, Debug)]
pub struct Hayes {
    pub(super) book: PhoneBook,
    pub(super) registered_after: Option<Duration>,
    pub(super) guard: Duration,
    pub(super) is_mute: bool,
    /// Ignores ATE0 and ATV1.
    pub(super) is_stubborn: bool,
    pub(super) seed: u64,
}

impl Hayes {
    /// A modem that dials numbers of this book.
    pub fn new(book: &PhoneBook) -> Self {
        Self {
            book: book.clone(),
            registered_after: Some(Duration::ZERO),
            guard: Duration::from_secs(1),
            is_mute: false,
            is_stubborn: false,
            seed: 1,
        }
    }

    /// It finds its network so long after its start; none: never.
    pub fn registered_after(mut self, after: Option<Duration>) -> Self {
        self.registered_after = after;
        self
    }

    /// Silence that an escape needs before and after; register S12.
    pub fn guard(mut self, guard: Duration) -> Self {
        self.guard = guard;
        self
    }

    /// It says nothing at all.
    pub fn mute(mut self) -> Self {
        self.is_mute = true;
        self
    }

    /// It echoes and answers in numbers, whatever it is told.
    pub fn stubborn(mut self) -> Self {
        self.is_stubborn = true;
        self
    }

    /// Chance of lost carriers.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// What the line has to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing: commands go on.
    Command,
    Dial(String),
    /// Back to the call.
    Online,
    HangUp,
}

/// A modem at work, without its line and its call.
#[derive(Debug)]
pub(super) struct State {
    pub hayes: Hayes,
    pub random: Random,
    begun: Instant,
    echo: bool,
    pub verbose: bool,
    line: Vec<u8>,
    pub log: Arc<Mutex<Vec<ModemEvent>>>,
}

impl State {
    pub fn new(hayes: Hayes) -> Self {
        Self {
            random: Random::new(hayes.seed),
            begun: Instant::now(),
            echo: true,
            verbose: !hayes.is_stubborn,
            line: Vec::new(),
            log: Arc::default(),
            hayes,
        }
    }

    pub fn note(&self, event: ModemEvent) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    pub fn result(&self, words: &str) -> Vec<u8> {
        framed(words, self.verbose)
    }

    /// Takes one byte in command mode: what goes back, and what to do when it ended a command line.
    pub fn byte(&mut self, byte: u8) -> (Vec<u8>, Next) {
        if self.hayes.is_mute {
            return (Vec::new(), Next::Command);
        }
        let mut out = if self.echo { vec![byte] } else { Vec::new() };
        if byte != b'\r' {
            if byte != b'\n' && self.line.len() < COMMAND_BYTES {
                self.line.push(byte);
            }
            return (out, Next::Command);
        }
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line).to_uppercase();
        // What stands before the first AT is noise; without any there is no command.
        let Some((_, commands)) = text.split_once("AT") else {
            return (out, Next::Command);
        };
        self.note(ModemEvent::Command(format!("AT{commands}")));
        let next = match self.carry_out(commands, &mut out) {
            Some(next) => next,
            None => {
                out.extend(self.result("ERROR"));
                return (out, Next::Command);
            }
        };
        // A dialled number and a return to the call have results of their own.
        if matches!(next, Next::Command | Next::HangUp) {
            out.extend(self.result("OK"));
        }
        (out, next)
    }

    /// The commands of one line; none: one is not known.
    fn carry_out(&mut self, commands: &str, out: &mut Vec<u8>) -> Option<Next> {
        let mut rest = commands.trim();
        let mut next = Next::Command;
        let mut chars = rest.chars();
        while let Some(first) = chars.next() {
            let after = chars.as_str();
            rest = match first {
                ' ' => after,
                'D' => {
                    let number: String = after.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
                    return Some(Next::Dial(number));
                }
                '+' => {
                    let (command, more) = rest.split_once(';').unwrap_or((rest, ""));
                    self.extended(command, out)?;
                    more
                }
                'S' => {
                    let (register, value) = after.split_once('=')?;
                    let (value, more) = number(value);
                    if register == "12" {
                        self.hayes.guard = Duration::from_millis(u64::from(value) * 20);
                    }
                    more
                }
                '&' => {
                    let setting = chars.next()?;
                    let (_, more) = number(chars.as_str());
                    match setting {
                        'F' => (self.echo, self.verbose) = (true, !self.hayes.is_stubborn),
                        'C' | 'D' | 'K' => {}
                        _ => return None,
                    }
                    more
                }
                _ => {
                    let (value, more) = number(after);
                    match first {
                        'E' => self.echo = value != 0 || self.hayes.is_stubborn,
                        'V' => self.verbose = value != 0 && !self.hayes.is_stubborn,
                        'Z' => {
                            (self.echo, self.verbose) = (true, !self.hayes.is_stubborn);
                            next = Next::HangUp;
                        }
                        'H' => next = Next::HangUp,
                        'O' => return Some(Next::Online),
                        'X' | 'Q' | 'L' | 'M' => {}
                        _ => return None,
                    }
                    more
                }
            };
            chars = rest.chars();
        }
        Some(next)
    }

    fn extended(&self, command: &str, out: &mut Vec<u8>) -> Option<()> {
        let told = match command {
            "+CREG?" => {
                let after = self.hayes.registered_after;
                let is_registered = after.is_some_and(|after| self.begun.elapsed() >= after);
                // Not registered, searching.
                Some(format!("+CREG: 0,{}", if is_registered { 1 } else { 2 }))
            }
            "+CSQ" => Some("+CSQ: 18,99".to_owned()),
            _ => None,
        };
        match told {
            Some(told) => out.extend(information(&told, self.verbose)),
            None if ["+CBST=", "+CFUN=", "+COPS=", "+CREG="]
                .iter()
                .any(|known| command.starts_with(known)) => {}
            None => return None,
        }
        Some(())
    }
}

/// The number at the start of a text, 0 without one, and what follows it.
fn number(text: &str) -> (u32, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().unwrap_or(0), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(state: &mut State, text: &str) -> (String, Next) {
        let mut out = Vec::new();
        let mut next = Next::Command;
        for byte in text.bytes() {
            let (bytes, then) = state.byte(byte);
            out.extend(bytes);
            next = then;
        }
        (String::from_utf8(out).unwrap(), next)
    }

    #[tokio::test]
    async fn commands_are_answered_in_words_or_numbers_with_or_without_echo() {
        let mut state = State::new(Hayes::new(&PhoneBook::new()));
        let said = |text: &str| text.to_owned();
        assert_eq!(say(&mut state, "ATZ\r"), (said("ATZ\r\r\nOK\r\n"), Next::HangUp));
        assert_eq!(say(&mut state, "ATE0V0\r"), (said("ATE0V0\r0\r"), Next::Command));
        assert_eq!(say(&mut state, "AT&D2&C1X4S0=0\r"), (said("0\r"), Next::Command));
        assert_eq!(say(&mut state, "AT+NONE\r"), (said("4\r"), Next::Command));
        assert_eq!(say(&mut state, "+++ATV1\r"), (said("\r\nOK\r\n"), Next::Command));
        assert_eq!(say(&mut state, "AT+CREG?\r").0, "\r\n+CREG: 0,1\r\n\r\nOK\r\n");
        assert_eq!(say(&mut state, "noise\r"), (said(""), Next::Command));
        assert_eq!(say(&mut state, "atdt+7 921\r"), (said(""), Next::Dial("+7921".into())));
    }
}
