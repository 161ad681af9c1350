//! Starts the modems of a fleet.

use super::config::{FleetError, ModemConfig, NumberConfig};
use super::start::make_link;
use crate::{Far, Hayes, ModemHandle, PhoneBook};
use std::path::PathBuf;
use std::time::Duration;

/// The book of these numbers.
pub(super) fn book(numbers: &[NumberConfig]) -> PhoneBook {
    let book = PhoneBook::new();
    for number in numbers {
        let far = match (number.meter, &number.says) {
            (Some(meter), _) => Far::Meter(meter),
            (None, Some(words)) => Far::Says(words.clone()),
            (None, None) => Far::Silent,
        };
        book.put(&number.number, far);
        book.set_after(&number.number, Duration::from_millis(number.after_ms));
        book.set_drop(&number.number, number.drop_bytes);
    }
    book
}

/// Starts modem `place`, counted from 1; gives the link to its pseudo-terminal too.
pub(super) async fn start_modem(
    config: &ModemConfig,
    place: usize,
    book: &PhoneBook,
) -> Result<(ModemHandle, Option<PathBuf>), FleetError> {
    let mut hayes = Hayes::new(book).seed(config.seed);
    if config.unregistered {
        hayes = hayes.registered_after(None);
    }
    if config.stubborn {
        hayes = hayes.stubborn();
    }
    if config.mute {
        hayes = hayes.mute();
    }
    let failed = |source| FleetError::ServeModem { modem: place, source };
    if let Some(listen) = config.listen {
        return Ok((hayes.start_tcp_at(listen).await.map_err(failed)?, None));
    }
    let handle = hayes.start_pty().map_err(failed)?;
    let link = config.pty.clone().filter(|link| !link.as_os_str().is_empty());
    if let Some(link) = &link {
        make_link(handle.path(), link)?;
    }
    Ok((handle, link))
}
