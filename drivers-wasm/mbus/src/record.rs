//! Data records of the variable structure (EN 13757-3, section 6.3): DIF [DIFE…] VIF [VIFE…] data.

use std::borrow::Cow;

use uzel_driver_sdk::bytes::{Reader, Short};

use crate::data::{self, Coding};

/// DIFE and VIFE of a record at most, each.
const MAX_EXTENSIONS: usize = 10;
/// Bytes of a record as they mostly are, or fewer.
const USUAL_LENGTH: usize = 6;

/// What the value holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Instant,
    Maximum,
    Minimum,
    /// The value while the meter was in an error state.
    Error,
}

/// Which table a value information field is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vif {
    /// The primary table: the code with bit 7 clear.
    Primary(u8),
    /// The first extension (FB).
    Fb(u8),
    /// The second extension (FD).
    Fd(u8),
    /// The unit in the meter's own words (7C).
    Text(String),
    /// No field at all: the bytes after DIF 0F or 1F, which only the maker can read.
    VendorBlock,
    /// One of the two counters of the old fixed structure, with its unit code of 6 bits.
    Fixed(u8),
}

/// One record of a readout; its bytes are those of the telegram until it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// 0 is now, others are kept values: up to 41 bits.
    pub storage: u64,
    /// Tariff zone, 0 is all together: up to 20 bits.
    pub tariff: u32,
    /// Part of the device: up to 10 bits.
    pub subunit: u16,
    pub function: Function,
    pub vif: Vif,
    /// As they came, extension bits included.
    pub vifes: Cow<'a, [u8]>,
    pub coding: Coding,
    /// As they came, without the length byte of variable length.
    pub data: Cow<'a, [u8]>,
}

impl Record<'_> {
    /// The same with bytes of its own.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            vifes: Cow::Owned(self.vifes.into_owned()),
            data: Cow::Owned(self.data.into_owned()),
            ..self
        }
    }

    /// Whether two records say the same thing of perhaps different values.
    pub fn same_kind(&self, other: &Self) -> bool {
        let key = |record: &Self| {
            (
                record.storage,
                record.tariff,
                record.subunit,
                record.function,
                record.coding,
            )
        };
        key(self) == key(other)
            && self.vif == other.vif
            && self.vifes == other.vifes
            && self.data.len() == other.data.len()
    }
}

/// What is wrong with a record. `at` counts bytes from the first record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("record at byte {at}: more than 10 DIFE")]
    TooManyDife { at: usize },
    #[error("record at byte {at}: more than 10 VIFE")]
    TooManyVife { at: usize },
    #[error("record at byte {at}: premature end of {part}, {source}")]
    Cut {
        at: usize,
        part: &'static str,
        source: Short,
    },
    #[error("record at byte {at}: DIF {dif:02x} is reserved")]
    ReservedDif { at: usize, dif: u8 },
    #[error("record at byte {at}: length byte {lvar:02x} is reserved")]
    ReservedLength { at: usize, lvar: u8 },
}

/// The records of one telegram.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records<'a> {
    /// In the order of the telegram.
    pub list: Vec<Record<'a>>,
    /// The meter has more records than this telegram holds (DIF 1F).
    pub more: bool,
}

/// Reads all records up to the end of `bytes`: one record that is wrong makes all after it unreadable, so it is an
/// error of the telegram.
pub fn decode(bytes: &[u8]) -> Result<Records<'_>, RecordError> {
    let mut reader = Reader::new(bytes);
    let mut records = Records {
        list: Vec::with_capacity(bytes.len() / USUAL_LENGTH + 1),
        more: false,
    };
    while let Ok(dif) = reader.u8() {
        match dif {
            // Filler; and the request for a readout of everything, which says nothing in an answer.
            0x2f | 0x7f => {}
            0x0f | 0x1f => {
                records.more = dif == 0x1f;
                records.list.push(vendor_block(reader.rest()));
                return Ok(records);
            }
            0x3f | 0x4f | 0x5f | 0x6f => {
                return Err(RecordError::ReservedDif {
                    at: reader.at() - 1,
                    dif,
                });
            }
            dif => records.list.push(record(dif, &mut reader)?),
        }
    }
    Ok(records)
}

fn vendor_block(bytes: &[u8]) -> Record<'_> {
    Record {
        storage: 0,
        tariff: 0,
        subunit: 0,
        function: Function::Instant,
        vif: Vif::VendorBlock,
        vifes: Cow::Borrowed(&[]),
        coding: Coding::Bytes,
        data: Cow::Borrowed(bytes),
    }
}

fn record<'a>(dif: u8, reader: &mut Reader<'a>) -> Result<Record<'a>, RecordError> {
    let at = reader.at() - 1;
    let cut = |part| move |source| RecordError::Cut { at, part, source };
    let (mut storage, mut tariff, mut subunit) = (u64::from(dif >> 6 & 1), 0, 0);
    let mut last = dif;
    let mut count = 0usize;
    while last & 0x80 != 0 {
        if count == MAX_EXTENSIONS {
            return Err(RecordError::TooManyDife { at });
        }
        last = reader.u8().map_err(cut("DIFE"))?;
        storage |= u64::from(last & 0x0f) << (1 + 4 * count);
        tariff |= u32::from(last >> 4 & 3) << (2 * count);
        subunit |= u16::from(last >> 6 & 1) << count;
        count += 1;
    }
    let (vif, more) = vif(reader).map_err(cut("VIF"))?;
    let vifes = if more { vifes(reader, at)? } else { &[] };
    let (coding, length) = match data::coding(dif & 0x0f) {
        data::Length::Fixed(coding, length) => (coding, length),
        data::Length::Variable => {
            let lvar = reader.u8().map_err(cut("data"))?;
            data::variable(lvar).ok_or(RecordError::ReservedLength { at, lvar })?
        }
    };
    let data = reader.take(length).map_err(cut("data"))?;
    let function = match dif >> 4 & 3 {
        0 => Function::Instant,
        1 => Function::Maximum,
        2 => Function::Minimum,
        _ => Function::Error,
    };
    Ok(Record {
        storage,
        tariff,
        subunit,
        function,
        vif,
        vifes: Cow::Borrowed(vifes),
        coding,
        data: Cow::Borrowed(data),
    })
}

/// The VIFE, extension bits included; the last one is without.
fn vifes<'a>(reader: &mut Reader<'a>, at: usize) -> Result<&'a [u8], RecordError> {
    let rest = reader.rest();
    let before_last = rest.iter().take_while(|vife| **vife & 0x80 != 0).count();
    if before_last >= MAX_EXTENSIONS {
        return Err(RecordError::TooManyVife { at });
    }
    let part = "VIFE";
    reader
        .take(before_last + 1)
        .map_err(|source| RecordError::Cut { at, part, source })
}

/// The value information field, and whether a VIFE follows. The text of a plain-text unit stands right behind its
/// field, before any VIFE.
fn vif(reader: &mut Reader<'_>) -> Result<(Vif, bool), Short> {
    let first = reader.u8()?;
    let (vif, last) = match first {
        0xfb | 0xfd => {
            let code = reader.u8()?;
            let table = if first == 0xfb { Vif::Fb } else { Vif::Fd };
            (table(code & 0x7f), code)
        }
        0x7c | 0xfc => {
            let length = reader.u8()?;
            (Vif::Text(data::text(reader.take(length.into())?)), first)
        }
        _ => (Vif::Primary(first & 0x7f), first),
    };
    Ok((vif, last & 0x80 != 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    fn one(bytes: &str) -> Record<'static> {
        let bytes = unhex(bytes).unwrap();
        let records = decode(&bytes).unwrap();
        assert_eq!(records.list.len(), 1, "{bytes:02x?}");
        records.list.into_iter().next().unwrap().into_owned()
    }

    #[test]
    fn numbers_of_storage_tariff_and_subunit_are_put_together() {
        // DIFE are low part first: each adds 4 bits of storage, 2 of tariff, 1 of subunit.
        let cases = [
            ("04 06 00 00 00 00", (0, 0, 0)),
            ("44 06 00 00 00 00", (1, 0, 0)),
            ("84 04 06 00 00 00 00", (8, 0, 0)),
            ("c4 04 06 00 00 00 00", (9, 0, 0)),
            ("84 80 01 06 00 00 00 00", (32, 0, 0)),
            ("8c 80 10 06 00 00 00 00", (0, 4, 0)),
            ("84 a0 40 06 00 00 00 00", (0, 2, 2)),
            ("c4 ff 7f 06 00 00 00 00", (0x1ff, 15, 3)),
        ];
        for (bytes, want) in cases {
            let record = one(bytes);
            assert_eq!((record.storage, record.tariff, record.subunit), want, "{bytes}");
        }
    }

    #[test]
    fn fields_are_told_apart() {
        let cases = [
            ("02 5a 67 01", Vif::Primary(0x5a), vec![]),
            ("04 86 3c 00 00 00 00", Vif::Primary(0x06), vec![0x3c]),
            ("02 fd c8 ff 01 d1 08", Vif::Fd(0x48), vec![0xff, 0x01]),
            ("02 fb 1a 01 00", Vif::Fb(0x1a), vec![]),
            ("02 7c 03 48 52 25 0a 00", Vif::Text("%RH".to_owned()), vec![]),
            ("02 fc 03 48 52 25 74 0a 00", Vif::Text("%RH".to_owned()), vec![0x74]),
            // VIF 7B and 7D with bit 7 clear are reserved codes without a byte behind them (sen_pollutherm).
            ("0c 7b 02 03 00 00", Vif::Primary(0x7b), vec![]),
        ];
        for (bytes, vif, vifes) in cases {
            let record = one(bytes);
            assert_eq!((record.vif, record.vifes.into_owned()), (vif, vifes), "{bytes}");
        }
    }

    #[test]
    fn the_end_of_records_is_marked() {
        let cases = [
            ("2f 2f 01 06 05 2f", 1, false),
            ("01 06 05 0f 00 16", 2, false),
            ("01 06 05 1f", 2, true),
            ("", 0, false),
        ];
        for (bytes, count, more) in cases {
            let bytes = unhex(bytes).unwrap();
            let records = decode(&bytes).unwrap();
            assert_eq!((records.list.len(), records.more), (count, more), "{bytes:02x?}");
        }
    }

    #[test]
    fn wrong_records_are_named() {
        let cases = [
            (
                "8b 8b 8b 8b 8b 8b 8b 8b 8b 8b 8b 60 04 37 18 02",
                "record at byte 0: more than 10 DIFE",
            ),
            (
                "8b 60 84 84 84 84 84 84 84 84 84 84 84 04 37 18 02",
                "record at byte 0: more than 10 VIFE",
            ),
            ("01 06 05 01 86 84", "record at byte 3: premature end of VIFE"),
            ("01 06 05 8b", "record at byte 3: premature end of DIFE"),
            ("8b 60", "record at byte 0: premature end of VIF"),
            (
                "8b 60 04",
                "record at byte 0: premature end of data, needs 3 bytes at offset 3, 0 left",
            ),
            ("0d 7c 02 57 50 f9 00", "record at byte 0: length byte f9 is reserved"),
            ("3f 00", "record at byte 0: DIF 3f is reserved"),
        ];
        for (bytes, want) in cases {
            let error = decode(&unhex(bytes).unwrap()).unwrap_err().to_string();
            assert!(error.starts_with(want), "{want}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..260)) {
            let _ = decode(&bytes);
        }
    }
}
