//! Driver of meters that speak DLMS/COSEM (IEC 62056) with logical names, over HDLC or the wrapper.
//!
//! From the wire up: `link` carries APDUs, `session` is the association with its `keys`, `apdu` questions and answers, `talk`
//! the patience; `tree`, `stamp`, `cell`, `column` and `profile` say what values mean; `meter` identifies and reads what is
//! measured now, `object` finds what the meter has, `archive` and `buffer` read profiles. `push` hears a meter that speaks
//! unasked, `notification` reads what it says.
//!
//! Frames, values, AARQ and its answer are read by the library `dlms-cosem-rs`. Its client session is not used: it brings
//! every service of the standard and AES-256 into the component (85 KiB), has no recovery of lost frames, and refuses the
//! answer to a password that does not name the mechanism, which real meters send.

mod apdu;
mod archive;
mod buffer;
pub mod cell;
pub mod column;
mod config;
mod decode;
mod given;
mod interval;
mod keys;
pub mod link;
mod meter;
pub mod name;
pub mod notification;
mod object;
pub mod profile;
mod push;
mod rows;
mod select;
mod session;
pub mod stamp;
mod talk;
pub mod tree;
mod trouble;

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Configure, Driver, Failure, Identity, Port, Sink, Value, Window,
};

use config::Config;
pub use decode::decode;
pub use dlms_cosem_rs::Obis;
use meter::{Meter, Wanted};
use push::Heard;

/// One session with one meter.
#[derive(Default)]
pub struct Dlms {
    meter: Option<Meter>,
    /// In place of it one that speaks unasked.
    heard: Option<Heard>,
}

impl Dlms {
    fn meter(&mut self) -> Result<&mut Meter, Failure> {
        let why = if self.heard.is_some() {
            "the meter is only heard, not asked"
        } else {
            "no meter was identified"
        };
        self.meter.as_mut().ok_or_else(|| Failure::Unsupported(why.to_owned()))
    }

    fn moment(&mut self, port: &mut dyn Port, wanted: Wanted, out: &mut dyn Sink) -> Result<(), Failure> {
        match &self.heard {
            Some(heard) => heard.moment(wanted, out),
            None => self.meter()?.read_moment(port, wanted, out),
        }
    }
}

impl Driver for Dlms {
    fn describe() -> &'static str {
        include_str!(concat!(env!("OUT_DIR"), "/describe.json"))
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let config = Config::parse(config)?;
        if let Some(listening) = config.listening {
            let (heard, identity) = Heard::identify(port, &config, listening)?;
            self.heard = Some(heard);
            return Ok(identity);
        }
        // Kept at once: a link that was opened is closed, whatever the meter says in it.
        let meter = self.meter.insert(Meter::new(port, config));
        meter.identify(port)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        match &self.heard {
            Some(heard) => heard.clock(),
            None => self.meter()?.read_clock(port),
        }
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.moment(port, Wanted::Current, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.moment(port, Wanted::Totals, out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        archive::read(self.meter()?, port, kind, windows, resume, out)
    }

    fn close(&mut self, port: &mut dyn Port) {
        self.heard = None;
        if let Some(mut meter) = self.meter.take() {
            meter.talk.close(port);
        }
    }
}

impl Configure for Dlms {
    fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure> {
        self.meter()?.set_clock(port, to)
    }

    fn write_setting(&mut self, _: &mut dyn Port, id: &str, _: Value) -> Result<(), Failure> {
        Err(Failure::Unsupported(format!("setting {id:?} cannot be written")))
    }
}

#[cfg(feature = "component")]
uzel_driver_sdk::export_driver!(Dlms, configure);
