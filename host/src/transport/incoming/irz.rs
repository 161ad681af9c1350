//! iRZ ATM2, ATM21, ATM31: one line of `KEY=VALUE` pairs right after connecting. A captured greeting ends with a comma and
//! no line end, an emulator's with a line feed.

use super::greeting::{BadGreeting, Named, Verdict, bad_start, plain};

/// What the modem sends about once a minute when it is idle.
pub(super) const HEARTBEAT: &[u8] = &[0xb5, 0xbc, 0xbd, 0xbe, 0xbf];

const START: &[u8] = b"AT$IMEI=";

/// Digits of an IMEI (3GPP 23.003, section 6.2.1).
const IMEI_DIGITS: usize = 15;

/// Judges a greeting. It ends at a line end, before a byte that is no text, or with a pause.
pub(super) fn judge(bytes: &[u8], paused: bool) -> Verdict {
    let Some(_) = bytes.strip_prefix(START) else {
        if START.starts_with(bytes) && !paused {
            return Verdict::More;
        }
        return bad_start(bytes, "AT$IMEI=");
    };
    let is_text = |byte: &u8| *byte == b' ' || byte.is_ascii_graphic();
    let end = match bytes.iter().position(|byte| !is_text(byte)) {
        Some(end) => end,
        None if paused => bytes.len(),
        None => return Verdict::More,
    };
    let length = match bytes.get(end..) {
        Some([b'\r', b'\n', ..]) => end + 2,
        Some([b'\r' | b'\n', ..]) => end + 1,
        _ => end,
    };
    let line = String::from_utf8_lossy(bytes.get(..end).unwrap_or(bytes)).into_owned();
    read(&line, length)
}

fn read(line: &str, length: usize) -> Verdict {
    let pairs = line.split(',').filter_map(|pair| pair.split_once('='));
    let (mut imei, mut signal_csq) = (None, None);
    for (key, value) in pairs {
        match key {
            "AT$IMEI" => imei = Some(value),
            "CSQ" => signal_csq = value.parse::<u8>().ok().filter(|level| *level <= 31),
            _ => {}
        }
    }
    let digits = |imei: &&str| imei.len() == IMEI_DIGITS && imei.bytes().all(|byte| byte.is_ascii_digit());
    match imei.filter(digits).map(|imei| plain(imei.as_bytes())) {
        Some(Ok(identity)) => Verdict::Named(Named {
            identity,
            begin: 0,
            length,
            signal_csq,
            reply: Vec::new(),
        }),
        _ => Verdict::Bad(BadGreeting::Garbled(format!(
            "IMEI {:?}, expected {IMEI_DIGITS} digits",
            imei.unwrap_or_default()
        ))),
    }
}
