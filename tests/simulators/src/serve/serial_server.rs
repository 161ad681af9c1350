//! A serial server that is set over telnet (RFC 2217), with a meter behind its port. It can misbehave.

use super::talk::{Shared, lock, next_client};
use crate::meter::Meter as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How a serial server differs from one that does as the standard says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Quirk {
    #[default]
    None,
    /// Its port cannot be set.
    RefusesPort,
    /// It passes bytes and knows no telnet.
    NotTelnet,
    /// Whatever speed is asked for, it sets this one.
    SetsBaud(u32),
    /// It does as it is told and confirms nothing.
    ConfirmsNothing,
    /// It contradicts every offer and demand, without end.
    Contradicts,
    /// Each byte goes in a segment of its own.
    Torn,
    /// What it still had for somebody else comes at every purge, before it is confirmed.
    Stale,
    /// It confirms the first purge only.
    PurgesOnce,
    /// It says this and closes.
    Says(&'static str),
}

const IAC: u8 = 255;
const SE: u8 = 240;
const SB: u8 = 250;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const PORT: u8 = 44;

/// What clients told the server of its port: each the bytes after the option's code.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Vec<Vec<u8>>>>);

impl Told {
    /// So far, first to last.
    pub fn list(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, said: &[u8]) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(said.to_vec());
    }
}

/// Accepts until `cancel` falls, one client at a time.
pub async fn serve(listener: TcpListener, device: Shared, quirk: Quirk, told: Told, cancel: CancellationToken) {
    let begun = Instant::now();
    while let Some(stream) = next_client(&listener, &cancel).await {
        let mut client = Client {
            stream: BufReader::new(stream),
            device: Arc::clone(&device),
            quirk: quirk.clone(),
            told: told.clone(),
            begun,
            purges: 0,
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            // The client has gone, which is its right.
            _ = client.talk() => {}
        }
    }
}

struct Client {
    stream: BufReader<TcpStream>,
    device: Shared,
    quirk: Quirk,
    told: Told,
    begun: Instant,
    purges: u32,
}

impl Client {
    async fn talk(&mut self) -> io::Result<()> {
        match self.quirk {
            Quirk::Says(text) => return self.say(text.as_bytes()).await,
            Quirk::NotTelnet => return self.pass().await,
            Quirk::None | Quirk::SetsBaud(_) => self.say(&[IAC, WILL, 1, IAC, DO, 0, IAC, DO, PORT]).await?,
            _ => {}
        }
        loop {
            let mut data = vec![self.stream.read_u8().await?];
            if data == [IAC] {
                match self.stream.read_u8().await? {
                    IAC => {}
                    SB => {
                        let said = self.subnegotiation().await?;
                        self.obey(&said).await?;
                        continue;
                    }
                    verb => {
                        let option = self.stream.read_u8().await?;
                        self.answer(verb, option).await?;
                        continue;
                    }
                }
            }
            // What came with it, up to the next command.
            let more: Vec<u8> = self
                .stream
                .buffer()
                .iter()
                .copied()
                .take_while(|byte| *byte != IAC)
                .collect();
            self.stream.consume(more.len());
            data.extend(more);
            self.hand_over(&data).await?;
        }
    }

    /// Bytes as they are.
    async fn pass(&mut self) -> io::Result<()> {
        let mut bytes = [0; 512];
        loop {
            let count = self.stream.read(&mut bytes).await?;
            if count == 0 {
                return Ok(());
            }
            let replies = lock(&self.device).on_bytes(self.begun.elapsed(), &bytes[..count]);
            for reply in replies {
                self.stream.write_all(&reply.bytes).await?;
            }
        }
    }

    async fn hand_over(&mut self, data: &[u8]) -> io::Result<()> {
        let replies = lock(&self.device).on_bytes(self.begun.elapsed(), data);
        for reply in replies {
            tokio::time::sleep(reply.delay).await;
            let (head, tail) = reply.bytes.split_at(reply.bytes.len() / 2);
            self.say(&doubled(head)).await?;
            if self.quirk != Quirk::RefusesPort {
                // News come at any time: CTS and DSR, then an overrun.
                self.say(&[IAC, SB, PORT, 107, 0x33, IAC, SE]).await?;
                self.say(&[IAC, SB, PORT, 106, 2, IAC, SE]).await?;
            }
            self.say(&doubled(tail)).await?;
        }
        Ok(())
    }

    async fn subnegotiation(&mut self) -> io::Result<Vec<u8>> {
        let mut said = Vec::new();
        loop {
            match self.stream.read_u8().await? {
                IAC => match self.stream.read_u8().await? {
                    SE => return Ok(said),
                    byte => said.push(byte),
                },
                byte => said.push(byte),
            }
        }
    }

    async fn answer(&mut self, verb: u8, option: u8) -> io::Result<()> {
        let yes = match self.quirk {
            Quirk::RefusesPort => option != PORT,
            _ => true,
        };
        let answer = match verb {
            WILL => [DONT, DO],
            DO => [WONT, WILL],
            // A client that gives in.
            _ if self.quirk != Quirk::Contradicts => return Ok(()),
            WONT => [DO, DO],
            _ => [WILL, WILL],
        };
        self.say(&[IAC, answer[usize::from(yes)], option]).await?;
        if self.quirk == Quirk::Contradicts && option != PORT {
            self.say(&[IAC, answer[usize::from(!yes)], option]).await?;
        }
        Ok(())
    }

    async fn obey(&mut self, said: &[u8]) -> io::Result<()> {
        let [PORT, told @ ..] = said else { return Ok(()) };
        self.told.add(told);
        let mut confirmed = told.to_vec();
        match told {
            [0] => confirmed.extend(b"a simulated serial server"),
            [1, baud @ ..] if baud.len() == 4 => {
                let asked = baud.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
                let set = match self.quirk {
                    Quirk::SetsBaud(other) => other,
                    _ => asked,
                };
                lock(&self.device).tune(set);
                confirmed = [&[1], &set.to_be_bytes()[..]].concat();
            }
            [12, ..] => {
                self.purges += 1;
                if self.quirk == Quirk::Stale {
                    self.say(b"an answer to somebody else").await?;
                    // It takes its time on the way.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    self.say(b", in two parts").await?;
                }
            }
            _ => {}
        }
        let silent = match self.quirk {
            Quirk::ConfirmsNothing => true,
            Quirk::PurgesOnce => told.first() == Some(&12) && self.purges > 1,
            // As on a port without modem lines.
            _ => told.first() == Some(&5),
        };
        if silent {
            return Ok(());
        }
        if let Some(code) = confirmed.first_mut() {
            *code = code.saturating_add(100);
        }
        let bytes = [&[IAC, SB, PORT], &*doubled(&confirmed), &[IAC, SE]].concat();
        self.say(&bytes).await
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let step = if self.quirk == Quirk::Torn {
            1
        } else {
            bytes.len().max(1)
        };
        for part in bytes.chunks(step) {
            self.stream.write_all(part).await?;
            self.stream.flush().await?;
            if step == 1 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

fn doubled(bytes: &[u8]) -> Vec<u8> {
    let twice = |byte: &u8| vec![*byte; if *byte == IAC { 2 } else { 1 }];
    bytes.iter().flat_map(twice).collect()
}
