//! What the meter writes: its readout, its profile and log, its telegram (IEC 62056-21 section 6.6; VDEW-Lastenheft 2.1;
//! DSMR 5.0.2 section 6.12).

use super::builder::IecConfig;
use super::history::{Hour, IecHistory, Totals};
use crate::civil;
use jiff::civil::DateTime;

/// Hours in the ring of the profile: a year.
pub const DEPTH_H: i64 = 8_784;
/// Months that are kept.
pub const MONTHS: usize = 15;

/// A meter at a time.
pub struct Shown<'a> {
    pub config: &'a IecConfig,
    pub history: &'a IecHistory,
    pub now: DateTime,
}

impl Shown<'_> {
    /// Hours that may have rows, by their starts.
    pub fn hours(&self) -> std::ops::Range<i64> {
        let now = civil::hour_of(self.now);
        self.config.installed_hour.max(now - DEPTH_H)..now
    }

    /// Totals when the running hour began.
    pub fn totals(&self) -> Totals {
        self.history.totals(civil::hour_of(self.now))
    }

    /// The load of now, W: that of the last hour.
    pub fn power_w(&self) -> i64 {
        let before = civil::hour_of(self.now) - 1;
        self.history.hour(before).map_or(0, |hour| hour.active_wh)
    }

    /// The readout without its frame.
    pub fn readout(&self, serial: &str) -> String {
        let now = self.now;
        let mut text = format!(
            "F.F(00000000)\r\n0.0.0({serial})\r\n0.9.1({})\r\n0.9.2({})\r\n",
            now.strftime("%H%M%S"),
            now.strftime("%y%m%d")
        );
        let months = self.history.months(now, self.config.installed_hour, MONTHS);
        let counter = 7 + i64::from(now.year()) * 12 + i64::from(now.month());
        text.push_str(&format!("0.1.0({:02})\r\n", counter.rem_euclid(100)));
        text.push_str(&registers(&self.totals(), ""));
        text.push_str(&format!("1.7.0({}*kW)\r\n", decimal(self.power_w(), 3, 5)));
        for (place, month) in (0..).zip(&months) {
            let index = if self.config.newest_first {
                place + 1
            } else {
                (counter - place).rem_euclid(100)
            };
            let index = format!("*{index:02}");
            let end = civil::civil_of_hour(month.end_hour).strftime("%y%m%d%H%M").to_string();
            text.push_str(&format!("0.1.2{index}({end})\r\n"));
            text.push_str(&registers(&month.totals, &index));
            let at = civil::civil_of_hour(month.maximum.1).strftime("%y%m%d%H%M").to_string();
            text.push_str(&format!(
                "1.6.0{index}({}*kW)({at})\r\n",
                decimal(month.maximum.0, 3, 5)
            ));
        }
        text + "0.4.2(1)\r\n!\r\n"
    }

    /// One register as it is asked for by itself.
    pub fn register(&self, serial: &str, name: &str) -> Option<String> {
        let readout = self.readout(serial);
        let line = readout.lines().find(|line| line.split('(').next() == Some(name));
        line.map(str::to_owned)
    }

    /// Rows of the profile with labels from one time to another, both included. A gap or a status begins a new header.
    pub fn profile(&self, from: DateTime, to: DateTime) -> String {
        let mut text = String::new();
        let mut follows = false;
        let ends = civil::hour_of(from)..=civil::hour_of(to);
        for hour in self.hours().filter(|hour| ends.contains(&(hour + 1))) {
            let Some(row) = self.history.hour(hour) else {
                follows = false;
                continue;
            };
            // The label is a whole hour: one that begins before `from` is not meant.
            if civil::civil_of_hour(hour + 1) < from {
                continue;
            }
            if !follows || row.status != 0 {
                text.push_str(&self.header(hour, row.status));
            }
            follows = row.status == 0;
            text.push_str(&cells(&row));
        }
        if text.is_empty() { "P.01()".to_owned() } else { text }
    }

    fn header(&self, hour: i64, status: u32) -> String {
        let stamp = civil::civil_of_hour(hour + 1).strftime("%y%m%d%H%M%S").to_string();
        format!("P.01(0{stamp})({status:08X})(60)(2)(1.29)(kWh)(3.29)(kvarh)\r\n")
    }

    /// The log: every failure of power in the ring, and its end.
    pub fn log(&self, from: DateTime) -> String {
        let mut text = String::new();
        let mut was_on = true;
        for hour in self.hours() {
            let is_on = self.history.hour(hour).is_some();
            let at = civil::civil_of_hour(hour);
            if is_on != was_on && at >= from {
                let status = if is_on { 0x40 } else { 0x80 };
                let stamp = at.strftime("%y%m%d%H%M%S").to_string();
                text.push_str(&format!("P.98(0{stamp})({status:08X})()(0)\r\n"));
            }
            was_on = is_on;
        }
        if text.is_empty() { "P.98()".to_owned() } else { text }
    }

    /// A telegram of P1, without its CRC.
    pub fn telegram(&self, serial: &str) -> String {
        let totals = self.totals();
        let hex: String = serial.bytes().map(|byte| format!("{byte:02X}")).collect();
        let stamp = self.now.strftime("%y%m%d%H%M%S").to_string();
        let mut text =
            format!("/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0({stamp}W)\r\n0-0:96.1.1({hex})\r\n");
        for (name, wh) in [("1.8.1", totals.night), ("1.8.2", totals.day)] {
            text.push_str(&format!("1-0:{name}({}*kWh)\r\n", decimal(wh, 3, 10)));
        }
        text.push_str("0-0:96.14.0(0002)\r\n");
        text.push_str(&format!("1-0:1.7.0({}*kW)\r\n", decimal(self.power_w(), 3, 6)));
        text + "0-0:96.13.0()\r\n!"
    }
}

fn registers(totals: &Totals, index: &str) -> String {
    let lines = [
        ("1.8.0", totals.active, "kWh"),
        ("1.8.1", totals.day, "kWh"),
        ("1.8.2", totals.night, "kWh"),
        ("3.8.0", totals.reactive, "kvarh"),
    ];
    let line =
        |(name, digits, unit): &(&str, i64, &str)| format!("{name}{index}({}*{unit})\r\n", decimal(*digits, 3, 11));
    lines.iter().map(line).collect()
}

fn cells(row: &Hour) -> String {
    format!(
        "({})({})\r\n",
        decimal(row.active_wh, 3, 7),
        decimal(row.reactive_varh, 3, 7)
    )
}

/// Digits with so many decimals, as wide as given with the point.
fn decimal(digits: i64, decimals: usize, width: usize) -> String {
    let text = format!("{digits:0width$}", width = width.saturating_sub(1).max(decimals + 1));
    let (whole, part) = text.split_at(text.len() - decimals);
    format!("{whole}.{part}")
}
