//! Words of the contract ↔ words of the model. Everything a guest says is checked here.

use std::time::Duration;

use super::bindings::uzel::driver::{line, types};
use crate::driver::env;
use crate::foreign::is_active;
use crate::limits;
use crate::model::{
    Absence, Aggregate, ArchiveKind, Civil, Column, Effect, LabelRule, LineSettings, Parity, Quality, Setting,
    Severity, Value,
};

/// A date and time that a driver gave. The error names what is no date.
pub fn civil_from(time: types::CivilTime) -> Result<Civil, String> {
    let types::CivilTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = time;
    let wrong = || format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} is no date and time");
    let part = |part: u8| i8::try_from(part).map_err(|_| wrong());
    if !(1970..=2199).contains(&year) {
        return Err(wrong());
    }
    let year = i16::try_from(year).map_err(|_| wrong())?;
    Civil::new(
        year,
        part(month)?,
        part(day)?,
        part(hour)?,
        part(minute)?,
        part(second)?,
        0,
    )
    .map_err(|_| wrong())
}

/// A date and time for a driver.
pub fn civil_to(civil: Civil) -> types::CivilTime {
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    types::CivilTime {
        year: u16::try_from(civil.year()).unwrap_or_default(),
        month: part(civil.month()),
        day: part(civil.day()),
        hour: part(civil.hour()),
        minute: part(civil.minute()),
        second: part(civil.second()),
    }
}

/// An archive kind for a driver.
pub fn kind_to(kind: ArchiveKind) -> types::ArchiveKind {
    match kind {
        ArchiveKind::Hourly => types::ArchiveKind::Hourly,
        ArchiveKind::Daily => types::ArchiveKind::Daily,
        ArchiveKind::TenDays => types::ArchiveKind::TenDays,
        ArchiveKind::Monthly => types::ArchiveKind::Monthly,
        ArchiveKind::Yearly => types::ArchiveKind::Yearly,
        ArchiveKind::EveryMinutes(minutes) => types::ArchiveKind::EveryMinutes(minutes),
    }
}

/// Text from a driver: characters that would do more than stand there become spaces, and it ends at `max` bytes.
pub fn text_from(text: &str, max: usize) -> String {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (text, _) = text.split_at(end);
    text.chars().map(|c| if is_active(c) { ' ' } else { c }).collect()
}

fn code_from(code: &str) -> String {
    text_from(code, limits::CODE_BYTES)
}

/// How a read is meant.
pub fn reading_from(how: line::Reading) -> env::Reading {
    let bytes = |count: u32| usize::try_from(count.min(limits::TRANSFER_BYTES)).unwrap_or(usize::MAX);
    let until = match how.until {
        line::Until::Length(length) => env::Until::Length(bytes(length)),
        line::Until::Delimiter(byte) => env::Until::Delimiter(byte),
        line::Until::SilenceMs(ms) => env::Until::Silence(Duration::from_millis(ms.min(limits::WAIT_MS).into())),
        line::Until::Any => env::Until::Any,
    };
    let deadline = Duration::from_millis(how.deadline_ms.clamp(1, limits::WAIT_MS).into());
    env::Reading {
        until,
        max: bytes(how.max),
        deadline,
    }
}

/// Line settings from a driver; none when they are none.
pub fn settings_from(settings: line::Settings) -> Option<LineSettings> {
    let line::Settings {
        baud,
        data_bits,
        parity,
        stop_bits,
    } = settings;
    let parity = match parity {
        line::Parity::None => Parity::None,
        line::Parity::Odd => Parity::Odd,
        line::Parity::Even => Parity::Even,
        line::Parity::Mark => Parity::Mark,
        line::Parity::Space => Parity::Space,
    };
    let fits = (50..=4_000_000).contains(&baud) && (5..=8).contains(&data_bits) && (1..=2).contains(&stop_bits);
    fits.then_some(LineSettings {
        baud,
        data_bits,
        parity,
        stop_bits,
    })
}

/// The line defaults of `describe()`; none when they are none.
pub fn config_settings(line: &crate::driver::describe::Line) -> Option<LineSettings> {
    let parity = match line.parity.as_str() {
        "none" => Parity::None,
        "odd" => Parity::Odd,
        "even" => Parity::Even,
        "mark" => Parity::Mark,
        "space" => Parity::Space,
        _ => return None,
    };
    let fits =
        (50..=4_000_000).contains(&line.baud) && (5..=8).contains(&line.data_bits) && (1..=2).contains(&line.stop_bits);
    fits.then_some(LineSettings {
        baud: line.baud,
        data_bits: line.data_bits,
        parity,
        stop_bits: line.stop_bits,
    })
}

/// A column declaration, checked.
pub fn column_from(column: types::Column) -> Result<Column, String> {
    let types::Column {
        id,
        quantity,
        unit,
        point,
        tariff,
        pipe,
        aggregate,
        decimals,
    } = column;
    let named = code_from(&id);
    if named.trim().is_empty() || id.len() > limits::CODE_BYTES {
        return Err(format!(
            "column {named:?}: a name has 1 to {} bytes",
            limits::CODE_BYTES
        ));
    }
    if decimals.is_some_and(|decimals| decimals > 15) {
        return Err(format!("column {named:?}: at most 15 decimals"));
    }
    let aggregate = match aggregate {
        types::Aggregate::Instant => Aggregate::Instant,
        types::Aggregate::Mean => Aggregate::Mean,
        types::Aggregate::Sum => Aggregate::Sum,
        types::Aggregate::Minimum => Aggregate::Minimum,
        types::Aggregate::Maximum => Aggregate::Maximum,
        types::Aggregate::Total => Aggregate::Total,
        types::Aggregate::Duration => Aggregate::Duration,
        types::Aggregate::State => Aggregate::State,
    };
    Ok(Column {
        id: named,
        quantity: code_from(&quantity),
        unit: code_from(&unit),
        point,
        tariff,
        pipe: pipe.as_deref().map(code_from),
        aggregate,
        decimals,
    })
}

/// How labels are meant.
pub fn labels_from(rule: types::LabelRule) -> LabelRule {
    match rule {
        types::LabelRule::IntervalStart => LabelRule::IntervalStart,
        types::LabelRule::IntervalEnd => LabelRule::IntervalEnd,
        types::LabelRule::Moment => LabelRule::Moment,
    }
}

/// A value, checked. The error says what it was instead; the cell is then absent.
pub fn value_from(value: types::Value) -> Result<Value, String> {
    Ok(match value {
        types::Value::Absent => Value::Absent,
        types::Value::Fixed(types::Fixed { digits, decimals }) if decimals <= 15 => Value::Fixed { digits, decimals },
        types::Value::Fixed(types::Fixed { decimals, .. }) => {
            return Err(format!("{decimals} decimals, at most 15 may"));
        }
        types::Value::Float(float) if float.is_finite() => Value::Float(float),
        types::Value::Float(float) => return Err(format!("{float} is no number")),
        types::Value::Bits(bits) => Value::Bits(bits),
        types::Value::Text(text) => Value::Text(text_from(&text, limits::TEXT_BYTES)),
    })
}

/// The same for a driver.
pub fn value_to(value: &Value) -> types::Value {
    match value {
        Value::Absent => types::Value::Absent,
        Value::Fixed { digits, decimals } => types::Value::Fixed(types::Fixed {
            digits: *digits,
            decimals: *decimals,
        }),
        Value::Float(float) => types::Value::Float(*float),
        Value::Bits(bits) => types::Value::Bits(*bits),
        Value::Text(text) => types::Value::Text(text.clone()),
    }
}

/// The quality of a mark.
pub fn quality_from(quality: types::Quality) -> Quality {
    match quality {
        types::Quality::Doubtful => Quality::Doubtful,
        types::Quality::Substituted => Quality::Substituted,
        types::Quality::Absent => Quality::Absent,
    }
}

/// An abnormal situation; `columns` are declared.
pub fn condition_from(condition: types::Condition, columns: usize) -> Result<crate::model::Condition, String> {
    let types::Condition {
        code,
        category,
        effect,
        point,
        column,
        duration_s,
    } = condition;
    if let Some(column) = column
        && usize::from(column) >= columns
    {
        return Err(format!(
            "condition {:?} names column {column} of {columns}",
            code_from(&code)
        ));
    }
    let effect = effect.map(|effect| match effect {
        types::Effect::Counted => Effect::Counted,
        types::Effect::Stopped => Effect::Stopped,
        types::Effect::ConstantUsed => Effect::ConstantUsed,
        types::Effect::Information => Effect::Information,
    });
    Ok(crate::model::Condition {
        code: code_from(&code),
        category: category.as_deref().map(code_from),
        effect,
        point,
        column,
        duration_s,
    })
}

/// Why there is nothing.
pub fn absence_from(absence: types::Absence) -> Absence {
    match absence {
        types::Absence::NeverWritten => Absence::NeverWritten,
        types::Absence::Overwritten => Absence::Overwritten,
        types::Absence::DeviceOff => Absence::DeviceOff,
        types::Absence::Refused => Absence::Refused,
    }
}

/// How much an event matters.
pub fn severity_from(severity: types::Severity) -> Severity {
    match severity {
        types::Severity::Info => Severity::Info,
        types::Severity::Warning => Severity::Warning,
        types::Severity::Alarm => Severity::Alarm,
    }
}

/// A setting; the error names it.
pub fn setting_from(setting: types::Setting) -> Result<Setting, String> {
    let types::Setting {
        id,
        title,
        value,
        unit,
        writable,
    } = setting;
    let id = code_from(&id);
    let value = value_from(value).map_err(|text| format!("setting {id:?}: {text}"))?;
    let title = text_from(&title, limits::TEXT_BYTES);
    Ok(Setting {
        id,
        title,
        value,
        unit: unit.as_deref().map(code_from),
        writable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_dates_are_named() {
        let time = |year, month, day, hour| types::CivilTime {
            year,
            month,
            day,
            hour,
            minute: 0,
            second: 0,
        };
        for wrong in [
            time(2026, 2, 30, 0),
            time(2026, 13, 1, 0),
            time(2026, 1, 1, 24),
            time(1969, 1, 1, 0),
            time(65535, 255, 255, 255),
        ] {
            let text = civil_from(wrong).unwrap_err();
            assert!(text.ends_with("is no date and time"), "{text}");
        }
        let right = time(2024, 2, 29, 23);
        let civil = civil_from(right).unwrap();
        assert_eq!(civil_from(civil_to(civil)), Ok(civil));
    }

    #[test]
    fn text_is_cut_at_a_character_and_loses_controls() {
        assert_eq!(text_from("Qо\n1", 64), "Qо 1");
        assert_eq!(text_from("ёё", 3), "ё");
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        assert!(value_from(types::Value::Float(f64::NAN)).is_err());
        assert!(value_from(types::Value::Float(f64::INFINITY)).is_err());
        assert!(
            value_from(types::Value::Fixed(types::Fixed {
                digits: 1,
                decimals: 16
            }))
            .is_err()
        );
        assert_eq!(value_from(types::Value::Float(0.5)), Ok(Value::Float(0.5)));
    }
}
