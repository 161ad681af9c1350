//! Numbers of a record or of registers: their bytes and their truth, made together.

use crate::truth::TruthValue;

/// Numbers with their places.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// Offset and bytes, the highest first.
    pub bytes: Vec<(usize, Vec<u8>)>,
    pub values: Vec<TruthValue>,
}

fn word(digits: i64) -> Vec<u8> {
    u16::try_from(digits)
        .unwrap_or_else(|_| i16::try_from(digits).unwrap_or(i16::MAX).cast_unsigned())
        .to_be_bytes()
        .to_vec()
}

fn long(digits: i64) -> Vec<u8> {
    u32::try_from(digits)
        .unwrap_or_else(|_| i32::try_from(digits).unwrap_or(i32::MAX).cast_unsigned())
        .to_be_bytes()
        .to_vec()
}

impl Fields {
    fn tell(&mut self, name: &'static str, input: u8, value: f64, digits: Option<(i64, u8)>) {
        self.values.push(TruthValue {
            name,
            input,
            value: Some(value),
            digits,
        });
    }

    /// Bytes without a truth of their own.
    pub fn raw(&mut self, at: usize, bytes: &[u8]) {
        self.bytes.push((at, bytes.to_vec()));
    }

    pub fn float(&mut self, at: usize, name: &'static str, input: u8, value: f64) {
        let stored = value as f32;
        self.bytes.push((at, stored.to_be_bytes().to_vec()));
        self.tell(name, input, stored.into(), None);
    }

    /// A whole part and a fraction.
    pub fn sum(&mut self, at: usize, name: &'static str, input: u8, value: f64) {
        let (whole, fraction) = (value.floor(), value.fract() as f32);
        self.bytes.push((at, long(whole as i64)));
        self.bytes.push((at + 4, fraction.to_be_bytes().to_vec()));
        self.tell(name, input, whole + f64::from(fraction), None);
    }

    fn fixed(&mut self, at: usize, bytes: Vec<u8>, name: &'static str, input: u8, (digits, decimals): (i64, u8)) {
        self.bytes.push((at, bytes));
        let value = digits as f64 / 10f64.powi(decimals.into());
        self.tell(name, input, value, Some((digits, decimals)));
    }

    /// Two bytes.
    pub fn word(&mut self, at: usize, name: &'static str, input: u8, digits: i64, decimals: u8) {
        self.fixed(at, word(digits), name, input, (digits, decimals));
    }

    /// Four bytes.
    pub fn long(&mut self, at: usize, name: &'static str, input: u8, digits: i64, decimals: u8) {
        self.fixed(at, long(digits), name, input, (digits, decimals));
    }

    /// Flags of so many bytes.
    pub fn flags(&mut self, at: usize, size: usize, name: &'static str, input: u8, bits: u64) {
        self.bytes.push((at, bits.to_be_bytes()[8 - size..].to_vec()));
        self.tell(name, input, bits as f64, None);
    }

    /// All bytes in their places.
    pub fn image(&self, size: usize) -> Vec<u8> {
        self.laid(size, |bytes| bytes.to_vec())
    }

    /// The same as the meter's processor has it: the lowest byte of each number first.
    pub fn low_first(&self, size: usize) -> Vec<u8> {
        self.laid(size, |bytes| bytes.iter().rev().copied().collect())
    }

    fn laid(&self, size: usize, order: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut image = vec![0; size];
        for (at, bytes) in &self.bytes {
            image[*at..at + bytes.len()].copy_from_slice(&order(bytes));
        }
        image
    }
}
