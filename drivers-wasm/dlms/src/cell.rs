//! Cells: values with the scale of their register, digit by digit as the meter keeps them.

use dlms_cosem_rs::axdr::Data;
use uzel_driver_sdk::calendar::civil;
use uzel_driver_sdk::{Condition, Fixed, Value};

use crate::column::{CLOCK, Captured, EXTENDED, Scale};
use crate::{stamp, tree};

/// Decimals that the contract has.
const DECIMALS_MAX: i16 = 15;
/// Bytes of a text at most.
const TEXT_MAX: usize = 200;

/// The value of a captured attribute.
pub fn cell(captured: &Captured, scale: Option<Scale>, value: &Data<'_>) -> Value {
    match value {
        Data::Null | Data::DontCare => Value::Absent,
        Data::Float32(number) => float((*number).into(), scale),
        Data::Float64(number) => float(*number, scale),
        Data::Boolean(flag) => Value::Bits((*flag).into()),
        Data::BitString(bits) => flags(bits.len(), bits.as_bytes()),
        // A byte of two decimal digits.
        Data::Bcd(byte) => {
            let byte = byte.cast_unsigned();
            let (high, low) = (i64::from(byte >> 4), i64::from(byte & 0x0F));
            if high > 9 || low > 9 {
                Value::Absent
            } else {
                fixed(high * 10 + low, scale)
            }
        }
        Data::Long64Unsigned(number) if captured.is_status() => Value::Bits(*number),
        Data::Long64Unsigned(number) => match i64::try_from(*number) {
            Ok(number) => fixed(number, scale),
            Err(_) => Value::Text(format!("{number}e{}", scale.map_or(0, |scale| scale.power))),
        },
        _ => match value.as_i64() {
            Some(number) if captured.is_status() => u64::try_from(number).map_or(fixed(number, None), Value::Bits),
            Some(number) => fixed(number, scale),
            None => words(captured, value),
        },
    }
}

/// `number` times ten to the power of the scale, without any rounding.
fn fixed(number: i64, scale: Option<Scale>) -> Value {
    let power = scale.map_or(0, |scale| i16::from(scale.power));
    let (digits, decimals) = if power > 0 && number != 0 {
        let factor = 10i64.checked_pow(u32::from(power.unsigned_abs()));
        (factor.and_then(|factor| number.checked_mul(factor)), 0)
    } else {
        (Some(number), (-power).max(0))
    };
    match (digits, u8::try_from(decimals)) {
        (Some(digits), Ok(decimals)) if i16::from(decimals) <= DECIMALS_MAX => Value::Fixed(Fixed { digits, decimals }),
        // No number of the contract: told as the meter has it.
        _ => Value::Text(format!("{number}e{power}")),
    }
}

fn float(number: f64, scale: Option<Scale>) -> Value {
    let power = scale.map_or(0, |scale| scale.power);
    Value::Float(if power == 0 {
        number
    } else {
        number * 10f64.powi(power.into())
    })
}

/// Bits in the order in which they are sent, the first is bit 0.
fn flags(bits: usize, bytes: &[u8]) -> Value {
    if bits > 64 {
        return Value::Text(uzel_driver_sdk::bytes::hex(bytes).chars().take(TEXT_MAX).collect());
    }
    let is_set = |bit: usize| bytes.get(bit / 8).is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0);
    let set = (0..bits).filter(|bit| is_set(*bit));
    Value::Bits(set.fold(0, |word, bit| word | 1u64 << bit))
}

fn words(captured: &Captured, value: &Data<'_>) -> Value {
    let is_time = captured.class == CLOCK || captured.class == EXTENDED && captured.attribute == 5;
    if let Some(at) = stamp::moment(value).filter(|_| is_time) {
        return Value::Text(stamp::text(civil(at)));
    }
    match tree::text(value) {
        Some(text) => Value::Text(text.chars().take(TEXT_MAX).collect()),
        None => Value::Absent,
    }
}

/// What the bits of the status of a load profile mean that tell of something abnormal (IDIS package 2, section 6.2.1):
/// the bit of summer time does not, and bits 4 and 6 are told by their numbers.
const ABNORMAL: u8 = 0b1111_0111;

/// The abnormal situations of a profile status.
pub fn conditions(captured: &Captured, value: &Data<'_>, column: u16) -> Vec<Condition> {
    let status = match value {
        Data::Unsigned(status) if captured.is_profile_status() => *status & ABNORMAL,
        _ => return Vec::new(),
    };
    let bits = (0..8u8).filter(|bit| status & 1 << bit != 0);
    bits.map(|bit| Condition {
        code: format!("bit {bit}"),
        category: category(bit).map(str::to_owned),
        effect: None,
        point: captured.name.0[1],
        column: Some(column),
        duration_s: None,
    })
    .collect()
}

/// The vocabulary's category of a bit.
fn category(bit: u8) -> Option<&'static str> {
    Some(match bit {
        0 | 2 => "functional-failure",
        1 | 5 => "clock",
        7 => "power-off",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use dlms_cosem_rs::axdr::BitStr;

    use super::*;
    use crate::column::{DATA, REGISTER};
    use crate::name;

    fn captured(class: u16, name: &str) -> Captured {
        Captured {
            class,
            name: name::parse(name).unwrap(),
            attribute: 2,
            element: 0,
        }
    }

    #[test]
    fn digits_stay_what_they_are() {
        let energy = captured(REGISTER, "1.0.1.8.0");
        let scaled = |value, power| cell(&energy, Some(Scale { power, unit: 30 }), &value);
        let is = |digits, decimals| Value::Fixed(Fixed { digits, decimals });
        assert_eq!(scaled(Data::DoubleLongUnsigned(4_217), -2), is(4_217, 2));
        assert_eq!(scaled(Data::Long64(1_000_390), 1), is(10_003_900, 0));
        assert_eq!(
            scaled(Data::Long64Unsigned(u64::MAX), 0),
            Value::Text("18446744073709551615e0".to_owned())
        );
        assert_eq!(scaled(Data::Long(-5), -20), Value::Text("-5e-20".to_owned()));
        assert_eq!(scaled(Data::Float32(1.5), 0), Value::Float(1.5));
        assert_eq!(scaled(Data::Bcd(0x25), 0), is(25, 0));
        assert_eq!(scaled(Data::Null, 0), Value::Absent);
    }

    #[test]
    fn a_status_is_kept_raw_and_its_bits_are_told() {
        let status = captured(DATA, "0.0.96.10.1");
        assert_eq!(cell(&status, None, &Data::Unsigned(0x8A)), Value::Bits(0x8A));
        let told = conditions(&status, &Data::Unsigned(0x8A), 3);
        let told: Vec<_> = told
            .iter()
            .map(|one| (one.code.as_str(), one.category.as_deref()))
            .collect();
        assert_eq!(told, [("bit 1", Some("clock")), ("bit 7", Some("power-off"))]);
        assert_eq!(conditions(&captured(DATA, "0.0.96.10.7"), &Data::Unsigned(0xFF), 0), []);
        let bits = Data::BitString(BitStr::new(10, &[0b1000_0001, 0b0100_0000]).unwrap());
        assert_eq!(cell(&status, None, &bits), Value::Bits(1 | 1 << 7 | 1 << 9));
    }
}
