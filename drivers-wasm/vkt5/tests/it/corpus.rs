//! Every vector of the corpus passes through the driver's own questions and decoders.

use serde_json::Value as Json;
use uzel_driver_sdk::bytes::{Reader, unhex};
use uzel_driver_sdk::{CivilTime, Value};
use vkt5::frame::{self, Reply, Request, Scan};
use vkt5::message::{self, Interval, Source, Version};
use vkt5::plan::Plan;
use vkt5::record::Table;
use vkt5::scheme::{Generation, Input, Measured, Pipe, Purpose, Scheme};

fn vectors() -> Vec<Json> {
    serde_json::from_str(include_str!("../data/vkt5.json")).unwrap()
}

fn bytes(vector: &Json, key: &str) -> Vec<u8> {
    unhex(vector[key].as_str().unwrap()).unwrap()
}

/// A configuration with one heat input of so many pipes, of which everything is measured.
fn scheme(number: u8, pipes: u8) -> Scheme {
    let pipe = |number| Pipe {
        number,
        purpose: Purpose::Supply,
        pressure: Measured::Yes,
        temperature: Measured::Yes,
        carrier: 2,
    };
    Scheme {
        generation: Generation::Six,
        inputs: vec![Input {
            number,
            pipes: (0..pipes).map(|place| pipe(5 + place)).collect(),
        }],
        extra: [Measured::No; 4],
        room_1: Measured::No,
        regulators: [None; 2],
        report: Some(1),
    }
}

/// The questions of a row of the vector's heat input.
fn plan(decoded: &Json, source: Source) -> Plan {
    let pipes = decoded["pipes"].as_array().map_or(2, Vec::len);
    let number = decoded["tv"].as_u64().unwrap_or(1);
    Plan::new(
        &scheme(u8::try_from(number).unwrap(), u8::try_from(pipes).unwrap()),
        source,
        "MPa",
    )
}

fn question(plan: &Plan, place: usize) -> Request {
    plan.questions().nth(place).unwrap().0.clone()
}

/// What the driver asks for what a vector is of.
fn asked(vector: &Json) -> Request {
    let (decoded, name) = (&vector["decoded"], vector["name"].as_str().unwrap());
    let date = |hour| CivilTime {
        year: 2024,
        month: 3,
        day: 21,
        hour,
        minute: 0,
        second: 0,
    };
    match name.rsplit_once('_').map_or(name, |(name, _)| name) {
        "version" | "version_old" => message::version(),
        "config" => message::scheme(),
        "interval" => message::interval(),
        "date" => message::clock(),
        "setpoints" => message::set_points(),
        "programme" => message::programme(),
        "tv_current" => question(&plan(decoded, Source::Current), 0),
        "ns_tv" => question(&plan(decoded, Source::Current), 1),
        "tv_totals" => question(&plan(decoded, Source::Totals), 0),
        "hourly_tv1_request" => question(&plan(decoded, Source::Hourly), 0),
        "daily_tv1_no_data" => question(&plan(decoded, Source::Daily), 0),
        "write_date" => message::set_date(date(14)),
        "setpoints_write" => message::set_set_points([22.0, 18.0, 21.0, 17.0]),
        other => panic!("{other} is of no known kind"),
    }
}

/// The undocumented function 05, the remote terminal: frames that the driver never asks for.
fn is_foreign(vector: &Json) -> bool {
    ["fn05_", "screen_", "key_"]
        .iter()
        .any(|kind| vector["name"].as_str().unwrap().starts_with(kind))
}

#[test]
fn every_question_is_the_drivers_own_and_every_answer_is_taken() {
    let mut taken = 0;
    for vector in vectors().iter().filter(|vector| !is_foreign(vector)) {
        let (question, answer) = (bytes(vector, "request_hex"), bytes(vector, "response_hex"));
        let request = asked(vector);
        let name = &vector["name"];
        assert_eq!(frame::wrap(question[0], &request), question, "{name}");
        let Scan::Reply(reply) = frame::scan(question[0], &request, &answer) else {
            panic!("{name} is no answer");
        };
        judge(vector, &reply);
        taken += 1;
    }
    assert_eq!(taken, 27);
}

#[test]
fn frames_of_other_functions_are_whole_and_answer_nothing() {
    for vector in vectors().iter().filter(|vector| is_foreign(vector)) {
        let answer = bytes(vector, "response_hex");
        let scan = frame::scan(answer[0], &message::clock(), &answer);
        assert!(!matches!(scan, Scan::Reply(_)), "{}: {scan:?}", vector["name"]);
    }
}

fn judge(vector: &Json, reply: &Reply) {
    let (decoded, name) = (&vector["decoded"], &vector["name"]);
    let data = match reply {
        Reply::Refused(code) => {
            assert_eq!(u64::from(*code), decoded["exception"], "{name}");
            return;
        }
        Reply::Done => return,
        Reply::Data(data) => data,
    };
    match decoded["op"].as_str().unwrap() {
        "version" => {
            let version = Version::parse(data).map(|version| version.to_string());
            assert_eq!(version.as_deref(), decoded["version"].as_str(), "{name}");
        }
        "configuration" => configuration(decoded, data),
        "current date" => {
            let shown = message::time(&mut Reader::new(data)).unwrap();
            assert_eq!(text(shown), decoded["value"], "{name}");
        }
        "archive interval" => {
            let interval = Interval::parse(data).unwrap();
            let shown = [Some(interval.start), Some(interval.end), interval.reset];
            for (shown, key) in shown.into_iter().zip(["start", "end", "reset"]) {
                assert_eq!(text(shown.unwrap()), decoded[key], "{name}");
            }
        }
        "regulator setpoints" => assert_eq!(*data, bytes(decoded, "raw_hex"), "{name}"),
        "regulator programme" => assert_eq!(serde_json::json!(data), decoded["bytes"], "{name}"),
        op => {
            let source = match op {
                "heat input totals" => Source::Totals,
                op if op.starts_with("hourly") => Source::Hourly,
                _ => Source::Current,
            };
            let plan = plan(decoded, source);
            let answers = if op.starts_with("НС") {
                vec![None, Some(data.clone())]
            } else {
                vec![Some(data.clone()), None]
            };
            let table = plan.table(&answers).unwrap();
            row(decoded, &table, name);
        }
    }
}

fn text(time: CivilTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        time.year, time.month, time.day, time.hour, time.minute
    )
}

fn configuration(decoded: &Json, data: &[u8]) {
    let scheme = Scheme::parse(data, Some(Version { major: 7, minor: 13 })).unwrap();
    let pipes: Vec<_> = scheme
        .inputs
        .iter()
        .flat_map(|input| input.pipes.iter().map(|pipe| (input.number, *pipe)))
        .collect();
    let listed = decoded["pipes"].as_array().unwrap().iter().zip(1u8..);
    let used: Vec<_> = listed.filter(|(pipe, _)| pipe["tv"] != 0).collect();
    assert_eq!(pipes.len(), used.len());
    for ((input, pipe), (want, number)) in pipes.iter().zip(used) {
        assert_eq!((pipe.number, u64::from(*input)), (number, want["tv"].as_u64().unwrap()));
        assert_eq!(u64::from(pipe.carrier), want["carrier"]);
        let pressure = match want["p_meas"].as_u64().unwrap() {
            0 => Measured::No,
            3 => Measured::Contract,
            _ => Measured::Yes,
        };
        assert_eq!((pipe.pressure, pipe.temperature), (pressure, Measured::Yes));
    }
    assert_eq!((scheme.regulators, scheme.report), ([None; 2], Some(1)));
}

fn row(decoded: &Json, table: &Table, name: &Json) {
    let near = |id: &str, want: &Json| {
        let place = table.columns.iter().position(|column| column.id == id);
        let Some(place) = place else { panic!("{name}: no {id}") };
        let Value::Float(number) = table.values[place] else {
            panic!("{name}: {id} is {:?}", table.values[place])
        };
        let want = want.as_f64().unwrap();
        let want = if want.abs() < 1e-30 { 0.0 } else { want };
        assert!(
            (number - want).abs() <= want.abs() * 1e-6,
            "{name}: {id} is {number}, expected {want}"
        );
    };
    for (pipe, number) in decoded["pipes"].as_array().into_iter().flatten().zip(5..) {
        let is_value = |letter: &&&str| pipe.get(**letter).is_some();
        for letter in ["T", "P", "M"].iter().filter(is_value) {
            // Totals repeat the temperatures and pressures of the last hour.
            if *letter == "M" || decoded["op"] != "heat input totals" {
                near(&format!("{letter}{number}"), &pipe[*letter]);
            }
        }
        for (code, word) in pipe
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, word)| word.is_u64() && **word != 0)
        {
            let told = table.conditions.iter().filter(|ns| ns.code == *code).count();
            assert!(told > 0, "{name}: {code} {word} is not told: {:?}", table.conditions);
        }
    }
    for (key, id) in [("M", "M"), ("W", "W"), ("W_no_gvs", "W1"), ("W_gvs", "W2")] {
        if let Some(want) = decoded.get(key) {
            near(id, want);
        }
    }
    let nonzero = |pipe: &Json| {
        let words = pipe.as_object().unwrap().values();
        words.filter(|word| word.is_u64() && **word != 0).count()
    };
    let all: usize = decoded["pipes"].as_array().into_iter().flatten().map(nonzero).sum();
    assert_eq!(table.conditions.len(), all, "{name}");
}
