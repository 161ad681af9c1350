//! Chance that is the same on every machine: a report must be repeatable by its seed, so the generator is fixed here.

/// A splitmix64 generator (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

/// One answer in so many is damaged: enough to try every place in some seeds, few enough that retries get through.
const ONE_IN: usize = 4;

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `end`, not included; 0 when `end` is 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// The answer with at most one fault: every check sum finds one wrong byte, so no driver has an excuse.
    pub(super) fn damage(&mut self, mut answer: Vec<u8>) -> Vec<u8> {
        if self.below(ONE_IN) > 0 {
            return answer;
        }
        let at = self.below(answer.len());
        let [noise, ..] = self.next().to_le_bytes();
        match self.below(4) {
            0 => answer.truncate(at),
            1 => drop(answer.remove(at)),
            2 => answer.insert(at, noise),
            _ => {
                if let Some(byte) = answer.get_mut(at) {
                    *byte ^= noise.max(1);
                }
            }
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_damage_and_at_most_one_fault() {
        let whole: Vec<u8> = (0..40).collect();
        let damaged = |seed| Chance::new(seed).damage(whole.clone());
        let mut changed = 0;
        for seed in 0..400 {
            let got = damaged(seed);
            assert_eq!(got, damaged(seed));
            let same_start = got.iter().zip(&whole).take_while(|(got, whole)| got == whole).count();
            let rest = |bytes: &[u8]| bytes.get(same_start + 1..).unwrap_or_default().to_vec();
            let one_fault = [
                got == whole,
                same_start == got.len(),
                got.get(same_start..).unwrap_or_default() == rest(&whole),
                rest(&got) == whole.get(same_start..).unwrap_or_default(),
                rest(&got) == rest(&whole),
            ];
            assert!(one_fault.contains(&true), "seed {seed}: {got:?}");
            changed += usize::from(got != whole);
        }
        assert!(
            (50..150).contains(&changed),
            "{changed} of 400, expected about a quarter"
        );
    }
}
