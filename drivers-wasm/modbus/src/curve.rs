//! The heat curve of an ECL Comfort: six points that are written together or not at all.

use uzel_driver_sdk::{Failure, Port, Value, writes};

use crate::control::Held;
use crate::device::Device;
use crate::map::Setting;

/// The last three digits of its points: flow temperature at -30, -15, -5, 0, 5 and 15 °C outside.
const POINTS: std::ops::RangeInclusive<u16> = 400..=405;
/// Flow temperature, least and most.
const FLOW_LIMITS: [u16; 2] = [177, 178];

/// A curve that may be written.
pub struct Curve {
    /// Each point with what it holds and what it is to hold, the coldest first.
    points: Vec<(Setting, Held, Held)>,
}

impl Curve {
    /// Checks a circuit's curve: colder outside must be hotter in the flow, and every point within the circuit's own
    /// limits of flow temperature. Nothing is written.
    pub fn plan(device: &mut Device, port: &mut dyn Port, circuit: i64, points: &[Value]) -> Result<Self, Failure> {
        let base = match circuit {
            1..=3 => (10 + u16::try_from(circuit).unwrap_or(1)) * 1_000,
            _ => return Err(Failure::Refused(format!("circuit is {circuit}, expected 1 to 3"))),
        };
        let find = |device: &Device, number: u16| device.setting(&(base + number).to_string());
        let settings = POINTS
            .map(|number| find(device, number))
            .collect::<Result<Vec<_>, _>>()?;
        if points.len() != settings.len() {
            let text = format!("a curve has 6 points, given are {}", points.len());
            return Err(Failure::Refused(text));
        }
        let mut plan = Vec::new();
        for (setting, point) in settings.into_iter().zip(points) {
            let (before, wanted) = device.wanted(port, &setting, point)?;
            plan.push((setting, before, wanted));
        }
        let rises = |pair: &[(Setting, Held, Held)]| matches!(pair, [(.., colder), (.., warmer)] if colder.digits < warmer.digits);
        if plan.windows(2).any(rises) {
            return Err(Failure::Refused(
                "the curve must not rise with the outdoor temperature".to_owned(),
            ));
        }
        let [least, most] = FLOW_LIMITS.map(|number| find(device, number));
        let (least, most) = (device.held(port, &least?)?.digits, device.held(port, &most?)?.digits);
        let outside = plan
            .iter()
            .find(|(.., wanted)| !(least..=most).contains(&wanted.digits));
        if let Some((.., point)) = outside {
            let text = format!(
                "point {} of the curve is outside the flow limits {least} to {most}",
                point.digits
            );
            return Err(Failure::Refused(text));
        }
        Ok(Self { points: plan })
    }

    /// The settings that are its points, between spaces.
    pub fn ids(&self) -> String {
        let ids: Vec<_> = self.points.iter().map(|(setting, ..)| setting.id.as_str()).collect();
        ids.join(" ")
    }

    /// Writes the points that change. When one cannot be written, those before it get back what they were.
    pub fn write(&self, device: &mut Device, port: &mut dyn Port) -> Result<Value, Failure> {
        let changes = self.points.iter().filter(|(_, before, wanted)| before != wanted);
        for (setting, ..) in changes.clone() {
            writes::permit(port, &setting.id)?;
        }
        for (done, (setting, before, wanted)) in changes.clone().enumerate() {
            let Err(failure) = device.write(port, setting, *before, *wanted) else {
                continue;
            };
            // The point that failed may hold anything: it is put back too.
            for (setting, before, wanted) in changes.clone().take(done + 1) {
                device.write(port, setting, *wanted, *before)?;
            }
            return Err(failure);
        }
        for (setting, _, wanted) in &self.points {
            if device.held(port, setting)? != *wanted {
                return Err(Failure::Refused(format!(
                    "point {} of the curve changed again",
                    setting.id
                )));
            }
        }
        Ok(Value::Text("the curve is written".to_owned()))
    }
}
