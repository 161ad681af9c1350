//! A driver that breaks its contract in the way that its configuration names: `{"how": "panic"}`.
//!
//! The act is committed in the one call that it is about; every other call does what an honest driver does, so a test
//! sees whether the session went on. What the host answered to a wrong call goes to the log as `told: …`.
#![cfg(target_arch = "wasm32")]

mod contract;
mod exhaust;
mod handles;
mod honest;

use std::cell::RefCell;

use uzel_driver_sdk::bindings::exports::uzel::driver::meter::Guest;
use uzel_driver_sdk::bindings::uzel::driver::host::Sink;
use uzel_driver_sdk::bindings::uzel::driver::line::Port;
use uzel_driver_sdk::{ArchiveKind, ClockReading, Failure, Identity, Window};

/// What is wrong, and in which call.
enum Act {
    Identify(fn(&Port) -> Result<Identity, Failure>),
    Clock(fn(&Port) -> Result<ClockReading, Failure>),
    Current(fn(&Port, &Sink) -> Result<(), Failure>),
    Archive(fn(&Port, &Sink) -> Result<(), Failure>),
}

fn act(how: &str) -> Option<Act> {
    Some(match how {
        "nothing" => Act::Current(honest::current),

        "panic" => Act::Current(exhaust::panic),
        "loop" => Act::Current(exhaust::spin),
        "hidden-loop" => Act::Current(exhaust::spin_between_calls),
        "memory" => Act::Current(exhaust::memory),
        "recursion" => Act::Current(exhaust::recursion),
        "log-flood" => Act::Current(exhaust::log),
        "note-flood" => Act::Current(exhaust::note),
        "progress-flood" => Act::Current(exhaust::progress),
        "row-flood" => Act::Current(exhaust::rows),
        "token-flood" => Act::Current(exhaust::tokens),
        "byte-flood" => Act::Current(exhaust::bytes),
        "call-flood" => Act::Current(exhaust::calls),
        "sleep" => Act::Current(exhaust::sleep),
        "deaf" => Act::Current(exhaust::read),
        "unheard" => Act::Current(exhaust::read_once),
        "big-write" => Act::Current(exhaust::big_write),

        "unknown-model" => Act::Identify(contract::unknown_model),
        "many-details" => Act::Identify(contract::many_details),
        "long-failure" => Act::Identify(contract::long_failure),
        "clock-date" => Act::Clock(contract::clock_date),
        "clock-instant" => Act::Clock(contract::clock_instant),
        "undeclared" => Act::Current(contract::undeclared),
        "passed-on" => Act::Current(contract::passed_on),
        "wrong-count" => Act::Current(contract::wrong_count),
        "wrong-columns" => Act::Current(contract::wrong_columns),
        "wrong-marks" => Act::Current(contract::wrong_marks),
        "many-rows" => Act::Current(contract::many_rows),
        "long-token" => Act::Current(contract::long_token),
        "no-numbers" => Act::Current(contract::no_numbers),
        "controls" => Act::Current(contract::controls),
        "wrong-events" => Act::Current(contract::wrong_events),
        "remember" => Act::Current(contract::remember),
        "wrong-dates" => Act::Archive(contract::wrong_dates),
        "wrong-windows" => Act::Archive(contract::wrong_windows),

        "kept-borrow" => Act::Current(handles::kept_borrow),
        "dropped-borrow" => Act::Current(handles::dropped_borrow),
        "invented-handle" => Act::Current(handles::invented),
        "other-handle" => Act::Current(handles::other_type),
        "overlap" => Act::Current(handles::overlap),
        "wild-pointer" => Act::Current(handles::wild_pointer),
        "no-text" => Act::Current(handles::no_text),
        _ => return None,
    })
}

thread_local! {
    static HOW: RefCell<String> = const { RefCell::new(String::new()) };
}

fn committed() -> Option<Act> {
    HOW.with_borrow(|how| act(how))
}

struct Misbehave;

impl Guest for Misbehave {
    fn describe() -> String {
        include_str!("../describe.json").to_owned()
    }

    fn identify(port: &Port, config: String) -> Result<Identity, Failure> {
        let wrong = || Failure::Config(format!("how: {config} names nothing that this driver breaks"));
        let parsed: serde_json::Value = serde_json::from_str(&config).map_err(|_| wrong())?;
        HOW.set(parsed["how"].as_str().unwrap_or_default().to_owned());
        match committed().ok_or_else(wrong)? {
            Act::Identify(act) => act(port),
            _ => Ok(honest::identity()),
        }
    }

    fn read_clock(port: &Port) -> Result<ClockReading, Failure> {
        match committed() {
            Some(Act::Clock(act)) => act(port),
            _ => Err(Failure::Unsupported("it has no clock".to_owned())),
        }
    }

    fn read_current(port: &Port, out: &Sink) -> Result<(), Failure> {
        match committed() {
            Some(Act::Current(act)) => act(port, out),
            _ => honest::current(port, out),
        }
    }

    fn read_totals(_port: &Port, _out: &Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported("it has no totals".to_owned()))
    }

    fn read_archive(
        port: &Port,
        _kind: ArchiveKind,
        _windows: Vec<Window>,
        _resume: Option<Vec<u8>>,
        out: &Sink,
    ) -> Result<(), Failure> {
        match committed() {
            Some(Act::Archive(act)) => act(port, out),
            _ => honest::archive(out),
        }
    }

    fn close(_port: &Port) {}
}

#[allow(unsafe_code, reason = "what the generated export is made of")]
mod exported {
    use super::Misbehave;
    uzel_driver_sdk::bindings::export_meter!(Misbehave with_types_in uzel_driver_sdk::bindings);
}
