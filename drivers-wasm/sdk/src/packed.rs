//! Texts that a component carries packed: a long description above all, which is asked for when it is installed and lies in
//! the memory of every session. Unpacking is 14 KB of code.

/// Longest text that is unpacked, bytes: more than any driver has to say.
const MOST_BYTES: usize = 4 << 20;

/// Unpacks what the build script packed ([`packed!`](crate::packed)). Panics when it is damaged: it is a part of the program.
pub fn unpack(packed: &[u8]) -> String {
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(packed, MOST_BYTES);
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.expect("a packed text is whole")
}

/// The text that `build.rs` packed under this name with `uzel_driver_build::pack`, or by `describe` as `describe.json`. It is
/// unpacked when it is first asked for, and stays.
#[macro_export]
macro_rules! packed {
    ($name:literal) => {{
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            $crate::packed::unpack(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".deflate")))
        });
        TEXT.as_str()
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_out_as_it_went_in() {
        for text in ["", "{}", &"Тепловычислитель, heat meter. ".repeat(3_000)] {
            let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 10);
            assert_eq!(unpack(&packed), text);
            assert!(packed.len() <= text.len() + 16);
        }
    }
}
