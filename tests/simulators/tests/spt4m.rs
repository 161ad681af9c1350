//! Meters of the extended M4 dialect as a host meets them.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Faulty, M4, M4Builder, M4Model, Meter, hex};
use std::time::Duration;

const NOW: DateTime = datetime(2026, 11, 20, 10, 20, 0, 0);
const WAKE: [u8; 16] = [0xFF; 16];
const SESSION: &str = "10 FF 3F 00 00 00 00 C1 16";

struct Host {
    meter: Faulty<Box<dyn Meter>>,
    now: Duration,
}

impl Host {
    fn at(builder: M4Builder) -> Self {
        Self {
            meter: builder.link().into_meter(),
            now: Duration::ZERO,
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.now += Duration::from_secs(1);
        let replies = self.meter.on_bytes(self.now, bytes);
        replies.into_iter().flat_map(|reply| reply.bytes).collect()
    }

    /// The data of the answer to an extended question.
    fn ask(&mut self, function: u8, data: &[u8]) -> (u8, Vec<u8>) {
        let length = u16::try_from(data.len() + 1).unwrap().to_le_bytes();
        let mut body = vec![0xFF, 0x90, 7, 0, length[0], length[1], function];
        body.extend_from_slice(data);
        let frame = [&[0x10], &body[..], &crc(&body)].concat();
        let answer = self.send(&frame);
        let (start, check) = answer.split_at(answer.len() - 2);
        assert_eq!(check, crc(&start[1..]));
        assert_eq!(start[..5], [0x10, 0xFF, 0x90, 7, 0]);
        (start[7], start[8..].to_vec())
    }
}

fn crc(body: &[u8]) -> [u8; 2] {
    let crc = body.iter().fold(0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1_1021
            }
        })
    });
    (crc as u16).to_be_bytes()
}

fn number(channel: u8, number: u16) -> [u8; 5] {
    let [low, high] = number.to_le_bytes();
    [0x4A, 3, channel, low, high]
}

#[test]
fn every_model_says_who_it_is_in_both_kinds_of_frames() {
    for (model, ident) in [
        (M4Model::Spt940, "92 28"),
        (M4Model::Spt941_20, "92 29 80"),
        (M4Model::Spt943rev3, "54 2B 0A"),
        (M4Model::Spt944, "54 2C"),
        (M4Model::Spg740, "47 28"),
        (M4Model::Spg742, "47 2A"),
        (M4Model::Lgk410, "46 0A"),
    ] {
        let mut host = Host::at(M4::builder(model).clock(NOW));
        let answer = host.send(&hex::bytes(SESSION).unwrap());
        assert!(
            hex::text(&answer).starts_with(&format!("10 FF 3F {ident}")),
            "{model:?}"
        );
        let (function, data) = host.ask(0x3F, &[0; 4]);
        assert!(function == 0x3F && hex::text(&data).starts_with(ident), "{model:?}");
        // What it does not know it refuses, in the frame of the question.
        assert_eq!(
            host.send(&hex::bytes("10 FF 45 00 00 01 00 BA 16").unwrap())[2..4],
            [0x21, 0]
        );
        assert_eq!(host.ask(0x99, &[]), (0x21, vec![0]));
    }
}

#[test]
fn a_session_is_forgotten_and_needs_the_row_of_ff() {
    let mut host = Host::at(M4::spt941_20().clock(NOW));
    host.send(&hex::bytes(SESSION).unwrap());
    assert_eq!(host.ask(0x72, &number(0, 1025)).1, [0x48, 4, 20, 11, 26, 4], "a Friday");
    host.now += Duration::from_secs(70);
    let clock = hex::bytes("10 FF 90 4F 00 0B 00 72 4A 03 00 01 04 4A 03 00 00 04 27 0E").unwrap();
    assert!(host.send(&clock).is_empty());
    assert!(host.send(&hex::bytes(SESSION).unwrap()).is_empty());
    host.send(&WAKE);
    assert_eq!(host.send(&hex::bytes(SESSION).unwrap()).len(), 8);
}

#[test]
fn what_is_not_there_has_no_data_and_too_many_tags_are_cut() {
    let mut host = Host::at(M4::spt941_20().clock(NOW));
    host.send(&hex::bytes(SESSION).unwrap());
    assert_eq!(host.ask(0x72, &number(9, 1024)).1, [5, 0]);
    assert_eq!(host.ask(0x72, &number(0, 1037)).1, [5, 0], "tх has no sensor");
    let many: Vec<u8> = (0..60).flat_map(|_| number(9, 0)).collect();
    assert_eq!(host.ask(0x72, &many).1.len(), 2 * 49);
    let written = [&number(0, 6)[..], &[0x16, 1, b'5']].concat();
    assert_eq!(host.ask(0x77, &written), (0x77, vec![0x55, 1, 1]), "protected");
}

#[test]
fn an_archive_goes_forward_and_says_what_comes_next() {
    let mut host = Host::at(M4::spt943rev3().clock(NOW).settlement(25, 10));
    host.send(&hex::bytes(SESSION).unwrap());
    let ask = |channel: u8, kind: u8, most: u8, label: &[u8]| {
        let length = u8::try_from(label.len()).unwrap();
        [&[4, 5, 0xFF, 0xFF, channel, kind, most, 0x49, length], label].concat()
    };
    let (_, hours) = host.ask(0x61, &ask(1, 0, 3, &[26, 11, 19, 22]));
    assert_eq!(hours[..7], [0x49, 4, 26, 11, 19, 22, 0x30]);
    assert_eq!(hours[hours.len() - 8..], [0x49, 4, 26, 11, 20, 1, 0x30, 0]);
    let (_, last) = host.ask(0x61, &ask(2, 0, 9, &[26, 11, 20, 10]));
    assert_eq!(last[last.len() - 4..], [0x49, 0, 0x30, 0]);
    let (_, none) = host.ask(0x61, &ask(1, 0, 9, &[26, 12, 1, 0]));
    assert_eq!(none, [0x49, 0, 0x30, 0]);
    // Days close at ЧР: that of today has.
    let (_, days) = host.ask(0x61, &ask(1, 1, 9, &[26, 11, 20]));
    assert_eq!(days[..5], [0x49, 3, 26, 11, 20]);
    // Months want short labels.
    let (_, none) = host.ask(0x61, &ask(1, 3, 9, &[26, 10, 1]));
    assert_eq!(none, [0x49, 0, 0x30, 0]);
    let (_, months) = host.ask(0x61, &ask(1, 3, 9, &[26, 10]));
    assert_eq!(months[..5], [0x49, 3, 26, 10, 1]);
}
