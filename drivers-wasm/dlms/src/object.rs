//! What a meter has: the object list of its association (class 15, attribute 2), or names that are usual where it is not
//! given.

use dlms_cosem_rs::Obis;
use dlms_cosem_rs::axdr::DataBuf;
use uzel_driver_sdk::{ArchiveKind, Failure, Port};

use crate::apdu::{Attribute, word};
use crate::column::{Captured, DEMAND, EXTENDED, PROFILE, REGISTER};
use crate::meter::Meter;
use crate::{name, tree};

const ASSOCIATION: u16 = 15;
/// Objects kept at most.
const OBJECTS_MAX: usize = 512;
/// Where the list is kept between sessions: reading it takes seconds.
const KEPT: &str = "objects/1";

/// An object that is of use here: a register that is read, or a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    pub class: u16,
    pub name: Obis,
}

/// Registers of electricity meters that are tried where no list is given.
const USUAL: [[u8; 5]; 19] = [
    [1, 0, 1, 8, 0],
    [1, 0, 2, 8, 0],
    [1, 0, 3, 8, 0],
    [1, 0, 4, 8, 0],
    [1, 0, 1, 8, 1],
    [1, 0, 1, 8, 2],
    [1, 0, 1, 8, 3],
    [1, 0, 1, 8, 4],
    [1, 0, 1, 7, 0],
    [1, 0, 3, 7, 0],
    [1, 0, 9, 7, 0],
    [1, 0, 32, 7, 0],
    [1, 0, 52, 7, 0],
    [1, 0, 72, 7, 0],
    [1, 0, 31, 7, 0],
    [1, 0, 51, 7, 0],
    [1, 0, 71, 7, 0],
    [1, 0, 13, 7, 0],
    [1, 0, 14, 7, 0],
];

/// Profiles that are tried first for an archive (IEC 62056-61, section 5.4).
pub fn usual_profiles(kind: ArchiveKind) -> &'static [Obis] {
    const LOAD_1: Obis = Obis::new(1, 0, 99, 1, 0, 255);
    const LOAD_2: Obis = Obis::new(1, 0, 99, 2, 0, 255);
    const DAYS: Obis = Obis::new(1, 0, 98, 2, 0, 255);
    const BILLING: Obis = Obis::new(1, 0, 98, 1, 0, 255);
    const BILLING_ANY: Obis = Obis::new(0, 0, 98, 1, 0, 255);
    match kind {
        ArchiveKind::Daily => &[LOAD_2, DAYS, LOAD_1],
        ArchiveKind::Monthly => &[BILLING, BILLING_ANY],
        _ => &[LOAD_1, LOAD_2],
    }
}

impl Object {
    fn captured(self) -> Captured {
        Captured {
            class: self.class,
            name: self.name,
            attribute: 2,
            element: 0,
        }
    }

    /// Whether it is read as a running total.
    pub fn is_total(self) -> bool {
        self.class != PROFILE && self.captured().is_total()
    }

    /// Whether it is read as measured now.
    pub fn is_instant(self) -> bool {
        self.class != PROFILE && self.captured().is_instant()
    }

    fn is_of_use(self) -> bool {
        match self.class {
            PROFILE => true,
            REGISTER | EXTENDED | DEMAND => self.is_total() || self.is_instant(),
            _ => false,
        }
    }
}

/// The objects of a list that are of use: structures of class, version, name and rights.
pub fn listed(list: &DataBuf) -> Vec<Object> {
    let rows = tree::parts(list).unwrap_or_default().iter();
    let objects = rows.filter_map(|row| match tree::parts(row)? {
        [class, _, name, ..] => Some(Object {
            class: tree::number(class)?,
            name: Obis(tree::bytes(name)?.try_into().ok()?),
        }),
        _ => None,
    });
    objects.filter(|object| object.is_of_use()).take(OBJECTS_MAX).collect()
}

fn write(device: &str, objects: &[Object]) -> Vec<u8> {
    let mut bytes = device.as_bytes().to_vec();
    bytes.push(0);
    for object in objects {
        bytes.extend(object.class.to_be_bytes());
        bytes.extend(object.name.0);
    }
    bytes
}

/// None where another device was here.
fn parse(device: &str, bytes: &[u8]) -> Option<Vec<Object>> {
    let rest = bytes.strip_prefix(device.as_bytes())?.strip_prefix(&[0])?;
    let objects = rest.chunks_exact(8).map(|chunk| match chunk {
        [high, low, name @ ..] => Some(Object {
            class: u16::from_be_bytes([*high, *low]),
            name: Obis(name.try_into().ok()?),
        }),
        _ => None,
    });
    objects.collect()
}

impl Meter {
    /// What the meter has; asked for once, and again when it is another device.
    pub fn objects(&mut self, port: &mut dyn Port) -> Result<Vec<Object>, Failure> {
        if let Some(objects) = &self.objects {
            return Ok(objects.clone());
        }
        let kept = port.recall(KEPT).and_then(|bytes| parse(&self.device_name, &bytes));
        let objects = match kept {
            Some(objects) => objects,
            None => self.ask_objects(port)?,
        };
        self.objects = Some(objects.clone());
        Ok(objects)
    }

    fn ask_objects(&mut self, port: &mut dyn Port) -> Result<Vec<Object>, Failure> {
        let list = Attribute::new(ASSOCIATION, name::ASSOCIATION, 2);
        let objects = match self.talk.get(port, list, None)? {
            Ok(list) => listed(&list),
            Err(why) => {
                port.note(&format!("no object list: {}", word(why)));
                Vec::new()
            }
        };
        if objects.is_empty() {
            let usual = USUAL.iter().map(|[a, b, c, d, e]| Object {
                class: REGISTER,
                name: Obis([*a, *b, *c, *d, *e, 255]),
            });
            return Ok(usual.collect());
        }
        if let Err(why) = port.remember(KEPT, &write(&self.device_name, &objects)) {
            port.note(&format!("the object list is not kept: {why}"));
        }
        Ok(objects)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(class: u16, name: [u8; 6]) -> DataBuf {
        DataBuf::Structure(vec![
            DataBuf::LongUnsigned(class),
            DataBuf::Unsigned(0),
            DataBuf::OctetString(name.to_vec()),
            DataBuf::Structure(vec![DataBuf::Array(vec![]), DataBuf::Array(vec![])]),
        ])
    }

    #[test]
    fn what_is_of_use_is_taken_from_a_list_and_kept_for_the_device() {
        let list = DataBuf::Array(vec![
            row(8, [0, 0, 1, 0, 0, 255]),
            row(3, [1, 0, 1, 8, 0, 255]),
            row(3, [1, 0, 32, 7, 0, 255]),
            row(3, [1, 0, 1, 29, 0, 255]),
            row(7, [1, 0, 99, 1, 0, 255]),
            DataBuf::Null,
        ]);
        let objects = listed(&list);
        let names: Vec<String> = objects.iter().map(|object| name::write(object.name)).collect();
        assert_eq!(names, ["1.0.1.8.0", "1.0.32.7.0", "1.0.99.1.0"]);
        assert!(objects[0].is_total() && objects[1].is_instant() && !objects[2].is_total());
        let kept = write("ABC1", &objects);
        assert_eq!(parse("ABC1", &kept), Some(objects));
        assert_eq!(parse("ABC", &kept), None, "another device");
    }

    proptest! {
        #[test]
        fn no_kept_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse("A", &bytes);
            if let Ok(value) = tree::parse(&bytes) {
                let _ = listed(&value);
            }
        }
    }
}
