//! The driver: one session's calls, each passed to its [`Device`].

use uzel_driver_sdk::{
    ArchiveKind, CivilTime, ClockReading, Control, Diagnostics, Driver, Failure, Identity, Port, Setting, Sink, Value,
    Window,
};

use crate::config::Config;
use crate::curve;
use crate::device::Device;
use crate::map::Class;

/// A session with one device.
#[derive(Default)]
pub struct Modbus {
    device: Option<Device>,
    is_ecl: bool,
}

impl Modbus {
    fn device(&mut self) -> Result<&mut Device, Failure> {
        let early = || Failure::Config("identify was not called".to_owned());
        self.device.as_mut().ok_or_else(early)
    }
}

impl Driver for Modbus {
    fn describe() -> &'static str {
        uzel_driver_sdk::packed!("describe.json")
    }

    fn identify(&mut self, port: &mut dyn Port, config: &str) -> Result<Identity, Failure> {
        let config = Config::parse(config)?;
        let (device, identity) = Device::identify(port, &config)?;
        self.is_ecl = config.map == crate::maps::ECL;
        self.device = Some(device);
        Ok(identity)
    }

    fn read_clock(&mut self, port: &mut dyn Port) -> Result<ClockReading, Failure> {
        self.device()?.clock(port)
    }

    fn read_current(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.device()?.moment(port, Class::Current, out)
    }

    fn read_totals(&mut self, port: &mut dyn Port, out: &mut dyn Sink) -> Result<(), Failure> {
        self.device()?.moment(port, Class::Total, out)
    }

    fn read_archive(
        &mut self,
        port: &mut dyn Port,
        kind: ArchiveKind,
        windows: &[Window],
        _resume: Option<&[u8]>,
        out: &mut dyn Sink,
    ) -> Result<(), Failure> {
        self.device()?.archive(port, kind, windows, out)
    }

    /// The protocol has no end of a session.
    fn close(&mut self, _port: &mut dyn Port) {
        self.device = None;
    }
}

impl Diagnostics for Modbus {
    fn read_events(&mut self, _: &mut dyn Port, _: Option<CivilTime>, _: &mut dyn Sink) -> Result<(), Failure> {
        Err(Failure::Unsupported(
            "a register map has no journal of events".to_owned(),
        ))
    }

    fn read_settings(&mut self, port: &mut dyn Port) -> Result<Vec<Setting>, Failure> {
        self.device()?.settings(port)
    }
}

impl Control for Modbus {
    /// `set` with `setting` and `value`; `curve` of an ECL Comfort with `circuit` and `y1` to `y6`. `check` with `command`
    /// beside these writes nothing and names the settings that the command would change.
    fn command(&mut self, port: &mut dyn Port, name: &str, arguments: &[(String, Value)]) -> Result<Value, Failure> {
        let is_ecl = self.is_ecl;
        let device = self.device()?;
        let get = |wanted: &str| {
            let found = arguments.iter().find(|(name, _)| name == wanted);
            found
                .map(|(_, value)| value)
                .ok_or_else(|| Failure::Refused(format!("argument {wanted} is missing")))
        };
        let is_check = name == "check";
        let command = match (is_check, is_check.then(|| get("command")).transpose()?) {
            (true, Some(Value::Text(command))) => command.as_str(),
            (true, _) => return Err(Failure::Refused("argument command is no text".to_owned())),
            (false, _) => name,
        };
        match command {
            "set" => {
                let Value::Text(id) = get("setting")? else {
                    return Err(Failure::Refused("argument setting is no text".to_owned()));
                };
                let setting = device.setting(id)?;
                let value = get("value")?;
                if is_check {
                    return device.wanted(port, &setting, value).map(|_| Value::Text(id.clone()));
                }
                device.set(port, &setting, value).map(crate::control::Held::value)
            }
            "curve" if is_ecl => {
                let circuit = crate::control::digits(get("circuit")?, 0)?;
                let points = (1..=6).map(|point| get(&format!("y{point}")).cloned());
                let curve = curve::Curve::plan(device, port, circuit, &points.collect::<Result<Vec<_>, _>>()?)?;
                if is_check {
                    return Ok(Value::Text(curve.ids()));
                }
                curve.write(device, port)
            }
            other => Err(Failure::Unsupported(format!("there is no command {other:?}"))),
        }
    }
}
