//! How a modem puts its results: in words or as numbers.

/// The result code, verbose or numeric (V.250, table 1).
pub fn framed(words: &str, verbose: bool) -> Vec<u8> {
    let number = match words {
        "OK" => "0",
        "RING" => "2",
        "NO CARRIER" => "3",
        "ERROR" => "4",
        "NO DIALTONE" => "6",
        "BUSY" => "7",
        "NO ANSWER" => "8",
        _ if words.starts_with("CONNECT") => "1",
        other => other,
    };
    if verbose {
        format!("\r\n{words}\r\n").into_bytes()
    } else {
        format!("{number}\r").into_bytes()
    }
}

/// A line of information, such as `+CSQ: 18,99`.
pub fn information(text: &str, verbose: bool) -> Vec<u8> {
    if verbose {
        format!("\r\n{text}\r\n").into_bytes()
    } else {
        format!("{text}\r\n").into_bytes()
    }
}
