//! Numbers as the meter stores them (VKT-4 note, section 2).

use uzel_driver_sdk::{Fixed, Value};

/// The meter's float: exponent in the first byte, sign and the upper seven bits of the mantissa in the second. With bias
/// and hidden bit of IEEE 754 these are its bits in another order. The meter's own number; not finite: none.
pub fn float(bytes: [u8; 4]) -> Option<f32> {
    let [exponent, upper, middle, lower] = bytes;
    let sign = upper & 0x80;
    let bits = [sign | exponent >> 1, exponent << 7 | upper & 0x7f, middle, lower];
    Some(f32::from_be_bytes(bits)).filter(|number| number.is_finite())
}

/// A number with so many decimals.
pub fn fixed(digits: impl Into<i64>, decimals: u8) -> Value {
    Value::Fixed(Fixed {
        digits: digits.into(),
        decimals,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn printed_examples_hold() {
        let cases = [
            ([0x7f, 0, 0, 0], Some(1.0)),
            ([0x80, 0xa0, 0, 0], Some(-2.5)),
            ([0x80, 0x60, 0, 0], Some(3.5)),
            ([0, 0, 0, 0], Some(0.0)),
            ([0x8c, 0x6a, 0x62, 0], Some(15_000.5)),
            ([0xff, 0, 0, 0], None),
            ([0xff, 0x7f, 0xff, 0xff], None),
        ];
        for (bytes, want) in cases {
            assert_eq!(float(bytes), want, "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn every_finite_number_has_its_bytes(number in proptest::num::f32::NORMAL) {
            let [a, b, c, d] = number.to_be_bytes();
            let bytes = [a << 1 | b >> 7, a & 0x80 | b & 0x7f, c, d];
            prop_assert_eq!(float(bytes), Some(number));
        }
    }
}
