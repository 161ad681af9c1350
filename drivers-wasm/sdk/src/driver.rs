//! What a driver author implements.

use crate::{ArchiveKind, CivilTime, ClockReading, Failure, Identity, Port, Setting, Sink, Value, Window};

/// A driver: one value serves one session with one device.
///
/// The calls come in this order: `identify` once, then any of the reads, then `close`. The value keeps what
/// `identify` learned.
pub trait Driver: Default + 'static {
    /// The JSON of `driver.toml`: `include_str!(concat!(env!("OUT_DIR"), "/describe.json"))`, and a long one
    /// [`packed!("describe.json")`](crate::packed).
    fn describe() -> &'static str;

    /// Starts the conversation and says who answers. `config` is the JSON object of the device's configuration.
    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure>;

    /// The meter's clock beside the host's.
    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure>;

    /// What the device measures now.
    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure>;

    /// The device's integrators.
    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure>;

    /// The records whose intervals begin within the windows.
    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure>;

    /// Leaves the device as it was found.
    fn close(&mut self, port: &mut dyn Port);
}

/// Optional: the device's own journals and settings.
pub trait Diagnostics: Driver {
    /// The device's journals from `since` on, or all that it holds.
    fn read_events(&mut self, port: &mut dyn Port, since: Option<CivilTime>, out: &mut dyn Sink)
    -> Result<(), Failure>;

    /// The device's settings.
    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure>;
}

/// Optional, granted apart: changing the device.
pub trait Configure: Driver {
    /// Sets the meter's clock.
    fn set_clock(&mut self, port: &mut dyn Port, to: CivilTime) -> Result<(), Failure>;

    /// Writes a setting and reads it back.
    fn write_setting(&mut self, port: &mut dyn Port, id: &str, value: Value) -> Result<(), Failure>;
}

/// Optional, granted apart: acting through the device.
pub trait Control: Driver {
    /// Carries out one command.
    fn command(&mut self, port: &mut dyn Port, name: &str, arguments: &[(String, Value)]) -> Result<Value, Failure>;
}
