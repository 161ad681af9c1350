//! Check sums of meter protocols, by the `crc` crate.

use crc::{CRC_16_ARC, CRC_16_EN_13757, CRC_16_MODBUS, CRC_16_XMODEM, Crc};

const ARC: Crc<u16> = Crc::<u16>::new(&CRC_16_ARC);
const MODBUS: Crc<u16> = Crc::<u16>::new(&CRC_16_MODBUS);
const XMODEM: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);
const EN_13757: Crc<u16> = Crc::<u16>::new(&CRC_16_EN_13757);

/// CRC-16/ARC: init 0, polynomial 0x8005 reflected.
pub fn crc16_arc(bytes: &[u8]) -> u16 {
    ARC.checksum(bytes)
}

/// CRC-16/MODBUS: init 0xFFFF, polynomial 0x8005 reflected. On the line low byte first.
pub fn crc16_modbus(bytes: &[u8]) -> u16 {
    MODBUS.checksum(bytes)
}

/// CRC-16/XMODEM: init 0, polynomial 0x1021.
pub fn crc16_xmodem(bytes: &[u8]) -> u16 {
    XMODEM.checksum(bytes)
}

/// CRC-16/EN-13757 of wireless M-Bus.
pub fn crc16_en13757(bytes: &[u8]) -> u16 {
    EN_13757.checksum(bytes)
}

/// Low byte of the sum of all bytes.
pub fn sum8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_check_values_hold() {
        let check = b"123456789";
        assert_eq!(crc16_arc(check), 0xbb3d);
        assert_eq!(crc16_modbus(check), 0x4b37);
        assert_eq!(crc16_xmodem(check), 0x31c3);
        assert_eq!(crc16_en13757(check), 0xc2b7);
        assert_eq!(sum8(check), 0xdd);
    }
}
