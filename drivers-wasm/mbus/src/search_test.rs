//! Meters on one pair of wires, found by secondary addresses with wildcards. What they send at once is covered: of two
//! bits a line shows the zero.

use uzel_driver_sdk::{Driver, Failure, Instant, Level, LineError, Medium, Port, Reading, Settings};

use crate::Mbus;
use crate::frame::{self, ACK};

/// A meter that understands selection, link reset and the request for data.
struct Meter {
    /// Number, manufacturer, version and medium, as on the line.
    address: [u8; 8],
    selected: bool,
    /// Selections meant for it that it still hears.
    hears: u32,
}

struct Bus {
    meters: Vec<Meter>,
    coming: Vec<u8>,
    now: Instant,
    log: Vec<String>,
}

impl Meter {
    /// `06855817 2D2C 08 04`, as a person writes it.
    fn new(text: &str) -> Self {
        let mut address: [u8; 8] = uzel_driver_sdk::bytes::unhex(text).unwrap().try_into().unwrap();
        address[..4].reverse();
        Self {
            address,
            selected: false,
            hears: u32::MAX,
        }
    }

    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        match request {
            [0x68, _, _, 0x68, 0x53, 0xfd, 0x52, pattern @ .., _, 0x16] => {
                let digits = self.address[..4].iter().zip(pattern).all(|(own, wanted)| {
                    [0, 4].iter().all(|shift| matches!(wanted >> shift & 0x0f, digit if digit == 0x0f || digit == own >> shift & 0x0f))
                });
                let rest = self.address[4..].iter().zip(&pattern[4..]);
                self.selected = digits && rest.into_iter().all(|(own, wanted)| *wanted == 0xff || own == wanted);
                self.selected &= self.hears > 0;
                self.hears -= u32::from(self.selected);
                if self.selected { vec![ACK] } else { vec![] }
            }
            [0x10, 0x40, 0xfd, ..] => {
                self.selected = false;
                vec![]
            }
            [0x10, _, 0xfd, ..] if self.selected => {
                let mut data = self.address.to_vec();
                data.extend([1, 0, 0, 0, 0x04, 0x06, 0xe7, 0x91, 0, 0]);
                frame::long(0x08, 1, 0x72, &data)
            }
            _ => vec![],
        }
    }
}

impl Bus {
    fn new(meters: &[&str]) -> Self {
        Self {
            meters: meters.iter().map(|meter| Meter::new(meter)).collect(),
            coming: Vec::new(),
            now: 0,
            log: Vec::new(),
        }
    }

    fn identify(&mut self, secondary: &str) -> Result<(Option<String>, String), Failure> {
        let config = format!(r#"{{"secondary": "{secondary}", "timeout_ms": 200}}"#);
        let mut driver = Mbus::default();
        let identity = driver.identify(self, &config)?;
        driver.close(self);
        let detail = identity.details.iter().find(|(name, _)| name == "secondary-address");
        Ok((
            identity.serial,
            detail.map(|(_, text)| text.clone()).unwrap_or_default(),
        ))
    }
}

impl Port for Bus {
    fn medium(&self) -> Medium {
        Medium::Serial
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        for meter in &mut self.meters {
            let answer = meter.ask(bytes);
            let both = self.coming.len().min(answer.len());
            for (shown, sent) in self.coming.iter_mut().zip(&answer) {
                *shown &= sent;
            }
            self.coming.extend(&answer[both..]);
        }
        Ok(())
    }

    fn read(&mut self, how: Reading) -> Result<Vec<u8>, LineError> {
        if self.coming.is_empty() {
            self.now += i64::from(how.deadline_ms);
            return Err(LineError::Timeout(Vec::new()));
        }
        let count = self.coming.len().min(how.max.try_into().unwrap());
        Ok(self.coming.drain(..count).collect())
    }

    fn exchange(&mut self, bytes: &[u8], how: Reading) -> Result<Vec<u8>, LineError> {
        self.purge();
        self.write(bytes)?;
        self.read(how)
    }

    fn purge(&mut self) -> u32 {
        self.coming.clear();
        0
    }

    fn configure(&mut self, _settings: Settings) -> Result<(), LineError> {
        Ok(())
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn sleep(&mut self, ms: u32) {
        self.now += i64::from(ms);
    }

    fn log(&mut self, _level: Level, text: &str) {
        self.log.push(text.to_owned());
    }

    fn note(&mut self, _text: &str) {}

    fn recall(&self, _key: &str) -> Option<Vec<u8>> {
        None
    }

    fn remember(&mut self, _key: &str, _value: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

const HEAT: &str = "068558172D2C080C";
const HEAT_BESIDE: &str = "068558182D2C080C";
const WATER: &str = "1115518577040A16";
const SAME_NUMBER: &str = "0685581777040A16";
const HEXADECIMAL: &str = "A6855817A5110816";

#[test]
fn the_one_meter_that_fits_is_found_and_its_whole_address_is_told() {
    let found = |meter: &str| Ok((Some(meter[..8].to_owned()), meter.to_owned()));
    let cases: [(&[&str], &str, &str); 5] = [
        (&[HEAT], "FFFFFFFF", HEAT),
        (&[HEAT, WATER], "06FFFFFF", HEAT),
        (&[HEAT, WATER], "FFFFFFFFFFFFFF16", WATER),
        (&[HEAT, SAME_NUMBER], "06855817FFFFFF16", SAME_NUMBER),
        (&[HEAT, HEXADECIMAL], "AFFFFFFF", HEXADECIMAL),
    ];
    for (meters, pattern, want) in cases {
        assert_eq!(Bus::new(meters).identify(pattern), found(want), "{pattern}");
    }
}

#[test]
fn several_meters_are_refused_and_all_named() {
    let cases: [(&[&str], &str, &[&str]); 5] = [
        (&[HEAT, WATER], "FFFFFFFF", &[HEAT, WATER]),
        (&[HEAT, HEAT_BESIDE, WATER], "FFFFFFFF", &[HEAT, HEAT_BESIDE, WATER]),
        (&[HEAT, HEAT_BESIDE], "0685581F", &[HEAT, HEAT_BESIDE]),
        // The number is the same: they differ in their medium.
        (&[HEAT, SAME_NUMBER], "06855817", &[HEAT, SAME_NUMBER]),
        (&[HEAT, HEXADECIMAL], "F6855817", &[HEAT, HEXADECIMAL]),
    ];
    for (meters, pattern, want) in cases {
        let mut bus = Bus::new(meters);
        let text = match bus.identify(pattern) {
            Err(Failure::Config(text)) => text,
            other => panic!("{pattern}: {other:?}"),
        };
        let count = format!("secondary {pattern} fits {} meters: {}", want.len(), want.join(", "));
        assert_eq!(text, count, "{pattern}");
        let logged: Vec<_> = want.iter().map(|meter| format!("found {meter}")).collect();
        assert_eq!(bus.log, logged, "{pattern}");
    }
}

#[test]
fn nobody_and_a_meter_behind_damaged_answers_are_told_apart() {
    assert_eq!(Bus::new(&[HEAT]).identify("1FFFFFFF"), Err(Failure::NoAnswer));
    // One of two that collide does not hear the selection of its own digit: the other must not be taken for the one.
    for hears in 1..3 {
        let mut bus = Bus::new(&[HEAT, WATER]);
        bus.meters[1].hears = hears;
        let got = bus.identify("FFFFFFFF");
        assert!(matches!(got, Err(Failure::Garbled(_))), "{hears}: {got:?}");
    }
}

#[test]
fn a_search_ends() {
    // Twenty meters that differ in the last digits only.
    let meters: Vec<_> = (0..20).map(|last| format!("123456{last:02}2D2C080C")).collect();
    let mut bus = Bus::new(&meters.iter().map(String::as_str).collect::<Vec<_>>());
    let Err(Failure::Config(text)) = bus.identify("FFFFFFFF") else {
        panic!("{:?}", bus.log)
    };
    assert!(
        text.starts_with("secondary FFFFFFFF fits 20 meters: 123456002D2C080C, "),
        "{text}"
    );
    assert!(text.ends_with("123456072D2C080C, … (see the journal)"), "{text}");
    assert!(text.len() <= 256, "{}", text.len());
    assert_eq!(bus.log.len(), 20);
}
