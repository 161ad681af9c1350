//! Every driver passes every scenario: a host with its store and its drivers as they are, one meter, virtual time.
//!
//! | | first read, rings that go on meanwhile | nights and a reset clock | sessions across midnight, the end of a month, the report hour | summer time | refused | noise |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | ВКТ-7, ВКТ-5, ВКТ-4М, ВКТ-9 | yes | yes | yes; ВКТ-4, 5 and 9 have no report hour of their own in an archive | yes | device, address; no passwords for reading | yes |
//! | СПТ943, СПТ941.20, СПТ961.2, СПЕ543 | yes | yes | yes; the СПТ943 here keeps hours and days | yes | device, address; passwords guard changes alone | yes |
//! | ТСРВ-024М | yes | yes | yes | yes | device, address; passwords guard changes alone | yes |
//! | M-Bus | months: the simulated meter keeps nothing finer | months | yes | nothing of it shows: it has no hours | device, address | yes |
//! | Modbus RTU, TCP | yes | yes | yes | autumn: the simulated meter is never without an hour | device, address | yes; TCP repairs damage |
//! | IEC 62056-21 | yes; hours and months, it has no days | yes | yes | autumn, as above | device, address, password | yes |
//! | DLMS | yes | yes | yes | autumn, as above | device, address, password | yes; the wrapper has no check of its own |
//! | P1, SML, DLMS push | what is heard is of now: no archives | no | no | no | another number (of P1 with its own tests); nobody is asked, so there are no addresses | yes |
//!
//! What only some meters have (buses, gateways, framings, journals, settings, setting a clock) stands with the tests of
//! each driver, which read over sockets and serial ports by the built program.

mod archives;
mod noise;
mod refused;
mod rows;
mod stage;

use rows::{Make, Row};

/// A scenario: panics where a driver does not pass it.
type Scenario = fn(&Row);

/// For whom something is archived.
const OF_ARCHIVES: [(&str, Scenario); 3] = [
    ("nights", archives::nights),
    ("across", archives::across),
    ("summer time", archives::summer_time),
];

/// For everybody.
const OF_ALL: [(&str, Scenario); 3] = [
    ("first read", archives::first_read),
    ("refused", refused::refused),
    ("noise", noise::noise),
];

fn play(rows: &[Row]) {
    for row in rows {
        let has_archives = row.archives().next().is_some();
        let of_archives = OF_ARCHIVES.iter().filter(|_| has_archives);
        for (name, scenario) in OF_ALL.iter().chain(of_archives) {
            let began = std::time::Instant::now();
            println!("{}: {name}", row.name);
            scenario(row);
            println!("{}: {name} passed, {:.1?}", row.name, began.elapsed());
        }
    }
}

#[test]
fn vkt7() {
    play(&[rows::VKT7]);
}

#[test]
fn vkt5() {
    play(&[rows::VKT5]);
}

#[test]
fn vkt4() {
    play(&[rows::VKT4]);
}

#[test]
fn vkt9() {
    play(&[rows::VKT9]);
}

#[test]
fn logika_m4() {
    play(&[rows::SPT943, rows::SPT941_20]);
}

#[test]
fn logika_spbus() {
    play(&[rows::SPT961, rows::SPE543]);
}

#[test]
fn vzlet_tsrv() {
    play(&[rows::TSRV024M]);
}

#[test]
fn mbus() {
    play(&[rows::MBUS]);
}

#[test]
fn modbus() {
    play(&[rows::MODBUS, rows::MODBUS_TCP]);
}

#[test]
fn iec62056_21() {
    play(&[rows::IEC, rows::P1]);
}

#[test]
fn sml() {
    play(&[rows::SML]);
}

#[test]
fn dlms() {
    play(&[rows::DLMS, rows::DLMS_WRAPPER, rows::DLMS_PUSH]);
}
