//! Archives of the three kinds of access: what lies in a window comes, and what is not held is said.

use modbus::Modbus;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, ArchiveKind, CivilTime, Driver, Failure, Window};

use crate::example::{at, config, counted, device, hour_values, whole};
use crate::far::Framing;
use uzel_driver_sdk::wire::Wire;

fn read(framing: Framing, kind: ArchiveKind, begin: CivilTime, end: CivilTime) -> Collected {
    let mut line = Wire::new(device(framing));
    let mut driver = Modbus::default();
    driver.identify(&mut line, &config(framing)).unwrap();
    let mut out = Collected::default();
    driver
        .read_archive(&mut line, kind, &[Window { begin, end }], None, &mut out)
        .unwrap();
    out
}

fn labels(out: &Collected) -> Vec<(u8, u8, u8)> {
    let labels = out.tables[0].rows.iter().map(|row| row.label.unwrap());
    labels.map(|label| (label.month, label.day, label.hour)).collect()
}

/// Month, day and hour.
type Short = (u8, u8, u8);

fn absent(out: &Collected) -> Vec<(Short, Short, Absence)> {
    let short = |time: CivilTime| (time.month, time.day, time.hour);
    let absent = out.absent.iter();
    absent
        .map(|(window, why)| (short(window.begin), short(window.end), *why))
        .collect()
}

#[test]
fn hours_of_a_ring_are_found_by_their_dates() {
    for framing in [Framing::Rtu, Framing::Ascii, Framing::Tcp] {
        let out = read(framing, ArchiveKind::Hourly, at(3, 10, 22), at(3, 11, 1));
        assert_eq!(labels(&out), [(3, 11, 1), (3, 11, 0), (3, 10, 23)], "{framing:?}");
        for row in &out.tables[0].rows {
            assert_eq!(row.values, hour_values(row.label.unwrap()));
        }
        assert_eq!(absent(&out), []);
    }
}

#[test]
fn the_ring_ends_where_the_header_says() {
    // 300 hours back from the 20th, 10 o'clock: the oldest record ends on the 7th at 23.
    let out = read(Framing::Tcp, ArchiveKind::Hourly, at(3, 7, 20), at(3, 8, 0));
    assert_eq!(labels(&out), [(3, 8, 0), (3, 7, 23)]);
    assert_eq!(absent(&out), [((3, 7, 20), (3, 7, 22), Absence::NeverWritten)]);
    let newest = read(Framing::Tcp, ArchiveKind::Hourly, at(3, 20, 9), at(3, 20, 12));
    assert_eq!(
        (labels(&newest), absent(&newest)),
        (vec![(3, 20, 10)], Vec::new()),
        "the future is not judged"
    );
    let before = read(Framing::Tcp, ArchiveKind::Hourly, at(2, 1, 0), at(2, 2, 0));
    assert_eq!(absent(&before), [((2, 1, 0), (2, 2, 0), Absence::NeverWritten)]);
    let all = read(Framing::Tcp, ArchiveKind::Hourly, at(1, 1, 0), at(4, 1, 0));
    assert_eq!(all.tables[0].rows.len(), 300);
}

#[test]
fn days_are_selected_and_a_day_that_was_never_written_is_said() {
    let out = read(Framing::Rtu, ArchiveKind::Daily, at(3, 3, 0), at(3, 8, 0));
    assert_eq!(labels(&out), [(3, 8, 0), (3, 7, 0), (3, 5, 0), (3, 4, 0)]);
    let [volume, heat] = counted(at(3, 8, 0));
    assert_eq!(out.tables[0].rows[0].values, [whole(volume, 3), whole(heat, 4)]);
    assert_eq!(absent(&out), [((3, 5, 0), (3, 6, 0), Absence::NeverWritten)]);
}

#[test]
fn months_are_records_of_a_file() {
    let out = read(Framing::Rtu, ArchiveKind::Monthly, at(1, 1, 0), at(4, 1, 0));
    assert_eq!(labels(&out), [(3, 1, 0), (2, 1, 0)]);
    assert_eq!(absent(&out), []);
}

#[test]
fn an_archive_that_the_map_does_not_name_is_unsupported() {
    let mut line = Wire::new(device(Framing::Tcp));
    let mut driver = Modbus::default();
    driver.identify(&mut line, &config(Framing::Tcp)).unwrap();
    let window = Window {
        begin: at(1, 1, 0),
        end: at(2, 1, 0),
    };
    let result = driver.read_archive(
        &mut line,
        ArchiveKind::Yearly,
        &[window],
        None,
        &mut Collected::default(),
    );
    assert!(matches!(result, Err(Failure::Unsupported(_))), "{result:?}");
}

/// Hours around the oldest record, of a device that is changed before it is read.
fn changed(change: impl FnOnce(&mut crate::far::Device)) -> Collected {
    let mut line = Wire::new(device(Framing::Tcp));
    let mut driver = Modbus::default();
    driver.identify(&mut line, &config(Framing::Tcp)).unwrap();
    change(&mut line.far);
    let mut out = Collected::default();
    let window = Window {
        begin: at(3, 7, 20),
        end: at(3, 8, 0),
    };
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, &[window], None, &mut out)
        .unwrap();
    out
}

#[test]
fn a_ring_that_moves_while_it_is_read_is_read_right_and_denies_nothing() {
    // The hour that ends at 11 is written behind the newest, in place 121.
    let record = vec![0x2603, 0x2011, 7_011, 4_000, 0, 1, 0, 1];
    for after in 0..12 {
        let changes = vec![(0x1000 + 121 * 8, record.clone()), (96, vec![121, 301])];
        let out = changed(|device| device.later = Some((after, changes)));
        assert_eq!(labels(&out), [(3, 8, 0), (3, 7, 23)], "after {after} questions");
        let told = absent(&out);
        let whole = [((3, 7, 20), (3, 7, 22), Absence::NeverWritten)];
        assert!(told.is_empty() || told == whole, "after {after} questions: {told:?}");
    }
}

#[test]
fn dates_in_disorder_deny_nothing() {
    // The clock was set back: the oldest record but one is of the year before.
    let place = 120 + 1_488 - 298;
    let out = changed(|device| device.put(0x1000 + place * 8, &[0x2503, 0x0800]));
    assert_eq!(absent(&out), []);
}

/// All hours of a device that is changed before; how many questions they took, and how many registers each answer had.
fn all_hours(
    framing: Framing,
    windows: &[Window],
    change: impl FnOnce(&mut crate::far::Device),
) -> (Collected, u32, Vec<u16>) {
    let mut line = Wire::new(device(framing));
    let mut driver = Modbus::default();
    driver.identify(&mut line, &config(framing)).unwrap();
    change(&mut line.far);
    (line.asked, line.far.reads) = (0, Vec::new());
    let mut out = Collected::default();
    driver
        .read_archive(&mut line, ArchiveKind::Hourly, windows, None, &mut out)
        .unwrap();
    for row in &out.tables[0].rows {
        assert_eq!(row.values, hour_values(row.label.unwrap()));
    }
    (out, line.asked, line.far.reads)
}

fn window(begin: CivilTime, end: CivilTime) -> Window {
    Window { begin, end }
}

/// The hours of twelve days as a host asks for them: the oldest day first, then the newest back.
fn days() -> Vec<Window> {
    let day = |day: u8| window(at(3, day, 0), at(3, day + 1, 0));
    [8, 9].into_iter().chain((10..20).rev()).map(day).collect()
}

#[test]
fn fifteen_hours_come_with_one_question_and_none_twice() {
    for framing in [Framing::Tcp, Framing::Rtu] {
        let (out, asked, reads) = all_hours(framing, &days(), |_| {});
        assert_eq!(out.tables[0].rows.len(), 12 * 24);
        assert_eq!(absent(&out), []);
        let records: u16 = reads
            .iter()
            .filter(|registers| **registers >= 8)
            .map(|registers| registers / 8)
            .sum();
        // The newest, one to find the older days by, and those between the windows and the newest.
        assert!(
            (288..=288 + 3).contains(&records),
            "{records} records of 288: {reads:?}"
        );
        assert!(asked <= 26, "{framing:?}: {asked} questions, {reads:?}");
    }
}

#[test]
fn a_device_that_refuses_long_questions_is_asked_shorter_ones() {
    for most in [8, 20, 119] {
        let (out, asked, reads) = all_hours(Framing::Tcp, &days(), |device| device.most = most);
        assert_eq!(out.tables[0].rows.len(), 12 * 24, "{most}");
        assert!(reads.iter().all(|registers| *registers <= most));
        let refused = usize::try_from(asked).unwrap() - reads.len();
        assert!(refused <= 4, "{refused} questions were too long for {most} registers");
    }
}

#[test]
fn a_device_that_says_nothing_to_long_questions_is_asked_shorter_ones() {
    for framing in [Framing::Tcp, Framing::Rtu] {
        let (out, ..) = all_hours(framing, &days(), |device| device.mute_above = 32);
        assert_eq!(out.tables[0].rows.len(), 12 * 24);
    }
}

#[test]
fn where_records_end_unannounced_no_shorter_question_is_asked_for_long() {
    // The header counts a whole ring, of which 300 records are there.
    let newest_last = [window(at(3, 1, 0), at(3, 10, 0)), window(at(3, 11, 0), at(3, 20, 0))];
    let (out, asked, _) = all_hours(Framing::Tcp, &newest_last, |device| device.put(97, &[1_488]));
    assert_eq!(out.tables[0].rows.len(), 50 + 9 * 24);
    assert_eq!(absent(&out), [((3, 1, 0), (3, 7, 22), Absence::NeverWritten)]);
    assert!(asked < 45, "{asked} questions");
}

#[test]
fn hours_that_are_not_there_are_found_and_said() {
    // The power was out: three hours are missing, and every hour before them stands nearer.
    let hole = |device: &mut crate::far::Device| {
        for back in 100..297u16 {
            let place = |back: u16| 0x1000 + (120 + 1_488 - back) % 1_488 * 8;
            let older: Vec<u16> = (0..8).map(|at| device.holding[&(place(back + 3) + at)]).collect();
            device.put(place(back), &older);
        }
        device.put(97, &[297]);
    };
    let (out, asked, _) = all_hours(Framing::Tcp, &[window(at(3, 9, 0), at(3, 10, 0))], hole);
    assert_eq!(out.tables[0].rows.len(), 24);
    assert_eq!(absent(&out), []);
    assert!(asked < 10, "{asked} questions");
    let (out, ..) = all_hours(Framing::Tcp, &days(), hole);
    assert_eq!(out.tables[0].rows.len(), 12 * 24 - 3);
    assert_eq!(absent(&out), [((3, 16, 3), (3, 16, 6), Absence::NeverWritten)]);
}
