//! Acts that never end or use up what all sessions share.

use std::hint::black_box;

use uzel_driver_sdk::bindings::uzel::driver::host::{self, Level, Sink};
use uzel_driver_sdk::bindings::uzel::driver::line::Port;
use uzel_driver_sdk::{Failure, LabelRule, LineError, Parity, Reading, Settings, Until};

use crate::honest::{column, number, row};

type Done = Result<(), Failure>;

/// One byte on the line: the other end knows that the act has begun.
fn announce(port: &Port) -> Done {
    port.write(b"!").map_err(Failure::Line)
}

pub fn panic(_port: &Port, _out: &Sink) -> Done {
    panic!("as configured")
}

pub fn spin(port: &Port, _out: &Sink) -> Done {
    announce(port)?;
    loop {
        black_box(port);
    }
}

/// Computes, but for a call every fraction of a tick that the host may take for a wait.
pub fn spin_between_calls(port: &Port, _out: &Sink) -> Done {
    announce(port)?;
    let settings = Settings {
        baud: 9_600,
        data_bits: 8,
        parity: Parity::None,
        stop_bits: 1,
    };
    loop {
        for step in 0..100_000 {
            black_box(step);
        }
        // A TCP line denies it at once.
        let _ = port.configure(settings);
    }
}

/// 64 MiB in small pieces.
pub fn memory(_port: &Port, _out: &Sink) -> Done {
    let pieces: Vec<Vec<u8>> = (0..(64 << 20) / 256).map(|_| black_box(vec![1; 256])).collect();
    Err(Failure::Refused(format!("{} pieces are held", pieces.len())))
}

pub fn recursion(_port: &Port, _out: &Sink) -> Done {
    fn deeper(depth: u64) -> u64 {
        if black_box(depth) == u64::MAX {
            return 0;
        }
        black_box(deeper(depth + 1)) + 1
    }
    Err(Failure::Refused(format!("{} deep", deeper(0))))
}

pub fn log(_port: &Port, _out: &Sink) -> Done {
    loop {
        host::log(Level::Debug, "and another line");
    }
}

pub fn note(_port: &Port, _out: &Sink) -> Done {
    loop {
        host::note("and another note");
    }
}

pub fn progress(_port: &Port, out: &Sink) -> Done {
    loop {
        out.progress(1, u32::MAX);
    }
}

/// Ten million rows.
pub fn rows(_port: &Port, out: &Sink) -> Done {
    out.declare(&[column("t1")], LabelRule::Moment)
        .map_err(Failure::Unsupported)?;
    let rows = vec![row(None, vec![number(1)]); 1_000];
    for _ in 0..10_000 {
        out.rows(&rows, None).map_err(Failure::Unsupported)?;
    }
    Ok(())
}

/// Calls that carry no row, but something to be stored.
pub fn tokens(_port: &Port, out: &Sink) -> Done {
    out.declare(&[column("t1")], LabelRule::Moment)
        .map_err(Failure::Unsupported)?;
    loop {
        out.rows(&[], Some(b"here")).map_err(Failure::Unsupported)?;
    }
}

pub fn bytes(port: &Port, _out: &Sink) -> Done {
    let block = vec![0x55; 64 << 10];
    loop {
        // Whatever comes back: more.
        let _ = port.write(&block);
    }
}

pub fn calls(port: &Port, _out: &Sink) -> Done {
    loop {
        port.purge();
    }
}

pub fn sleep(port: &Port, _out: &Sink) -> Done {
    announce(port)?;
    loop {
        host::sleep(u32::MAX);
    }
}

fn anything(deadline_ms: u32) -> Reading {
    Reading {
        until: Until::Any,
        max: 1_024,
        deadline_ms,
    }
}

/// Waits for an answer for ever, whatever the host says.
pub fn read(port: &Port, _out: &Sink) -> Done {
    announce(port)?;
    loop {
        let _ = port.read(anything(u32::MAX));
    }
}

pub fn read_once(port: &Port, _out: &Sink) -> Done {
    port.read(anything(20)).map(drop).map_err(Failure::Line)
}

/// Ten million bytes in one call.
pub fn big_write(port: &Port, _out: &Sink) -> Done {
    match port.write(&vec![0x55; 10_000_000]) {
        Err(LineError::Denied) => Err(Failure::Line(LineError::Denied)),
        other => Err(Failure::Refused(format!("{other:?} instead of denied"))),
    }
}
