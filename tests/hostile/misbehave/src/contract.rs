//! Acts that give the host what the contract forbids.

use uzel_driver_sdk::bindings::uzel::driver::host::{self, Level, Sink};
use uzel_driver_sdk::bindings::uzel::driver::line::Port;
use uzel_driver_sdk::{
    Absence, CivilTime, ClockReading, Column, Condition, Event, Failure, Fixed, Identity, LabelRule, Mark, Quality,
    Row, Severity, Value, Window,
};

use crate::honest::{self, column, hour, number, row, tell};

type Done = Result<(), Failure>;

pub fn unknown_model(_port: &Port) -> Result<Identity, Failure> {
    Ok(Identity {
        model: "atlantis".to_owned(),
        ..honest::identity()
    })
}

pub fn many_details(_port: &Port) -> Result<Identity, Failure> {
    Ok(Identity {
        details: vec![("key\n".repeat(99), "value".to_owned()); 10_000],
        ..honest::identity()
    })
}

/// Four million bytes.
pub fn long_failure(_port: &Port) -> Result<Identity, Failure> {
    Err(Failure::Garbled("so\n9 x ".repeat(4_000_000 / 7)))
}

pub fn clock_date(_port: &Port) -> Result<ClockReading, Failure> {
    Ok(ClockReading {
        shown: february_30(),
        at: 0,
        uncertainty_ms: 0,
    })
}

pub fn clock_instant(_port: &Port) -> Result<ClockReading, Failure> {
    Ok(ClockReading {
        shown: hour(1),
        at: i64::MIN,
        uncertainty_ms: 0,
    })
}

fn february_30() -> CivilTime {
    CivilTime {
        month: 2,
        day: 30,
        ..hour(0)
    }
}

fn declare(out: &Sink, columns: &[&str], labels: LabelRule) -> Done {
    let columns: Vec<_> = columns.iter().map(|id| column(id)).collect();
    out.declare(&columns, labels).map_err(Failure::Unsupported)
}

pub fn undeclared(_port: &Port, out: &Sink) -> Done {
    tell(out.rows(&[row(None, vec![number(1)])], None));
    Ok(())
}

/// The same, and the host's words become the driver's, as the SDK does it.
pub fn passed_on(_port: &Port, out: &Sink) -> Done {
    out.rows(&[row(None, vec![number(1)])], None)
        .map(drop)
        .map_err(Failure::Unsupported)
}

/// A call with a right row and one that has a value too few.
pub fn wrong_count(_port: &Port, out: &Sink) -> Done {
    declare(out, &["t1", "t2"], LabelRule::Moment)?;
    let rows = [row(None, vec![number(1), number(2)]), row(None, vec![number(1)])];
    tell(out.rows(&rows, None));
    Ok(())
}

pub fn wrong_columns(_port: &Port, out: &Sink) -> Done {
    let numbered: Vec<_> = (0..257).map(|number| column(&format!("t{number}"))).collect();
    let fine = Column {
        decimals: Some(16),
        ..column("t1")
    };
    for columns in [
        vec![],
        numbered,
        vec![column("t1"), column("t1")],
        vec![column(" ")],
        vec![column(&"t".repeat(65))],
        vec![fine],
    ] {
        tell(out.declare(&columns, LabelRule::Moment));
    }
    // None of them is in force.
    tell(out.rows(&[], None));
    Ok(())
}

fn marked(mark: Mark) -> Row {
    Row {
        marks: vec![mark],
        ..row(None, vec![number(1)])
    }
}

fn condition(column: u16) -> Condition {
    Condition {
        code: "02".to_owned(),
        category: None,
        effect: None,
        point: 1,
        column: Some(column),
        duration_s: None,
    }
}

/// Rows whose marks and conditions name what is not there, and a right one.
pub fn wrong_marks(_port: &Port, out: &Sink) -> Done {
    declare(out, &["t1"], LabelRule::Moment)?;
    let mark = |column, quality| Mark {
        column,
        quality,
        code: None,
    };
    let beyond = Row {
        conditions: vec![condition(9)],
        ..row(None, vec![number(1)])
    };
    let rows = [
        marked(mark(1, Quality::Doubtful)),
        marked(mark(0, Quality::Absent)),
        beyond,
        marked(mark(0, Quality::Doubtful)),
    ];
    out.rows(&rows, None).map_err(Failure::Unsupported)?;
    let twice = Row {
        marks: vec![mark(0, Quality::Doubtful); 2],
        ..row(None, vec![number(1)])
    };
    tell(out.rows(&[twice], None));
    Ok(())
}

pub fn many_rows(_port: &Port, out: &Sink) -> Done {
    declare(out, &["t1"], LabelRule::Moment)?;
    tell(out.rows(&vec![row(None, vec![number(1)]); 1_025], None));
    Ok(())
}

pub fn long_token(_port: &Port, out: &Sink) -> Done {
    declare(out, &["t1"], LabelRule::Moment)?;
    tell(out.rows(&[row(None, vec![number(1)])], Some(&[7; 1_025])));
    Ok(())
}

pub fn no_numbers(_port: &Port, out: &Sink) -> Done {
    declare(out, &["nan", "inf", "minus", "fine", "good"], LabelRule::Moment)?;
    let values = vec![
        Value::Float(f64::NAN),
        Value::Float(f64::INFINITY),
        Value::Float(f64::NEG_INFINITY),
        Value::Fixed(Fixed {
            digits: 1,
            decimals: 16,
        }),
        number(1),
    ];
    out.rows(&[row(None, values)], None)
        .map(drop)
        .map_err(Failure::Unsupported)
}

/// What would be a line of its own in the trace.
const FORGED: &str = "1\n0 > dead\r\n0 x gone\u{1b}[2J\u{9b}";

/// Control characters wherever there is text.
pub fn controls(_port: &Port, out: &Sink) -> Done {
    host::log(Level::Info, FORGED);
    host::note(FORGED);
    let named = Column {
        id: format!("t{FORGED}"),
        quantity: FORGED.to_owned(),
        unit: FORGED.to_owned(),
        pipe: Some(FORGED.to_owned()),
        ..column("")
    };
    out.declare(&[named], LabelRule::Moment).map_err(Failure::Unsupported)?;
    let row = Row {
        marks: vec![Mark {
            column: 0,
            quality: Quality::Doubtful,
            code: Some(FORGED.to_owned()),
        }],
        conditions: vec![Condition {
            code: FORGED.to_owned(),
            category: Some(FORGED.to_owned()),
            ..condition(0)
        }],
        ..row(None, vec![Value::Text(FORGED.to_owned())])
    };
    out.rows(&[row], None).map_err(Failure::Unsupported)?;
    out.events(&[event(hour(1))]).map_err(Failure::Unsupported)?;
    Err(Failure::Refused(FORGED.to_owned()))
}

fn event(at: CivilTime) -> Event {
    Event {
        at,
        code: FORGED.to_owned(),
        severity: Severity::Info,
        began: None,
        point: 0,
        text: FORGED.to_owned(),
    }
}

/// Too many in a call, then one at an impossible time and one that is right.
pub fn wrong_events(_port: &Port, out: &Sink) -> Done {
    tell(out.events(&vec![event(hour(1)); 1_025]));
    out.events(&[event(february_30()), event(hour(1))])
        .map(drop)
        .map_err(Failure::Unsupported)
}

/// Two things beyond the bounds, one within.
pub fn remember(_port: &Port, _out: &Sink) -> Done {
    tell(host::remember(&"k".repeat(65), b"v"));
    tell(host::remember("k", &vec![0; 64 << 10]));
    host::remember("k", b"v").map_err(Failure::Unsupported)
}

/// Rows at times that are none, and a right one.
pub fn wrong_dates(_port: &Port, out: &Sink) -> Done {
    declare(out, &["t1"], LabelRule::IntervalStart)?;
    let at = |label| row(Some(label), vec![number(1)]);
    let until = |other_end| Row {
        other_end: Some(other_end),
        ..at(hour(5))
    };
    let rows = [
        at(february_30()),
        at(CivilTime { month: 13, ..hour(0) }),
        at(hour(24)),
        at(CivilTime {
            year: u16::MAX,
            month: u8::MAX,
            day: u8::MAX,
            hour: u8::MAX,
            minute: u8::MAX,
            second: u8::MAX,
        }),
        at(CivilTime { year: 0, ..hour(0) }),
        row(None, vec![number(1)]),
        until(hour(4)),
        until(CivilTime { year: 2027, ..hour(5) }),
        at(hour(5)),
    ];
    out.rows(&rows, None).map(drop).map_err(Failure::Unsupported)
}

pub fn wrong_windows(_port: &Port, out: &Sink) -> Done {
    for (begin, end) in [(hour(5), hour(5)), (hour(5), hour(4)), (february_30(), hour(5))] {
        tell(out.absent(Window { begin, end }, Absence::NeverWritten));
    }
    honest::archive(out)
}
