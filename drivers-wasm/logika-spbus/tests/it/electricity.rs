//! СПЕ542 and СПЕ543: archives of several references as one, the channels in use, half-hours.

use logika_spbus::LogikaSpbus;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::wire::Wire;
use uzel_driver_sdk::{ArchiveKind, CivilTime, Driver, Failure, Value};

use crate::conversation::{at, identified, rows, window};
use crate::script::Script;

const HALF_HOURS: ArchiveKind = ArchiveKind::EveryMinutes(30);

fn half(hour: u8, minute: u8) -> CivilTime {
    CivilTime {
        minute,
        ..at(3, 15, hour)
    }
}

/// A СПЕ543 that stands at 10:40 with half-hours from 9:00 on: к1 and к2 in one reference, г1 in another, which has no
/// record at 10:00.
fn spe543() -> Wire<Script> {
    let mut says: Vec<(String, String)> = [
        ("0C 0/99/0/1", ">543v01"),
        ("0C 0/99/1/1", ">1-00543-0000"),
        ("1D 0/24", ">0"),
        ("1D 0/25", ">1"),
        ("1D 0/60", ">15-03-24/дд-мм-гг"),
        ("1D 0/61", ">10:40:00/чч:мм:сс"),
        ("1D 0/65", ">1"),
        ("1D 1/151", ">12.5/кВт"),
        ("1D 1/163", ">1234.5/кВт*ч"),
        ("1D 1/351", ">20.0/кВт"),
        ("19 0/65523", ">Pсрк01/кВт/1/205;Pсрк02//2/205"),
        ("19 0/65499", ">Pсрг01/кВт/1/405"),
        ("0C 0/94/0/50", ">0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0100000000000000"),
    ]
    .map(|(asked, said)| (asked.to_owned(), said.to_owned()))
    .into();
    for place in 0..=21u8 {
        let label = |place: u8| format!("15/3/2024/{}/{}/0", place / 2, place % 2 * 30);
        let previous = if place > 19 {
            label(place - 1)
        } else {
            "0/0/0/0/0/0".to_owned()
        };
        let record = |values: String, is_there: bool| {
            let values = if is_there {
                values
            } else {
                "Нет данных?".to_owned()
            };
            format!(">{};{previous};{values}", label(place))
        };
        let channels = record(format!("{place}.1;{place}.2"), place >= 19);
        let group = record(format!("{place}.3"), place >= 19 && place != 20);
        says.push((format!("18 0/65523;{}", label(place)), channels));
        says.push((format!("18 0/65499;{}", label(place)), group));
    }
    let says: Vec<_> = says
        .iter()
        .map(|(asked, said)| (asked.as_str(), said.as_str()))
        .collect();
    Script::new(&says)
}

fn half_hours(meter: &mut Wire<Script>, config: &str) -> (Collected, Result<(), Failure>) {
    let mut driver = identified(meter, config);
    let mut taken = Collected::default();
    let windows = [window(half(9, 0), half(10, 30))];
    let read = driver.read_archive(meter, HALF_HOURS, &windows, None, &mut taken);
    (taken, read)
}

#[test]
fn references_of_an_archive_are_one_record() {
    let (taken, read) = half_hours(&mut spe543(), "{}");
    read.unwrap();
    let ids: Vec<_> = taken.tables[0]
        .columns
        .iter()
        .map(|column| column.id.as_str())
        .collect();
    assert_eq!(ids, ["к1.Pср", "к2.Pср", "г1.Pср"]);
    let told: Vec<_> = rows(&taken)
        .iter()
        .map(|row| {
            let label = row.label.unwrap();
            let digits = row.values.iter().map(|value| match value {
                Value::Fixed(fixed) => fixed.digits,
                _ => -1,
            });
            (label.hour, label.minute, digits.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        told,
        [
            (10, 30, vec![211, 212, 213]),
            (10, 0, vec![201, 202, -1]),
            (9, 30, vec![191, 192, 193])
        ]
    );
    assert!(taken.absent.is_empty(), "{:?}", taken.absent);
}

#[test]
fn a_part_that_leads_to_an_older_record_is_asked_for_it() {
    // The channels have nothing at 10:00 and lead to 9:30; the group answers 9:30 at once.
    let mut meter = spe543();
    let says = &mut meter.far.says;
    says.insert(
        "18 0/65523;15/3/2024/10/0/0".to_owned(),
        ">15/3/2024/10/0/0;15/3/2024/9/30/0;Нет данных?".to_owned(),
    );
    says.insert(
        "18 0/65499;15/3/2024/10/0/0".to_owned(),
        ">15/3/2024/9/30/0;15/3/2024/9/0/0;19.3".to_owned(),
    );
    let (taken, read) = half_hours(&mut meter, "{}");
    read.unwrap();
    let rows = rows(&taken);
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.marks.is_empty()), "{rows:?}");
    let absent: Vec<_> = taken
        .absent
        .iter()
        .map(|(window, _)| (window.begin, window.end))
        .collect();
    assert_eq!(absent, [(half(9, 30), half(10, 0))]);
}

#[test]
fn a_meter_that_keeps_hours_is_not_read_as_half_hours() {
    let mut meter = spe543();
    for hour in 5..=10u8 {
        let said = format!(">15/3/2024/{hour}/0/0;15/3/2024/{}/0/0;1;2", hour - 1);
        for minute in [0, 30] {
            let asked = format!("18 0/65523;15/3/2024/{hour}/{minute}/0");
            meter.far.says.insert(asked, said.clone());
        }
    }
    let (taken, read) = half_hours(&mut meter, "{}");
    assert!(
        matches!(&read, Err(Failure::Unsupported(text)) if text.contains("whole hours")),
        "{read:?}"
    );
    assert!(rows(&taken).is_empty());
}

#[test]
fn only_the_channels_that_are_named_are_asked_for() {
    let mut meter = spe543();
    let (taken, read) = half_hours(&mut meter, r#"{"channels": "к2"}"#);
    read.unwrap();
    let ids: Vec<_> = taken.tables[0]
        .columns
        .iter()
        .map(|column| column.id.as_str())
        .collect();
    assert_eq!(ids, ["к2.Pср"]);
    let digits =
        |row: &&uzel_driver_sdk::Row| matches!(&row.values[..], [Value::Fixed(fixed)] if fixed.digits % 10 == 2);
    assert!(rows(&taken).len() == 3 && rows(&taken).iter().all(digits));
    let structures: Vec<_> = meter.far.asked.iter().filter(|asked| asked.starts_with("19")).collect();
    assert_eq!(structures, ["19 0/65523"]);
    let config = r#"{"channels": "к129"}"#;
    let refused = LogikaSpbus::default().identify(&mut meter, config);
    assert!(matches!(refused, Err(Failure::Config(_))), "{refused:?}");
}

#[test]
fn more_columns_than_a_record_can_have_are_not_cut_silently() {
    let mut meter = spe543();
    let columns: Vec<_> = (0..=256)
        .map(|place| format!("W/кВт*ч/{}/{}", place % 128 + 1, 205 + place / 128))
        .collect();
    meter
        .far
        .says
        .insert("19 0/65523".to_owned(), format!(">{}", columns.join(";")));
    let (_, read) = half_hours(&mut meter, "{}");
    assert!(
        matches!(&read, Err(Failure::Config(text)) if text.contains("258")),
        "{read:?}"
    );
}

#[test]
fn what_is_measured_now_is_of_channels_and_groups() {
    let mut meter = spe543();
    let mut driver = identified(&mut meter, "{}");
    let mut current = Collected::default();
    driver.read_current(&mut meter, &mut current).unwrap();
    let columns = |taken: &Collected| -> Vec<_> {
        let columns = taken.tables[0].columns.iter();
        columns
            .map(|column| (column.id.clone(), column.unit.clone(), column.point))
            .collect()
    };
    let told = |id: &str, unit: &str, point| (id.to_owned(), unit.to_owned(), point);
    assert_eq!(
        columns(&current),
        [told("ТрД", "", 0), told("к1.Pт", "kW", 1), told("г1.Pт", "kW", 1)]
    );
    let on: Vec<_> = rows(&current)[0]
        .conditions
        .iter()
        .map(|on| (on.code.clone(), on.point))
        .collect();
    assert_eq!(on, [("15".to_owned(), 2)]);
    let mut totals = Collected::default();
    driver.read_totals(&mut meter, &mut totals).unwrap();
    assert_eq!(columns(&totals), [told("к1.Wэ", "kWh", 1)]);
    assert!(
        !meter.far.asked.iter().any(|asked| asked.contains("1/363")),
        "a group has no register"
    );
}

#[test]
fn the_first_of_the_two_has_its_type_and_number_in_parameters() {
    let mut meter = spe543();
    meter.far.says.insert("1D 0/99".to_owned(), ">542v02".to_owned());
    meter.far.says.insert("1D 0/8".to_owned(), ">777".to_owned());
    let identity = LogikaSpbus::default().identify(&mut meter, "{}").unwrap();
    assert_eq!(
        (identity.model.as_str(), identity.serial.as_deref()),
        ("spe542", Some("777"))
    );
}
