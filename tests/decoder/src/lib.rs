//! The driver's decoder of M-Bus telegrams by itself: natively as [`decode`], in a sandbox as the exports `room` and
//! `decode`, which have no host to talk to.

use std::hint::black_box;

/// Decodes every record of a response frame to value, unit and storage number. Gives their count; none: no telegram.
pub fn decode(frame: &[u8]) -> Option<u32> {
    let decoded = mbus::decode(frame).ok()?;
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
        let count = FRAME.with_borrow(|frame| super::decode(frame));
        count.and_then(|count| i32::try_from(count).ok()).unwrap_or(-1)
    }
}
