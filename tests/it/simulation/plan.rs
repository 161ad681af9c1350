//! What a seed has in store for a world.

use std::time::Duration;

use jiff::SignedDuration;

use crate::world::Trouble;

/// Something that happens.
#[derive(Debug, Clone, Copy)]
pub struct Happening {
    /// After the host began.
    pub after: SignedDuration,
    /// Only when a session runs, so long after that was seen.
    pub into_session: Option<Duration>,
    pub what: What,
}

#[derive(Debug, Clone, Copy)]
pub enum What {
    /// A line has this trouble from now on.
    Befalls(&'static str, Trouble),
    /// The host's clock goes so far ahead of the world's from now on.
    ClockSet(SignedDuration),
    /// The host is killed, and started again after this time.
    Killed(SignedDuration),
}

/// Troubles come within these hours.
const HOURS: u64 = 10;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `limit` - 1.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn minutes(&mut self, limit: u64) -> SignedDuration {
        SignedDuration::from_mins(i64::try_from(self.below(limit)).expect("a small number"))
    }

    fn moments(&mut self) -> Option<Duration> {
        self.one_in(2).then(|| Duration::from_millis(self.below(6_000)))
    }
}

/// How long nobody reads at first, and then what happens, in order of time. It ends with every line good and the clock
/// right.
pub fn plan(seed: u64, lines: &[&'static str]) -> (SignedDuration, Vec<Happening>) {
    let random = &mut Random(seed);
    let idle = random.minutes(16 * 60);
    let mut happenings = Vec::new();
    for line in lines {
        for _ in 0..random.below(3) {
            let trouble = Trouble::ALL[usize::try_from(random.below(10)).expect("a small number")];
            let begin = Happening {
                after: random.minutes(HOURS * 60 - 60),
                into_session: random.moments(),
                what: What::Befalls(line, trouble),
            };
            happenings.push(begin);
            happenings.push(Happening {
                after: begin.after + random.minutes(4 * 60),
                into_session: random.moments(),
                what: What::Befalls(line, Trouble::None),
            });
        }
    }
    if random.one_in(3) {
        for _ in 0..=random.below(2) {
            happenings.push(Happening {
                after: random.minutes(HOURS * 60),
                into_session: Some(Duration::from_millis(random.below(6_000))),
                what: What::Killed(random.minutes(90)),
            });
        }
    }
    if random.one_in(4) {
        let far = [5, 70, 26 * 60][usize::try_from(random.below(3)).expect("a small number")];
        let ahead = SignedDuration::from_mins(if random.one_in(2) { far } else { -far });
        happenings.push(Happening {
            after: random.minutes(HOURS * 60),
            into_session: random.moments(),
            what: What::ClockSet(ahead),
        });
    }
    happenings.sort_by_key(|happening| happening.after);
    let end = SignedDuration::from_hours(i64::try_from(HOURS).expect("a small number"));
    let at_end = |what| Happening {
        after: end,
        into_session: None,
        what,
    };
    happenings.push(at_end(What::ClockSet(SignedDuration::ZERO)));
    happenings.extend(lines.iter().map(|line| at_end(What::Befalls(line, Trouble::None))));
    (idle, happenings)
}
