//! What was captured of СПТ943 meters (replies in public line logs) through the compiled driver over TCP: hours, days, the
//! clock, live values, totals, and "no record".
//!
//! The replies come from several meters and conversations; they stand here in the order in which a driver has to ask. What
//! no log holds (the page with the serial number, a later clock) is constructed and says so.

use jiff::civil::{DateTime, date};
use meter_sim::{Faults, Handle, Recording};
use serde_json::{Value as Json, json};
use system_tests::parts;
use system_tests::session::{Read, Taken};
use uzel::model::{ArchiveKind, LineAddress, Outcome, Quality, RecordKind, Task};
use uzel::session::Report;

use crate::judge::{Seen, from_taken};

const VECTORS: &str = include_str!("../simulators/data/logika/vectors-m4-legacy.json");

fn vector(name: &str) -> Json {
    let all: Json = serde_json::from_str(VECTORS).unwrap();
    let vectors = all["vectors"].as_array().unwrap();
    vectors
        .iter()
        .find(|vector| vector["name"] == name)
        .cloned()
        .unwrap_or_else(|| panic!("no vector {name}"))
}

/// A frame of the legacy dialect with its check byte.
fn frame(function: u8, data: &[u8]) -> String {
    let body = [&[0xff, function], data].concat();
    let check = !body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let bytes = [&[0x10], &body[..], &[check, 0x16]].concat();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A conversation in the text form of recordings.
#[derive(Default)]
struct Conversation(String);

impl Conversation {
    fn add(mut self, request: &str, answer: &str) -> Self {
        self.0 += &format!("> {request}\n< {answer}\n");
        self
    }

    /// A captured exchange.
    fn captured(self, name: &str) -> Self {
        let vector = vector(name);
        self.add(
            vector["request_hex"].as_str().unwrap(),
            vector["response_hex"].as_str().unwrap(),
        )
    }

    /// Session request and identification, and the settings pages 8 and 9, with what they need.
    fn begin() -> Self {
        let mut page = [0xff; 64];
        page[0x28..0x2c].copy_from_slice(&[0x57, 0xd7, 0x01, 0x99]);
        page[0x30] = b'1';
        let settings = vector("spt943_settings_6_pages");
        let page_of = |number: usize| settings["response_hex"][number].as_str().unwrap().to_owned();
        Self::default()
            .captured("session_open_addressless")
            // Constructed: serial number 120663, model 1.
            .add(&frame(0x45, &[0, 0, 1, 0]), &frame(0x45, &page))
            .add(&frame(0x45, &[8, 0, 1, 0]), &page_of(0))
            .add(&frame(0x45, &[9, 0, 1, 0]), &page_of(1))
    }

    async fn serve(self) -> Handle {
        let recording = Recording::parse(&self.0).unwrap();
        recording.link(Faults::new()).start_tcp().await.unwrap()
    }
}

async fn read(meter: &Handle, inputs: &[u8], read: impl FnOnce(Read) -> Read) -> (Report, Taken) {
    let line = LineAddress::Tcp(meter.addr().to_string());
    let config = json!({"address": 255, "inputs": inputs, "timeout_ms": 300, "attempts": 2, "wake": "fast"});
    let (report, taken) = read(Read::new(parts::driver("logika-m4"), line, config)).run().await;
    assert_eq!(
        report.outcome,
        Outcome::Complete,
        "{:?}\n{}",
        report.detail,
        report.trace
    );
    assert_eq!(report.faults, Vec::<String>::new());
    // Nobody knows whether the end of a session is answered.
    let unmatched: Vec<_> = meter
        .unmatched()
        .into_iter()
        .filter(|request| request.get(2) != Some(&0x71))
        .collect();
    assert_eq!(unmatched, Vec::<Vec<u8>>::new());
    (report, taken)
}

/// Every value of one heat input is that of the published decoding, which has five decimals.
fn assert_input(seen: &Seen, input: u8, decoded: &Json) {
    let mut compared = 0;
    for cell in seen.cells.iter().filter(|cell| cell.input == input && cell.id != "НС") {
        let what = format!("{} {} {} ТВ{input}: {cell:?}", seen.kind, seen.end, cell.id);
        let want = decoded[&cell.id]
            .as_f64()
            .unwrap_or_else(|| panic!("{what}: not in the decoding"));
        let is_sensor = matches!(cell.id.as_str(), "t1" | "t2" | "t3" | "tх" | "tв" | "P1" | "P2" | "dt");
        compared += 1;
        match cell.value {
            Some(value) => assert!((value - want).abs() < 6e-5, "{what}: {want} was published"),
            // No sensor stores 0, an open input shows −238.5 °C, and between such two there is no difference.
            None => assert!(
                is_sensor && cell.quality == Quality::Absent && (want == 0.0 || want < -200.0),
                "{what}"
            ),
        }
        assert_eq!(cell.unit, unit(&cell.id), "{what}");
    }
    let published = decoded
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| value.is_number())
        .count();
    assert_eq!(compared, published, "every published value was compared: {decoded}");
    if let Some(bits) = decoded["НС_bits"].as_array() {
        let want: Vec<_> = bits
            .iter()
            .map(|bit| format!("НС{:02}", bit.as_u64().unwrap()))
            .collect();
        let told: Vec<_> = seen
            .conditions
            .iter()
            .filter(|condition| condition.0 == input)
            .map(|c| c.1.clone())
            .collect();
        assert_eq!(told, want, "{} ТВ{input}", seen.end);
    }
}

/// Units by the captured setting ЕИ = 0: kgf/cm² and Gcal.
fn unit(id: &str) -> &'static str {
    match id {
        "t1" | "t2" | "t3" | "tх" | "tв" | "dt" => "Cel",
        "P1" | "P2" => "kgf/cm2",
        "V1" | "V2" | "V3" => "m3",
        "M1" | "M2" | "M3" => "t",
        "G1" | "G2" | "G3" => "m3/h",
        "Tи" => "h",
        "СП" => "",
        _ => "Gcal",
    }
}

fn april(day: i8, hour: i8) -> DateTime {
    date(2015, 4, day).at(hour, 0, 0, 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_live_values_and_an_hour_of_both_inputs() {
    let conversation = Conversation::begin()
        .captured("ram_read_clock")
        .captured("ram_read_currents_tv1")
        .captured("ram_read_currents_tv2_sensor_fault")
        .captured("session_open_input1")
        .captured("hour_record")
        .captured("session_open_input2")
        .captured("hour_record_sp7");
    let meter = conversation.serve().await;
    let tasks = |read: Read| {
        let read = read.task(Task::Clock).task(Task::Current).serial("120663");
        read.archive(ArchiveKind::Hourly, april(5, 17), april(5, 18))
    };
    let (report, taken) = read(&meter, &[1, 2], tasks).await;
    let clock = date(2015, 4, 9).at(14, 49, 43, 0);
    assert_eq!(report.clock.unwrap().shown, clock);
    assert_eq!(vector("ram_read_clock")["decoded"]["clock"], "2015-04-09 14:49:43");
    let [current, hour] = &from_taken(&taken)[..] else {
        panic!("{taken:?}")
    };
    assert_eq!((current.kind, current.label), (RecordKind::Current, Some(clock)));
    assert_input(
        current,
        1,
        &without(&vector("ram_read_currents_tv1")["decoded"], "count"),
    );
    assert_input(
        current,
        2,
        &without(&vector("ram_read_currents_tv2_sensor_fault")["decoded"], "count"),
    );
    assert_eq!(
        (hour.label, hour.start, hour.end),
        (Some(april(5, 18)), april(5, 17), april(5, 18))
    );
    assert_input(hour, 1, &vector("hour_record")["decoded"]["record"]);
    assert_input(hour, 2, &vector("hour_record_sp7")["decoded"]["record"]);
    assert_eq!(taken.absent, []);
}

/// A decoding without the keys that say something about the frame.
fn without(decoded: &Json, key: &str) -> Json {
    let mut decoded = decoded.clone();
    decoded.as_object_mut().unwrap().remove(key);
    decoded
}

#[tokio::test(flavor = "multi_thread")]
async fn days_an_hour_with_its_condition_and_what_the_meter_has_not() {
    let clock = [15, 4, 15, 0, 30, 0];
    let conversation = Conversation::begin()
        // Constructed: a clock behind the records.
        .add(&frame(0x52, &[0xf3, 0, 6, 0]), &frame(0x52, &clock))
        .captured("session_open_input1")
        .captured("day_record")
        .captured("day_record_missing")
        .captured("day_record_2")
        .captured("hour_record_ns21")
        .captured("hour_record_missing");
    let meter = conversation.serve().await;
    let tasks = |read: Read| {
        let read = read.archive(ArchiveKind::Daily, april(6, 0), april(7, 0));
        let read = read.archive(ArchiveKind::Daily, april(8, 0), april(9, 0));
        let read = read.archive(ArchiveKind::Daily, april(13, 0), april(14, 0));
        let read = read.archive(ArchiveKind::Hourly, april(13, 4), april(13, 5));
        read.archive(ArchiveKind::Hourly, april(14, 10), april(14, 11))
    };
    let (_, taken) = read(&meter, &[1], tasks).await;
    let [first, second, hour] = &from_taken(&taken)[..] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (first.label, first.start, first.end),
        (Some(april(7, 0)), april(6, 0), april(7, 0))
    );
    assert_input(first, 1, &vector("day_record")["decoded"]["record"]);
    assert_eq!(
        (second.label, second.start, second.end),
        (Some(april(14, 0)), april(13, 0), april(14, 0))
    );
    assert_input(second, 1, &vector("day_record_2")["decoded"]["record"]);
    assert_eq!((hour.label, hour.start), (Some(april(13, 5)), april(13, 4)));
    assert_input(hour, 1, &vector("hour_record_ns21")["decoded"]["record"]);
    let absent = taken
        .absent
        .iter()
        .map(|(kind, span, why)| format!("{kind} {} {} {}", span.start, span.end, why.word()));
    let want = [
        "daily 2015-04-08T00:00:00Z 2015-04-09T00:00:00Z never-written",
        "hourly 2015-04-14T10:00:00Z 2015-04-14T11:00:00Z never-written",
    ];
    assert_eq!(absent.collect::<Vec<_>>(), want);
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_are_flash_and_the_growth_since_the_full_hour() {
    let growth = vector("ram_read_totals_increment_tv1");
    let answer = growth["response_hex"].as_str().unwrap().split_whitespace();
    let bytes: Vec<u8> = answer.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    // Eight totals were captured; the ninth, Qг, is constructed as 0.
    let nine = [&bytes[3..35], &[0; 4]].concat();
    let conversation = Conversation::begin()
        .captured("ram_read_clock")
        .captured("flash_read_page_0x109")
        .captured("flash_read_page_0x10A")
        .add(&frame(0x52, &[0x20, 0x05, 36, 0]), &frame(0x52, &nine));
    let meter = conversation.serve().await;
    let (_, taken) = read(&meter, &[1], |read| read.task(Task::Totals)).await;
    let [totals] = &from_taken(&taken)[..] else {
        panic!("{taken:?}")
    };
    assert_eq!(
        (totals.kind, totals.label),
        (RecordKind::Totals, Some(date(2015, 4, 9).at(14, 49, 43, 0)))
    );
    let flash = &vector("flash_read_page_0x10A")["decoded"]["with_previous_page"];
    let ids: Vec<_> = totals.cells.iter().map(|cell| cell.id.as_str()).collect();
    assert_eq!(ids, ["V1", "V2", "V3", "M1", "M2", "M3", "Q", "Tи", "Qг"]);
    for cell in &totals.cells {
        let want = flash[&cell.id].as_f64().unwrap() + growth["decoded"][&cell.id].as_f64().unwrap_or(0.0);
        assert!(
            (cell.value.unwrap() - want).abs() < 2e-4,
            "{cell:?}, {want} by the published decodings"
        );
        assert_eq!(cell.unit, unit(&cell.id));
    }
}
