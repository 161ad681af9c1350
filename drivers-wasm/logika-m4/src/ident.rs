//! Who answers a session request: the three identification bytes ID0 ID1 VX (M4 note, section 2).

use std::fmt;

/// The answer to a session request 3F.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ident(pub [u8; 3]);

/// The devices of the M4 family that are known by their identification bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    Spt941,
    Spt941_10,
    Spt941_20,
    Spt942,
    Spt943,
    Spt943rev3,
    Spt944,
    Spt940,
    Spg740,
    Spg741,
    Spg742,
    Lgk410,
}

impl Ident {
    /// The device, when the bytes are those of a known one.
    pub fn device(self) -> Option<Device> {
        let [id0, id1, version] = self.0;
        match (id0, id1, version) {
            (0x54, 0x29, _) => Some(Device::Spt941),
            (0x54, 0x2a, _) => Some(Device::Spt942),
            (0x54, 0x2b, 0..=0x09) => Some(Device::Spt943),
            (0x54, 0x2b, 0x0a..=0x1f) => Some(Device::Spt943rev3),
            (0x54, 0x2c, _) => Some(Device::Spt944),
            (0x92, 0x28, _) => Some(Device::Spt940),
            (0x92, 0x29, 0..=0x7f) => Some(Device::Spt941_10),
            (0x92, 0x29, _) => Some(Device::Spt941_20),
            (0x47, 0x28, _) => Some(Device::Spg740),
            (0x47, 0x29, _) => Some(Device::Spg741),
            (0x47, 0x2a, _) => Some(Device::Spg742),
            (0x46, 0x0a, _) => Some(Device::Lgk410),
            _ => None,
        }
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [id0, id1, version] = self.0;
        let bytes = format_args!("{id0:02X} {id1:02X} {version:02X}");
        match self.device() {
            Some(device) => write!(f, "{} ({bytes})", device.name()),
            None => write!(f, "unknown device ({bytes})"),
        }
    }
}

impl Device {
    /// The maker's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Spt941 => "СПТ941",
            Self::Spt941_10 => "СПТ941.10/.11",
            Self::Spt941_20 => "СПТ941.20",
            Self::Spt942 => "СПТ942",
            Self::Spt943 => "СПТ943",
            Self::Spt943rev3 => "СПТ943rev3",
            Self::Spt944 => "СПТ944",
            Self::Spt940 => "СПТ940",
            Self::Spg740 => "СПГ740",
            Self::Spg741 => "СПГ741",
            Self::Spg742 => "СПГ742",
            Self::Lgk410 => "ЛГК410",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_byte_parts_generations() {
        let cases = [
            ([0x54, 0x2b, 0x03], Some(Device::Spt943)),
            ([0x54, 0x2b, 0x09], Some(Device::Spt943)),
            ([0x54, 0x2b, 0x0a], Some(Device::Spt943rev3)),
            ([0x54, 0x2b, 0x20], None),
            ([0x92, 0x29, 0x10], Some(Device::Spt941_10)),
            ([0x92, 0x29, 0x7f], Some(Device::Spt941_10)),
            ([0x92, 0x29, 0x80], Some(Device::Spt941_20)),
            ([0x54, 0x2a, 0x01], Some(Device::Spt942)),
            ([0x54, 0x29, 0x03], Some(Device::Spt941)),
            ([0x00, 0x00, 0x00], None),
        ];
        for (bytes, want) in cases {
            assert_eq!(Ident(bytes).device(), want, "{bytes:02x?}");
        }
        assert_eq!(Ident([0x92, 0x29, 0x82]).to_string(), "СПТ941.20 (92 29 82)");
    }
}
