use proptest::prelude::*;
use uzel_driver_sdk::bytes::unhex;

use super::*;

fn plan(list: &[(u8, u8)]) -> Plan {
    let mut properties = Properties::usual();
    let digits: Vec<u8> = Properties::all_digits().iter().flat_map(|_| [2, 0xc0, 0]).collect();
    properties.add(&Properties::all_digits(), &digits, true).unwrap();
    let list = list.iter().map(|&(index, size)| Listed { index, size }).collect();
    Plan::new(list, Source::Hourly, &properties).unwrap()
}

fn cells(list: &[(u8, u8)], hex: &str) -> Cells {
    plan(list).cells(&unhex(hex).unwrap(), Some(1)).unwrap()
}

fn number(digits: i64) -> Value {
    fixed(digits, 2)
}

#[test]
fn quality_and_condition_bytes_make_the_cell() {
    use Quality::{Absent, Doubtful};
    // Raw t1 with quality and НС: value kept, mark, condition.
    let cases = [
        ("E61B C0 00", true, None, None),
        ("E61B C0 FF", true, None, None),
        ("E61B C0 02", true, None, Some("02")),
        ("E61B 50 FF", true, None, None),
        ("E61B 50 02", true, Some((Doubtful, "50")), Some("02")),
        ("E61B 50 00", true, Some((Doubtful, "50")), None),
        ("E61B 40 FF", true, Some((Doubtful, "40")), None),
        ("E61B 44 00", true, Some((Doubtful, "44")), None),
        ("3075 0C 00", false, Some((Absent, "0C")), None),
        ("3075 0C 1F", false, Some((Absent, "0C")), Some("1F")),
        ("B59A 04 00", false, Some((Absent, "04")), None),
        ("B59A 04 02", false, Some((Absent, "04")), None),
        ("B59A 00 00", false, Some((Absent, "00")), None),
    ];
    for (hex, kept, mark, code) in cases {
        let cells = cells(&[(0, 2)], hex);
        assert_eq!(cells.values == [number(7142)], kept, "{hex}");
        assert_eq!(!matches!(cells.values[..], [Value::Absent]), kept, "{hex}");
        let got = cells
            .marks
            .first()
            .map(|mark| (mark.quality, mark.code.as_deref().unwrap()));
        assert_eq!(got, mark, "{hex}");
        assert_eq!(
            cells.conditions.first().map(|condition| condition.code.as_str()),
            code,
            "{hex}"
        );
    }
}

#[test]
fn numbers_are_read_as_the_device_keeps_them() {
    let cases = [
        ("negative mass", (11, 4), "F9FFFFFF C000", number(-7)),
        ("negative dt", (14, 2), "15FD C000", number(-747)),
        (
            "a flow is a float",
            (19, 4),
            "9B7FC63F C000",
            Value::Float(f64::from(1.550_769_2_f32)),
        ),
        ("a flow that is none", (19, 4), "0000C07F C000", Value::Absent),
        ("time with FF in its upper half", (17, 4), "1700FFFF C000", fixed(23, 0)),
        (
            "size 0 is answered in the native one",
            (13, 0),
            "05000000 C000",
            number(5),
        ),
        (
            "the size of DI is not to be trusted",
            (81, 2),
            "0000A03F C000",
            Value::Float(1.25),
        ),
        ("letter that is no sign", (77, 1), "41 C000", Value::Absent),
    ];
    for (name, element, hex, want) in cases {
        let cells = cells(&[element], hex);
        assert_eq!(cells.values, [want], "{name}");
        let absent = cells.values == [Value::Absent];
        assert_eq!(
            cells.marks.len(),
            usize::from(absent),
            "{name}: an absent cell has a mark"
        );
    }
}

#[test]
fn durations_of_conditions_are_columns_and_conditions() {
    let cells = cells(&[(79, 10)], "0100 0000 1E00 0000 0000 C000");
    let digits = |value: &Value| number_of(value);
    assert_eq!(cells.values.iter().map(digits).collect::<Vec<_>>(), [1, 0, 30, 0, 0]);
    let conditions = cells.conditions.iter();
    let got: Vec<_> = conditions
        .map(|c| (c.category.as_deref().unwrap(), c.column, c.duration_s))
        .collect();
    // Thirty hours do not fit in an hour: the unit is not what the device says, so no length is claimed.
    assert_eq!(
        got,
        [("power-off", Some(0), Some(3600)), ("flow-above-max", Some(2), None)]
    );
}

fn number_of(value: &Value) -> i64 {
    super::number(Some(value)).unwrap()
}

#[test]
fn the_means_of_an_hour_without_power_are_no_values() {
    let list = [(0, 2), (3, 4), (17, 4), (18, 4), (22, 2), (25, 4)];
    let off = cells(
        &list,
        "3F00C000 00000000C000 00000000C000 00000000C000 3F00C000 00000000C000",
    );
    let absent: Vec<_> = off.values.iter().map(|value| *value == Value::Absent).collect();
    // The second heat input has no times in the list, so nothing is known of it.
    assert_eq!(absent, [true, false, false, false, false, false]);
    assert_eq!(off.marks[0].code.as_deref(), Some("ВНР 0"));
    let on = cells(
        &list,
        "3F00C000 00000000C000 01000000C000 00000000C000 3F00C000 00000000C000",
    );
    assert_eq!((on.values[0].clone(), on.counted_h), (number(63), vec![1]));
}

#[test]
fn an_answer_to_another_list_is_refused() {
    let plan = plan(&[(0, 2), (3, 4)]);
    let got = plan.cells(&[0; 11], None);
    assert_eq!(got, Err(RecordError::Length { got: 11, want: 10 }));
    let no_digits = Plan::new(
        vec![Listed { index: 0, size: 2 }],
        Source::Hourly,
        &Properties::default(),
    );
    assert_eq!(no_digits.unwrap_err(), RecordError::Digits(0));
    let odd = Plan::new(
        vec![Listed { index: 0, size: 3 }],
        Source::Hourly,
        &Properties::default(),
    );
    assert_eq!(odd.unwrap_err(), RecordError::Size { index: 0, size: 3 });
}

proptest! {
    #[test]
    fn no_bytes_panic(
        list in proptest::collection::btree_map(0_u8..=90, 0_u8..=12, 0..42),
        data: Vec<u8>,
        fill: u8,
    ) {
        let list: Vec<_> = list.into_iter().map(|(index, size)| Listed { index, size }).collect();
        let mut properties = Properties::default();
        let digits: Vec<u8> = Properties::all_digits().iter().flat_map(|_| [9, 0xc0, 0]).collect();
        properties.add(&Properties::all_digits(), &digits, true).unwrap();
        if let Ok(plan) = Plan::new(list, Source::Monthly, &properties) {
            let _ = plan.cells(&data, Some(744));
            let cells = plan.cells(&vec![fill; plan.length], None).unwrap();
            prop_assert_eq!(cells.values.len(), plan.columns.len());
        }
    }
}
