//! Reproducible chance: a splitmix64 generator, and noise that is a function of a seed and a key.
//! Cryptographic quality is not needed; the same seed must give the same meter on every machine.

/// A splitmix64 generator.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// 0 inclusive to 1 exclusive.
    pub fn unit(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// True in `share` of all calls.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// 0 inclusive to `end` exclusive; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        (self.next_u64() % end) as usize
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        self.next_u64().to_le_bytes()[7]
    }
}

/// 0 inclusive to 1 exclusive, the same for the same seed, stream and key.
pub fn share(seed: u64, stream: u64, key: i64) -> f64 {
    let key = u64::from_le_bytes(key.to_le_bytes());
    unit(mix(mix(seed ^ stream.rotate_left(32)).wrapping_add(key)))
}

/// -1 to 1, the same for the same seed, stream and key.
pub fn noise(seed: u64, stream: u64, key: i64) -> f64 {
    share(seed, stream, key) * 2.0 - 1.0
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

fn unit(bits: u64) -> f64 {
    // 53 bits: as many as a double's mantissa keeps.
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let run = |seed| -> Vec<u64> {
            let mut random = Random::new(seed);
            (0..8).map(|_| random.next_u64()).collect()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert_ne!(noise(7, 1, 100), noise(7, 1, 101));
    }
}
