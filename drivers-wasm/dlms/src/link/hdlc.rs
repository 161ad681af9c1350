//! HDLC, the client's side (IEC 62056-46): normal response mode, window 1, and its recovery. What was lost is asked for
//! with RR: the meter sends its frame again, or says by its N(R) that it lacks ours.

use dlms_cosem_rs::codec::Encode;
use dlms_cosem_rs::transport::hdlc::{Address, Control, Frame, Parameters};
use uzel_driver_sdk::bytes::hex;
use uzel_driver_sdk::{LineError, Port, Reading};

use super::scan::{Scan, scan};
use super::{APDU_MAX, Judge};
use crate::config::Config;
use crate::trouble::Trouble;

/// What stands before an APDU (IEC 62056-46, section 5.3.2).
const LLC_TO_METER: [u8; 3] = [0xE6, 0xE6, 0x00];
const LLC_FROM_METER: [u8; 3] = [0xE6, 0xE7, 0x00];
/// Bytes heard for one frame at most, with all noise before it.
const HEARD_MAX: usize = 8 * 1024;
/// Frames taken for one answer at most: an APDU in the smallest segments, and as many strays.
const FRAMES_MAX: u32 = 2_048;
/// So often the meter may say that it is there and has no answer yet.
const WAITS_MAX: u32 = 20;
const WAIT_MS: u32 = 250;
/// Silence after which nothing of an earlier answer is on its way.
const QUIET_MS: u32 = 150;
const QUIET_ROUNDS: u32 = 16;

/// One frame that came whole.
struct Heard {
    control: Control,
    is_segment: bool,
    information: Vec<u8>,
}

/// The link to one meter.
pub struct Hdlc {
    client: Address,
    server: Address,
    timeout_ms: u32,
    attempts: u32,
    proposed: Parameters,
    /// Information bytes of one frame to the meter.
    most_sent: usize,
    /// Our next N(S) and N(R).
    ns: u8,
    nr: u8,
    is_open: bool,
    heard: Vec<u8>,
}

/// What is known of the question that is on its way.
struct Turn<'a> {
    segments: Vec<&'a [u8]>,
    /// Segments that the meter has.
    sent: usize,
    answer: Vec<u8>,
    polls: u32,
    waits: u32,
}

impl Hdlc {
    pub fn new(config: &Config) -> Self {
        Self {
            client: Address::client(config.client),
            server: config.server_address(),
            timeout_ms: config.timeout_ms,
            attempts: config.attempts,
            proposed: Parameters {
                max_info_tx: config.frame_bytes,
                max_info_rx: config.frame_bytes,
                ..Parameters::DEFAULT
            },
            most_sent: Parameters::DEFAULT.max_info_tx.into(),
            ns: 0,
            nr: 0,
            is_open: false,
            heard: Vec::new(),
        }
    }

    /// SNRM until UA comes. Both ends count from 0 then.
    pub fn open(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        self.is_open = false;
        let mut parameters = Vec::new();
        // A meter that is not asked for more than the default may not know the field.
        if self.proposed != Parameters::DEFAULT {
            self.proposed.encode(&mut parameters).map_err(|error| unsaid(&error))?;
        }
        let mut last = Trouble::Silent;
        for _ in 0..self.attempts {
            self.quiet(port)?;
            self.write(port, Control::Snrm, false, &parameters)?;
            match self.until_ua(port) {
                Ok(information) => {
                    let meter = Parameters::decode(&information)
                        .map_err(|error| Trouble::Garbled(format!("parameters of UA: {error}")))?;
                    self.most_sent = usize::from(self.proposed.negotiate(meter).max_info_tx).max(16);
                    (self.ns, self.nr, self.is_open) = (0, 0, true);
                    return Ok(());
                }
                Err(trouble @ Trouble::Line(_)) => return Err(trouble),
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    fn until_ua(&mut self, port: &mut dyn Port) -> Result<Vec<u8>, Trouble> {
        for _ in 0..FRAMES_MAX {
            let frame = self.frame(port)?;
            match frame.control {
                Control::Ua => return Ok(frame.information),
                Control::Dm => return Err(Trouble::Garbled("the meter stays disconnected (DM)".to_owned())),
                // Of a conversation before this one.
                _ => port.note("a frame that answers no SNRM"),
            }
        }
        Err(Trouble::Garbled("frames came, none of them UA".to_owned()))
    }

    /// DISC; what comes back is heard once.
    pub fn close(&mut self, port: &mut dyn Port) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        port.purge();
        self.heard.clear();
        if self.write(port, Control::Disc, false, &[]).is_ok() && self.frame(port).is_err() {
            port.note("no answer to DISC");
        }
    }

    /// Sends an APDU and hears the one that answers it.
    pub fn ask(&mut self, port: &mut dyn Port, apdu: &[u8], judge: Judge<'_>) -> Result<(), Trouble> {
        if !self.is_open {
            return Err(Trouble::Garbled("the link is not open".to_owned()));
        }
        let lsdu = [&LLC_TO_METER[..], apdu].concat();
        let mut turn = Turn {
            segments: lsdu.chunks(self.most_sent).collect(),
            sent: 0,
            answer: Vec::new(),
            polls: 0,
            waits: 0,
        };
        port.purge();
        self.heard.clear();
        self.send_next(port, &turn)?;
        for _ in 0..FRAMES_MAX {
            let frame = match self.frame(port) {
                Ok(frame) => frame,
                Err(trouble @ (Trouble::Line(_) | Trouble::Refused(_))) => return Err(trouble),
                Err(trouble) => {
                    turn.polls += 1;
                    if turn.polls >= self.attempts {
                        return Err(trouble);
                    }
                    port.note(&format!("{trouble}; polled"));
                    self.quiet(port)?;
                    self.poll(port)?;
                    continue;
                }
            };
            if self.take(port, &frame, &mut turn)? {
                let apdu = turn.answer.strip_prefix(&LLC_FROM_METER);
                let apdu = apdu.ok_or_else(|| {
                    let head = turn.answer.get(..3).unwrap_or(&turn.answer);
                    Trouble::Garbled(format!("an answer begins with {}, expected e6 e7 00", hex(head)))
                })?;
                return judge(apdu).map_err(Trouble::Garbled);
            }
        }
        Err(Trouble::Garbled("frames came, none of them the answer".to_owned()))
    }

    /// What a frame means for the question; true when the answer is whole.
    fn take(&mut self, port: &mut dyn Port, frame: &Heard, turn: &mut Turn<'_>) -> Result<bool, Trouble> {
        match frame.control {
            Control::I { ns, nr, pf } => {
                if ns != self.nr || !self.acknowledged(nr, turn) || turn.sent < turn.segments.len() {
                    port.note("a frame that was here before");
                    return Ok(false);
                }
                self.nr = (self.nr + 1) % 8;
                turn.answer.extend_from_slice(&frame.information);
                if turn.answer.len() > APDU_MAX {
                    return Err(Trouble::Garbled(format!("an answer is longer than {APDU_MAX} bytes")));
                }
                if frame.is_segment && pf {
                    self.poll(port)?;
                }
                (turn.polls, turn.waits) = (0, 0);
                Ok(!frame.is_segment)
            }
            Control::Rr { nr, .. } => {
                let had = turn.sent;
                if !self.acknowledged(nr, turn) {
                    // Our frame did not come through.
                    if nr == self.ns {
                        self.send_next(port, turn)?;
                    }
                    return Ok(false);
                }
                if turn.sent < turn.segments.len() {
                    self.send_next(port, turn)?;
                } else if turn.sent == had || turn.segments.len() == 1 {
                    self.wait(port, turn)?;
                } else {
                    self.poll(port)?;
                }
                Ok(false)
            }
            Control::Rnr { .. } => self.wait(port, turn).map(|()| false),
            Control::Dm | Control::Frmr => {
                self.is_open = false;
                let word = if frame.control == Control::Dm { "DM" } else { "FRMR" };
                Err(Trouble::Garbled(format!("the meter has left the link ({word})")))
            }
            _ => {
                port.note("a frame that answers nothing");
                Ok(false)
            }
        }
    }

    /// Whether the meter has all that was sent, by its N(R).
    fn acknowledged(&mut self, nr: u8, turn: &mut Turn<'_>) -> bool {
        let next = (self.ns + 1) % 8;
        if turn.sent < turn.segments.len() && nr == next {
            self.ns = next;
            turn.sent += 1;
            return true;
        }
        turn.sent == turn.segments.len() && nr == self.ns
    }

    /// The meter is there and has no answer yet.
    fn wait(&mut self, port: &mut dyn Port, turn: &mut Turn<'_>) -> Result<(), Trouble> {
        turn.waits += 1;
        if turn.waits > WAITS_MAX {
            return Err(Trouble::Garbled("the meter is ready and does not answer".to_owned()));
        }
        port.sleep(WAIT_MS);
        self.poll(port)
    }

    fn poll(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        self.write(port, Control::Rr { nr: self.nr, pf: true }, false, &[])
    }

    fn send_next(&mut self, port: &mut dyn Port, turn: &Turn<'_>) -> Result<(), Trouble> {
        let information = turn.segments.get(turn.sent).copied().unwrap_or_default();
        let (ns, nr) = (self.ns, self.nr);
        let is_segment = turn.sent + 1 < turn.segments.len();
        self.write(port, Control::I { ns, nr, pf: true }, is_segment, information)
    }

    fn write(&self, port: &mut dyn Port, control: Control, segmented: bool, information: &[u8]) -> Result<(), Trouble> {
        let frame = Frame {
            segmented,
            destination: self.server,
            source: self.client,
            control,
            information,
        };
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).map_err(|error| unsaid(&error))?;
        Ok(port.write(&bytes)?)
    }

    /// The next frame from this meter to us.
    fn frame(&mut self, port: &mut dyn Port) -> Result<Heard, Trouble> {
        let mut all = 0;
        loop {
            let (need, keep) = match scan(&self.heard) {
                Scan::Whole(frame, used) => {
                    let is_ours = frame.destination == self.client && frame.source == self.server;
                    let heard = Heard {
                        control: frame.control,
                        is_segment: frame.segmented,
                        information: frame.information.to_vec(),
                    };
                    self.heard.drain(..used);
                    if is_ours {
                        return Ok(heard);
                    }
                    port.note("a frame of somebody else");
                    continue;
                }
                Scan::Lacks { need, keep } => (need, keep),
            };
            self.heard.drain(..keep.min(self.heard.len()));
            if all > HEARD_MAX {
                return Err(Trouble::Garbled(format!("{all} bytes came and no frame")));
            }
            let need = u32::try_from(need).unwrap_or(u32::MAX);
            match port.read(Reading::exactly(need, self.timeout_ms)) {
                Ok(bytes) => {
                    all += bytes.len();
                    self.heard.extend(bytes);
                }
                Err(LineError::Timeout(bytes)) => {
                    all += bytes.len();
                    self.heard.extend(bytes);
                    if matches!(scan(&self.heard), Scan::Whole(..)) {
                        continue;
                    }
                    let broken = std::mem::take(&mut self.heard);
                    return Err(if broken.is_empty() && all == 0 {
                        Trouble::Silent
                    } else {
                        Trouble::Garbled(format!("{} bytes came and no whole frame", all.max(broken.len())))
                    });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Lets what is still on its way come, and drops it.
    fn quiet(&mut self, port: &mut dyn Port) -> Result<(), Trouble> {
        self.heard.clear();
        if port.purge() == 0 {
            return Ok(());
        }
        for _ in 0..QUIET_ROUNDS {
            match port.read(Reading::until_silence(QUIET_MS, 4_096, QUIET_MS)) {
                Err(LineError::Timeout(bytes)) if bytes.is_empty() => break,
                Ok(_) | Err(LineError::Timeout(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

fn unsaid(error: &dlms_cosem_rs::Error) -> Trouble {
    Trouble::Refused(format!("a frame cannot be made: {error}"))
}
