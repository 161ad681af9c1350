//! Acts below the bindings: handles that are not lent, memory that is not there.
#![allow(
    unsafe_code,
    reason = "safe code cannot do what the host has to survive; nothing here touches memory of its own wrongly"
)]

use uzel_driver_sdk::Failure;
use uzel_driver_sdk::bindings::uzel::driver::host::Sink;
use uzel_driver_sdk::bindings::uzel::driver::line::Port;

type Done = Result<(), Failure>;

#[link(wasm_import_module = "uzel:driver/host@1.0.0")]
unsafe extern "C" {
    #[link_name = "log"]
    fn raw_log(level: i32, text: *const u8, length: usize);
    #[link_name = "[method]sink.declare"]
    fn raw_declare(sink: i32, columns: *const u32, count: usize, labels: i32, answer: *mut u32);
}

/// Returns with the port still in hand.
pub fn kept_borrow(port: &Port, _out: &Sink) -> Done {
    port.take_handle();
    Ok(())
}

/// Gives the port back and goes on with it.
pub fn dropped_borrow(port: &Port, _out: &Sink) -> Done {
    let number = port.take_handle();
    // SAFETY: each value is the one owner of the number at its time.
    drop(unsafe { Port::from_handle(number) });
    unsafe { Port::from_handle(number) }.purge();
    Ok(())
}

pub fn invented(_port: &Port, _out: &Sink) -> Done {
    // SAFETY: the number belongs to nobody.
    unsafe { Port::from_handle(0x00ff_ffff) }.purge();
    Ok(())
}

/// The sink, called a port.
pub fn other_type(_port: &Port, out: &Sink) -> Done {
    // SAFETY: the sink gives its number away.
    unsafe { Port::from_handle(out.take_handle()) }.purge();
    Ok(())
}

/// Ten thousand columns, each with three names of one MiB: all of them the same MiB.
pub fn overlap(_port: &Port, out: &Sink) -> Done {
    const WORDS: usize = 11;
    let name = vec![b't'; 1 << 20];
    let mut columns = vec![0u32; WORDS * 10_000];
    for column in columns.chunks_exact_mut(WORDS) {
        for text in [0, 2, 4] {
            column[text] = name.as_ptr() as u32;
            column[text + 1] = name.len() as u32;
        }
    }
    let mut answer = [0u32; 3];
    // SAFETY: the columns are laid out as the canonical ABI has it, and the answer has room for a result of a text.
    unsafe {
        let count = columns.len() / WORDS;
        raw_declare(
            out.handle().cast_signed(),
            columns.as_ptr(),
            count,
            0,
            answer.as_mut_ptr(),
        );
    }
    Ok(())
}

/// A text that lies beyond the end of the memory.
pub fn wild_pointer(_port: &Port, _out: &Sink) -> Done {
    // SAFETY: nothing is read here; the host has to look where it reads.
    unsafe { raw_log(0, std::ptr::without_provenance(0xffff_0000), 0xffff) };
    Ok(())
}

/// A text that is none.
pub fn no_text(_port: &Port, _out: &Sink) -> Done {
    let bytes = [0xff, 0xfe, 0xfd];
    // SAFETY: the bytes are there; that they are no text is the host's matter.
    unsafe { raw_log(0, bytes.as_ptr(), bytes.len()) };
    Ok(())
}
