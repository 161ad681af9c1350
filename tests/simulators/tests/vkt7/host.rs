//! A host in front of the transport-free meter.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Faulty, Meter, Vkt7, Vkt7Builder, hex};
use std::time::Duration;

pub const NOW: DateTime = datetime(2026, 2, 3, 10, 20, 30, 0);

pub fn builder() -> Vkt7Builder {
    Vkt7::builder().clock(NOW).seed(11)
}

/// A host at the transport-free meter. Each exchange happens a second after the one before.
pub struct Host {
    pub meter: Faulty<Box<dyn Meter>>,
    pub now: Duration,
}

impl Host {
    pub fn at(builder: Vkt7Builder) -> Self {
        Self {
            meter: builder.link().into_meter(),
            now: Duration::ZERO,
        }
    }

    pub fn raw(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.now += Duration::from_secs(1);
        self.meter
            .on_bytes(self.now, bytes)
            .into_iter()
            .flat_map(|reply| reply.bytes)
            .collect()
    }

    /// Sends a request given in hexadecimal behind FF FF.
    pub fn ask(&mut self, request: &str) -> String {
        let mut bytes = vec![0xFF, 0xFF];
        bytes.extend(hex::bytes(request).unwrap());
        hex::text(&self.raw(&bytes))
    }

    /// Sends a body (without CRC) to address 1 and takes the body of the answer.
    pub fn body(&mut self, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xFF];
        bytes.extend(sealed(body));
        let answer = self.raw(&bytes);
        let (body, _) = answer.split_at(answer.len().saturating_sub(2));
        assert_eq!(sealed(body), answer, "the answer's crc");
        body.to_vec()
    }

    pub fn start(&mut self) {
        let echo = self.body(&[1, 0x10, 0x3F, 0xFF, 0, 0, 0xCC, 0x80, 0, 0, 0]);
        assert_eq!(echo, [1, 0x10, 0x3F, 0xFF, 0, 0]);
    }

    pub fn set_type(&mut self, value_type: u8) {
        assert_eq!(
            self.body(&[1, 0x10, 0x3F, 0xFD, 0, 0, 2, value_type, 0]),
            [1, 0x10, 0x3F, 0xFD, 0, 0]
        );
    }

    pub fn set_list(&mut self, list: &[u8]) -> Vec<u8> {
        let entries = list.iter().flat_map(|index| [*index, 0, 0, 0x40, 0, 0]);
        let mut body = vec![1, 0x10, 0x3F, 0xFF, 0, 0, u8::try_from(list.len() * 6).unwrap()];
        body.extend(entries);
        self.body(&body)
    }

    pub fn set_date(&mut self, date: DateTime, hour: u8) -> Vec<u8> {
        let byte = |n: i16| u8::try_from(n).unwrap();
        let (day, month, year) = (
            byte(date.day().into()),
            byte(date.month().into()),
            byte(date.year() - 2000),
        );
        self.body(&[1, 0x10, 0x3F, 0xFB, 0, 0, 4, day, month, year, hour])
    }

    pub fn read(&mut self) -> Vec<u8> {
        self.body(&[1, 3, 0x3F, 0xFE, 0, 0])
    }

    pub fn active(&mut self) -> Vec<u8> {
        let answer = self.body(&[1, 3, 0x3F, 0xFC, 0, 0]);
        answer[3..].chunks(6).map(|entry| entry[0]).collect()
    }
}

/// CRC-16 of Modbus, bit by bit, written apart from the meter's table.
pub fn sealed(body: &[u8]) -> Vec<u8> {
    let mut crc = 0xFFFFu16;
    for byte in body {
        crc ^= u16::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xA001 } else { crc >> 1 };
        }
    }
    [body, &crc.to_le_bytes()].concat()
}

/// A parsed value with its quality and НС bytes.
pub type Cell = (i64, u8, u8);

pub fn cells(data: &[u8], sizes: &[usize]) -> Vec<Cell> {
    let mut rest = data;
    let cells = sizes.iter().map(|size| {
        let (value, tail) = rest.split_at(*size);
        let fill = if value.last().is_some_and(|byte| byte & 0x80 != 0) {
            0xFF
        } else {
            0
        };
        let mut wide = [fill; 8];
        wide[..*size].copy_from_slice(value);
        rest = &tail[2..];
        (i64::from_le_bytes(wide), tail[0], tail[1])
    });
    let cells = cells.collect();
    assert!(rest.is_empty(), "bytes behind the list: {rest:?}");
    cells
}
