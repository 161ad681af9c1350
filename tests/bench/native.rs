//! The driver without sandbox: its own crate, over a blocking socket.

use std::io::{self, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use jiff::Timestamp;
use jiff::civil::DateTime;
use socket2::SockRef;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{
    ArchiveKind, CivilTime, Driver as _, Instant as Millis, Level, LineError, Medium, Port, Reading, Settings, Until,
    Window,
};
use vkt7::Vkt7;

/// Do not wait: a flag of recv on Linux.
const MSG_DONTWAIT: i32 = 0x40;

/// A session that reads `day`; gives its questions.
pub fn session(address: &str, config: &str, day: (DateTime, DateTime)) -> Result<u64> {
    let mut port = Socket::connect(address)?;
    let (mut driver, mut sink) = (Vkt7::default(), Collected::default());
    let window = Window {
        begin: civil(day.0),
        end: civil(day.1),
    };
    let failed = |failure| anyhow!("the driver says {failure:?}");
    driver.identify(&mut port, config).map_err(failed)?;
    driver
        .read_archive(&mut port, ArchiveKind::Hourly, &[window], None, &mut sink)
        .map_err(failed)?;
    driver.close(&mut port);
    let rows: usize = sink.tables.iter().map(|table| table.rows.len()).sum();
    ensure!(rows == 24, "{rows} rows came, expected 24");
    Ok(port.questions)
}

/// The meter's time as a driver has it.
pub fn civil(at: DateTime) -> CivilTime {
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    CivilTime {
        year: u16::try_from(at.year()).unwrap_or_default(),
        month: part(at.month()),
        day: part(at.day()),
        hour: part(at.hour()),
        minute: part(at.minute()),
        second: part(at.second()),
    }
}

struct Socket {
    stream: TcpStream,
    held: Vec<u8>,
    questions: u64,
    /// The timeout that the socket has now.
    timeout: Duration,
}

impl Socket {
    fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            held: Vec::new(),
            questions: 0,
            timeout: Duration::ZERO,
        })
    }

    fn give(&mut self, count: usize) -> Vec<u8> {
        let rest = self.held.split_off(count.min(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }

    /// Takes what comes until `deadline`; false when nothing came.
    fn fill(&mut self, deadline: Instant) -> Result<bool, LineError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        // Whole seconds, so that the option is set once and not for every read.
        let timeout = Duration::from_secs(left.as_secs() + 1);
        if timeout != self.timeout {
            self.stream
                .set_read_timeout(Some(timeout))
                .map_err(|_| LineError::Denied)?;
            self.timeout = timeout;
        }
        let mut chunk = [0; 512];
        match self.stream.read(&mut chunk) {
            Ok(0) => Err(LineError::Closed),
            Ok(count) => {
                self.held.extend(chunk.iter().take(count));
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(_) => Err(LineError::Closed),
        }
    }
}

impl Port for Socket {
    fn medium(&self) -> Medium {
        Medium::Tcp
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.questions += 1;
        self.stream.write_all(bytes).map_err(|_| LineError::Closed)
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        let deadline = Instant::now() + Duration::from_millis(how.deadline_ms.into());
        let max = how.max as usize;
        let want = match how.until {
            Until::Length(length) => max.min(length as usize),
            // The driver reads by length; by silence only on a line with faults, which this is not.
            Until::SilenceMs(_) | Until::Any | Until::Delimiter(_) => 1,
        };
        while self.held.len() < want {
            if !self.fill(deadline)? {
                return Err(LineError::Timeout(self.give(max)));
            }
        }
        Ok(self.give(want))
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        let mut dropped = self.held.len();
        self.held.clear();
        let mut chunk = [MaybeUninit::uninit(); 512];
        while let Ok(count @ 1..) = SockRef::from(&self.stream).recv_with_flags(&mut chunk, MSG_DONTWAIT) {
            dropped += count;
        }
        u32::try_from(dropped).unwrap_or(u32::MAX)
    }

    fn configure(&mut self, _settings: Settings) -> Result<(), LineError> {
        Err(LineError::Denied)
    }

    fn now(&self) -> Millis {
        Timestamp::now().as_millisecond()
    }

    fn sleep(&mut self, ms: u32) {
        std::thread::sleep(Duration::from_millis(ms.into()));
    }

    fn log(&mut self, _level: Level, _text: &str) {}

    fn note(&mut self, _text: &str) {}

    fn recall(&self, _key: &str) -> Option<Vec<u8>> {
        None
    }

    fn remember(&mut self, _key: &str, _value: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
