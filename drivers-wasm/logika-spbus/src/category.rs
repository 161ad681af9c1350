//! Categories of the documented НС codes (SPbus note, section 9; `driver.toml` has the same with texts, a test compares).
//! The lists of the other models are not public.

/// The category of a code of a model; none for one that is not documented.
pub fn category(model: &str, code: u16) -> Option<&'static str> {
    match model {
        "spt961.1" => heat(code),
        "spg761.1" => gas(code).or_else(|| gas_761(code)),
        "spg762.1" => gas(code).or_else(|| gas_762(code)),
        "spe543" => electricity(code),
        _ => None,
    }
}

const FAILURE: &str = "functional-failure";
const LIMITS: &str = "out-of-limits";
const OTHER: &str = "other";
const CONFIG: &str = "config";

fn heat(code: u16) -> Option<&'static str> {
    Some(match code {
        0..=3 | 7..=14 | 16 | 26 | 44..=46 | 48..=51 => FAILURE,
        4 => "clock",
        5 | 27 | 47 | 70 => CONFIG,
        6 | 15 | 52 => OTHER,
        17 => "battery",
        32 => "flow-above-max",
        33 | 54 => "flow-below-min",
        18..=25 | 28..=31 | 34..=43 | 53 | 55..=69 | 71..=74 => LIMITS,
        _ => return None,
    })
}

/// What both lists of gas meters share.
fn gas(code: u16) -> Option<&'static str> {
    Some(match code {
        0..=2 | 4..=24 | 29 => FAILURE,
        3 => CONFIG,
        25 | 40 => OTHER,
        30 => "clock",
        31 => "battery",
        41 => "flow-above-max",
        42 => "flow-below-min",
        32..=39 | 43..=56 => LIMITS,
        _ => return None,
    })
}

fn gas_761(code: u16) -> Option<&'static str> {
    Some(match code {
        61 | 62 | 65..=68 | 87 | 88 => FAILURE,
        69 => OTHER,
        71 => "flow-below-min",
        89 => CONFIG,
        57..=60 | 63 | 64 | 70 | 72..=86 | 90..=93 => LIMITS,
        _ => return None,
    })
}

fn gas_762(code: u16) -> Option<&'static str> {
    Some(match code {
        57 | 58 | 61..=64 | 83 | 84 => FAILURE,
        65 => OTHER,
        67 => "flow-below-min",
        85 => CONFIG,
        66 | 68..=82 | 86..=89 => LIMITS,
        _ => return None,
    })
}

fn electricity(code: u16) -> Option<&'static str> {
    Some(match code {
        0..=2 | 6..=12 | 15..=22 => FAILURE,
        3 => "clock",
        4 => "battery",
        5 => "power-off",
        13 | 14 => OTHER,
        _ => return None,
    })
}
