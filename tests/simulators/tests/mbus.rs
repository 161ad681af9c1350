//! M-Bus slaves as a master meets them: published frames, selection, FCB, telegrams, values.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Faults, Faulty, Link, Mbus, MbusBuilder, Meter, SimClock, TruthKind, hex};
use std::collections::BTreeMap;
use std::time::Duration;

const NOW: DateTime = datetime(2026, 2, 3, 10, 20, 30, 0);
const ACK: &str = "E5";

/// Makes the same meter again.
type Make = fn() -> MbusBuilder;

struct Master {
    meter: Faulty<Box<dyn Meter>>,
    now: Duration,
}

impl Master {
    fn at(link: Link) -> Self {
        Self {
            meter: link.into_meter(),
            now: Duration::ZERO,
        }
    }

    fn raw(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.now += Duration::from_secs(1);
        self.meter
            .on_bytes(self.now, bytes)
            .into_iter()
            .flat_map(|reply| reply.bytes)
            .collect()
    }

    fn ask(&mut self, request: &str) -> String {
        hex::text(&self.raw(&hex::bytes(request).unwrap()))
    }

    fn short(&mut self, control: u8, address: u8) -> Vec<u8> {
        self.raw(&[0x10, control, address, control.wrapping_add(address), 0x16])
    }

    /// Sends user data with C 53.
    fn send(&mut self, address: u8, user: &[u8]) -> String {
        let body = [&[0x53, address], user].concat();
        let check = body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let length = u8::try_from(body.len()).unwrap();
        hex::text(&self.raw(&[&[0x68, length, length, 0x68], body.as_slice(), &[check, 0x16]].concat()))
    }

    fn select(&mut self, id: &str, rest: [u8; 4]) -> String {
        let id: Vec<u8> = hex::bytes(id).unwrap().into_iter().rev().collect();
        self.send(0xFD, &[&[0x52], id.as_slice(), &rest].concat())
    }

    /// All telegrams of a readout: headers and joined records.
    fn readout(&mut self, address: u8) -> (Vec<Vec<u8>>, Vec<u8>) {
        let (mut headers, mut records, mut control) = (Vec::new(), Vec::new(), 0x7B);
        loop {
            let answer = self.short(control, address);
            let body = checked(&answer);
            headers.push(body[2..15].to_vec());
            records.extend_from_slice(&body[15..]);
            assert!(headers.len() < 10, "the readout has an end");
            if records.last() != Some(&0x1F) {
                return (headers, records);
            }
            records.pop();
            control ^= 0x20;
        }
    }
}

/// The body C..data of a long frame whose lengths, checksum and end are right.
fn checked(answer: &[u8]) -> &[u8] {
    assert!(answer.len() > 6, "a long frame: {}", hex::text(answer));
    let length = usize::from(answer[1]);
    assert_eq!(
        (answer[0], answer[2], answer[3], answer.len()),
        (0x68, answer[1], 0x68, length + 6)
    );
    let body = &answer[4..4 + length];
    assert_eq!(
        answer[4 + length],
        body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte))
    );
    assert_eq!(answer[5 + length], 0x16);
    assert_eq!(body[0], 0x08);
    body
}

/// Number of a record by storage, tariff and VIF bytes.
type Records = BTreeMap<(u32, u32, Vec<u8>), u64>;

/// A decoder for the codings that these meters use, apart from the meters' own code.
fn decode(mut bytes: &[u8]) -> Records {
    let mut records = Records::new();
    while let [dif, rest @ ..] = bytes {
        let (mut storage, mut tariff) = (u32::from(dif >> 6 & 1), 0);
        let (mut more, mut shift) = (dif >> 7 == 1, 0);
        bytes = rest;
        while more {
            let dife = bytes[0];
            storage |= u32::from(dife & 0x0F) << (1 + 4 * shift);
            tariff |= u32::from(dife >> 4 & 3) << (2 * shift);
            (more, shift, bytes) = (dife >> 7 == 1, shift + 1, &bytes[1..]);
        }
        let vif_length = if matches!(bytes[0], 0xFB | 0xFD) { 2 } else { 1 };
        let (vif, rest) = bytes.split_at(vif_length);
        let (size, packed) = match dif & 0x0F {
            2 => (2, false),
            4 => (4, false),
            6 => (6, false),
            0xB => (3, true),
            0xC => (4, true),
            code => panic!("coding {code}"),
        };
        let (data, rest) = rest.split_at(size);
        let value = data.iter().rev().fold(0u64, |value, byte| match packed {
            true => value * 100 + u64::from(byte >> 4) * 10 + u64::from(byte & 0x0F),
            false => value << 8 | u64::from(*byte),
        });
        assert_eq!(
            records.insert((storage, tariff, vif.to_vec()), value),
            None,
            "a record twice"
        );
        bytes = rest;
    }
    records
}

#[test]
fn short_frames_are_answered_as_published() {
    let mut master = Master::at(Mbus::heat().clock(NOW).link());
    assert_eq!(master.ask("10 40 01 41 16"), ACK);
    assert_eq!(master.ask("10 40 02 42 16"), "", "another slave");
    assert_eq!(master.ask("10 40 FE 3E 16"), ACK, "everybody answers");
    assert_eq!(master.ask("10 40 FF 3F 16"), "", "nobody answers");
    assert_eq!(master.ask("10 40 01 42 16"), "", "a wrong checksum");
    assert_eq!(master.ask("00 FF 10 40 01 41 16"), ACK, "junk before the frame");
    let answer = master.short(0x7B, 1);
    // Header as kamstrup_multical_601 of libmbus has it: id, KAM, version 8, medium.
    assert_eq!(hex::text(&checked(&answer)[..11]), "08 01 72 17 58 85 06 2D 2C 08 0C");
}

#[test]
fn fcb_repeats_or_advances_and_a_reset_starts_over() {
    let mut master = Master::at(Mbus::heat().clock(NOW).link());
    master.short(0x40, 1);
    let first = master.short(0x7B, 1);
    assert_eq!(master.short(0x7B, 1), first, "the same FCB repeats");
    let second = master.short(0x5B, 1);
    assert_ne!(second, first);
    let third = master.short(0x7B, 1);
    assert_ne!(third[15..], first[15..], "the readout goes on");
    master.short(0x40, 1);
    let again = master.short(0x7B, 1);
    assert_eq!(
        again[19..again.len() - 2],
        first[19..first.len() - 2],
        "the first telegram again"
    );
    assert_ne!(again[15], first[15], "with a new access number");
}

#[test]
fn every_value_of_every_meter_reads_as_the_truth() {
    let vifs: BTreeMap<&str, Vec<u8>> = [
        ("energy_kwh", vec![0x06]),
        ("energy_wh", vec![0x03]),
        ("on_time_h", vec![0x22]),
        ("flow_temperature_c", vec![0x59]),
        ("return_temperature_c", vec![0x5D]),
        ("temperature_difference_k", vec![0x61]),
        ("power_kw", vec![0x2D]),
        ("power_w", vec![0x2B]),
        ("flow_m3_h", vec![0x3B]),
        ("voltage_v", vec![0xFD, 0x48]),
        ("current_a", vec![0xFD, 0x59]),
    ]
    .into();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let meters: [(&str, Make, usize, u8); 3] = [
        ("heat", || Mbus::heat().clock(NOW), 3, 1),
        ("water", || Mbus::water().clock(NOW), 1, 2),
        ("electricity", || Mbus::electricity().clock(NOW), 3, 3),
    ];
    for (name, builder, telegrams, address) in meters {
        let truth = runtime.block_on(async { builder().start_tcp().await.unwrap() });
        let mut master = Master::at(builder().link());
        master.short(0x40, address);
        let (headers, bytes) = master.readout(address);
        assert!(headers.len() >= telegrams, "{name}: {} telegrams", headers.len());
        let mut records = decode(&bytes);
        let mut take = |storage, reading: &meter_sim::TruthValue| {
            let volume = vec![if name == "water" { 0x13 } else { 0x14 }];
            let vif = vifs.get(reading.name).unwrap_or(&volume).clone();
            let got = records.remove(&(storage, reading.input.into(), vif));
            let want = u64::try_from(reading.digits.unwrap().0).unwrap();
            assert_eq!(got, Some(want), "{name}: {} at storage {storage}", reading.name);
        };
        for reading in &truth.truth(TruthKind::Current)[0].values {
            take(0, reading);
        }
        for reading in &truth.truth(TruthKind::TotalsArchive)[0].values {
            take(1, reading);
        }
        let months = truth.truth(TruthKind::Monthly);
        for (back, month) in months.iter().rev().enumerate() {
            for reading in &month.values {
                take(2 + u32::try_from(back).unwrap(), reading);
            }
        }
        // What is left are the stamps, the clock and the fabrication number.
        assert_eq!(records.len(), months.len() + 3, "{name}: {records:?}");
        let stamp = if name == "heat" { 0x6D } else { 0x6C };
        assert!(records.contains_key(&(2, 0, vec![stamp])));
        let sums: Vec<_> = months.iter().map(|month| month.values[0].digits.unwrap().0).collect();
        assert!(
            sums.is_sorted() && sums[0] < sums[sums.len() - 1],
            "{name}: counters only grow"
        );
    }
}

#[test]
fn months_are_stamped_with_their_end() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let last = |builder: MbusBuilder| {
        let truth = runtime.block_on(async { builder.clock(NOW).start_tcp().await.unwrap() });
        let monthly = truth.truth(TruthKind::Monthly);
        (
            monthly.last().unwrap().end,
            truth.truth(TruthKind::TotalsArchive)[0].end,
        )
    };
    let (january_31, february_1) = (datetime(2026, 1, 31, 23, 59, 0, 0), datetime(2026, 2, 1, 0, 0, 0, 0));
    let due = datetime(2025, 12, 31, 0, 0, 0, 0);
    assert_eq!(last(Mbus::heat()), (january_31, due));
    assert_eq!(last(Mbus::water()), (february_1, due));
}

fn bus() -> Link {
    let meters = [
        Mbus::heat().clock(NOW).link(),
        Mbus::water().clock(NOW).link(),
        Mbus::electricity().clock(NOW).id(11_155_186).link(),
    ];
    Link::bus(meters, Faults::new())
}

#[test]
fn secondary_selection_finds_one_and_lets_the_others_go() {
    let any = [0xFF; 4];
    let mut master = Master::at(bus());
    assert_eq!(master.select("06 85 58 17", any), ACK);
    assert_eq!(hex::text(&checked(&master.short(0x7B, 0xFD))[3..7]), "17 58 85 06");
    assert_eq!(
        master.select("11 15 51 85", [0xFF, 0xFF, 0xFF, 0x16]),
        ACK,
        "by medium too"
    );
    assert_eq!(hex::text(&checked(&master.short(0x7B, 0xFD))[3..7]), "85 51 15 11");
    assert_eq!(
        master.select("11 15 51 85", [0xFF, 0xFF, 0xFF, 0x02]),
        "",
        "no such medium"
    );
    assert!(master.short(0x7B, 0xFD).is_empty(), "all are deselected");
    assert_eq!(master.select("0F FF FF FF", any), ACK, "a wildcard");
    master.short(0x40, 0xFD);
    assert!(master.short(0x7B, 0xFD).is_empty(), "a reset at 253 deselects");
    // Two acknowledgements overlay into one, two telegrams do not.
    assert_eq!(master.select("11 15 51 8F", any), ACK);
    let collided = master.short(0x7B, 0xFD);
    let length = usize::from(collided[1]);
    let sum = collided[4..4 + length]
        .iter()
        .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    assert_ne!(collided[4 + length], sum);
}

#[test]
fn an_application_reset_chooses_the_part_and_the_address_can_be_set() {
    let mut master = Master::at(Mbus::heat().clock(NOW).link());
    assert_eq!(master.send(1, &[0x50, 0x50]), ACK);
    let (headers, bytes) = master.readout(1);
    assert_eq!(headers.len(), 1);
    assert!(decode(&bytes).keys().all(|(storage, ..)| *storage == 0));
    assert_eq!(master.ask("68 03 03 68 53 01 50 A4 16"), ACK);
    master.short(0x40, 1);
    assert!(master.readout(1).0.len() > 1);
    assert_eq!(master.send(0xFE, &[0x51, 0x01, 0x7A, 9]), ACK);
    assert!(master.short(0x40, 1).is_empty());
    assert_eq!(master.short(0x40, 9), [0xE5]);
}

#[test]
fn a_clock_that_is_sent_is_taken_when_there_is_such_a_time() {
    let clock = SimClock::fixed(NOW);
    let mut master = Master::at(Mbus::heat().clock(clock.clone()).link());
    for (bytes, taken, shown) in [
        ("04 6D 18 0D 98 11", true, "2012-01-24T13:24:00"),
        ("06 6D 1E 05 08 16 27 00", true, "2016-07-22T08:05:30"),
        ("04 6D 18 18 98 11", false, "2016-07-22T08:05:30"),
        ("04 6D 98 0D 98 11", false, "2016-07-22T08:05:30"),
        ("04 6D 18 0D 9F 12", false, "2016-07-22T08:05:30"),
        ("06 6D 1E 05 08 16 27", false, "2016-07-22T08:05:30"),
    ] {
        let user = [vec![0x51], hex::bytes(bytes).unwrap()].concat();
        assert_eq!(master.send(1, &user), if taken { ACK } else { "" }, "{bytes}");
        assert_eq!(clock.now().to_string(), shown, "{bytes}");
    }
}

#[test]
fn no_bytes_make_a_slave_panic_or_grow() {
    let mut master = Master::at(bus());
    let mut random = 5u64;
    for round in 0..20_000 {
        let mut byte = || {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (random >> 56) as u8
        };
        if round % 2 == 0 {
            let control = [0x40, 0x5B, 0x7B, 0x5A, byte()][usize::from(byte() % 5)];
            master.short(control, [1, 0xFD, 0xFE, byte()][usize::from(byte() % 4)]);
        } else {
            let user: Vec<u8> = (0..byte() % 20 + 1).map(|_| byte()).collect();
            let ci = [0x50, 0x51, 0x52, 0xB8, byte()][usize::from(byte() % 5)];
            master.send(
                [1, 0xFD, 0xFE][usize::from(byte() % 3)],
                &[&[ci], user.as_slice()].concat(),
            );
        }
    }
}
