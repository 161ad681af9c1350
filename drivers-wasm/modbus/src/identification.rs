//! Device identification (function 43/14, Modbus Application Protocol V1.1b3, section 6.21): maker, product and revision, as
//! the device tells them. Most devices do not know the function; some do not even answer it.

use uzel_driver_sdk::bytes::{Reader, Short};
use uzel_driver_sdk::modbus::pdu::{Exception, Request};
use uzel_driver_sdk::modbus::talk::Talk;
use uzel_driver_sdk::{Failure, Identity, Port};

use crate::map::Map;
use crate::number::{Number, Order, Type, decode};

/// The basic objects, 0 to 2.
const NAMES: [&str; 3] = ["vendor", "product", "revision"];
type Texts = [Option<String>; 3];
/// Answers that three texts may come in.
const MOST_ANSWERS: usize = 3;
/// Since when it is known that the device does not know the function, and how long that is believed, milliseconds.
const KEPT: &str = "identification/1";
const BELIEVED_MS: i64 = 30 * 24 * 3_600_000;

/// Adds what the device says of itself; refuses it where the map wants something else. A device of which the map wants nothing
/// is asked once, and not again for a while when it does not know the answer.
pub fn ask(talk: &mut Talk, port: &mut dyn Port, map: &Map, identity: &mut Identity) -> Result<(), Failure> {
    let texts = match &map.device {
        None => offered(talk, port)?,
        Some(wanted) => {
            let texts = talk.proven(port, |talk, port| read(talk, port, true))?;
            let texts = texts.map_err(|exception| {
                Failure::WrongDevice(format!("it answers function 43/14 with {exception}: no {}", map.name))
            })?;
            for ((name, wanted), text) in NAMES.iter().zip(wanted).zip(&texts) {
                let text = text.as_deref().unwrap_or_default();
                if let Some(wanted) = wanted.as_ref().filter(|wanted| !text.starts_with(wanted.as_str())) {
                    let map = &map.name;
                    return Err(Failure::WrongDevice(format!(
                        "its {name} is {text:?}, a {map} has one that begins with {wanted:?}"
                    )));
                }
            }
            texts
        }
    };
    if identity.firmware.is_none() {
        identity.firmware.clone_from(&texts[2]);
    }
    let told = NAMES.iter().zip(texts);
    identity
        .details
        .extend(told.filter_map(|(name, text)| Some(((*name).to_owned(), text?))));
    Ok(())
}

fn offered(talk: &mut Talk, port: &mut dyn Port) -> Result<Texts, Failure> {
    let kept = port.recall(KEPT).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    if kept.is_some_and(|kept| (0..BELIEVED_MS).contains(&port.now().saturating_sub(i64::from_be_bytes(kept)))) {
        return Ok(Texts::default());
    }
    match talk.proven(port, |talk, port| read(talk, port, false)) {
        Ok(Ok(texts)) => Ok(texts),
        Ok(Err(_)) | Err(Failure::NoAnswer) => {
            port.note("the device does not know function 43/14");
            if let Err(why) = port.remember(KEPT, &port.now().to_be_bytes()) {
                port.note(&format!("that is not kept: {why}"));
            }
            Ok(Texts::default())
        }
        Err(Failure::Garbled(_) | Failure::Refused(_)) => Ok(Texts::default()),
        Err(failure) => Err(failure),
    }
}

fn read(talk: &mut Talk, port: &mut dyn Port, is_needed: bool) -> Result<Result<Texts, Exception>, Failure> {
    let (mut texts, mut object) = (Texts::default(), 0);
    for _ in 0..MOST_ANSWERS {
        let request = Request::Identification { object };
        let data = match is_needed {
            true => talk.data(port, &request)?,
            false => talk.data_once(port, &request)?,
        };
        let data = match data {
            Ok(data) => data,
            Err(exception) => return Ok(Err(exception)),
        };
        let next = take(&data, &mut texts).map_err(|short| Failure::Garbled(format!("identification {short}")))?;
        match next.filter(|next| *next > object && usize::from(*next) < NAMES.len()) {
            Some(next) => object = next,
            None => break,
        }
    }
    Ok(Ok(texts))
}

/// Takes the texts of an answer; gives the object that the next one begins with, where more follow.
fn take(data: &[u8], texts: &mut Texts) -> Result<Option<u8>, Short> {
    let mut reader = Reader::new(data);
    let [_, more, next, count] = reader.array()?;
    for _ in 0..count {
        let [object, length] = reader.array()?;
        let text = reader.take(length.into())?;
        if let (Some(place), Number::Text(text)) = (
            texts.get_mut(usize::from(object)),
            decode(Type::Text, Order::Abcd, 0, &[], text),
        ) && !text.is_empty()
        {
            *place = Some(text);
        }
    }
    Ok((more == 0xff).then_some(next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_taken_over_several_answers() {
        let mut texts = Texts::default();
        assert_eq!(
            take(&[1, 0xff, 2, 2, 0, 3, b'A', b'B', b'B', 1, 0], &mut texts),
            Ok(Some(2))
        );
        assert_eq!(take(&[1, 0, 0, 2, 2, 2, b'1', 0, 9, 1, b'x'], &mut texts), Ok(None));
        assert_eq!(texts, [Some("ABB".to_owned()), None, Some("1".to_owned())]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(data in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = take(&data, &mut Texts::default());
        }
    }
}
