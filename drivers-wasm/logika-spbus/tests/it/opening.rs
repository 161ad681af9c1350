//! A meter's own optical or RS232 port, which speaks the magistral protocol after a sign-on of IEC 1107 only.

use logika_spbus::LogikaSpbus;
use uzel_driver_sdk::wire::{FarEnd, Wire};
use uzel_driver_sdk::{Driver, Failure, Instant, Settings};

use crate::conversation::spt961;
use crate::script::{Chance, Script};

const CONFIG: &str = r#"{"opening": "iec1107", "timeout_ms": 1000}"#;
/// The port falls back after so long a silence.
const FALLS_BACK_MS: Instant = 120_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Closed,
    Woken(Instant),
    Named,
    /// From then on.
    Open(Instant),
}

/// The port of a СПТ961.2 that is set to 9600 baud.
struct Own {
    meter: Script,
    stage: Stage,
    heard: Instant,
    /// Speed and stop bits of the line, and what it had before.
    line: (u32, u8),
    tuned: Vec<(u32, u8)>,
    /// P1.
    allowed: u8,
    echoes: bool,
    says_ack: bool,
    /// So many answers of the sign-on are lost.
    lost: u32,
    /// Share of answers of the sign-on with a flipped bit, in a hundred.
    flips: u64,
    chance: Chance,
}

fn own() -> Wire<Own> {
    Wire::new(Own {
        meter: spt961().far,
        stage: Stage::Closed,
        heard: 0,
        line: (9_600, 1),
        tuned: Vec::new(),
        allowed: b'1',
        echoes: false,
        says_ack: true,
        lost: 0,
        flips: 0,
        chance: Chance(1),
    })
}

/// Seven bits with even parity in eight.
fn seven_even(text: &[u8]) -> Vec<u8> {
    let with_parity = |byte: &u8| byte | u8::try_from(byte.count_ones() % 2).unwrap() << 7;
    text.iter().map(with_parity).collect()
}

impl Own {
    /// What is said at 300 baud.
    fn sign_on(&mut self, request: &[u8], now: Instant) -> Option<Vec<u8>> {
        if self.line.0 != 300 {
            return None;
        }
        assert!(request.iter().all(|byte| byte.count_ones() % 2 == 0), "{request:02x?}");
        let text: Vec<u8> = request.iter().map(|byte| byte & 0x7f).collect();
        match (self.stage, text.as_slice()) {
            (_, b"\r\n") => {
                self.stage = Stage::Woken(now);
                Some(Vec::new())
            }
            (Stage::Woken(at), b"/?!\r\n") if now - at >= 3_000 => {
                self.stage = Stage::Named;
                let allowed = char::from(self.allowed);
                Some(seven_even(format!("/LGK5SPT961{allowed}5123\r\n").as_bytes()))
            }
            (Stage::Named, b"\x06053\r\n") if self.allowed == b'1' => {
                self.stage = Stage::Open(now + 1_500);
                self.says_ack.then(|| seven_even(&[6]))
            }
            _ => None,
        }
    }
}

impl FarEnd for Own {
    fn answer(&mut self, request: &[u8], now: Instant) -> Vec<(Instant, Vec<u8>)> {
        if matches!(self.stage, Stage::Open(_)) && now - self.heard > FALLS_BACK_MS {
            self.stage = Stage::Closed;
        }
        if let Stage::Open(from) = self.stage {
            if self.line != (9_600, 2) || now < from {
                return Vec::new();
            }
            self.heard = now;
            return self.meter.answer(request, now);
        }
        self.heard = now;
        let Some(mut answer) = self.sign_on(request, now) else {
            return Vec::new();
        };
        if !answer.is_empty() && self.lost > 0 {
            self.lost -= 1;
            return Vec::new();
        }
        if !answer.is_empty() && self.chance.below(100) < self.flips {
            let count = u64::try_from(answer.len()).unwrap();
            let place = usize::try_from(self.chance.below(count)).unwrap();
            answer[place] ^= 1 << self.chance.below(8);
        }
        let echo = if self.echoes { request.to_vec() } else { Vec::new() };
        vec![(50, [echo, answer].concat())]
    }

    fn tune(&mut self, settings: Settings) -> bool {
        self.line = (settings.baud, settings.stop_bits);
        self.tuned.push(self.line);
        true
    }
}

/// Who answers on a line.
fn identified(line: &mut Wire<Own>) -> Result<Option<String>, Failure> {
    let identity = LogikaSpbus::default().identify(line, CONFIG)?;
    assert_eq!(identity.model, "spt961.1");
    Ok(identity.serial)
}

fn assert_read(line: &mut Wire<Own>, what: &str) {
    assert_eq!(identified(line), Ok(Some("1-00123-0000".to_owned())), "{what}");
}

#[test]
fn a_port_is_opened_at_300_baud_and_read_at_the_speed_of_the_meter() {
    for echoes in [false, true] {
        let mut line = own();
        line.far.echoes = echoes;
        assert_read(&mut line, "opened");
        assert_eq!(line.far.tuned, [(300, 1), (9_600, 2)], "with an echo: {echoes}");
    }
    let mut line = own();
    line.far.lost = 1;
    assert_read(&mut line, "the identification was lost");
    assert_eq!(line.far.tuned.len(), 3);
}

#[test]
fn a_port_that_is_open_already_is_read_as_it_is() {
    let mut line = own();
    assert_read(&mut line, "opened");
    assert_read(&mut line, "within two minutes");
    assert_eq!(line.far.tuned.last(), Some(&(9_600, 2)));
    line.now += FALLS_BACK_MS + 1;
    line.far.tuned.clear();
    assert_read(&mut line, "after two minutes");
    assert_eq!(line.far.tuned, [(300, 1), (9_600, 2)]);
    // The ACK alone is lost: the port is open and nothing was remembered.
    let mut line = own();
    line.far.says_ack = false;
    assert_read(&mut line, "its ACK was lost");
}

#[test]
fn what_cannot_be_opened_says_why() {
    let mut closed = own();
    closed.far.allowed = b'0';
    let refused = identified(&mut closed);
    assert!(
        matches!(&refused, Err(Failure::Refused(text)) if text.contains("P1 is 0")),
        "{refused:?}"
    );
    let mut silent = own();
    silent.far.lost = u32::MAX;
    assert_eq!(identified(&mut silent), Err(Failure::NoAnswer));
    let plain = LogikaSpbus::default().identify(&mut spt961(), CONFIG);
    assert!(
        matches!(&plain, Err(Failure::Config(text)) if text.contains("speed can be set")),
        "{plain:?}"
    );
}

#[test]
fn no_flipped_bit_opens_a_port_wrongly() {
    let mut opened = 0;
    for seed in 0..200 {
        let mut line = own();
        (line.far.flips, line.far.chance) = (40, Chance(seed * 0x1234_5678_9abc));
        match identified(&mut line) {
            Ok(serial) => {
                assert_eq!(serial.as_deref(), Some("1-00123-0000"), "seed {seed}");
                opened += 1;
            }
            Err(Failure::NoAnswer | Failure::Garbled(_)) => {}
            Err(failure) => panic!("seed {seed}: {failure:?}"),
        }
    }
    assert!(opened > 150, "{opened} of 200 ports were opened");
}
