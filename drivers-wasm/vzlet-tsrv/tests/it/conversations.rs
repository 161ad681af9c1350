//! Whole conversations with meters of every family.

use uzel_driver_sdk::calendar::{DAY, HOUR, civil, reckon};
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, ArchiveKind, Diagnostics, Driver, Failure, Quality, Value, Window};

use crate::far::Far;
use crate::meters::{NOW, Talked, at, labels, record, rows, time_of, tsrv02x, tsrv024m, tsrv034, window};

fn wrong(far: Far, model: &str) -> String {
    match Talked::told(far, model).map(|(_, identity)| identity) {
        Err(Failure::WrongDevice(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_meter_says_who_it_is_in_both_framings() {
    for is_ascii in [false, true] {
        let (_, identity) = Talked::identify(Far { is_ascii, ..tsrv024m() }).unwrap();
        assert_eq!(
            (identity.model.as_str(), identity.serial.as_deref()),
            ("tsrv024m", Some("802485"))
        );
        assert_eq!(identity.firmware.as_deref(), Some("76.30.03.19"));
        let details: Vec<_> = identity.details.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(details, ["VZLJOT 76.30.03.19", "172 bytes", "1, 2", "day 1, hour 0"]);
    }
    let family: &[u8] = b"Vzljot TSR6 62.10.03.09";
    for (size, model) in [(250, "tsrv023"), (175, "tsrv022"), (171, "tsrv020")] {
        let (mut talked, identity) = Talked::identify(tsrv02x(family, size)).unwrap();
        assert_eq!(identity.model, model);
        let (out, read) = talked.read(ArchiveKind::Hourly, &[window(at(15, 3), at(15, 12))]);
        read.unwrap();
        // The first two hours are refused with exception 3.
        assert_eq!(labels(&out).first(), Some(&(15, 6)));
        assert_eq!(out.absent, [(window(at(15, 3), at(15, 5)), Absence::Refused)]);
    }
    // The last hour may not be written yet.
    let mut far = tsrv02x(family, 250);
    far.arrays.get_mut(&1).unwrap().records.remove(&time_of(at(15, 14)));
    let (mut talked, _) = Talked::identify(far).unwrap();
    let (out, read) = talked.read(ArchiveKind::Hourly, &[window(at(15, 12), at(15, 15))]);
    read.unwrap();
    assert_eq!((labels(&out), out.absent), (vec![(15, 13)], Vec::new()));
}

#[test]
fn what_is_not_known_is_refused() {
    let mut other = tsrv024m();
    other.name = Some(b"VZLJOT 76.63.00.08\0".to_vec());
    assert!(wrong(other, "auto").contains("76.63.00.08"));
    let mut silent = tsrv024m();
    silent.name = None;
    assert!(wrong(silent, "auto").contains("no function 17"));
    let mut sizes = tsrv024m();
    sizes.name = Some(b"VZLJOT 63.01.03.01\0".to_vec());
    sizes.put(3, 0x8010, &u32::try_from(NOW).unwrap().to_be_bytes());
    assert!(wrong(sizes, "auto").contains("172 bytes, expected 53"));
    assert!(wrong(tsrv024m(), "tsrv02x").contains("configuration"));
    let unknown: &[u8] = b"VZLJOT 50.20.01.01";
    assert!(wrong(tsrv02x(unknown, 171), "auto").contains("50.20.01.01"));
    let told = Talked::told(tsrv02x(unknown, 171), "tsrv02x").unwrap().1;
    assert_eq!(told.model, "tsrv020", "what the person says, its records prove");
    assert!(wrong(tsrv02x(unknown, 90), "tsrv02x").contains("90 bytes"));
    let elsewhere = Far { unit: 2, ..tsrv024m() };
    assert!(matches!(
        Talked::identify(elsewhere).map(|_| ()),
        Err(Failure::NoAnswer)
    ));
}

#[test]
fn hours_of_two_systems_come_in_one_row_with_all_that_belongs_to_them() {
    let mut far = tsrv024m();
    for array in [0, 3] {
        let array = far.arrays.get_mut(&array).unwrap();
        array.records.remove(&time_of(at(15, 2)));
        array.records.remove(&time_of(at(15, 3)));
    }
    // The second system only.
    far.arrays.get_mut(&3).unwrap().damaged.insert(time_of(at(15, 6)));
    far.arrays.remove(&18);
    let (mut talked, _) = Talked::identify(far).unwrap();
    let (out, read) = talked.read(ArchiveKind::Hourly, &[window(at(14, 22), at(15, 23))]);
    read.unwrap();
    let hours: Vec<_> = (1..=14)
        .filter(|hour| ![2, 3].contains(hour))
        .map(|hour| (15, hour))
        .collect();
    assert_eq!(
        labels(&out),
        [vec![(14, 23), (15, 0)], hours].concat(),
        "the running hour is not asked for"
    );
    assert_eq!(out.absent, [(window(at(15, 1), at(15, 3)), Absence::NeverWritten)]);
    let columns = &out.tables[0].columns;
    let find = |id: &str, point| {
        columns
            .iter()
            .position(|column| (column.id.as_str(), column.point) == (id, point))
    };
    assert_eq!(find("W", 3), None, "the third system is off");
    for row in rows(&out) {
        let time = time_of(row.label.unwrap());
        let float = |array, at: usize, size| {
            let record = record(array, time, size);
            Value::Float(f32::from_be_bytes(*record[at..].first_chunk().unwrap()).into())
        };
        assert_eq!(row.values[find("W", 1).unwrap()], float(0, 84, 172));
        assert_eq!(row.values[find("V4", 1).unwrap()], float(0, 140, 172));
        assert_eq!(row.values[find("Wсум", 0).unwrap()], float(9, 4, 18));
        let second = &row.values[find("W", 2).unwrap()];
        let growing = find("W итог", 1).unwrap();
        let mark = |column: usize| row.marks.iter().find(|mark| usize::from(mark.column) == column);
        assert_eq!(
            (&row.values[growing], mark(growing).unwrap().quality),
            (&Value::Absent, Quality::Absent)
        );
        if row.label == Some(at(15, 6)) {
            assert_eq!(
                (second, mark(find("W", 2).unwrap()).unwrap().code.as_deref()),
                (&Value::Absent, Some("C1"))
            );
        } else {
            assert_eq!(*second, float(3, 84, 172));
        }
    }
}

#[test]
fn four_hours_come_at_once_and_a_hole_among_them_is_no_shift() {
    let mut far = tsrv034();
    let hours = far.arrays.get_mut(&0).unwrap();
    hours.records.remove(&time_of(at(15, 5)));
    hours.damaged.insert(time_of(at(15, 10)));
    let (mut talked, identity) = Talked::identify(far).unwrap();
    assert_eq!(identity.model, "tsrv034");
    let asked = talked.line.asked;
    let (out, read) = talked.read(ArchiveKind::Hourly, &[window(at(15, 0), at(15, 12))]);
    read.unwrap();
    let asked = talked.line.asked - asked;
    let shown: Vec<u8> = labels(&out).iter().map(|(_, hour)| *hour).collect();
    assert_eq!(shown, [1, 2, 3, 4, 6, 7, 8, 9, 11, 12]);
    let absent = [
        (window(at(15, 4), at(15, 5)), Absence::NeverWritten),
        (window(at(15, 9), at(15, 10)), Absence::Refused),
    ];
    assert_eq!(out.absent, absent);
    // A clock, three groups, and the four hours of the group that was given back.
    assert_eq!(asked, 8);
    let ids: Vec<&str> = out.tables[0].columns.iter().map(|column| column.id.as_str()).collect();
    assert_eq!(&ids[..6], ["W4", "W5", "W6", "M1", "V2", "M3"]);
    for row in rows(&out) {
        let record = record(0, time_of(row.label.unwrap()), 53);
        let digits = u32::from_be_bytes(*record[20..].first_chunk().unwrap());
        let want = uzel_driver_sdk::Fixed {
            digits: digits.into(),
            decimals: 3,
        };
        assert_eq!(row.values[4], Value::Fixed(want));
    }
}

#[test]
fn days_and_months_are_placed_by_their_own_time() {
    let mut far = tsrv024m();
    // The contract hour is 8, and yet the days of this meter end at midnight.
    far.put(3, 0x0272, &[0, 8, 0, 1]);
    let (mut talked, identity) = Talked::identify(far).unwrap();
    assert_eq!(identity.details[3].1, "day 1, hour 8");
    let (out, read) = talked.read(ArchiveKind::Daily, &[window(at(10, 0), at(14, 0))]);
    read.unwrap();
    assert_eq!(labels(&out), [(11, 0), (12, 0), (13, 0), (14, 0)]);
    let (mut talked, _) = Talked::identify(tsrv034()).unwrap();
    let begin = uzel_driver_sdk::CivilTime { month: 8, ..at(1, 0) };
    let (out, read) = talked.read(ArchiveKind::Monthly, &[window(begin, at(15, 0))]);
    read.unwrap();
    let spans: Vec<_> = rows(&out)
        .map(|row| (row.other_end.unwrap().month, row.label.unwrap().month))
        .collect();
    assert_eq!(spans, [(8, 9), (9, 10), (10, 11)]);
    let (out, read) = talked.read(
        ArchiveKind::Hourly,
        &[window(begin, uzel_driver_sdk::CivilTime { month: 8, ..at(1, 3) })],
    );
    read.unwrap();
    let lost = window(begin, uzel_driver_sdk::CivilTime { month: 8, ..at(1, 3) });
    assert_eq!(out.absent, [(lost, Absence::Overwritten)], "beyond the ring");
}

/// Who asks again asks for the calendar days that neither a record begins in nor an absence covers.
#[test]
fn no_calendar_day_stays_open_where_days_begin_at_the_contract_hour() {
    let mut far = tsrv024m();
    far.put(3, 0x0272, &[0, 10, 0, 25]);
    let today = NOW.div_euclid(DAY) * DAY;
    // Nine days up to now, one of them without a record; before them the meter was not yet in use.
    let ends: Vec<i64> = (0..9)
        .filter(|back| *back != 4)
        .map(|back| today - back * DAY + 10 * HOUR)
        .collect();
    for number in [1, 4, 10, 19] {
        let array = far.arrays.get_mut(&number).unwrap();
        let size = array.size;
        array.hour = 10;
        array.records = ends
            .iter()
            .map(|end| (end - 1, record(number, end - 1, size)))
            .collect();
    }
    let (mut talked, _) = Talked::identify(far).unwrap();
    let asked = talked.line.asked;
    // A year, as it is asked for: in months of 31 days.
    let windows: Vec<_> = (0..12)
        .map(|number| today - (12 - number) * 31 * DAY)
        .map(|begin| window(civil(begin), civil(begin + 31 * DAY)))
        .collect();
    let (out, read) = talked.read(ArchiveKind::Daily, &windows);
    read.unwrap();
    assert_eq!(rows(&out).count(), 8);
    let begun: Vec<i64> = rows(&out).map(|row| reckon(row.label.unwrap()) - DAY).collect();
    let open = (1..=12 * 31).map(|back| today - back * DAY).filter(|day| {
        let is_read = begun.iter().any(|begin| (*day..day + DAY).contains(begin));
        let gone = |gap: &Window| reckon(gap.begin) <= *day && day + DAY <= reckon(gap.end);
        !is_read && !out.absent.iter().any(|(gap, _)| gone(gap))
    });
    assert_eq!(open.map(civil).collect::<Vec<_>>(), []);
    assert_eq!(
        out.absent.len(),
        14,
        "one a window, the hole, what the ring has dropped"
    );
    for (gap, _) in &out.absent {
        let is_denied = |end: &&i64| reckon(gap.begin) <= **end - DAY && **end <= reckon(gap.end);
        assert_eq!(ends.iter().find(is_denied), None, "{gap:?}");
    }
    // Two systems, the summary and the totals, the clock.
    assert!(talked.line.asked - asked < 372 * 3, "{}", talked.line.asked - asked);
}

#[test]
fn a_cut_reading_goes_on_behind_what_was_stored() {
    let (mut talked, _) = Talked::identify(tsrv034()).unwrap();
    let windows = [window(at(14, 0), at(15, 10))];
    let mut first = Collected::default();
    first.stop_after = Some(1);
    let kind = ArchiveKind::Hourly;
    let cut = talked
        .driver
        .read_archive(&mut talked.line, kind, &windows, None, &mut first);
    assert_eq!((cut, labels(&first).len()), (Err(Failure::Stopped), 8));
    let mut second = Collected::default();
    let resume = first.resume.clone();
    talked
        .driver
        .read_archive(&mut talked.line, kind, &windows, resume.as_deref(), &mut second)
        .unwrap();
    assert_eq!(labels(&second).first(), Some(&(14, 9)));
    assert_eq!(labels(&first).len() + labels(&second).len(), 34);
}

#[test]
fn a_busy_meter_is_asked_again_and_a_stubborn_one_is_a_refusal() {
    let busy = |busy| Far { busy, ..tsrv034() };
    assert!(Talked::identify(busy(2)).is_ok());
    let refused = Talked::identify(busy(3)).map(|_| ());
    assert_eq!(refused, Err(Failure::Refused("exception 6 (device busy)".to_owned())));
}

#[test]
fn what_the_meter_shows_now_is_read_as_far_as_it_has_it() {
    let mut far = tsrv024m();
    let floats: Vec<u8> = (0..24u8).flat_map(|number| f32::from(number).to_be_bytes()).collect();
    far.put(4, 0xc03c, &floats);
    far.put(4, 0x806a, &[0, 0, 0, 0x08, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    let (mut talked, _) = Talked::identify(far).unwrap();
    let clock = talked.driver.read_clock(&mut talked.line).unwrap();
    assert_eq!((clock.shown.hour, clock.shown.minute, clock.shown.second), (14, 37, 5));
    let mut out = Collected::default();
    talked.driver.read_current(&mut talked.line, &mut out).unwrap();
    let (table, row) = (&out.tables[0], &out.tables[0].rows[0]);
    let at = |id: &str, point| {
        let mut columns = table.columns.iter();
        columns
            .position(|column| (column.id.as_str(), column.point) == (id, point))
            .unwrap()
    };
    assert_eq!(row.values[at("ПТ1", 0)], Value::Float(6.0));
    assert_eq!(row.values[at("ПР9", 0)], Value::Float(23.0));
    assert_eq!(row.values[at("tнв", 0)], Value::Absent, "a hole is no number");
    let told: Vec<_> = row
        .conditions
        .iter()
        .map(|held| (held.code.as_str(), held.point))
        .collect();
    assert_eq!(told, [("НС3", 1)], "the third system is off");
    let mut out = Collected::default();
    let refused = talked.driver.read_totals(&mut talked.line, &mut out);
    assert_eq!(
        refused,
        Err(Failure::Refused("exception 2 (illegal data address)".to_owned()))
    );
}

#[test]
fn journals_are_read_back_to_where_they_begin() {
    let mut far = tsrv024m();
    let entry = |number: u32, word: u8| [&(1_731_600_000 + number).to_be_bytes()[..], &[word]].concat();
    let mut ring = vec![vec![0; 5]; 500];
    // The ring has gone round: the newest entry is at 2, the oldest of 60 at 443.
    for number in 0..60u32 {
        ring[(443 + usize::try_from(number).unwrap()) % 500] = entry(number, 3);
    }
    far.journals.insert(12, ring);
    far.put(4, 0x4013 + 12, &[0, 2]);
    let (mut talked, _) = Talked::identify(far).unwrap();
    let mut out = Collected::default();
    talked.driver.read_events(&mut talked.line, None, &mut out).unwrap();
    assert_eq!(out.events.len(), 60);
    assert!(
        out.events
            .is_sorted_by_key(|event| std::cmp::Reverse((event.at.hour, event.at.minute, event.at.second)))
    );
    let shown = &out.events[0];
    assert_eq!((shown.code.as_str(), shown.began, shown.point), ("НС3", Some(true), 1));
    let mut recent = Collected::default();
    let since = Some(out.events[20].at);
    talked.driver.read_events(&mut talked.line, since, &mut recent).unwrap();
    assert_eq!(recent.events.len(), 21);
    let settings = talked.driver.read_settings(&mut talked.line).unwrap();
    let ids: Vec<&str> = settings.iter().map(|setting| setting.id.as_str()).collect();
    assert_eq!(ids, ["contract-hour", "contract-day"], "those that this meter has");
}
