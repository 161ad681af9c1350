//! Takes out of a caller's bytes what its modem put in: heartbeats, and registration packets in front of packets of data.
//! Never anything that may be the meter's.
//!
//! While nothing is asked, heartbeats are taken off the front of what comes. While a question waits for its answer, only
//! those are that are too long to be the meter's by chance ([`SURE`]). In the middle of an answer such a heartbeat is
//! taken only when it is all that a segment holds; glued to bytes of the meter it stays, and the driver judges.

/// Fewest bytes of a heartbeat or registration packet that a meter does not send by chance.
pub(super) const SURE: usize = 4;

/// Fewest bytes of a registration packet that is taken out wherever it stands: two packets of data may come as one.
const UNIQUE: usize = 8;

/// What is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// Nothing was asked.
    Nothing,
    /// The first byte of an answer.
    Answer,
    /// The rest of an answer.
    Rest,
}

/// The filter of one connection.
#[derive(Debug)]
pub(super) struct Filter {
    heartbeats: Vec<Vec<u8>>,
    packet_prefix: Option<Vec<u8>>,
    awaited: Awaited,
    /// The first bytes of a packet's prefix, whose rest has not come.
    held: Vec<u8>,
}

impl Filter {
    pub(super) fn new(heartbeats: &[Vec<u8>], packet_prefix: Option<Vec<u8>>) -> Self {
        Self {
            heartbeats: heartbeats.to_vec(),
            packet_prefix: packet_prefix.filter(|prefix| !prefix.is_empty()),
            awaited: Awaited::Nothing,
            held: Vec::new(),
        }
    }

    /// A question goes out.
    pub(super) fn asked(&mut self) {
        self.awaited = Awaited::Answer;
        self.held.clear();
    }

    /// Nobody asks any more.
    pub(super) fn rests(&mut self) {
        self.awaited = Awaited::Nothing;
        self.held.clear();
    }

    /// Whether a question has no answer yet.
    pub(super) fn owes(&self) -> bool {
        self.awaited == Awaited::Answer
    }

    /// What of a segment is the meter's.
    pub(super) fn take(&mut self, segment: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(segment);
        let mut front = self.front(&bytes);
        if self.awaited == Awaited::Rest && front < bytes.len() && !self.is_prefixed(&bytes) {
            // In the middle of an answer a heartbeat is one only when it stands alone.
            front = 0;
        }
        bytes.drain(..front.min(bytes.len()));
        if self.awaited != Awaited::Rest && self.is_begun(&bytes) {
            self.held = bytes;
            return Vec::new();
        }
        self.drop_further(&mut bytes);
        if !bytes.is_empty() && self.awaited == Awaited::Answer {
            self.awaited = Awaited::Rest;
        }
        bytes
    }

    /// How many bytes of the modem's own stand in front.
    fn front(&self, bytes: &[u8]) -> usize {
        let least = if self.awaited == Awaited::Nothing { 1 } else { SURE };
        let own = self.heartbeats.iter().filter(|heartbeat| heartbeat.len() >= least);
        let own: Vec<&Vec<u8>> = own.chain(&self.packet_prefix).collect();
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Some(found) = own.iter().find(|own| rest.starts_with(own))
        {
            at += found.len();
        }
        at
    }

    fn is_prefixed(&self, bytes: &[u8]) -> bool {
        self.packet_prefix
            .as_ref()
            .is_some_and(|prefix| bytes.starts_with(prefix))
    }

    /// Whether these are the first bytes of a packet's prefix and nothing else.
    fn is_begun(&self, bytes: &[u8]) -> bool {
        let prefix = self.packet_prefix.as_ref();
        !bytes.is_empty() && prefix.is_some_and(|prefix| prefix.len() > bytes.len() && prefix.starts_with(bytes))
    }

    fn drop_further(&self, bytes: &mut Vec<u8>) {
        let Some(prefix) = self.packet_prefix.as_ref().filter(|prefix| prefix.len() >= UNIQUE) else {
            return;
        };
        while let Some(at) = bytes.windows(prefix.len()).position(|window| window == prefix) {
            bytes.drain(at..at + prefix.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BEAT: [u8; 5] = [0xb5, 0xbc, 0xbd, 0xbe, 0xbf];
    const LOGIN: &[u8] = b"LOGIN:1001";

    fn filter(prefix: Option<&[u8]>) -> Filter {
        Filter::new(&[BEAT.to_vec(), b"hb".to_vec()], prefix.map(<[u8]>::to_vec))
    }

    #[test]
    fn heartbeats_are_taken_where_it_is_safe() {
        let glued = [&BEAT[..], &[1, 2]].concat();
        let inside = [&[1][..], &BEAT, &[2]].concat();
        let mut idle = filter(None);
        assert_eq!(idle.take(&[&BEAT[..], b"hb"].concat()), b"");
        assert_eq!(idle.take(b"hbx"), b"x");

        let mut asked = filter(None);
        asked.asked();
        assert_eq!(asked.take(&BEAT), b"", "alone before the answer");
        assert!(asked.owes());
        assert_eq!(asked.take(&glued), [1, 2], "glued in front of the answer");
        assert!(!asked.owes());
        assert_eq!(asked.take(&BEAT), b"", "alone in the middle of the answer");
        assert_eq!(asked.take(&inside), inside, "inside bytes of the meter");
        assert_eq!(asked.take(&glued), glued, "in front of a later piece of the answer");

        let mut short = filter(None);
        short.asked();
        assert_eq!(short.take(b"hb"), b"hb", "two bytes may be the meter's answer");
    }

    #[test]
    fn the_prefix_of_each_packet_is_taken() {
        let packet = |data: &[u8]| [LOGIN, data].concat();
        let mut whole = filter(Some(LOGIN));
        whole.asked();
        assert_eq!(whole.take(&packet(&[1, 2])), [1, 2]);
        assert_eq!(whole.take(&packet(&[3])), [3], "a second packet of the same answer");
        assert_eq!(
            whole.take(&[packet(&[4]), packet(&[5])].concat()),
            [4, 5],
            "two packets in one segment"
        );

        let mut split = filter(Some(LOGIN));
        split.asked();
        let came: Vec<u8> = packet(&[7, 8]).iter().flat_map(|byte| split.take(&[*byte])).collect();
        assert_eq!(came, [7, 8]);
    }

    proptest! {
        #[test]
        fn bytes_of_an_answer_pass_as_they_are(first in any::<u8>(), segments: Vec<Vec<u8>>) {
            let mut filter = filter(None);
            filter.asked();
            let mut came = filter.take(&[first]);
            let mut sent = vec![first];
            for segment in segments.iter().filter(|segment| !segment.chunks(5).all(|five| five == BEAT)) {
                came.extend(filter.take(segment));
                sent.extend(segment);
            }
            prop_assert_eq!(came, sent);
        }
    }
}
