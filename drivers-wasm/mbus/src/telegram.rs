//! One answer of a meter (EN 13757-3, section 6): what the control information announces, read whole.

use std::borrow::Cow;

use uzel_driver_sdk::Failure;
use uzel_driver_sdk::bytes::{Reader, Short};

use crate::cipher::{self, CipherError, Key};
use crate::data::Coding;
use crate::fixed;
use crate::frame::Response;
use crate::header::Header;
use crate::layer::{self, LayerError};
use crate::record::{self, Record, RecordError, Records};

/// One answer of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telegram<'a> {
    /// None where the answer has no header (CI 78).
    pub header: Option<Header>,
    /// In the order of the telegram.
    pub records: Vec<Record<'a>>,
    /// More telegrams follow.
    pub more: bool,
}

impl Telegram<'_> {
    /// The same with bytes of its own, to be kept when the frame is gone.
    pub fn into_owned(self) -> Telegram<'static> {
        Telegram {
            header: self.header,
            records: self.records.into_iter().map(Record::into_owned).collect(),
            more: self.more,
        }
    }
}

/// Why an answer has no records for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TelegramError {
    /// The meter refuses: an application error report (CI 70).
    #[error("application error {code}: {}", report_name(*.code))]
    Report { code: u8 },
    /// The meter reports an alarm instead of data.
    #[error("alarm report {status:02x} instead of data")]
    Alarm { status: u8 },
    #[error("header of CI {ci:02x}: {source}")]
    Header { ci: u8, source: Short },
    #[error("fixed structure has {got} bytes, expected 16")]
    FixedLength { got: usize },
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A layer of wireless M-Bus around the records.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// The records are encrypted.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// An obsolete or unknown structure.
    #[error("CI {ci:02x} is {}, expected 72, 73, 78 or 7a", ci_name(*.ci))]
    Structure { ci: u8 },
}

impl From<TelegramError> for Failure {
    fn from(error: TelegramError) -> Self {
        let text = error.to_string();
        match error {
            TelegramError::Report { .. } | TelegramError::Alarm { .. } => Self::Refused(text),
            TelegramError::Cipher(CipherError::WrongKey) => Self::Config(text),
            TelegramError::Cipher(CipherError::Short { .. }) | TelegramError::Layer(LayerError::Cut { .. }) => {
                Self::Garbled(text)
            }
            TelegramError::Cipher(_) | TelegramError::Layer(_) | TelegramError::Structure { .. } => {
                Self::Unsupported(text)
            }
            TelegramError::Header { .. } | TelegramError::FixedLength { .. } | TelegramError::Record(_) => {
                Self::Garbled(text)
            }
        }
    }
}

/// What is known of a meter apart from its telegrams.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// What opens encrypted records.
    pub key: Option<Key>,
    /// Who sends, where the link layer says so (wireless M-Bus).
    pub sender: Option<Header>,
    /// How the counters of the fixed structure are coded, where a person knows it.
    pub fixed: Option<Coding>,
}

/// Reads what a response frame carries.
pub fn decode<'a>(response: &Response<'a>, context: &Context) -> Result<Telegram<'a>, TelegramError> {
    decode_data(response.ci, response.data, context)
}

/// Reads the data that a control information announces.
pub fn decode_data<'a>(ci: u8, data: &'a [u8], context: &Context) -> Result<Telegram<'a>, TelegramError> {
    let (ci, data) = layer::inner(ci, data)?;
    let mut reader = Reader::new(data);
    let cut = |source| TelegramError::Header { ci, source };
    match ci {
        0x72 | 0x7a => {
            let read = if ci == 0x72 { Header::long } else { Header::short };
            let (header, config) = read(&mut reader).map_err(cut)?;
            let header = match &context.sender {
                Some(sender) if ci == 0x7a => Header {
                    access: header.access,
                    status: header.status,
                    ..sender.clone()
                },
                _ => header,
            };
            match cipher::open(&header, config, reader.rest(), context.key.as_ref())? {
                Cow::Borrowed(records) => with_records(Some(header), records),
                Cow::Owned(records) => with_records(Some(header), &records).map(Telegram::into_owned),
            }
        }
        0x78 => with_records(context.sender.clone(), reader.rest()),
        0x73 if data.len() == fixed::LENGTH => {
            let (header, records) = fixed::decode(data, context.fixed).map_err(cut)?;
            Ok(Telegram {
                header: Some(header),
                records,
                more: false,
            })
        }
        0x73 => Err(TelegramError::FixedLength { got: data.len() }),
        // A report without a code is unspecified, as code 0 is.
        0x70 => Err(TelegramError::Report {
            code: reader.u8().unwrap_or(0),
        }),
        0x71 => Err(TelegramError::Alarm {
            status: reader.u8().unwrap_or(0),
        }),
        ci => Err(TelegramError::Structure { ci }),
    }
}

fn with_records(header: Option<Header>, bytes: &[u8]) -> Result<Telegram<'_>, TelegramError> {
    let Records { list, more } = record::decode(bytes)?;
    Ok(Telegram {
        header,
        records: list,
        more,
    })
}

fn report_name(code: u8) -> &'static str {
    match code {
        0 => "unspecified error",
        1 => "unknown CI field",
        2 => "buffer too long, truncated",
        3 => "too many records",
        4 => "premature end of record",
        5 => "more than 10 DIFE",
        6 => "more than 10 VIFE",
        8 => "application busy",
        9 => "too many readouts",
        _ => "unknown error",
    }
}

fn ci_name(ci: u8) -> &'static str {
    match ci {
        0x74..=0x77 => "an obsolete structure, most significant byte first",
        0x69 | 0x6a | 0x79 | 0x7b => "a compact or format frame",
        0x50..=0x56 | 0x6c | 0xb8..=0xbd => "a message to a meter",
        0xa0..=0xb7 => "of the maker's own",
        _ => "no known structure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;
    use proptest::prelude::*;
    use uzel_driver_sdk::bytes::unhex;

    fn answer(ci: u8, data: &str) -> Result<Telegram<'static>, TelegramError> {
        let frame = frame::long(0x08, 1, ci, &unhex(data).unwrap());
        decode(&frame::decode(&frame).unwrap(), &Context::default()).map(Telegram::into_owned)
    }

    #[test]
    fn structures_are_told_apart() {
        let cases = [
            (0x72, "78 56 34 12 24 40 01 07 13 00 00 00 01 06 05", Ok((true, 1))),
            (0x7a, "13 00 00 00 01 06 05", Ok((true, 1))),
            (0x78, "01 06 05", Ok((false, 1))),
            (0x73, "78 56 34 12 0a 00 e9 7e 01 00 00 00 35 01 00 00", Ok((true, 2))),
            (0x70, "", Err("application error 0: unspecified error")),
            (0x70, "08", Err("application error 8: application busy")),
            (0x70, "63", Err("application error 99: unknown error")),
            (0x71, "01", Err("alarm report 01 instead of data")),
            (
                0x72,
                "78 56 34 12 24",
                Err("header of CI 72: needs 2 bytes at offset 4, 1 left"),
            ),
            (0x73, "78 56", Err("fixed structure has 2 bytes, expected 16")),
            (
                0x7a,
                "13 00 10 05 99 88",
                Err("records are encrypted, mode 5, and no key is configured"),
            ),
            (0x7a, "13 00 10 05 2f 2f 01 06 05", Ok((true, 1))),
            (0x7a, "13 00 27 b6 01 06 05", Ok((true, 1))),
            (
                0x76,
                "12 34 56 78",
                Err("CI 76 is an obsolete structure, most significant byte first, expected 72, 73, 78 or 7a"),
            ),
            (0x8c, "20 27 78 0b 13 43 65 87", Ok((false, 1))),
            (
                0x79,
                "",
                Err("CI 79 is a compact or format frame, expected 72, 73, 78 or 7a"),
            ),
        ];
        for (ci, data, want) in cases {
            let got = answer(ci, data).map(|telegram| (telegram.header.is_some(), telegram.records.len()));
            assert_eq!(
                got.map_err(|error| error.to_string()),
                want.map_err(str::to_owned),
                "{ci:02x} {data}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(ci: u8, data in proptest::collection::vec(any::<u8>(), 0..252)) {
            let _ = decode_data(ci, &data, &Context::default());
            let keyed = Context { key: Key::parse(&"0".repeat(32)).ok(), ..Context::default() };
            let _ = decode_data(0x72, &data, &keyed);
        }
    }
}
