//! Archives of the three kinds of access: what lies in a window comes, and what is not held is said.

use modbus::Modbus;
use uzel_driver_sdk::recording::Collected;
use uzel_driver_sdk::{Absence, ArchiveKind, CivilTime, Driver, Failure, Window};

use crate::example::{at, config, counted, device, hour_values, whole};
use crate::far::Framing;
use crate::wire::Wire;

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
