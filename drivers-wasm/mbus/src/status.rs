//! The status byte of a header (EN 13757-3, section 6.6) as abnormal situations.

use uzel_driver_sdk::{Condition, Effect};

use crate::header::Header;

/// What the status byte of a header says. In the old fixed structure the lowest and the highest two bits are about the
/// counters, and no abnormal situations.
pub fn of(header: &Header) -> Vec<Condition> {
    conditions(if header.is_fixed {
        header.status & 0x3c
    } else {
        header.status
    })
}

/// What a status byte says, one condition for each thing: `status=1` to `status=3` for the low two bits, which are one
/// number, and `status.2` to `status.7` for the bits above.
fn conditions(status: u8) -> Vec<Condition> {
    let application = match status & 3 {
        0 => None,
        1 => Some(condition("status=1", None, Some(Effect::Information))),
        2 => Some(condition("status=2", Some("functional-failure"), None)),
        _ => Some(condition("status=3", None, None)),
    };
    let bits = [
        condition("status.2", Some("battery"), Some(Effect::Information)),
        condition("status.3", Some("functional-failure"), None),
        condition("status.4", Some("functional-failure"), None),
        condition("status.5", None, None),
        condition("status.6", None, None),
        condition("status.7", None, None),
    ];
    let set = bits.into_iter().zip(2..).filter(|(_, bit)| status >> bit & 1 == 1);
    application
        .into_iter()
        .chain(set.map(|(condition, _)| condition))
        .collect()
}

fn condition(code: &str, category: Option<&str>, effect: Option<Effect>) -> Condition {
    Condition {
        code: code.to_owned(),
        category: category.map(str::to_owned),
        effect,
        point: 0,
        column: None,
        duration_s: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_is_named() {
        let cases = [
            (0x00, vec![]),
            (0x01, vec!["status=1"]),
            (0x27, vec!["status=3", "status.2", "status.5"]),
            (0x70, vec!["status.4", "status.5", "status.6"]),
            (0x88, vec!["status.3", "status.7"]),
        ];
        for (status, want) in cases {
            let codes: Vec<_> = conditions(status).into_iter().map(|condition| condition.code).collect();
            assert_eq!(codes, want, "{status:02x}");
        }
    }
}
