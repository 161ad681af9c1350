//! Registers and the numbers in them.

/// In which order the bytes of a number stand in its registers, with `A` the most significant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// As the standard has it.
    #[default]
    Abcd,
    /// The last register first.
    Cdab,
    /// The bytes of each register changed over.
    Badc,
    /// Both: the least significant byte first.
    Dcba,
}

impl Order {
    /// Puts the most significant byte first.
    fn arrange(self, bytes: &mut [u8]) {
        if matches!(self, Self::Cdab | Self::Dcba) {
            bytes.reverse();
        }
        if matches!(self, Self::Badc | Self::Cdab) {
            bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
        }
    }
}

/// What stands in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
    /// Decimal digits, four bits each.
    Bcd16,
    Bcd32,
    Bcd64,
    /// Flags.
    Bits16,
    Bits32,
    /// One flag: of a register, or a coil.
    Bit,
    /// Characters, two a register.
    Text,
}

impl Type {
    /// Registers that it takes; none where the map says how many.
    pub fn registers(self) -> Option<u16> {
        match self {
            Self::U16 | Self::I16 | Self::Bcd16 | Self::Bits16 | Self::Bit => Some(1),
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 | Self::Bits32 => Some(2),
            Self::U64 | Self::I64 | Self::F64 | Self::Bcd64 => Some(4),
            Self::Text => None,
        }
    }

    /// Whether it is a whole number, which has digits and decimals.
    pub fn is_whole(self) -> bool {
        matches!(
            self,
            Self::U16
                | Self::I16
                | Self::U32
                | Self::I32
                | Self::U64
                | Self::I64
                | Self::Bcd16
                | Self::Bcd32
                | Self::Bcd64
        )
    }
}

/// A decoded value, before scale.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    Whole(i64),
    Float(f64),
    Bits(u64),
    Text(String),
    /// No number; the registers in hexadecimal.
    Nothing(String),
}

/// Reads registers. `bit` is for [`Type::Bit`]; `absent` are bit patterns that mean "no value".
pub fn decode(kind: Type, order: Order, bit: u8, absent: &[i64], bytes: &[u8]) -> Number {
    if kind == Type::Text {
        return text(order, bytes);
    }
    // No number is longer.
    let mut whole = [0; 8];
    let length = bytes.len().min(8);
    whole.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
    let (bytes, _) = whole.split_at_mut(length);
    order.arrange(bytes);
    let nothing = || Number::Nothing(bytes.iter().map(|byte| format!("{byte:02X}")).collect());
    let width = length * 8;
    let pattern = bytes.iter().fold(0u64, |pattern, byte| pattern << 8 | u64::from(*byte));
    let mask = if width == 64 { u64::MAX } else { (1u64 << width) - 1 };
    if absent.iter().any(|absent| absent.cast_unsigned() & mask == pattern) {
        return nothing();
    }
    let signed = match width {
        16 => i64::from(pattern as u16 as i16),
        32 => i64::from(pattern as u32 as i32),
        _ => pattern.cast_signed(),
    };
    match kind {
        Type::I16 | Type::I32 | Type::I64 => Number::Whole(signed),
        Type::U16 | Type::U32 | Type::U64 => i64::try_from(pattern).map_or_else(|_| nothing(), Number::Whole),
        Type::F32 => float(f32::from_bits(pattern as u32).into(), nothing),
        Type::F64 => float(f64::from_bits(pattern), nothing),
        Type::Bcd16 | Type::Bcd32 | Type::Bcd64 => bcd(bytes).map_or_else(nothing, Number::Whole),
        Type::Bits16 | Type::Bits32 => Number::Bits(pattern),
        Type::Bit => Number::Whole(i64::from(pattern >> u32::from(bit.min(63)) & 1 == 1)),
        Type::Text => nothing(),
    }
}

fn float(value: f64, nothing: impl Fn() -> Number) -> Number {
    if value.is_finite() {
        Number::Float(value)
    } else {
        nothing()
    }
}

fn bcd(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0i64, |number, byte| {
        let (high, low) = (byte >> 4, byte & 0x0f);
        (high < 10 && low < 10).then_some(())?;
        number.checked_mul(100)?.checked_add(i64::from(high * 10 + low))
    })
}

/// ASCII up to the first zero; other bytes become question marks.
fn text(order: Order, bytes: &[u8]) -> Number {
    let mut bytes = bytes.to_vec();
    if matches!(order, Order::Badc | Order::Dcba) {
        bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    }
    let shown = bytes.iter().take_while(|byte| **byte != 0);
    let text: String = shown
        .map(|byte| {
            if byte.is_ascii_graphic() || *byte == b' ' {
                char::from(*byte)
            } else {
                '?'
            }
        })
        .collect();
    Number::Text(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    use super::*;

    fn read(kind: Type, order: Order, bytes: &str) -> Number {
        decode(kind, order, 0, &[], &unhex(bytes).unwrap())
    }

    #[test]
    fn every_type_is_read_in_every_order() {
        let number = Number::Whole(0x1234_5678);
        for (order, bytes) in [
            (Order::Abcd, "1234 5678"),
            (Order::Cdab, "5678 1234"),
            (Order::Badc, "3412 7856"),
            (Order::Dcba, "7856 3412"),
        ] {
            assert_eq!(read(Type::U32, order, bytes), number, "{order:?}");
        }
        let cases = [
            (Type::U16, "ffff", Number::Whole(65_535)),
            (Type::I16, "ffff", Number::Whole(-1)),
            (Type::I32, "ffff fffe", Number::Whole(-2)),
            (Type::I64, "ffff ffff ffff fffe", Number::Whole(-2)),
            (
                Type::U64,
                "ffff ffff ffff fffe",
                Number::Nothing("FFFFFFFFFFFFFFFE".into()),
            ),
            (Type::F32, "4282 8000", Number::Float(65.25)),
            (Type::F64, "4050 5000 0000 0000", Number::Float(65.25)),
            (Type::F32, "7fc0 0000", Number::Nothing("7FC00000".into())),
            (Type::Bcd32, "0012 3456", Number::Whole(123_456)),
            (Type::Bcd16, "00a1", Number::Nothing("00A1".into())),
            (Type::Bits16, "8001", Number::Bits(0x8001)),
            (Type::Text, "5344 4d36 3330 0041", Number::Text("SDM630".into())),
        ];
        for (kind, bytes, want) in cases {
            assert_eq!(read(kind, Order::Abcd, bytes), want, "{kind:?} {bytes}");
        }
        assert_eq!(read(Type::Text, Order::Badc, "4453 364d"), Number::Text("SDM6".into()));
        assert_eq!(decode(Type::Bit, Order::Abcd, 15, &[], &[0x80, 0]), Number::Whole(1));
        let none = decode(Type::I16, Order::Abcd, 0, &[0x8000, -6_400], &unhex("e700").unwrap());
        assert_eq!(none, Number::Nothing("E700".into()));
    }

    proptest! {
        #[test]
        fn any_registers_are_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..40), bit in any::<u8>()) {
            let kinds = [
                Type::U16, Type::I16, Type::U32, Type::I32, Type::U64, Type::I64, Type::F32, Type::F64,
                Type::Bcd16, Type::Bcd32, Type::Bcd64, Type::Bits16, Type::Bits32, Type::Bit, Type::Text,
            ];
            for kind in kinds {
                for order in [Order::Abcd, Order::Cdab, Order::Badc, Order::Dcba] {
                    let _ = decode(kind, order, bit, &[0x8000, -1], &bytes);
                }
            }
        }
    }
}
