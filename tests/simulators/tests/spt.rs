//! Legacy СПТ as a host meets them: corpus frames byte by byte, and every archive against the truth.

use jiff::civil::{DateTime, datetime};
use meter_sim::{Faulty, Handle, Link, Meter, Spt, SptBuilder, SptUnits, TruthKind, hex};
use serde_json::Value;
use std::time::Duration;

const NOW: DateTime = datetime(2026, 2, 3, 10, 20, 30, 0);

/// A host at the transport-free meter. Each exchange happens a second after the one before.
struct Host {
    meter: Faulty<Box<dyn Meter>>,
    now: Duration,
}

impl Host {
    fn at(builder: SptBuilder) -> Self {
        Self {
            meter: builder.link().into_meter(),
            now: Duration::ZERO,
        }
    }

    fn raw(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.now += Duration::from_secs(1);
        self.meter
            .on_bytes(self.now, bytes)
            .into_iter()
            .map(|reply| reply.bytes)
            .collect()
    }

    fn ask(&mut self, request: &str) -> Vec<String> {
        self.raw(&hex::bytes(request).unwrap())
            .iter()
            .map(|answer| hex::text(answer))
            .collect()
    }

    fn wake(&mut self) {
        assert!(self.raw(&[0xFF; 16]).is_empty());
    }

    /// Sends a function to NT 1; gives the data of the only answer, or its error code.
    fn call(&mut self, function: u8, data: [u8; 4]) -> Result<Vec<u8>, u8> {
        let mut body = vec![1, function];
        body.extend(data);
        let answers = self.raw(&framed(&body));
        let [answer] = answers.as_slice() else {
            panic!("{} answers", answers.len())
        };
        let body = &answer[1..answer.len() - 2];
        assert_eq!(*answer, framed(body), "start, checksum and end");
        assert_eq!(body[0], 1);
        if body[1] == 0x21 {
            Err(body[2])
        } else {
            Ok(body[2..].to_vec())
        }
    }

    fn open(&mut self, input: u8) {
        assert_eq!(self.call(0x3F, [input, 0, 0, 0]).unwrap().len(), 3);
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0u32, |sum, byte| sum + u32::from(*byte));
    let check = 0xFF - (sum % 256) as u8;
    [&[0x10], body, &[check, 0x16]].concat()
}

/// The meters' float, decoded by arithmetic and not by bits.
fn r32(bytes: &[u8]) -> f64 {
    if bytes == [0, 0, 0, 0] {
        return 0.0;
    }
    let mantissa = f64::from(bytes[0]) + f64::from(bytes[1]) * 256.0 + f64::from(bytes[2] & 0x7F) * 65536.0;
    let sign = if bytes[2] & 0x80 == 0 { 1.0 } else { -1.0 };
    sign * (1.0 + mantissa / 8_388_608.0) * 2f64.powi(i32::from(bytes[3]) - 127)
}

fn corpus(name: &str) -> (String, Vec<String>) {
    let file: Value = serde_json::from_str(include_str!("../data/logika/vectors-m4-legacy.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
    let request = vector["request_hex"].as_str().unwrap().to_owned();
    let answers = match &vector["response_hex"] {
        Value::Array(answers) => answers
            .iter()
            .map(|answer| answer.as_str().unwrap().to_owned())
            .collect(),
        answer => vec![answer.as_str().unwrap().to_owned()],
    };
    (request, answers)
}

#[test]
fn frames_of_the_corpus_are_answered_byte_by_byte() {
    let clock = datetime(2015, 4, 9, 14, 49, 43, 0);
    let captured = || {
        Spt::spt943()
            .clock(clock)
            .inputs(1)
            .network(0)
            .settlement(24, 0)
            .serial(350)
            .installed(datetime(2015, 4, 9, 11, 0, 0, 0))
    };
    let cases = [
        ("session_open_addressless", captured()),
        ("session_open_input1", captured()),
        ("session_open_input2", captured()),
        ("ram_read_clock", captured()),
        ("ram_read_currents_tv2_sensor_fault", captured()),
        ("hour_record_missing", captured()),
        ("day_record_missing", captured()),
        ("set_speed_19200", captured()),
        ("bad_request_error", captured()),
        ("month_record_spt943", captured()),
        ("write_param_step1", captured().writable()),
        ("write_param_protected", captured()),
        ("spt943_settings_6_pages", captured()),
        ("session_open_nt5", Spt::spt941_10().clock(clock).network(5)),
    ];
    for (name, builder) in cases {
        let mut host = Host::at(builder);
        let (request, answers) = corpus(name);
        host.ask("10 FF 3F 00 00 00 00 C1 16");
        assert_eq!(host.ask(&request), answers, "{name}");
    }
}

#[test]
fn a_legacy_meter_answers_the_extended_session_and_refuses_extended_reads() {
    let mut host = Host::at(Spt::spt943().clock(NOW));
    let crc = |body: &[u8]| {
        let crc = body.iter().fold(0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 8, |crc, _| {
                if crc & 0x8000 == 0 {
                    crc << 1
                } else {
                    (crc << 1) ^ 0x1_1021
                }
            })
        });
        [&[0x10], body, &(crc as u16).to_be_bytes()].concat()
    };
    let opened = host.ask("10 FF 90 00 00 05 00 3F 00 00 00 00 D9 19");
    assert_eq!(
        opened,
        [hex::text(&crc(&[0xFF, 0x90, 0, 0, 4, 0, 0x3F, 0x54, 0x2B, 0x03]))]
    );
    let refused = host.ask("10 FF 90 4F 00 0B 00 72 4A 03 00 01 04 4A 03 00 00 04 27 0E");
    assert_eq!(refused, [hex::text(&crc(&[0xFF, 0x90, 0x4F, 0, 2, 0, 0x21, 0]))]);
}

#[test]
fn attention_follows_the_session_request_and_the_wake_sequence() {
    let mut host = Host::at(Spt::spt943().clock(NOW));
    let (mine, other) = (framed(&[1, 0x3F, 0, 0, 0, 0]), framed(&[2, 0x3F, 0, 0, 0, 0]));
    let read = framed(&[1, 0x52, 0xF3, 0, 6, 0]);
    let mut count = |bytes: &[u8]| host.raw(bytes).len();
    assert_eq!(count(&read), 0, "no session yet");
    assert_eq!(count(&mine), 1, "the first session request after power-up");
    assert_eq!(count(&read), 1);
    assert_eq!(count(&other), 0);
    assert_eq!(count(&read), 0, "another meter was addressed");
    assert_eq!(count(&mine), 0, "deaf without the sequence");
    assert_eq!(count(&[0xFF; 15]), 0);
    assert_eq!(count(&mine), 0, "fifteen are too few");
    assert_eq!(count(&[vec![0xFF; 16], mine.clone()].concat()), 1);
    assert_eq!(count(&framed(&[1, 0x71, 0, 0, 0, 0])), 1);
    assert_eq!(count(&read), 0, "the session is closed");
    host.wake();
    host.open(0);
    host.now += Duration::from_secs(121);
    assert_eq!(host.raw(&read).len(), 0, "the session is forgotten after two minutes");
    assert_eq!(host.ask("10 01 3F 00 00 00 00 BE 16").len(), 0);
    host.wake();
    host.open(0);
    assert_eq!(
        host.ask("10 01 52 F3 00 06 00 00 16"),
        ["10 01 21 00 DD 16"],
        "a wrong checksum"
    );
    assert_eq!(
        host.ask("10 01 52 F3 00 06 00 B3 17"),
        ["10 01 21 00 DD 16"],
        "a wrong end"
    );
    assert_eq!(host.ask("11 01 52 F3 00 06 00 B3 16").len(), 0, "a wrong start");
}

fn value_at(data: &[u8], offset: usize) -> f64 {
    r32(&data[offset..offset + 4])
}

/// Reads every label of both archives and compares with the truth; gives the count of records.
fn compare(make: impl Fn() -> SptBuilder, truth: &Handle, offsets: &[usize], inputs: u8, hour: u8) -> usize {
    let mut host = Host::at(make());
    let mut count = 0;
    for input in 1..=inputs {
        host.open(input);
        for (function, kind) in [(0x48, TruthKind::Hourly), (0x59, TruthKind::Daily)] {
            for record in truth.truth(kind) {
                let end = record.end;
                let byte = |n: i16| u8::try_from(n).unwrap();
                let label = [
                    byte(end.year() - 1900),
                    byte(end.month().into()),
                    byte(end.day().into()),
                ];
                let last = if function == 0x48 { byte(end.hour().into()) } else { 0 };
                if function == 0x59 {
                    assert_eq!(end.hour(), i8::try_from(hour).unwrap());
                }
                let data = host.call(function, [label[0], label[1], label[2], last]).unwrap();
                let values: Vec<_> = record.values.iter().filter(|value| value.input == input).collect();
                assert_eq!(values.len(), offsets.len());
                for (value, offset) in values.iter().zip(offsets) {
                    assert_eq!(Some(value_at(&data, *offset)), value.value, "{} at {end}", value.name);
                }
                let bits = u32::from_le_bytes([data[0], data[1], data[2], 0]);
                let want = record
                    .ns
                    .iter()
                    .filter(|ns| ns.input == input)
                    .fold(0, |bits, ns| bits | 1 << ns.code);
                assert_eq!(bits, want, "НС at {end}");
                count += 1;
            }
        }
    }
    count
}

#[tokio::test]
async fn every_record_of_every_model_reads_as_the_truth() {
    let every_four = |from: usize, to: usize| (from..=to).step_by(4).collect::<Vec<_>>();
    let spt943 = || Spt::spt943().clock(NOW).settlement(25, 10).units(SptUnits::MpaGj);
    let truth = spt943().start_tcp().await.unwrap();
    let count = compare(spt943, &truth, &every_four(4, 64), 2, 10);
    assert!((2800..=2 * (1080 + 365)).contains(&count), "{count}");
    let spt942 = || Spt::spt942().clock(NOW).inputs(1);
    let truth = spt942().start_tcp().await.unwrap();
    assert!(compare(spt942, &truth, &every_four(4, 48), 1, 0) > 1400);
    let spt941 = || Spt::spt941_10().clock(NOW);
    let truth = spt941().start_tcp().await.unwrap();
    assert!(compare(spt941, &truth, &every_four(4, 40), 1, 0) > 1400);
}

#[test]
fn a_record_exists_only_when_its_interval_is_closed_in_the_ring_and_the_input_in_use() {
    let mut host = Host::at(
        Spt::spt943()
            .clock(NOW)
            .settlement(1, 23)
            .inputs(1)
            .without_hours(datetime(2026, 2, 2, 5, 0, 0, 0), datetime(2026, 2, 2, 6, 0, 0, 0)),
    );
    host.open(1);
    let cases = [
        ("the last closed hour", 0x48, [126, 2, 3, 10], true),
        ("the running hour", 0x48, [126, 2, 3, 11], false),
        ("the 23rd hour of yesterday", 0x48, [126, 2, 3, 0], true),
        ("no such hour", 0x48, [126, 2, 2, 24], false),
        ("a lost hour, labelled by its end", 0x48, [126, 2, 2, 6], false),
        ("the hour before it", 0x48, [126, 2, 2, 5], true),
        ("behind the ring", 0x48, [125, 12, 20, 10], false),
        ("the oldest of the ring", 0x48, [125, 12, 20, 11], true),
        ("today closes at 23", 0x59, [126, 2, 3, 0], false),
        ("yesterday is closed", 0x59, [126, 2, 2, 0], true),
        ("no such day", 0x59, [126, 2, 30, 0], false),
        ("months are not known to be served", 0x4D, [126, 1, 0, 0], false),
    ];
    for (name, function, data, exists) in cases {
        let got = host.call(function, data);
        assert_eq!(got.is_ok(), exists, "{name}");
        assert!(exists || got == Err(3), "{name}");
    }
    host.open(2);
    assert_eq!(host.call(0x48, [126, 2, 3, 10]), Err(3), "an input which is not in use");
}

/// Flash and RAM parts of all totals of an input of СПТ943, read the way a host does.
fn totals(host: &mut Host, input: u16) -> Vec<f64> {
    let (flash, ram) = if input == 2 {
        (0x677B, 0x568)
    } else {
        (0x424A, 0x520u16)
    };
    let first = flash / 64;
    let mut pages = Vec::new();
    for page in first..first + 3 {
        let [low, high] = u16::try_from(page).unwrap().to_le_bytes();
        pages.extend(host.call(0x45, [low, high, 1, 0]).unwrap());
    }
    let [low, high] = ram.to_le_bytes();
    let grown = host.call(0x52, [low, high, 36, 0]).unwrap();
    let start = flash - first * 64;
    (0..9)
        .map(|n| {
            let at = start + 8 * n;
            let whole = i32::from_le_bytes(pages[at..at + 4].try_into().unwrap());
            f64::from(whole) + value_at(&pages, at + 4) + value_at(&grown, 4 * n)
        })
        .collect()
}

#[tokio::test]
async fn totals_in_memory_are_those_of_the_truth_and_grow_across_the_hour() {
    let builder = || Spt::spt943().clock(NOW);
    let (clock, truth) = (meter_sim::SimClock::fixed(NOW), builder());
    let truth = truth.clock(clock.clone()).start_tcp().await.unwrap();
    let mut host = Host::at(builder().clock(clock.clone()));
    host.open(0);
    let mut last = vec![0.0; 9];
    for _ in 0..4 {
        for input in [1u8, 2] {
            let got = totals(&mut host, input.into());
            let want: Vec<f64> = truth.truth(TruthKind::TotalsNow)[0]
                .values
                .iter()
                .filter(|value| value.input == input)
                .map(|value| value.value.unwrap())
                .collect();
            assert_eq!(got, want, "input {input} at {}", clock.now());
            if input == 1 {
                assert!(got[7] - last[7] > 0.2, "Tи grows");
                last = got;
            }
        }
        clock.advance(25 * 60);
    }
}

#[test]
fn the_last_closed_day_and_month_stand_behind_the_totals() {
    let mut host = Host::at(Spt::spt943().clock(NOW).settlement(25, 10));
    host.open(0);
    let page = host.call(0x45, [0x0A, 1, 1, 0]).unwrap();
    // It is 3 February, 10:20: the day has closed twenty minutes ago, the month on 25 January.
    assert_eq!(page[0x16..0x1A], [26, 2, 3, 10]);
    assert_eq!(page[0x20..0x24], [26, 1, 25, 10]);
    let number = |at: usize| i32::from(u16::from_le_bytes([page[at], page[at + 1]]));
    assert_eq!((number(0x1E) - number(0x1C)).rem_euclid(1080), 24, "hours of the day");
    assert_eq!((number(0x28) - number(0x26)).rem_euclid(365), 31, "days of the month");
}

#[test]
fn live_values_are_those_of_the_truth() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let truth = runtime.block_on(async { Spt::spt943().clock(NOW).start_tcp().await.unwrap() });
    let mut host = Host::at(Spt::spt943().clock(NOW));
    host.open(0);
    let live = host.call(0x52, [0x30, 2, 48, 0]).unwrap();
    let record = truth.truth(TruthKind::Current).remove(0);
    let values: Vec<_> = record.values.iter().filter(|value| value.input == 2).collect();
    let names: Vec<_> = values.iter().map(|value| value.name).collect();
    assert_eq!(
        names,
        ["G1", "G2", "G3", "P1", "P2", "t1", "t2", "dt", "t3", "tх", "tв"]
    );
    for (place, value) in values.iter().enumerate() {
        assert_eq!(Some(value_at(&live, 4 + 4 * place)), value.value, "{}", value.name);
    }
}

#[test]
fn a_written_time_sets_the_clock_only_when_writing_is_allowed() {
    let text = |value: &str| {
        let mut body = vec![1, 0x44];
        body.extend(format!("{value:<63}*").bytes());
        framed(&body)
    };
    let mut host = Host::at(Spt::spt943().clock(NOW));
    host.open(0);
    assert_eq!(host.call(0x44, [1, 0, 0, 0]), Err(1));
    let mut host = Host::at(Spt::spt943().clock(NOW).writable());
    host.open(0);
    assert_eq!(host.call(0x44, [1, 0, 0, 0]), Ok(vec![]));
    assert_eq!(host.raw(&text("12-30-05")), [framed(&[1, 0x44])]);
    assert_eq!(host.call(0x52, [0xF3, 0, 6, 0]), Ok(vec![26, 2, 3, 12, 30, 5]));
    assert_eq!(host.call(0x44, [1, 0, 0, 0]), Ok(vec![]));
    assert_eq!(host.raw(&text("25-30-05")), [framed(&[1, 0x21, 2])]);
}

#[test]
fn meters_on_a_bus_answer_one_at_a_time() {
    let bus = [
        Spt::spt943().clock(NOW).link(),
        Spt::spt942().network(2).clock(NOW).link(),
    ];
    let mut host = Host {
        meter: Link::bus(bus, meter_sim::Faults::new()).into_meter(),
        now: Duration::ZERO,
    };
    assert_eq!(host.ask("10 01 3F 00 00 00 00 BF 16"), ["10 01 3F 54 2B 03 3D 16"]);
    assert_eq!(
        host.ask("10 02 3F 00 00 00 00 BE 16").len(),
        0,
        "it has heard of the other one"
    );
    host.wake();
    assert_eq!(host.ask("10 02 3F 00 00 00 00 BE 16"), ["10 02 3F 54 2A 01 3F 16"]);
}

#[test]
fn no_bytes_make_the_meter_panic_or_grow() {
    let mut host = Host::at(Spt::spt943().clock(NOW).writable());
    let mut random = 99u64;
    for _ in 0..20_000 {
        let mut byte = || {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (random >> 56) as u8
        };
        let functions = [0x3F, 0x45, 0x48, 0x52, 0x59, 0x4D, 0x44, 0x42, byte()];
        let function = functions[usize::from(byte()) % functions.len()];
        let body = [0xFF, function, byte(), byte(), byte(), byte()];
        let bytes = if byte() < 200 {
            framed(&body)
        } else {
            vec![0x10, byte(), 0x90, byte(), byte(), byte(), byte()]
        };
        host.raw(&bytes);
    }
}
