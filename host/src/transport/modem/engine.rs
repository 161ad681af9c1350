//! A modem of ours: commands, dialling, escape, hang-up (ITU-T V.250, 3GPP TS 27.007; docs/lines.md).

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::fault::{Fault, NoCall};
use super::port::Port;
use super::profile::{HangUp, Profile};
use super::reply::{Lines, Said, registered, signal};
use crate::limits;

/// How long DTR is down, and then up before the first command.
const DTR: Duration = Duration::from_secs(1);

/// Longest reply to each of the commands that end a call: two escapes and two commands must fit the 15 s that a session
/// gives its line for that.
const HANG_UP_REPLY: Duration = Duration::from_secs(2);

/// Between two questions for the network.
const REGISTRATION_EVERY: Duration = Duration::from_secs(2);

/// Lines kept of what a modem says beside OK.
const TOLD_LINES: usize = 32;

/// What a modem is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// It takes commands and has no call.
    Nothing,
    /// Any character ends it.
    Dialling,
    /// Bytes go through to the far end.
    InCall,
}

/// A modem whose port is open.
#[derive(Debug)]
pub(super) struct Modem {
    name: String,
    pub(super) port: Box<dyn Port>,
    profile: Arc<Profile>,
    lines: Lines,
    /// Lines that came together with one that was heard.
    heard: VecDeque<String>,
    doing: Doing,
    /// When bytes last went to it: an escape needs silence before.
    pub(super) sent_at: Instant,
    /// Since when a call is up.
    connected_at: Option<Instant>,
    /// How long calls were up that are over.
    on_line: Duration,
}

impl Modem {
    pub(super) fn new(name: String, port: Box<dyn Port>, profile: Arc<Profile>) -> Self {
        Self {
            name,
            port,
            profile,
            lines: Lines::default(),
            heard: VecDeque::new(),
            doing: Doing::Nothing,
            sent_at: Instant::now(),
            connected_at: None,
            on_line: Duration::ZERO,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How long it was in calls, as the far end's operator counts: from the connection to the end.
    pub(super) fn on_line(&self) -> Duration {
        self.on_line + self.connected_at.map_or(Duration::ZERO, |at| at.elapsed())
    }

    /// The call is over, whoever ended it.
    pub(super) fn call_over(&mut self) {
        self.doing = Doing::Nothing;
        self.on_line = self.on_line();
        self.connected_at = None;
    }

    /// Resets and sets it up, waits for its network. Gives the signal (0 to 31) where there is one.
    pub(super) async fn prepare(&mut self) -> Result<Option<u8>, Fault> {
        self.drop_dtr().await;
        if let Err(fault) = self.command("AT").await {
            if !matches!(fault, Fault::Silent { .. }) {
                return Err(fault);
            }
            // A host that was killed left it in its call: what we said went to a meter.
            self.escape().await?;
            self.command("ATH").await?;
        }
        let profile = self.profile.clone();
        for command in &profile.init {
            self.command(command).await?;
        }
        if !profile.gsm {
            return Ok(None);
        }
        self.find_network().await?;
        // Only for the log: a modem that cannot tell may call all the same.
        let told = self.command("AT+CSQ").await.unwrap_or_default();
        Ok(told.iter().find_map(|line| signal(line)))
    }

    async fn find_network(&mut self) -> Result<(), Fault> {
        let limit = self.profile.registration;
        let until = Instant::now() + limit;
        let mut recover_at = Some(Instant::now() + limit / 2);
        loop {
            let told = self.command("AT+CREG?").await?;
            if told.iter().any(|line| registered(line) == Some(true)) {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(Fault::NoNetwork {
                    modem: self.name.clone(),
                    got: told.join(" "),
                    limit_s: limit.as_secs(),
                });
            }
            if recover_at.take_if(|at| *at <= Instant::now()).is_some() {
                // Radio on, network by itself. The next question tells whether it helped.
                for command in ["AT+CFUN=1", "AT+COPS=0"] {
                    let _ = self.command(command).await;
                }
            }
            sleep_until(until.min(Instant::now() + REGISTRATION_EVERY)).await;
        }
    }

    /// Calls, and drops what comes while the line settles. Gives what the modem said of the connection.
    pub(super) async fn dial(&mut self, number: &str, settle: Option<Duration>) -> Result<String, NoCall> {
        let command = format!("{}{number}", self.profile.dial);
        let (begun, limit) = (Instant::now(), self.profile.dialling);
        self.drain().await;
        self.doing = Doing::Dialling;
        self.send(format!("{command}\r").as_bytes()).await?;
        let connected = self.connection(begun + limit).await?;
        let said = |text: &str| {
            let (modem, seconds) = (&self.name, begun.elapsed().as_secs());
            format!("modem {modem} said {text:?} {seconds} s after {command}")
        };
        let settled = match connected {
            None => {
                let (modem, seconds) = (&self.name, limit.as_secs());
                let text = format!("modem {modem} said nothing for {seconds} s after {command}");
                return Err(NoCall::Silent(text));
            }
            Some(Said::Connect(text)) => text,
            Some(Said::Busy) => return Err(NoCall::Busy(said("BUSY"))),
            Some(Said::NoAnswer) => return Err(NoCall::Silent(said("NO ANSWER"))),
            Some(Said::NoCarrier) => return Err(NoCall::NoCarrier(said("NO CARRIER"))),
            Some(other) => {
                let (modem, got) = (self.name.clone(), other.text().to_owned());
                return Err(Fault::NoCall { modem, got }.into());
            }
        };
        self.settle(settle).await?;
        Ok(settled)
    }

    /// What ends the dialling; none: nothing did.
    async fn connection(&mut self, until: Instant) -> Result<Option<Said>, Fault> {
        while let Some(line) = self.hear(until).await? {
            let said = Said::of(&line);
            match said {
                Said::Ok | Said::Ring | Said::Other(_) => continue,
                Said::Connect(_) => {
                    self.doing = Doing::InCall;
                    self.connected_at = Some(Instant::now());
                }
                _ => self.call_over(),
            }
            return Ok(Some(said));
        }
        Ok(None)
    }

    /// Drops what comes while the line settles, for `settle` or as long as the profile says.
    pub(super) async fn settle(&mut self, settle: Option<Duration>) -> Result<(), NoCall> {
        let until = Instant::now() + settle.unwrap_or(self.profile.settle);
        while let Some(line) = self.hear(until).await? {
            if Said::of(&line) == Said::NoCarrier {
                self.call_over();
                let text = format!("modem {} said \"NO CARRIER\" while the line settled", self.name);
                return Err(NoCall::NoCarrier(text));
            }
        }
        self.lines.clear();
        self.heard.clear();
        Ok(())
    }

    /// Ends whatever it does, so that it takes commands and has no call.
    ///
    /// # Errors
    /// It does not confirm: it may be in its call still.
    pub(super) async fn hang_up(&mut self) -> Result<(), Fault> {
        if self.doing == Doing::Dialling {
            // Any character ends dialling. A call that came up meanwhile is ended as such.
            self.send(b"\r").await?;
            self.connection(Instant::now() + HANG_UP_REPLY).await?;
        }
        let quick = self.doing == Doing::InCall && self.profile.hang_up == HangUp::Dtr && self.drop_dtr().await;
        match self.leave_call(quick).await {
            Ok(()) => {}
            Err(Fault::Port { modem, source }) => return Err(Fault::Port { modem, source }),
            Err(_) => {
                let dropped = self.drop_dtr().await;
                self.leave_call(dropped).await?;
            }
        }
        self.call_over();
        Ok(())
    }

    /// Commands again, and on the hook. `dropped`: DTR has fallen, so that nothing is there to escape from.
    async fn leave_call(&mut self, dropped: bool) -> Result<(), Fault> {
        if self.doing == Doing::InCall && !dropped {
            // Without an OK the carrier may be gone already: ATH decides.
            self.escape().await?;
        }
        let limit = HANG_UP_REPLY.min(self.profile.reply);
        self.command_within("ATH", limit).await.map(drop)
    }

    /// From data to commands: silence, `+++`, silence, OK. False: no OK came.
    async fn escape(&mut self) -> Result<bool, Fault> {
        // A quarter more: bytes do not reach the modem at the moment at which they are written.
        let guard = self.profile.guard + self.profile.guard / 4;
        sleep_until(self.sent_at + guard).await;
        self.drain().await;
        self.send(b"+++").await?;
        let until = Instant::now() + guard + HANG_UP_REPLY;
        while let Some(line) = self.hear(until).await? {
            if matches!(Said::of(&line), Said::Ok | Said::NoCarrier) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// DTR down and up. False: there is no such wire.
    async fn drop_dtr(&mut self) -> bool {
        if !self.port.set_dtr(false) {
            return false;
        }
        self.raise_dtr().await;
        true
    }

    /// DTR up, after it was down for long enough.
    pub(super) async fn raise_dtr(&mut self) {
        sleep(DTR).await;
        if self.port.set_dtr(true) {
            sleep(DTR).await;
        }
    }

    /// Sends a command that is answered with OK; gives the other lines of the reply.
    async fn command(&mut self, command: &str) -> Result<Vec<String>, Fault> {
        self.command_within(command, self.profile.reply).await
    }

    async fn command_within(&mut self, command: &str, limit: Duration) -> Result<Vec<String>, Fault> {
        self.drain().await;
        self.send(format!("{command}\r").as_bytes()).await?;
        let until = Instant::now() + limit;
        let mut told = Vec::new();
        let (modem, command) = (self.name.clone(), command.to_owned());
        while let Some(line) = self.hear(until).await? {
            match Said::of(&line) {
                Said::Ok => return Ok(told),
                Said::Error(got) => return Err(Fault::Refused { modem, command, got }),
                // Its own echo is no reply.
                Said::Other(text) if text != command && told.len() < TOLD_LINES => told.push(text),
                // A call that comes in, the end of one before: nothing to do with this command.
                _ => {}
            }
        }
        Err(Fault::Silent {
            modem,
            command,
            got: told.join(" "),
            limit_ms: limit.as_millis(),
        })
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let until = Instant::now() + self.profile.reply;
        let sent = timeout_at(until, self.port.write_all(bytes)).await;
        self.sent_at = Instant::now();
        let stuck = || io::Error::new(io::ErrorKind::TimedOut, "it takes no bytes");
        sent.unwrap_or_else(|_| Err(stuck()))
            .map_err(|source| self.port_fault(source))
    }

    /// The line that comes next; none: none was whole by `until`.
    async fn hear(&mut self, until: Instant) -> Result<Option<String>, Fault> {
        loop {
            if let Some(line) = self.heard.pop_front() {
                return Ok(Some(line));
            }
            // A port that always has something would never let the deadline be seen.
            if Instant::now() >= until {
                return Ok(None);
            }
            let mut chunk = [0; 256];
            match timeout_at(until, self.port.read(&mut chunk)).await {
                Err(_) => return Ok(None),
                Ok(Ok(0)) => return Err(self.port_fault(io::ErrorKind::UnexpectedEof.into())),
                Ok(Ok(count)) => self
                    .heard
                    .extend(self.lines.push(chunk.get(..count).unwrap_or_default())),
                Ok(Err(source)) => return Err(self.port_fault(source)),
            }
        }
    }

    /// Drops what came before. A port that never falls silent is left talking.
    async fn drain(&mut self) {
        self.lines.clear();
        self.heard.clear();
        let (mut chunk, mut dropped) = ([0; 256], 0);
        while dropped < limits::TRANSFER_BYTES as usize {
            let count = poll_fn(|context| {
                let mut buffer = ReadBuf::new(&mut chunk);
                // Nothing there now is the answer, not a reason to wait.
                Poll::Ready(match Pin::new(&mut *self.port).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) => buffer.filled().len(),
                    Poll::Ready(Err(_)) | Poll::Pending => 0,
                })
            })
            .await;
            if count == 0 {
                return;
            }
            dropped += count;
        }
    }

    fn port_fault(&self, source: io::Error) -> Fault {
        Fault::Port {
            modem: self.name.clone(),
            source,
        }
    }
}
