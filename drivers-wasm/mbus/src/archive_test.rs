//! Kept values and their dates, sorted into archives.

use crate::archive::{Kind, build};
use crate::entry::entries;
use crate::record;
use uzel_driver_sdk::CivilTime;
use uzel_driver_sdk::bytes::unhex;
use uzel_driver_sdk::calendar;

fn day(year: u16, month: u8, day: u8) -> i64 {
    let time = CivilTime {
        year,
        month,
        day,
        hour: 0,
        minute: 0,
        second: 0,
    };
    calendar::reckon(time)
}

/// `kind begin ids` of each interval, then the remarks. The clock stands at noon of 2014-03-13.
fn told(bytes: &str) -> Vec<String> {
    let bytes = unhex(bytes).unwrap();
    let records = record::decode(&bytes).unwrap().list;
    let entries = entries(&records);
    let clock = day(2014, 3, 13) + 12 * calendar::HOUR;
    let archives = build(&entries, Some(clock), clock);
    let mut told = Vec::new();
    for kind in [Kind::Hourly, Kind::Daily, Kind::Monthly] {
        for interval in archives.intervals(kind) {
            let ids: Vec<_> = interval.values.iter().map(|value| entries[*value].id(true)).collect();
            let begin = calendar::civil(interval.begin);
            let (month, day, hour) = (begin.month, begin.day, begin.hour);
            told.push(format!(
                "{kind:?} {}-{month:02}-{day:02} {hour:02} {}",
                begin.year,
                ids.join(" ")
            ));
        }
    }
    told.extend(archives.remarks);
    told
}

/// A bare date of storage number 1 to 9 (type G) and its energy.
fn dated(storage: u8, year: u8, month: u8, day: u8, energy: u8) -> String {
    let (low, high) = (day | (year & 7) << 5, month | year >> 3 << 4);
    let (dif, dife) = (0x82 | (storage & 1) << 6, storage >> 1);
    format!(
        "{dif:02x} {dife:02x} 6c {low:02x} {high:02x} {:02x} {dife:02x} 06 {energy:02x} ",
        dif - 1
    )
}

/// The same with a time of full hours or `23:59` (type F).
fn timed(storage: u8, month: u8, day: u8, (hour, minute): (u8, u8)) -> String {
    let (low, high) = (day | (14 & 7) << 5, month | 14 >> 3 << 4);
    let (dif, dife) = (0x84 | (storage & 1) << 6, storage >> 1);
    format!(
        "{dif:02x} {dife:02x} 6d {minute:02x} {hour:02x} {low:02x} {high:02x} {:02x} {dife:02x} 06 07 ",
        dif - 3
    )
}

#[test]
fn due_dates_are_turns_of_months() {
    let cases = [
        (
            "last day",
            dated(1, 13, 12, 31, 5),
            vec!["Monthly 2013-12-01 00 energy@1"],
        ),
        (
            "first day",
            dated(1, 14, 1, 1, 5),
            vec!["Monthly 2013-12-01 00 energy@1"],
        ),
        (
            "end of the last day",
            timed(1, 2, 28, (23, 59)),
            vec!["Monthly 2014-02-01 00 energy@1"],
        ),
        (
            "within a month",
            dated(1, 13, 12, 15, 5),
            vec!["storage 1: a bare date within a month does not say which end of the day it means"],
        ),
        (
            "time within a month",
            timed(1, 2, 10, (8, 0)),
            vec!["storage 1: a single date within a month"],
        ),
        (
            "no turn of an hour",
            timed(1, 3, 1, (0, 5)),
            vec!["storage 1: its date is no turn of an hour"],
        ),
        (
            "to come",
            dated(1, 14, 3, 31, 5),
            vec!["storage 1: its date is to come"],
        ),
        (
            "every year",
            dated(1, 0, 1, 1, 5),
            vec!["storage 1: its date has no year"],
        ),
        ("no date", "41 06 05".to_owned(), vec!["storage 1: no date"]),
        (
            "not set",
            "42 6c 00 00 41 06 05".to_owned(),
            vec!["storage 1: its date is not set"],
        ),
        (
            "two dates",
            "42 6c df 1c 42 6c c1 11 41 06 05".to_owned(),
            vec!["storage 1: several dates"],
        ),
        (
            "a date to come beside the stamp",
            "42 6c bf 1c 42 ec 7e df 1c 41 06 05".to_owned(),
            vec!["Monthly 2013-12-01 00 energy@1"],
        ),
        ("greatest value", "42 6c bf 1c 52 2b 05 00".to_owned(), vec![]),
    ];
    for (name, bytes, want) in cases {
        assert_eq!(told(&bytes), want, "{name}");
    }
}

#[test]
fn distances_tell_the_kind() {
    let hours = timed(1, 3, 13, (11, 0)) + &timed(2, 3, 13, (10, 0)) + &timed(3, 3, 13, (9, 0));
    assert_eq!(
        told(&hours),
        [
            "Hourly 2014-03-13 08 energy@3",
            "Hourly 2014-03-13 09 energy@2",
            "Hourly 2014-03-13 10 energy@1"
        ]
    );
    let days = timed(1, 3, 1, (6, 0)) + &timed(2, 2, 28, (6, 0));
    assert_eq!(
        told(&days),
        ["Daily 2014-02-27 06 energy@2", "Daily 2014-02-28 06 energy@1"]
    );
    let months = timed(1, 2, 25, (0, 0)) + &timed(2, 1, 25, (0, 0));
    assert_eq!(
        told(&months),
        ["Monthly 2013-12-25 00 energy@2", "Monthly 2014-01-25 00 energy@1"]
    );
}

#[test]
fn bare_dates_that_follow_each_other_are_not_guessed() {
    let days = dated(1, 14, 3, 1, 5) + &dated(2, 14, 2, 28, 4) + &dated(3, 14, 2, 27, 3);
    let told = told(&days);
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|told| told.starts_with("storage")), "{told:?}");
}

#[test]
fn the_hour_that_ended_at_midnight_is_told_from_the_day() {
    let days = |from| timed(from, 3, 13, (0, 0)) + &timed(from + 1, 3, 12, (0, 0));
    let hours = |from| {
        let hour = |number: u8| timed(from + number, 3, 12, (24 - number, 0));
        timed(from, 3, 13, (0, 0)) + &hour(1) + &hour(2)
    };
    let want = |first: u8, days: u8| {
        [
            format!("Hourly 2014-03-12 21 energy@{}", first + 2),
            format!("Hourly 2014-03-12 22 energy@{}", first + 1),
            format!("Hourly 2014-03-12 23 energy@{first}"),
            format!("Daily 2014-03-11 00 energy@{}", days + 1),
            format!("Daily 2014-03-12 00 energy@{days}"),
        ]
    };
    assert_eq!(told(&(days(1) + &hours(3))), want(3, 1));
    assert_eq!(told(&(hours(1) + &days(4))), want(1, 4));
    // Hours of another day: nothing says whether the first is one of the days.
    let apart = days(1) + &timed(3, 3, 11, (0, 0)) + &timed(4, 3, 10, (23, 0));
    assert!(
        told(&apart).contains(&"storage 3: distances to its neighbours differ".to_owned()),
        "{:?}",
        told(&apart)
    );
}

#[test]
fn two_values_of_one_interval_agree_or_are_left_out() {
    let agree = dated(1, 13, 12, 31, 5) + &dated(5, 13, 12, 31, 5);
    assert_eq!(told(&agree), ["Monthly 2013-12-01 00 energy@1"]);
    let differ = dated(1, 14, 1, 1, 5) + &dated(5, 14, 1, 1, 6) + &dated(7, 14, 1, 1, 6);
    assert_eq!(
        told(&differ),
        [
            "Monthly 2013-12-01 00 ",
            "storage 5: another value of energy for the same interval"
        ]
    );
}

#[test]
fn a_cycle_dates_its_numbers() {
    let cycle = "01 fd 20 01 01 fd 21 03 01 fd 28 01 ";
    let values = "81 01 06 04 c1 01 06 03";
    let bytes = cycle.to_owned() + &dated(1, 14, 3, 1, 5) + values;
    assert_eq!(
        told(&bytes),
        [
            "Monthly 2013-12-01 00 energy@3",
            "Monthly 2014-01-01 00 energy@2",
            "Monthly 2014-02-01 00 energy@1"
        ]
    );
    let stale = cycle.to_owned() + &dated(1, 13, 1, 1, 5) + values;
    assert_eq!(told(&stale)[0], "Monthly 2012-12-01 00 energy@1");
    assert_eq!(
        told(&stale)[1],
        "cycle of storage numbers: dates and clock do not say how it runs"
    );
}
