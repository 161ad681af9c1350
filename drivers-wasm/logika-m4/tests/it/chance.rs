//! Repeatable chance, and the faults of a line.

/// Repeatable chance.
#[derive(Debug, Clone)]
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    pub fn hits(&mut self, percent: u64) -> bool {
        self.next(1_000) < percent * 10
    }
}

/// Faults in percent of the frames, each direction for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// One to three bits.
    pub flips: u64,
    /// Two bits that leave the check byte right.
    pub sly_flips: u64,
    pub dropped: u64,
    pub inserted: u64,
    /// The answer comes up to three timeouts later.
    pub late: u64,
    /// The answer comes twice, the second time at any moment.
    pub doubled: u64,
    /// The answer does not come.
    pub lost: u64,
}

/// What a line with faults makes of bytes.
pub fn garble(chance: &mut Chance, faults: Faults, mut bytes: Vec<u8>) -> Vec<u8> {
    let any = |chance: &mut Chance, len: usize| usize::try_from(chance.next(len as u64)).unwrap();
    if chance.hits(faults.flips) {
        for _ in 0..=chance.next(3) {
            let at = any(chance, bytes.len());
            bytes[at] ^= 1 << chance.next(8);
        }
    }
    if chance.hits(faults.sly_flips) {
        let bit = 1u8 << chance.next(8);
        let middle = 3..bytes.len() - 1;
        let set: Vec<usize> = middle.clone().filter(|at| bytes[*at] & bit != 0).collect();
        let clear: Vec<usize> = middle.filter(|at| bytes[*at] & bit == 0).collect();
        if !set.is_empty() && !clear.is_empty() {
            let (down, up) = (set[any(chance, set.len())], clear[any(chance, clear.len())]);
            bytes[down] ^= bit;
            bytes[up] ^= bit;
        }
    }
    if chance.hits(faults.dropped) {
        bytes.remove(any(chance, bytes.len()));
    }
    if chance.hits(faults.inserted) {
        let byte = u8::try_from(chance.next(256)).unwrap();
        bytes.insert(any(chance, bytes.len()), byte);
    }
    bytes
}
