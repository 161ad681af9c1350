//! The wrapper of TCP and UDP (IEC 62056-47): `0001 | source | destination | length | APDU`, 16 bits each, high byte first.

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::{LineError, Medium, Port, Reading};

use super::Judge;
use crate::config::Config;
use crate::trouble::Trouble;

pub const VERSION: u16 = 1;
/// Bytes of a head.
pub const HEAD: usize = 8;
/// A datagram is taken whole.
const DATAGRAM_MAX: u32 = 65_507;
/// APDUs that may come besides the answer: late ones and notifications.
const STRAYS_MAX: u32 = 16;

/// The way to one meter.
pub struct Wrapper {
    client: u16,
    server: u16,
    timeout_ms: u32,
    heard: Vec<u8>,
}

/// What the head of a PDU says.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    pub version: u16,
    pub source: u16,
    pub destination: u16,
    pub length: usize,
}

/// Reads a head.
pub fn head(bytes: &[u8]) -> Result<Head, Short> {
    let mut reader = Reader::new(bytes);
    Ok(Head {
        version: reader.u16_be()?,
        source: reader.u16_be()?,
        destination: reader.u16_be()?,
        length: reader.u16_be()?.into(),
    })
}

impl Wrapper {
    pub fn new(config: &Config) -> Self {
        Self {
            client: config.client.into(),
            server: config.server,
            timeout_ms: config.timeout_ms,
            heard: Vec::new(),
        }
    }

    /// Sends an APDU and hears until `judge` takes one.
    pub fn ask(&mut self, port: &mut dyn Port, apdu: &[u8], judge: Judge<'_>) -> Result<(), Trouble> {
        let length = u16::try_from(apdu.len())
            .map_err(|_| Trouble::Refused(format!("a question has {} bytes, 65535 are possible", apdu.len())))?;
        let head = [VERSION, self.client, self.server, length]
            .map(u16::to_be_bytes)
            .concat();
        port.purge();
        self.heard.clear();
        port.write(&[&head[..], apdu].concat())?;
        let mut refused = None;
        for _ in 0..STRAYS_MAX {
            let came = match self.pdu(port) {
                Ok(came) => came,
                Err(Trouble::Silent) => return Err(refused.map_or(Trouble::Silent, Trouble::Garbled)),
                Err(trouble) => return Err(trouble),
            };
            match judge(&came) {
                Ok(()) => return Ok(()),
                Err(why) => {
                    port.note(&why);
                    refused = Some(why);
                }
            }
        }
        Err(Trouble::Garbled(
            refused.unwrap_or_else(|| "APDUs came, none of them the answer".to_owned()),
        ))
    }

    /// The next APDU from this meter to us.
    fn pdu(&mut self, port: &mut dyn Port) -> Result<Vec<u8>, Trouble> {
        for _ in 0..STRAYS_MAX {
            self.fill(port, HEAD)?;
            let head = head(&self.heard).map_err(|short| Trouble::Garbled(short.to_string()))?;
            if head.version != VERSION {
                self.heard.clear();
                let text = format!("an answer begins with {:04x}, expected 0001", head.version);
                return Err(Trouble::Garbled(text));
            }
            self.fill(port, HEAD + head.length)?;
            let apdu = self.heard.get(HEAD..HEAD + head.length).unwrap_or_default().to_vec();
            self.heard.drain(..(HEAD + head.length).min(self.heard.len()));
            if (head.source, head.destination) == (self.server, self.client) {
                return Ok(apdu);
            }
            port.note(&format!("an APDU of {:04x} to {:04x}", head.source, head.destination));
        }
        Err(Trouble::Garbled("APDUs came, none of them from this meter".to_owned()))
    }

    /// Reads until `count` bytes are here.
    fn fill(&mut self, port: &mut dyn Port, count: usize) -> Result<(), Trouble> {
        let Some(need) = count.checked_sub(self.heard.len()).filter(|need| *need > 0) else {
            return Ok(());
        };
        let how = match port.medium() {
            Medium::Udp => Reading {
                until: uzel_driver_sdk::Until::Any,
                max: DATAGRAM_MAX,
                deadline_ms: self.timeout_ms,
            },
            _ => Reading::exactly(u32::try_from(need).unwrap_or(u32::MAX), self.timeout_ms),
        };
        match port.read(how) {
            Ok(bytes) => self.heard.extend(bytes),
            Err(LineError::Timeout(bytes)) if bytes.is_empty() && self.heard.is_empty() => {
                return Err(Trouble::Silent);
            }
            Err(LineError::Timeout(bytes)) => {
                let got = self.heard.len() + bytes.len();
                self.heard.clear();
                return Err(Trouble::Garbled(format!("an answer ends after {got} of {count} bytes")));
            }
            Err(error) => return Err(error.into()),
        }
        if self.heard.len() < count {
            let got = self.heard.len();
            self.heard.clear();
            return Err(Trouble::Garbled(format!("an answer has {got} bytes, expected {count}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_the_standard_shows_it() {
        let bytes = [0, 1, 0, 0x10, 0, 1, 0, 0x20];
        let want = Head {
            version: 1,
            source: 16,
            destination: 1,
            length: 32,
        };
        assert_eq!(head(&bytes), Ok(want));
        assert!(head(&bytes[..7]).is_err());
    }
}
