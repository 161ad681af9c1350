//! Numbers of the 4L meters (M4 note, section 5).

/// Reads an r32, the "Microchip" float: mantissa little-endian, sign in bit 7 of the third byte, exponent (bias 127) in
/// the fourth. Never NaN and never infinite: an exponent of 0xFF loses its lowest bit.
pub fn r32(bytes: [u8; 4]) -> f32 {
    let [b0, b1, b2, b3] = bytes;
    let exponent = if b3 == 0xff { 0xfe } else { b3 };
    let sign = u32::from(b2 >> 7) << 31;
    let mantissa = u32::from_le_bytes([b0, b1, b2 & 0x7f, 0]);
    f32::from_bits(sign | u32::from(exponent) << 23 | mantissa)
}

/// Reads an i32r32, a total: whole units little-endian, then the fraction as r32. The value is their sum.
pub fn i32r32(bytes: [u8; 8]) -> f64 {
    let [i0, i1, i2, i3, f0, f1, f2, f3] = bytes;
    f64::from(i32::from_le_bytes([i0, i1, i2, i3])) + f64::from(r32([f0, f1, f2, f3]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The inverse of [`r32`] for finite numbers.
    fn to_r32(value: f32) -> [u8; 4] {
        let bits = value.to_bits();
        let [b0, b1, b2, _] = bits.to_le_bytes();
        let [sign, exponent] = [(bits >> 31) & 1, (bits >> 23) & 0xff].map(|part| u8::try_from(part).unwrap());
        [b0, b1, (b2 & 0x7f) | sign << 7, exponent]
    }

    #[test]
    fn the_published_examples_read_as_published() {
        let cases: &[([u8; 4], f32)] = &[
            ([0x00, 0x00, 0x48, 0x81], 6.25),
            ([0xa4, 0x70, 0x3d, 0x7e], 0.74),
            ([0x31, 0xef, 0x31, 0x85], 88.96717),
            ([0x00, 0x00, 0x10, 0x81], 4.5),
            ([0x00, 0x00, 0xa0, 0x80], -2.5),
            ([0x00, 0x00, 0x00, 0x7f], 1.0),
            ([0x00, 0x00, 0x00, 0x00], 0.0),
            ([0xff, 0xff, 0x7f, 0xff], f32::MAX),
        ];
        for (bytes, want) in cases {
            assert_eq!(r32(*bytes), *want, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_total_is_whole_plus_fraction() {
        let got = i32r32([0x21, 0x01, 0, 0, 0xa4, 0x70, 0x3d, 0x7e]);
        assert!((got - 289.74).abs() < 1e-6, "{got}");
        assert_eq!(i32r32([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), -1.0);
    }

    proptest! {
        #[test]
        fn reading_undoes_writing(value in proptest::num::f32::NORMAL | proptest::num::f32::ZERO) {
            prop_assert_eq!(r32(to_r32(value)).to_bits(), value.to_bits());
        }

        #[test]
        fn every_pattern_is_a_finite_number(bytes: [u8; 4]) {
            prop_assert!(r32(bytes).is_finite());
        }
    }
}
