//! Telegrams of SML (BSI TR-03109-1, annex IV): the transport and the file by `sml-rs`, what of it is read here.

use sml_rs::parser::ParseError;
use sml_rs::parser::common::{ListEntry, Status, Time, Value as Raw};
use sml_rs::parser::streaming::{MessageBody, ParseEvent, Parser};
use sml_rs::transport::{DecodeErr, Decoder};
use sml_rs::util::ArrayBuf;

use crate::shape;

/// Bytes of one telegram at most: meters send some hundred.
const TELEGRAM_MAX: usize = 4 * 1024;
/// Entries of one telegram at most.
const ENTRIES_MAX: usize = 200;

/// Why a telegram cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TelegramError {
    #[error("the telegram is not as it was sent: {0:?}")]
    Transport(DecodeErr),
    #[error("a length in the telegram is greater than the telegram")]
    Length,
    #[error("the file in the telegram cannot be read: {0:?}")]
    File(ParseError),
    #[error("the telegram holds no list of values")]
    NoList,
}

/// A value as the meter has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Bool(bool),
    Bytes(Vec<u8>),
    /// Wide enough for all integers.
    Number(i128),
    /// A time or a list, which no entry of a meter should be.
    Other,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// OBIS, six bytes in all meters that are known.
    pub name: Vec<u8>,
    pub status: Option<u64>,
    /// DLMS unit (IEC 62056-62, table 4).
    pub unit: Option<u8>,
    /// The value is to be multiplied by ten to this power.
    pub scaler: i8,
    pub value: Value,
}

/// What one telegram says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Telegram {
    pub server_id: Vec<u8>,
    /// Seconds since the meter was started.
    pub seconds: Option<u32>,
    pub entries: Vec<Entry>,
}

/// Takes bytes of a line and gives telegrams.
pub struct Ear {
    decoder: Decoder<ArrayBuf<TELEGRAM_MAX>>,
    /// Bytes since the last telegram.
    since: usize,
}

impl Default for Ear {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(),
            since: 0,
        }
    }
}

impl Ear {
    /// Takes one byte; gives the telegram that it ends, or what is wrong with it.
    pub fn hear(&mut self, byte: u8) -> Option<Result<Telegram, TelegramError>> {
        self.since += 1;
        // Noise without end is not counted by the decoder for ever.
        if self.since > 2 * TELEGRAM_MAX {
            *self = Self::default();
        }
        let file = match self.decoder.push_byte(byte) {
            Ok(None) => return None,
            Ok(Some(file)) => parse(file),
            // What is between telegrams is of no concern.
            Err(DecodeErr::DiscardedBytes(_)) => return None,
            Err(error) => Err(TelegramError::Transport(error)),
        };
        self.since = 0;
        Some(file)
    }
}

/// Reads the file of a telegram. It is all or nothing: every message has a check of its own.
pub fn parse(file: &[u8]) -> Result<Telegram, TelegramError> {
    if !shape::is_sound(file) {
        return Err(TelegramError::Length);
    }
    let mut telegram = Telegram::default();
    let mut has_list = false;
    for event in Parser::new(file) {
        match event.map_err(TelegramError::File)? {
            ParseEvent::MessageStart(message) => {
                if let MessageBody::GetListResponse(list) = message.message_body {
                    has_list = true;
                    telegram.server_id = list.server_id.to_vec();
                    if let Some(Time::SecIndex(seconds)) = list.act_sensor_time {
                        telegram.seconds = Some(seconds);
                    }
                }
            }
            ParseEvent::ListEntry(entry) if telegram.entries.len() < ENTRIES_MAX => {
                telegram.entries.push(taken(&entry));
            }
            ParseEvent::ListEntry(_) | ParseEvent::GetListResponseEnd(_) => {}
        }
    }
    if has_list {
        Ok(telegram)
    } else {
        Err(TelegramError::NoList)
    }
}

fn taken(entry: &ListEntry<'_>) -> Entry {
    Entry {
        name: entry.obj_name.to_vec(),
        status: entry.status.as_ref().map(|status| match *status {
            Status::Status8(word) => word.into(),
            Status::Status16(word) => word.into(),
            Status::Status32(word) => word.into(),
            Status::Status64(word) => word,
        }),
        unit: entry.unit,
        scaler: entry.scaler.unwrap_or(0),
        value: match entry.value {
            Raw::Bool(value) => Value::Bool(value),
            Raw::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Raw::I8(number) => Value::Number(number.into()),
            Raw::I16(number) => Value::Number(number.into()),
            Raw::I32(number) => Value::Number(number.into()),
            Raw::I64(number) => Value::Number(number.into()),
            Raw::U8(number) => Value::Number(number.into()),
            Raw::U16(number) => Value::Number(number.into()),
            Raw::U32(number) => Value::Number(number.into()),
            Raw::U64(number) => Value::Number(number.into()),
            Raw::List(_) => Value::Other,
        },
    }
}
