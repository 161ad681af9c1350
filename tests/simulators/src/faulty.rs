//! A meter behind a line with faults: what the meter says, changed on its way.

use crate::faults::Faults;
use crate::meter::{Disguise, Meter, Reply};
use crate::random::Random;
use std::time::Duration;

/// Bits that a byte takes on a line: start, eight, parity or second stop, stop.
const BITS_PER_BYTE: u64 = 11;

/// Bytes that leave together when a line's speed is simulated; finer steps only burn processor time.
const PACED_BYTES: usize = 8;

/// Answers held back at most; a host that asks on without end must not fill the memory.
const HELD_MAX: usize = 16;

/// Wraps a device in faults.
pub struct Faulty<M> {
    meter: M,
    faults: Faults,
    random: Random,
    held: Vec<Reply>,
    sent_bytes: u64,
    dropped: bool,
    clock_jumped: bool,
}

impl<M: Meter> Faulty<M> {
    pub fn new(meter: M, faults: Faults) -> Self {
        let mut faulty = Self {
            meter,
            random: Random::new(faults.seed),
            faults: Faults::new(),
            held: Vec::new(),
            sent_bytes: 0,
            dropped: false,
            clock_jumped: false,
        };
        faulty.set_faults(faults);
        faulty
    }

    /// Replaces the faults; chance starts again from their seed, held answers stay held.
    pub fn set_faults(&mut self, faults: Faults) {
        self.random = Random::new(faults.seed);
        // A meter of a bus may be disguised by faults of its own; the line then leaves it alone.
        if faults.wrong != self.faults.wrong {
            self.meter.disguise(faults.wrong);
        }
        (self.sent_bytes, self.dropped, self.clock_jumped) = (0, false, false);
        self.faults = faults;
    }

    fn jump_clock(&mut self) {
        if let Some((seconds, after)) = self.faults.clock_jump
            && !self.clock_jumped
            && self.meter.requests() >= after
        {
            self.clock_jumped = true;
            self.meter.shift_clock(seconds);
        }
    }

    /// One answer on its way: nothing, one or more replies.
    fn pass(&mut self, mut reply: Reply) -> Vec<Reply> {
        if self.random.chance(self.faults.silence) {
            return Vec::new();
        }
        if self.random.chance(self.faults.noise) {
            damage(&mut reply.bytes, &mut self.random);
        }
        // Drawn only where it is wanted: the course of chance of other lines stays as it was.
        if self.faults.sly > 0.0 && self.random.chance(self.faults.sly) {
            damage_slyly(&mut reply.bytes, &mut self.random);
        }
        if self.random.chance(self.faults.cut) {
            let length = self.random.below(reply.bytes.len());
            reply.bytes.truncate(length);
        }
        reply.delay = reply.delay.saturating_add(self.faults.delay);
        if self.random.chance(self.faults.late) && self.held.len() < HELD_MAX {
            self.held.push(reply);
            return Vec::new();
        }
        if self.random.chance(self.faults.duplicate) {
            return vec![reply.clone(), reply];
        }
        vec![reply]
    }

    /// What becomes of answers on a line that drops, or has a speed.
    fn leave(&mut self, mut replies: Vec<Reply>) -> Vec<Reply> {
        replies.iter_mut().for_each(|reply| self.drop_line(reply));
        if let Some(end) = replies.iter().position(|reply| reply.hang_up) {
            replies.truncate(end + 1);
        }
        match self.faults.baud {
            Some(baud) => replies.into_iter().flat_map(|reply| paced(reply, baud)).collect(),
            None => replies,
        }
    }

    /// Cuts the answer at the byte where the connection drops.
    fn drop_line(&mut self, reply: &mut Reply) {
        let Some(limit) = self.faults.drop_bytes.filter(|_| !self.dropped) else {
            return;
        };
        let left = limit.saturating_sub(self.sent_bytes);
        let length = reply.bytes.len() as u64;
        if length < left {
            self.sent_bytes = self.sent_bytes.saturating_add(length);
            return;
        }
        reply.bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        reply.hang_up = true;
        self.sent_bytes = 0;
        self.dropped = !self.faults.drop_again;
    }
}

impl<M: Meter> Meter for Faulty<M> {
    fn on_bytes(&mut self, now: Duration, bytes: &[u8]) -> Vec<Reply> {
        self.jump_clock();
        let mut replies = std::mem::take(&mut self.held);
        // One draw per arrival for each fault, so that the conversation alone decides the course of chance.
        let deaf = self.random.chance(self.faults.deaf);
        let mut bytes = bytes.to_vec();
        if self.random.chance(self.faults.noise_in) {
            damage(&mut bytes, &mut self.random);
        }
        if !deaf {
            let answers = self.meter.on_bytes(now, &bytes);
            replies.extend(
                answers
                    .into_iter()
                    .flat_map(|answer| self.pass(answer))
                    .collect::<Vec<_>>(),
            );
        }
        self.leave(replies)
    }

    fn sends_every(&self) -> Option<Duration> {
        self.meter.sends_every()
    }

    fn send(&mut self) -> Vec<Reply> {
        self.jump_clock();
        let mut replies = std::mem::take(&mut self.held);
        let sent = self.meter.send();
        replies.extend(sent.into_iter().flat_map(|reply| self.pass(reply)).collect::<Vec<_>>());
        self.leave(replies)
    }

    fn requests(&self) -> u64 {
        self.meter.requests()
    }

    fn disguise(&mut self, as_other: Option<Disguise>) {
        self.meter.disguise(as_other);
    }

    fn shift_clock(&mut self, seconds: i64) {
        self.meter.shift_clock(seconds);
    }

    fn tune(&mut self, baud: u32) {
        self.meter.tune(baud);
    }

    fn unmatched(&self) -> Vec<Vec<u8>> {
        self.meter.unmatched()
    }
}

/// Splits an answer into bursts that take the time of the line.
fn paced(reply: Reply, baud: u32) -> Vec<Reply> {
    let time = |bytes: usize| Duration::from_micros(bytes as u64 * BITS_PER_BYTE * 1_000_000 / u64::from(baud));
    let mut bursts: Vec<Reply> = reply
        .bytes
        .chunks(PACED_BYTES)
        .map(|bytes| Reply {
            delay: time(bytes.len()),
            bytes: bytes.to_vec(),
            hang_up: false,
        })
        .collect();
    match bursts.first_mut() {
        Some(first) => first.delay = first.delay.saturating_add(reply.delay),
        None => return vec![reply],
    }
    if let Some(last) = bursts.last_mut() {
        last.hang_up = reply.hang_up;
    }
    bursts
}

/// Damages bytes in one of the ways of a bad line. Errors of several bytes are among them: short
/// checksums let some of those pass, and a host has to live with that.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    match random.below(5) {
        0 => flip_bits(bytes, random),
        1 => overwrite_burst(bytes, random),
        2 => {
            for _ in 0..=random.below(3) {
                let place = random.below(bytes.len() + 1);
                bytes.insert(place, random.byte());
            }
        }
        3 => {
            for _ in 0..=random.below(3) {
                let place = random.below(bytes.len());
                if place < bytes.len() {
                    bytes.remove(place);
                }
            }
        }
        _ => {
            let junk = if random.chance(0.5) { 0xFF } else { 0x00 };
            for _ in 0..=random.below(4) {
                bytes.insert(0, junk);
            }
        }
    }
}

/// Adds to one byte what it takes from another.
fn damage_slyly(bytes: &mut [u8], random: &mut Random) {
    let (more, less) = (random.below(bytes.len()), random.below(bytes.len()));
    let amount = random.byte().max(1);
    if more == less {
        return;
    }
    if let Some(byte) = bytes.get_mut(more) {
        *byte = byte.wrapping_add(amount);
    }
    if let Some(byte) = bytes.get_mut(less) {
        *byte = byte.wrapping_sub(amount);
    }
}

fn flip_bits(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let bit = random.below(8);
        let place = random.below(bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << bit;
        }
    }
}

fn overwrite_burst(bytes: &mut [u8], random: &mut Random) {
    let start = random.below(bytes.len());
    let length = 2 + random.below(7);
    for byte in bytes.iter_mut().skip(start).take(length) {
        *byte = random.byte();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers ten bytes to every arrival.
    struct Parrot(u64);

    impl Meter for Parrot {
        fn on_bytes(&mut self, _: Duration, bytes: &[u8]) -> Vec<Reply> {
            self.0 += 1;
            vec![Reply::now(bytes.repeat(10))]
        }

        fn requests(&self) -> u64 {
            self.0
        }

        fn disguise(&mut self, _: Option<Disguise>) {}
    }

    fn run(faults: &str, requests: u8) -> Vec<Vec<Reply>> {
        let mut meter = Faulty::new(Parrot(0), faults.parse().unwrap());
        (1..=requests).map(|n| meter.on_bytes(Duration::ZERO, &[n])).collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_faults_and_another_seed_others() {
        let text = "noise=0.3,cut=0.1,late=0.2,duplicate=0.1,silence=0.1,deaf=0.1,noise_in=0.1";
        let seeded = |seed| run(&format!("{text},seed={seed}"), 60);
        assert_eq!(seeded(7), seeded(7));
        assert_ne!(seeded(7), seeded(8));
    }

    #[test]
    fn shares_are_about_what_was_asked() {
        let uneven = |reply: &Reply| reply.bytes.len() != 10 || reply.bytes.windows(2).any(|pair| pair[0] != pair[1]);
        let heard = run("noise=0.25,seed=1", 200).concat();
        let damaged = heard.iter().filter(|reply| uneven(reply)).count();
        assert!((30..70).contains(&damaged), "{damaged} of 200");
        let silent = run("silence=1", 20).iter().all(Vec::is_empty);
        assert!(silent);
    }

    #[test]
    fn sly_damage_keeps_the_sum() {
        let heard = run("sly=1,seed=3", 100).concat();
        let sum = |reply: &Reply| reply.bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        for (reply, asked) in heard.iter().zip(1u8..) {
            assert_eq!(sum(reply), asked.wrapping_mul(10), "{reply:?}");
        }
        let damaged = heard
            .iter()
            .zip(1u8..)
            .filter(|(reply, asked)| reply.bytes != [*asked; 10]);
        assert!(damaged.count() > 70);
    }

    #[test]
    fn a_late_answer_comes_with_the_next_request() {
        let heard = run("late=1", 3);
        assert_eq!(heard[0], []);
        assert_eq!(heard[1], [Reply::now(vec![1; 10])]);
        assert_eq!(heard[2], [Reply::now(vec![2; 10])]);
    }

    #[test]
    fn a_line_drops_once_or_again_at_the_given_byte() {
        let lengths = |text, requests| -> Vec<(usize, bool)> {
            run(text, requests)
                .concat()
                .iter()
                .map(|reply| (reply.bytes.len(), reply.hang_up))
                .collect()
        };
        let whole = (10, false);
        assert_eq!(lengths("drop_after=15", 5), [whole, (5, true), whole, whole, whole]);
        assert_eq!(lengths("drop_every=15", 5), [whole, (5, true), whole, (5, true), whole]);
    }

    #[test]
    fn pacing_gives_a_line_its_time() {
        let replies = run("baud=1200,delay_ms=100", 1).concat();
        let total: Duration = replies.iter().map(|reply| reply.delay).sum();
        // 10 bytes of 11 bits at 1200 bit/s are 91.6 ms.
        assert_eq!(total.as_millis(), 191);
        assert_eq!(replies.iter().map(|reply| reply.bytes.len()).sum::<usize>(), 10);
    }
}
