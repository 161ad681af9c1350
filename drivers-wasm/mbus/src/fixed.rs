//! The old fixed structure (CI 73): 16 bytes with two counters (EN 1434-3, annex of the fixed data structure).

use std::borrow::Cow;

use uzel_driver_sdk::bytes::{Reader, Short};

use crate::data::Coding;
use crate::header::{self, Header};
use crate::record::{Function, Record, Vif};

/// Bytes of the structure.
pub const LENGTH: usize = 16;
/// The unit of counter 1, an earlier value.
const SAME_BUT_HISTORIC: u8 = 0x3e;

/// Reads number, access number, status, two units and two counters. `bytes` has [`LENGTH`] bytes. `known` is how the
/// counters are coded, where a person knows it.
pub fn decode(bytes: &[u8], known: Option<Coding>) -> Result<(Header, Vec<Record<'_>>), Short> {
    let mut reader = Reader::new(bytes);
    let id = header::id(reader.array()?);
    let (access, status) = (reader.u8()?, reader.u8()?);
    let (unit1, unit2) = (reader.u8()?, reader.u8()?);
    let header = Header {
        id,
        manufacturer: None,
        version: None,
        medium: medium(unit1, unit2),
        access,
        status,
        is_fixed: true,
    };
    let coding = known.unwrap_or_else(|| coding(status));
    // The counters are those of a due date: sources number that flag as bit 1 or as bit 6. Either way they are not taken
    // for those of now.
    let storage = u64::from(status & 0x42 != 0);
    let (code1, code2) = (unit1 & 0x3f, unit2 & 0x3f);
    let first = counter(storage, code1, coding, reader.take(4)?);
    let (storage, code2) = match code2 {
        SAME_BUT_HISTORIC => (1, code1),
        code => (storage, code),
    };
    let second = counter(storage, code2, coding, reader.take(4)?);
    Ok((header, vec![first, second]))
}

/// BCD, unless the status may mean that the counters are binary: sources number that flag as bit 0 or as bit 7, so
/// where either is set the coding is not known.
fn coding(status: u8) -> Coding {
    if status & 0x81 == 0 {
        Coding::Bcd
    } else {
        Coding::Unknown
    }
}

/// The medium is spread over the high bits of both units. The numbers 10 to 14 ("mode 2") are not told apart for sure.
fn medium(unit1: u8, unit2: u8) -> Option<u8> {
    let code = unit1 >> 6 | unit2 >> 6 << 2;
    (code <= 8).then_some(code)
}

fn counter(storage: u64, unit: u8, coding: Coding, bytes: &[u8]) -> Record<'_> {
    Record {
        storage,
        tariff: 0,
        subunit: 0,
        function: Function::Instant,
        vif: Vif::Fixed(unit),
        vifes: Cow::Borrowed(&[]),
        coding,
        data: Cow::Borrowed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uzel_driver_sdk::bytes::unhex;

    #[test]
    fn two_counters_are_read_with_their_unit_and_medium() {
        let bytes = unhex("78 56 34 12 0a 00 e9 7e 01 00 00 00 35 01 00 00").unwrap();
        let (header, records) = decode(&bytes, None).unwrap();
        assert_eq!((header.id.as_str(), header.medium), ("12345678", Some(7)));
        let told: Vec<_> = records.iter().map(|r| (r.storage, r.vif.clone(), r.coding)).collect();
        let unit = Vif::Fixed(0x29);
        assert_eq!(told, [(0, unit.clone(), Coding::Bcd), (1, unit, Coding::Bcd)]);
    }

    #[test]
    fn counters_of_a_due_date_are_kept_apart_and_their_coding_may_be_known() {
        for (status, known, want) in [
            ("00", None, (0, Coding::Bcd)),
            ("02", None, (1, Coding::Bcd)),
            ("c0", None, (1, Coding::Unknown)),
            ("80", Some(Coding::Integer), (0, Coding::Integer)),
            ("01", Some(Coding::Bcd), (0, Coding::Bcd)),
        ] {
            let bytes = format!("78 56 34 12 0a {status} e9 6c 01 00 00 00 35 01 00 00");
            let bytes = unhex(&bytes).unwrap();
            let (_, records) = decode(&bytes, known).unwrap();
            let told = records.iter().map(|record| (record.storage, record.coding));
            assert_eq!(told.collect::<Vec<_>>(), [want, want], "{status}");
        }
    }

    #[test]
    fn counters_that_may_be_binary_are_not_guessed() {
        for (status, want) in [
            (0x00, Coding::Bcd),
            (0x01, Coding::Unknown),
            (0x80, Coding::Unknown),
            (0x04, Coding::Bcd),
        ] {
            assert_eq!(coding(status), want, "{status:02x}");
        }
    }
}
