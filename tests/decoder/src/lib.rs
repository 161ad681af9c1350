//! The drivers' decoders of M-Bus telegrams and of DLMS profiles by themselves: natively as [`decode`] and [`rows`], in a
//! sandbox as the exports `room`, `decode` and `rows`, which have no host to talk to.

use std::hint::black_box;

/// Decodes every record of a response frame to value, unit and storage number. Gives their count; none: no telegram.
pub fn decode(frame: &[u8]) -> Option<u32> {
    let decoded = mbus::decode(frame).ok()?;
    let count = u32::try_from(decoded.len()).ok();
    black_box(decoded);
    count
}

/// Decodes the answers about the load profile of hours 1.0.99.1.0 to rows (see [`dlms::decode`]). Gives their count; none:
/// no answers.
pub fn rows(answers: &[u8]) -> Option<u32> {
    let decoded = dlms::decode(dlms::Obis::new(1, 0, 99, 1, 0, 255), 3_600, answers).ok()?;
    let count = u32::try_from(decoded.len()).ok();
    black_box(decoded);
    count
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "exported names")]
mod exported {
    use std::cell::RefCell;

    thread_local! {
        static FRAME: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// Where to write a frame of `length` bytes.
    #[unsafe(no_mangle)]
    extern "C" fn room(length: usize) -> *mut u8 {
        FRAME.with_borrow_mut(|frame| {
            frame.resize(length, 0);
            frame.as_mut_ptr()
        })
    }

    /// Decodes what was written there; -1: no telegram.
    #[unsafe(no_mangle)]
    extern "C" fn decode() -> i32 {
        told(FRAME.with_borrow(|frame| super::decode(frame)))
    }

    /// Decodes what was written there to rows; -1: no answers.
    #[unsafe(no_mangle)]
    extern "C" fn rows() -> i32 {
        told(FRAME.with_borrow(|answers| super::rows(answers)))
    }

    fn told(count: Option<u32>) -> i32 {
        count.and_then(|count| i32::try_from(count).ok()).unwrap_or(-1)
    }
}
