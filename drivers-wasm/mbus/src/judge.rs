//! Whether an answer is one of the meter that was asked.

use uzel_driver_sdk::Failure;

use crate::address::Target;
use crate::frame;
use crate::header::Header;
use crate::telegram::{self, Context, Telegram};

/// Reads a response frame. It must come from the address that was asked, of the meter that is configured, and of the same
/// one as the telegram with the header `first`.
pub fn judge(
    frame: &[u8],
    target: &Target,
    context: &Context,
    first: Option<&Header>,
) -> Result<Telegram<'static>, Failure> {
    let response = frame::decode(frame).map_err(|error| Failure::Garbled(error.to_string()))?;
    if !target.accepts(response.address) {
        let (got, want) = (response.address, target.address);
        return Err(Failure::WrongDevice(format!("address {got} answers, {want} was asked")));
    }
    let telegram = telegram::decode(&response, context).map_err(Failure::from)?;
    let got = telegram.header.as_ref().map_or("", |header| header.id.as_str());
    if let Some(wanted) = &target.secondary {
        let matches = match &telegram.header {
            Some(header) => wanted.matches(header),
            // Behind a first telegram that did say who answers, the others may leave it out.
            None => first.is_some(),
        };
        if !matches {
            return Err(Failure::WrongDevice(format!("{got:?} answers, {wanted} is configured")));
        }
    }
    match first {
        Some(first) if !got.is_empty() && got != first.id => {
            Err(Failure::WrongDevice(format!("{got:?} answers, {:?} began", first.id)))
        }
        _ => Ok(telegram.into_owned()),
    }
}
