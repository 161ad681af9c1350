//! Modems at the end of a pipe, on a clock that stands still while anything runs.

mod calling;
mod held;
mod in_call;
mod pools;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::config::Config;
use super::engine::Modem;
use super::port::Port;
use super::profile::{Profile, ProfileName};

/// A port with modem lines.
#[derive(Debug)]
struct Wire {
    stream: DuplexStream,
    lines: Arc<Mutex<Lines>>,
}

/// Modem lines, as both ends see them.
#[derive(Debug, Default)]
struct Lines {
    /// None: the port has no modem lines.
    dcd: Option<bool>,
    /// Every change of DTR.
    dtr: Vec<bool>,
}

impl Port for Wire {
    fn set_dtr(&mut self, on: bool) -> bool {
        let mut lines = self.lines.lock().unwrap();
        if lines.dcd.is_some() {
            lines.dtr.push(on);
        }
        lines.dcd.is_some()
    }

    fn carrier(&mut self) -> Option<bool> {
        self.lines.lock().unwrap().dcd
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// One exchange of a modem: what it is told, how long it thinks, what it says.
type Step = (&'static str, u64, &'static str);

/// A modem that does what a script says, and then says nothing; gives when it was told what.
fn scripted(mut far: DuplexStream, script: &[Step]) -> JoinHandle<Vec<Duration>> {
    let script = script.to_vec();
    let begun = Instant::now();
    tokio::spawn(async move {
        let mut at = Vec::new();
        for (told, after_ms, says) in script {
            let mut bytes = vec![0; told.len()];
            far.read_exact(&mut bytes).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&bytes), told);
            at.push(begun.elapsed());
            sleep(Duration::from_millis(after_ms)).await;
            far.write_all(says.as_bytes()).await.unwrap();
        }
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "", "beyond the script");
        at
    })
}

/// A profile with little to say.
fn short() -> Profile {
    Profile {
        init: vec!["ATZ".to_owned()],
        ..Profile::of(ProfileName::Generic)
    }
}

/// A modem whose port has modem lines or not, and the far end of its wire.
fn modem(profile: Profile, dcd: Option<bool>) -> (Modem, DuplexStream, Arc<Mutex<Lines>>) {
    let (stream, far) = duplex(4_096);
    let lines = Arc::new(Mutex::new(Lines { dcd, dtr: Vec::new() }));
    let wire = Wire {
        stream,
        lines: lines.clone(),
    };
    (
        Modem::new("m1".to_owned(), Box::new(wire), Arc::new(profile)),
        far,
        lines,
    )
}

/// A pool of so many modems on ports that nobody opens; a call ends with its session.
fn pool(modems: usize) -> Config {
    Config {
        pool: "p".to_owned(),
        ports: (1..=modems).map(|port| format!("tcp:127.0.0.1:{port}")).collect(),
        hold_s: 0,
        ..Config::default()
    }
}
