//! The opening of a meter's own RS232 or optical port (SPbus note, section 1.1): a sign-on of IEC 1107 at 300 baud, upon which
//! the port speaks the magistral protocol at the speed that is set in the meter.
//!
//! Seven bits with even parity are sent as eight bits, of which the highest is the parity: every port can do that.

use uzel_driver_sdk::{Failure, LineError, Parity, Port, Reading, Settings, Until, parity};

use crate::config::Config;
use crate::frame;
use crate::trouble::Trouble;

/// Speeds by their codes.
const SPEEDS: [u32; 10] = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];
/// Code of the speed at which every opening begins.
const SLOW: u8 = 0;
/// The meter listens so long after the first CR LF.
const WAKE_MS: u32 = 3_000;
/// And needs so long after its ACK.
const CHANGE_MS: u32 = 1_500;
const SIGN_ON: &[u8] = b"/?!\r\n";
const MAKER: &[u8] = b"/LGK";
/// Characters behind the maker: Z, six of the type, P1, P2, three of 008.
const OFFER: usize = 12;
const ACK: u8 = 6;
/// Lines in front of an identification: an optical head gives back what it sent.
const LINES_MAX: u32 = 4;
/// Where the code of the meter's speed is remembered.
const SPEED: &str = "speed";

/// What a port offers.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    /// The magistral protocol is allowed on this port.
    is_allowed: bool,
    /// Code of its speed.
    speed: u8,
    /// What was sent comes back first.
    has_echo: bool,
}

/// Opens the port, or leaves it at the speed at which it was open: it stays so for two minutes after a session.
///
/// # Errors
/// [`Failure::Config`] on a line whose speed cannot be set, [`Failure::Refused`] by a port that does not allow it.
pub fn open(port: &mut dyn Port, config: &Config) -> Result<(), Failure> {
    let mut known = port.recall(SPEED).and_then(|kept| kept.first().copied());
    let mut last = Trouble::Silent;
    for _ in 0..config.attempts {
        let offer = match offered(port, config.timeout_ms) {
            Ok(offer) => offer,
            Err(Trouble::Line(LineError::Denied)) => {
                let why = "opening needs a line whose speed can be set: a serial port, or a converter with RFC 2217";
                return Err(Failure::Config(why.to_owned()));
            }
            Err(trouble @ Trouble::Line(_)) => return Err(trouble.into()),
            Err(trouble) => {
                port.note(&format!("{trouble}; opened again"));
                last = trouble;
                continue;
            }
        };
        known = Some(offer.speed);
        match accept(port, &offer, config.timeout_ms) {
            Ok(()) => {
                let _ = port.remember(SPEED, &[offer.speed]);
                break;
            }
            Err(Trouble::Silent) if !offer.is_allowed => {
                let why = "the magistral protocol is closed on this port: P1 is 0";
                return Err(Failure::Refused(why.to_owned()));
            }
            Err(trouble @ Trouble::Line(_)) => return Err(trouble.into()),
            // The port may be open now: the next attempt, or what is asked behind the last, will show.
            Err(trouble) => {
                port.note(&format!("{trouble}; opened again"));
                last = trouble;
            }
        }
    }
    let Some(speed) = known else { return Err(last.into()) };
    port.sleep(CHANGE_MS);
    tune(port, speed, 2).map_err(Trouble::from)?;
    port.purge();
    Ok(())
}

/// Wakes the port and takes its offer.
fn offered(port: &mut dyn Port, timeout_ms: u32) -> Result<Offer, Trouble> {
    tune(port, SLOW, 1)?;
    port.write(&parity::add(b"\r\n"))?;
    port.sleep(WAKE_MS);
    port.purge();
    port.write(&parity::add(SIGN_ON))?;
    let how = Reading {
        until: Until::Delimiter(b'\n'),
        max: 128,
        deadline_ms: timeout_ms,
    };
    let mut has_echo = false;
    for _ in 0..LINES_MAX {
        let raw = port.read(how)?;
        let line = parity::strip(&raw);
        if line.ends_with(SIGN_ON) {
            has_echo = true;
            continue;
        }
        let Some((is_allowed, speed)) = offer(&line) else {
            return Err(Trouble::Garbled(format!("no /LGK in {}", frame::shown(&raw))));
        };
        port.note(&format!("{} opens at {speed}", String::from_utf8_lossy(&line).trim()));
        return Ok(Offer {
            is_allowed,
            speed,
            has_echo,
        });
    }
    Err(Trouble::Garbled("lines came and no identification".to_owned()))
}

/// Whether the protocol is allowed, and the code of its speed.
fn offer(line: &[u8]) -> Option<(bool, u8)> {
    let at = line.windows(MAKER.len()).position(|word| word == MAKER)?;
    let said = line.get(at + MAKER.len()..)?.strip_suffix(b"\r\n")?;
    let (&[.., allowed @ (b'0' | b'1'), speed @ b'0'..=b'9', _, _, _], OFFER) = (said, said.len()) else {
        return None;
    };
    let is_whole = said.iter().all(|character| *character != parity::BROKEN);
    is_whole.then_some((allowed == b'1', speed - b'0'))
}

/// Takes the offer; the meter says ACK.
fn accept(port: &mut dyn Port, offer: &Offer, timeout_ms: u32) -> Result<(), Trouble> {
    let option = [ACK, b'0', b'0' + offer.speed, b'3', b'\r', b'\n'];
    port.write(&parity::add(&option))?;
    let echo = if offer.has_echo { option.len() } else { 0 };
    let count = u32::try_from(echo + 1).unwrap_or(1);
    let raw = port.read(Reading::exactly(count, timeout_ms))?;
    match parity::strip(&raw).split_at_checked(echo) {
        Some((_, [ACK])) => Ok(()),
        _ => Err(Trouble::Garbled(format!("{} came, expected 06", frame::shown(&raw)))),
    }
}

/// Eight bits without parity at the speed of a code.
fn tune(port: &mut dyn Port, speed: u8, stop_bits: u8) -> Result<(), LineError> {
    let baud = SPEEDS.get(usize::from(speed)).copied().unwrap_or(SPEEDS[0]);
    port.configure(Settings {
        baud,
        data_bits: 8,
        parity: Parity::None,
        stop_bits,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_taken_whole_or_not_at_all() {
        let cases: [(&[u8], _); 7] = [
            (b"/LGK5SPT96115123\r\n", Some((true, 5))),
            (b"\0\xff/LGK5SPT96109123\r\n", Some((false, 9))),
            (b"/LGK5SPT96115123", None),
            (b"/LGK5SPT9611512\r\n", None),
            (b"/LGK5SPT9\x00115123\r\n", None),
            (b"/LGK5SPT96125123\r\n", None),
            (b"/LGZ5SPT96115123\r\n", None),
        ];
        for (line, want) in cases {
            assert_eq!(offer(line), want, "{}", String::from_utf8_lossy(line));
        }
    }
}
