//! Requests and answers without their framing (Modbus Application Protocol V1.1b3, section 6).
//!
//! Every request here has an answer of a length that is known beforehand or stands in its second byte, so a frame can be told
//! by its length on lines where gaps mean nothing.

use std::fmt;

/// Most registers of one read (section 6.3).
pub const MOST_REGISTERS: u16 = 125;
/// Most coils or discrete inputs of one read that any map here needs.
pub const MOST_BITS: u16 = 512;
/// Longest answer that counts its own data: function, count, data.
pub const MOST_COUNTED: usize = 257;
/// Bit of a function code that says that the answer is an exception.
const EXCEPTION: u8 = 0x80;
/// Longest answer of any kind (section 4.1).
const MOST_ANSWER: usize = 253;
/// Function and MEI type of the device identification, and its basic stream (section 6.21).
const INTERFACE: u8 = 0x2b;
const IDENTIFICATION: u8 = 0x0e;
const BASIC: u8 = 1;
/// Reference type of a file record, the only one there is (section 6.14).
const FILE_REFERENCE: u8 = 6;

/// The four tables of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    Coil,
    Discrete,
    Holding,
    Input,
}

impl Area {
    fn function(self) -> u8 {
        match self {
            Self::Coil => 0x01,
            Self::Discrete => 0x02,
            Self::Holding => 0x03,
            Self::Input => 0x04,
        }
    }

    /// Whether its elements are bits.
    pub fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::Discrete)
    }

    /// The letter that names it in a map.
    pub fn letter(self) -> char {
        match self {
            Self::Coil => 'c',
            Self::Discrete => 'd',
            Self::Holding => 'h',
            Self::Input => 'i',
        }
    }
}

/// Neighbouring elements of a table. `at` is the address on the wire, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub area: Area,
    pub at: u16,
    pub count: u16,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:#06x} x{}", self.area.letter(), self.at, self.count)
    }
}

/// What is asked of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Functions 01 to 04.
    Read(Span),
    /// Function 06.
    WriteOne { at: u16, value: u16 },
    /// Function 16.
    WriteMany { at: u16, values: Vec<u16> },
    /// Function 20, one part: `length` registers of a record.
    File { file: u16, record: u16, length: u16 },
    /// A function whose answer counts its data bytes in one byte: 17, or one of a maker's own. `body` follows the function.
    Counted { function: u8, body: Vec<u8> },
    /// Function 43/14: the texts that name the device, from this object on. Its answer is conformity, whether more follow, the
    /// next object, how many there are, and of each its number, its length, its text.
    Identification { object: u8 },
}

/// What came for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Registers, two bytes each, or bits, eight a byte.
    Data(Vec<u8>),
    /// The write was taken.
    Done,
    /// The device, or a gateway before it, refuses.
    Refused(Exception),
}

/// An exception code (section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception(pub u8);

impl Exception {
    /// The device gives the question back in place of an answer; only answers to [`Request::Counted`] do.
    pub const RETURNED: Self = Self(0);

    /// There are no such registers: another part of the range may be there.
    pub fn is_address(self) -> bool {
        matches!(self.0, 2 | 3)
    }

    /// The device works on it, or has something else to do: to be asked again later.
    pub fn is_busy(self) -> bool {
        matches!(self.0, 5 | 6)
    }

    /// A gateway answers in place of a device that is not there.
    pub fn is_gateway(self) -> bool {
        matches!(self.0, 0x0a | 0x0b)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.0 {
            0 => "the question came back as refused",
            1 => "illegal function",
            2 => "illegal data address",
            3 => "illegal data value",
            4 => "device failure",
            5 => "acknowledged, still at work",
            6 => "device busy",
            8 => "memory parity error",
            0x0a => "gateway has no path",
            0x0b => "gateway: the device does not answer",
            _ => "not in the standard",
        };
        write!(f, "exception {} ({meaning})", self.0)
    }
}

/// Why bytes are no answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PduError {
    #[error("answer is empty")]
    Empty,
    #[error("answer is of function {got:#04x}, asked was {want:#04x}")]
    Function { got: u8, want: u8 },
    #[error("answer has {got} bytes, expected {want}")]
    Length { got: usize, want: usize },
    #[error("answer counts {got} data bytes, expected {want}")]
    Count { got: usize, want: usize },
    #[error("answer repeats another write than was asked")]
    Echo,
}

impl Request {
    /// The function code.
    pub fn function(&self) -> u8 {
        match self {
            Self::Read(span) => span.area.function(),
            Self::WriteOne { .. } => 0x06,
            Self::WriteMany { .. } => 0x10,
            Self::File { .. } => 0x14,
            Self::Counted { function, .. } => *function,
            Self::Identification { .. } => INTERFACE,
        }
    }

    /// The bytes behind the unit's address.
    pub fn encode(&self) -> Vec<u8> {
        let mut pdu = vec![self.function()];
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        match self {
            Self::Read(span) => pdu.extend(words(&[span.at, span.count])),
            Self::WriteOne { at, value } => pdu.extend(words(&[*at, *value])),
            Self::WriteMany { at, values } => {
                let count = u16::try_from(values.len()).unwrap_or(u16::MAX);
                pdu.extend(words(&[*at, count]));
                pdu.push(u8::try_from(values.len() * 2).unwrap_or(u8::MAX));
                pdu.extend(words(values));
            }
            Self::File { file, record, length } => {
                pdu.extend([7, FILE_REFERENCE]);
                pdu.extend(words(&[*file, *record, *length]));
            }
            Self::Counted { body, .. } => pdu.extend(body),
            Self::Identification { object } => pdu.extend([IDENTIFICATION, BASIC, *object]),
        }
        pdu
    }

    /// How many data bytes its answer has, where the request says it.
    fn data_length(&self) -> usize {
        match self {
            Self::Read(span) if span.area.is_bits() => usize::from(span.count).div_ceil(8),
            Self::Read(span) => usize::from(span.count) * 2,
            Self::File { length, .. } => usize::from(*length) * 2,
            Self::WriteOne { .. } | Self::WriteMany { .. } | Self::Counted { .. } | Self::Identification { .. } => 0,
        }
    }

    /// Length of its answer, from the function code on, when it is no exception; what it has at least, where a byte that says
    /// it is not among those that have come.
    pub fn answer_length(&self, pdu: &[u8]) -> Result<usize, usize> {
        match self {
            Self::Read(_) => Ok(2 + self.data_length()),
            Self::WriteOne { .. } | Self::WriteMany { .. } => Ok(5),
            Self::File { .. } => Ok(4 + self.data_length()),
            Self::Counted { .. } => pdu.get(1).map(|count| 2 + usize::from(*count)).ok_or(2),
            Self::Identification { .. } => {
                const HEAD: usize = 7;
                let count = pdu.get(HEAD - 1).copied().ok_or(HEAD)?;
                let mut length = HEAD;
                for _ in 0..count {
                    length += 2;
                    if length > MOST_ANSWER {
                        break;
                    }
                    length += usize::from(pdu.get(length - 1).copied().ok_or(length)?);
                }
                Ok(length.min(MOST_ANSWER))
            }
        }
    }

    /// Length of the question that comes back as refused, if the bytes from the function code on may be that.
    pub fn returned_length(&self, pdu: &[u8]) -> Option<usize> {
        match self {
            Self::Counted { body, .. } if body.len() > 1 => {
                let came = pdu.get(1..).unwrap_or_default();
                // What follows the question is its check.
                came.iter()
                    .zip(body)
                    .all(|(came, asked)| came == asked)
                    .then_some(1 + body.len())
            }
            _ => None,
        }
    }

    /// Whether bytes from the function code on begin an answer to this request, as far as they go.
    pub fn begins(&self, pdu: &[u8]) -> bool {
        let want = self.answer_head();
        match pdu.first() {
            Some(function) if *function == self.function() | EXCEPTION => true,
            _ => pdu.iter().zip(&want).all(|(got, want)| got == want),
        }
    }

    /// The bytes that an answer begins with whatever its data are.
    fn answer_head(&self) -> Vec<u8> {
        let low = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
        let data = self.data_length();
        match self {
            Self::Read(_) => vec![self.function(), low(data)],
            Self::File { .. } => vec![self.function(), low(data + 2), low(data + 1), FILE_REFERENCE],
            Self::WriteOne { .. } => self.encode(),
            Self::WriteMany { .. } => self.encode().into_iter().take(5).collect(),
            Self::Counted { function, .. } => vec![*function],
            Self::Identification { .. } => vec![INTERFACE, IDENTIFICATION, BASIC],
        }
    }

    /// Reads an answer, from the function code on.
    pub fn judge(&self, pdu: &[u8]) -> Result<Answer, PduError> {
        let (&function, rest) = pdu.split_first().ok_or(PduError::Empty)?;
        let asked = self.function();
        if function == asked | EXCEPTION {
            return match (rest, self) {
                ([code], _) => Ok(Answer::Refused(Exception(*code))),
                (rest, Self::Counted { body, .. }) if rest == body => Ok(Answer::Refused(Exception::RETURNED)),
                _ => Err(PduError::Length {
                    got: pdu.len(),
                    want: 2,
                }),
            };
        }
        if function != asked {
            let (got, want) = (function, asked);
            return Err(PduError::Function { got, want });
        }
        let (got, want) = (pdu.len(), self.answer_length(pdu).unwrap_or_else(|least| least));
        if got != want {
            return Err(PduError::Length { got, want });
        }
        if let Self::Counted { .. } = self {
            return Ok(Answer::Data(rest.get(1..).unwrap_or_default().to_vec()));
        }
        let head = self.answer_head();
        let Some(data) = pdu.strip_prefix(head.as_slice()) else {
            return Err(match self {
                Self::Read(_) | Self::File { .. } | Self::Counted { .. } | Self::Identification { .. } => {
                    PduError::Count {
                        got: rest.first().copied().map_or(0, usize::from),
                        want: self.data_length(),
                    }
                }
                Self::WriteOne { .. } | Self::WriteMany { .. } => PduError::Echo,
            });
        };
        Ok(match self {
            Self::Read(_) | Self::File { .. } | Self::Counted { .. } | Self::Identification { .. } => {
                Answer::Data(data.to_vec())
            }
            Self::WriteOne { .. } | Self::WriteMany { .. } => Answer::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::bytes::hex;

    use super::*;

    fn read(count: u16) -> Request {
        Request::Read(Span {
            area: Area::Holding,
            at: 0x0102,
            count,
        })
    }

    #[test]
    fn requests_are_what_the_standard_prints() {
        // Sections 6.3, 6.6, 6.12 and 6.14.
        let many = Request::WriteMany {
            at: 1,
            values: vec![10, 0x0102],
        };
        let file = Request::File {
            file: 4,
            record: 1,
            length: 2,
        };
        let cases = [
            (read(3), "03 01 02 00 03"),
            (Request::WriteOne { at: 1, value: 3 }, "06 00 01 00 03"),
            (many, "10 00 01 00 02 04 00 0a 01 02"),
            (file, "14 07 06 00 04 00 01 00 02"),
            (Request::Identification { object: 0 }, "2b 0e 01 00"),
        ];
        for (request, want) in cases {
            assert_eq!(hex(&request.encode()), want);
        }
    }

    #[test]
    fn an_identification_says_its_length_as_it_comes() {
        let request = Request::Identification { object: 0 };
        let whole = [0x2b, 14, 1, 1, 0, 0, 2, 0, 3, b'A', b'B', b'B', 1, 1, b'x'];
        for (came, least) in [(0, 7), (6, 7), (7, 9), (8, 9), (12, 14), (13, 14)] {
            assert_eq!(request.answer_length(&whole[..came]), Err(least), "{came}");
            assert!(
                request.judge(&whole[..came]).is_err() && request.begins(&whole[..came]),
                "{came}"
            );
        }
        assert_eq!(request.answer_length(&whole), Ok(15));
        assert_eq!(request.judge(&whole), Ok(Answer::Data(whole[3..].to_vec())));
        assert_eq!(request.judge(&[0xab, 1]), Ok(Answer::Refused(Exception(1))));
        let endless = [&[0x2b, 14, 1, 1, 0, 0, 0xff][..], &[0xff; 300]].concat();
        assert_eq!(request.answer_length(&endless), Ok(MOST_ANSWER));
    }

    #[test]
    fn every_kind_of_answer_is_told_apart() {
        let cases: [(&str, &[u8], Result<Answer, PduError>); 7] = [
            ("whole", &[3, 4, 0, 1, 0, 2], Ok(Answer::Data(vec![0, 1, 0, 2]))),
            ("refused", &[0x83, 2], Ok(Answer::Refused(Exception(2)))),
            ("short", &[3, 4, 0, 1], Err(PduError::Length { got: 4, want: 6 })),
            (
                "another count",
                &[3, 2, 0, 1, 0, 2],
                Err(PduError::Count { got: 2, want: 4 }),
            ),
            (
                "another function",
                &[4, 4, 0, 1, 0, 2],
                Err(PduError::Function { got: 4, want: 3 }),
            ),
            ("long refusal", &[0x83, 2, 2], Err(PduError::Length { got: 3, want: 2 })),
            ("nothing", &[], Err(PduError::Empty)),
        ];
        for (name, bytes, want) in cases {
            assert_eq!(read(2).judge(bytes), want, "{name}");
        }
        let write = Request::WriteOne { at: 7, value: 9 };
        assert_eq!(write.judge(&[6, 0, 7, 0, 9]), Ok(Answer::Done));
        assert_eq!(write.judge(&[6, 0, 7, 0, 8]), Err(PduError::Echo));
        let file = Request::File {
            file: 1,
            record: 2,
            length: 1,
        };
        assert_eq!(
            file.judge(&[0x14, 4, 3, 6, 0xab, 0xcd]),
            Ok(Answer::Data(vec![0xab, 0xcd]))
        );
        let counted = Request::Counted {
            function: 0x41,
            body: vec![0, 1],
        };
        assert_eq!(counted.encode(), [0x41, 0, 1]);
        assert_eq!(counted.judge(&[0x41, 2, 7, 8]), Ok(Answer::Data(vec![7, 8])));
        assert_eq!(counted.judge(&[0xc1, 6]), Ok(Answer::Refused(Exception(6))));
        assert_eq!(counted.judge(&[0xc1, 0, 1]), Ok(Answer::Refused(Exception::RETURNED)));
        assert_eq!(counted.judge(&[0x41, 2, 7]), Err(PduError::Length { got: 3, want: 4 }));
        assert_eq!(Exception(2).to_string(), "exception 2 (illegal data address)");
    }
}
