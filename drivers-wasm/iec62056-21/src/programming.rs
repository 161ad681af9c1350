//! The programming mode: passwords, questions, and answers in parts (section 6.5 of the standard).

use uzel_driver_sdk::Port;

use crate::frame::{self, ACK, Answer, Block};
use crate::ident::{Ident, Mode};
use crate::link::{ANSWER_MAX, Expect, Link};
use crate::trouble::Trouble;

/// Blocks of one answer at most.
const BLOCKS_MAX: u32 = 4_096;

impl Link {
    /// Signs on and enters the programming mode, once.
    pub fn enter(&mut self, port: &mut dyn Port) -> Result<Ident, Trouble> {
        let ident = self.sign_on(port)?;
        let Mode::C(baud) = ident.mode() else {
            let text = format!("{} has no programming mode", ident.text());
            // A name that came once may be damaged.
            return Err(if self.known.is_some() {
                Trouble::Unsupported(text)
            } else {
                Trouble::Garbled(text)
            });
        };
        self.select(port, baud, b'1')?;
        self.in_programming = true;
        match self.answer(port, Expect::Block, &mut Vec::new())? {
            Answer::Block(Block {
                command: Some([b'P', _]),
                ..
            }) => {}
            other => return Err(Trouble::Garbled(format!("{} came, expected P0", other.word()))),
        }
        if !self.config.password.is_empty() {
            self.say_password(port)?;
        }
        Ok(ident)
    }

    /// A meter may lock itself after wrong passwords: what it refused twice, once for the line's sake, is not said again.
    fn say_password(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        let said = frame::command(*b"P1", &format!("({})", self.config.password));
        let mut refusal = String::new();
        for _ in 0..2 {
            self.send(port, &said)?;
            match self.answer(port, Expect::Short, &mut Vec::new())? {
                Answer::Ack => return Ok(()),
                Answer::Nak => refusal = "NAK".to_owned(),
                Answer::Block(block) => refusal = block.data,
            }
        }
        Err(Trouble::Refused(format!("the password was refused: {refusal}")))
    }

    /// Asks in the programming mode until an answer can be believed. `judge` says why one is to something else.
    pub fn ask(
        &mut self,
        port: &mut dyn Port,
        command: [u8; 2],
        data: &str,
        judge: &mut dyn FnMut(&str) -> Result<(), String>,
    ) -> Result<String, Trouble> {
        let mut answers: Vec<String> = Vec::new();
        let mut failures = 0;
        loop {
            let trouble = match self.once(port, command, data) {
                Ok(answer) => match judge(&answer) {
                    Ok(()) if !self.proves() || answers.contains(&answer) => return Ok(answer),
                    Ok(()) => {
                        answers.push(answer);
                        // One that differs was damaged, or the meter went on meanwhile.
                        failures += u32::from(answers.len() > 1);
                        Trouble::Garbled("no two answers are alike".to_owned())
                    }
                    Err(why) => {
                        failures += 1;
                        Trouble::Garbled(why)
                    }
                },
                Err(trouble) if trouble.may_pass() => {
                    failures += 1;
                    trouble
                }
                Err(trouble) => return Err(trouble),
            };
            if failures > 0 {
                self.is_disturbed = true;
                port.note(&trouble.to_string());
            }
            if failures >= self.config.attempts.saturating_mul(2) {
                return Err(trouble);
            }
        }
    }

    fn once(&mut self, port: &mut dyn Port, command: [u8; 2], data: &str) -> Result<String, Trouble> {
        if !self.in_programming
            && let Err(trouble) = self.enter(port)
        {
            if trouble.may_pass() {
                self.leave(port)?;
            }
            return Err(trouble);
        }
        self.settle(port)?;
        let has_parts = matches!(command, [_, b'3' | b'4' | b'6']);
        let expect = if has_parts { Expect::Part } else { Expect::Block };
        self.send(port, &frame::command(command, data))?;
        let mut text = String::new();
        for _ in 0..BLOCKS_MAX {
            let answer = self.answer(port, expect, &mut Vec::new());
            match answer {
                Ok(Answer::Block(block)) => {
                    text.push_str(&block.data);
                    if block.is_last {
                        return Ok(text);
                    }
                    self.send(port, &[ACK])?;
                }
                Ok(Answer::Ack) => {
                    return Err(Trouble::Garbled(
                        "the meter takes the question and says no more".to_owned(),
                    ));
                }
                Ok(Answer::Nak) => return Err(Trouble::Nak(data.to_owned())),
                Err(trouble) => {
                    // A meter that says nothing may have ended the session: it is begun anew.
                    if matches!(trouble, Trouble::Silent) {
                        self.leave(port)?;
                    }
                    return Err(trouble);
                }
            }
            if text.len() > ANSWER_MAX {
                break;
            }
        }
        Err(Trouble::Garbled(format!(
            "an answer has more than {} characters",
            text.len()
        )))
    }
}
