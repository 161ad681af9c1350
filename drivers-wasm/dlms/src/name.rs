//! Logical names (OBIS, IEC 62056-61): six numbers, `A.B.C.D.E.F`.

use dlms_cosem_rs::Obis;

pub const CLOCK: Obis = Obis::new(0, 0, 1, 0, 0, 255);
pub const DEVICE_NAME: Obis = Obis::new(0, 0, 42, 0, 0, 255);
pub const DEVICE_ID: Obis = Obis::new(0, 0, 96, 1, 0, 255);
pub const DEVICE_TYPE: Obis = Obis::new(0, 0, 96, 1, 7, 255);
pub const FIRMWARE: Obis = Obis::new(1, 0, 0, 2, 0, 255);
pub const ASSOCIATION: Obis = Obis::new(0, 0, 40, 0, 0, 255);

/// Reads `1.0.99.1.0.255`, `1-0:99.1.0*255`, or either without its last number, which is 255 then.
pub fn parse(text: &str) -> Option<Obis> {
    let mut parts = text
        .split(['.', '-', ':', '*'])
        .map(|part| part.trim().parse::<u8>().ok());
    let mut name = [255; 6];
    let mut count = 0;
    for (place, part) in name.iter_mut().zip(parts.by_ref()) {
        *place = part?;
        count += 1;
    }
    (count >= 5 && parts.next().is_none()).then_some(Obis(name))
}

/// `1.0.1.8.0`; the last number only where it is not 255.
pub fn write(name: Obis) -> String {
    let [a, b, c, d, e, f] = name.0;
    let short = format!("{a}.{b}.{c}.{d}.{e}");
    if f == 255 { short } else { format!("{short}.{f}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_are_read() {
        let want = Obis::new(1, 0, 99, 1, 0, 255);
        for text in ["1.0.99.1.0.255", "1-0:99.1.0", "1-0:99.1.0*255", " 1.0.99.1.0"] {
            assert_eq!(parse(text), Some(want), "{text}");
        }
        for text in ["", "1.0.99", "1.0.99.1.0.255.1", "1.0.99.1.0.256", "1.0.99.x.0.255"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(write(want), "1.0.99.1.0");
        assert_eq!(write(Obis::new(0, 0, 98, 1, 0, 101)), "0.0.98.1.0.101");
    }
}
