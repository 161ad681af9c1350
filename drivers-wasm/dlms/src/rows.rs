//! The rows of an encoded buffer one after another, cell by cell and without a tree of them: a buffer has thousands.

use dlms_cosem_rs::axdr::Data;
use dlms_cosem_rs::codec::{Decode, Error, Reader};

const NULL: u8 = 0x00;
const ARRAY: u8 = 0x01;
const STRUCTURE: u8 = 0x02;

/// A buffer that is being read.
pub struct Rows<'a> {
    bytes: &'a [u8],
    reader: Reader<'a>,
    /// Rows that are still to come.
    left: usize,
    /// Where the last value of each column begins. None begins at 0, where the array does.
    last: Vec<usize>,
}

fn none(error: Error) -> String {
    format!("a value that is none: {error}")
}

impl<'a> Rows<'a> {
    /// An array of rows with so many cells each.
    pub fn open(bytes: &'a [u8], columns: usize) -> Result<Self, String> {
        let mut reader = Reader::new(bytes);
        if !matches!(reader.u8().map_err(none)?, ARRAY | STRUCTURE) {
            return Err("a buffer is no array".to_owned());
        }
        let left = reader.length().map_err(none)?;
        Ok(Self {
            bytes,
            reader,
            left,
            last: vec![0; columns],
        })
    }

    /// How many rows there are at most: each has two bytes and one a cell at least, whatever is announced.
    pub fn most(&self) -> usize {
        self.left.min(self.bytes.len() / (2 + self.last.len()))
    }

    /// Begins the next row. False: there is none, and nothing else.
    pub fn next_row(&mut self) -> Result<bool, String> {
        let Some(left) = self.left.checked_sub(1) else {
            let is_end = self.reader.is_empty();
            return is_end
                .then_some(false)
                .ok_or_else(|| "a buffer has bytes behind its rows".to_owned());
        };
        self.left = left;
        if !matches!(self.reader.u8().map_err(none)?, ARRAY | STRUCTURE) {
            return Err("a row is no structure".to_owned());
        }
        let (got, want) = (self.reader.length().map_err(none)?, self.last.len());
        if got == want {
            Ok(true)
        } else {
            Err(format!("a row has {got} values, {want} are captured"))
        }
    }

    /// The next cell of the row as it stands.
    pub fn next_own(&mut self) -> Result<Data<'a>, String> {
        Data::decode(&mut self.reader).map_err(none)
    }

    /// The next cell of the row, of the column `place`. Where nothing stands it is that of the row before.
    pub fn next_cell(&mut self, place: usize) -> Result<Data<'a>, String> {
        let at = self.reader.offset();
        let own = self.next_own()?;
        let Some(last) = self.last.get_mut(place) else {
            return Ok(own);
        };
        if self.bytes.get(at) != Some(&NULL) {
            *last = at;
            return Ok(own);
        }
        match self.bytes.get(*last..) {
            Some(before) if *last > 0 => Data::decode(&mut Reader::new(before)).map_err(none),
            _ => Ok(own),
        }
    }
}
