//! A host in front of the transport-free meter.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Faulty, Meter, SptBuilder, hex};
use std::time::Duration;

pub const NOW: DateTime = datetime(2026, 2, 3, 10, 20, 30, 0);

/// A host at the transport-free meter. Each exchange happens a second after the one before.
pub struct Host {
    pub meter: Faulty<Box<dyn Meter>>,
    pub now: Duration,
}

impl Host {
    pub fn at(builder: SptBuilder) -> Self {
        Self {
            meter: builder.link().into_meter(),
            now: Duration::ZERO,
        }
    }

    pub fn raw(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.now += Duration::from_secs(1);
        self.meter
            .on_bytes(self.now, bytes)
            .into_iter()
            .map(|reply| reply.bytes)
            .collect()
    }

    pub fn ask(&mut self, request: &str) -> Vec<String> {
        self.raw(&hex::bytes(request).unwrap())
            .iter()
            .map(|answer| hex::text(answer))
            .collect()
    }

    pub fn wake(&mut self) {
        assert!(self.raw(&[0xFF; 16]).is_empty());
    }

    /// Sends a function to NT 1; gives the data of the only answer, or its error code.
    pub fn call(&mut self, function: u8, data: [u8; 4]) -> Result<Vec<u8>, u8> {
        let mut body = vec![1, function];
        body.extend(data);
        let answers = self.raw(&framed(&body));
        let [answer] = answers.as_slice() else {
            panic!("{} answers", answers.len())
        };
        let body = &answer[1..answer.len() - 2];
        assert_eq!(*answer, framed(body), "start, checksum and end");
        assert_eq!(body[0], 1);
        if body[1] == 0x21 {
            Err(body[2])
        } else {
            Ok(body[2..].to_vec())
        }
    }

    pub fn open(&mut self, input: u8) {
        assert_eq!(self.call(0x3F, [input, 0, 0, 0]).unwrap().len(), 3);
    }
}

pub fn framed(body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0u32, |sum, byte| sum + u32::from(*byte));
    let check = 0xFF - (sum % 256) as u8;
    [&[0x10], body, &[check, 0x16]].concat()
}

/// The meters' float, decoded by arithmetic and not by bits.
pub fn r32(bytes: &[u8]) -> f64 {
    if bytes == [0, 0, 0, 0] {
        return 0.0;
    }
    let mantissa = f64::from(bytes[0]) + f64::from(bytes[1]) * 256.0 + f64::from(bytes[2] & 0x7F) * 65536.0;
    let sign = if bytes[2] & 0x80 == 0 { 1.0 } else { -1.0 };
    sign * (1.0 + mantissa / 8_388_608.0) * 2f64.powi(i32::from(bytes[3]) - 127)
}

pub fn value_at(data: &[u8], offset: usize) -> f64 {
    r32(&data[offset..offset + 4])
}
