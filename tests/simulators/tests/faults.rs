//! Faults on real simulated meters: the same seed spoils the same conversation in the same way.

use jiff::civil::datetime;
use meter_sim::{Disguise, Faults, Link, Mbus, Meter, Reply, SimClock, Spt, Vkt7, hex};
use std::time::Duration;

fn now() -> SimClock {
    SimClock::fixed(datetime(2026, 2, 3, 10, 20, 0, 0))
}

const SERVICE: &str = "FF FF 01 03 3F F9 00 00 99 EF";
const SESSION: &str = "10 FF 3F 00 00 00 00 C1 16";
const READ: &str = "10 7B FE 79 16";

/// The replies to the same request, many times.
fn conversation(link: Link, request: &str, times: u64) -> Vec<Vec<Reply>> {
    let mut meter = link.into_meter();
    let request = hex::bytes(request).unwrap();
    (0..times)
        .map(|second| meter.on_bytes(Duration::from_secs(second), &request))
        .collect()
}

#[test]
fn every_kind_of_meter_is_spoiled_reproducibly() {
    let faults = |seed: u64| -> Faults {
        let text = "noise=0.2,noise_in=0.05,deaf=0.05,silence=0.05,cut=0.05,late=0.05,duplicate=0.05";
        format!("{text},seed={seed}").parse().unwrap()
    };
    type Make = fn(Faults) -> Link;
    let meters: [(&str, Make); 3] = [
        (SERVICE, |faults| Vkt7::builder().clock(now()).faults(faults).link()),
        (SESSION, |faults| Spt::spt943().clock(now()).faults(faults).link()),
        (READ, |faults| Mbus::heat().clock(now()).faults(faults).link()),
    ];
    for (request, link) in meters {
        let run = |seed| conversation(link(faults(seed)), request, 200);
        let first = run(7);
        assert_eq!(first, run(7), "{request}");
        assert_ne!(first, run(8), "{request}");
        let clean = conversation(link(Faults::new()), request, 200);
        let spoiled = first.iter().zip(&clean).filter(|(got, want)| got != want).count();
        assert!((40..180).contains(&spoiled), "{spoiled} of 200 for {request}");
    }
}

/// The first answer to a request, behind whatever the line does to it.
fn answer(link: Link, request: &str) -> Vec<u8> {
    conversation(link, request, 1)
        .concat()
        .into_iter()
        .flat_map(|reply| reply.bytes)
        .collect()
}

#[test]
fn another_device_answers_in_the_meters_place() {
    let serial = || Faults::new().wrong(Disguise::Serial);
    let model = || Faults::new().wrong(Disguise::Model);
    let vkt7 = |faults| answer(Vkt7::builder().clock(now()).faults(faults).link(), SERVICE);
    assert_eq!(&vkt7(serial())[8..16], b"99999999");
    assert_eq!(vkt7(model())[3], 0x10);
    let spt = |faults| answer(Spt::spt943().clock(now()).faults(faults).link(), SESSION);
    assert_eq!(spt(model())[3..6], [0x54, 0x29, 0x03]);
    let mbus = |faults| answer(Mbus::heat().clock(now()).faults(faults).link(), READ);
    assert_eq!(mbus(serial())[7..11], [0x99; 4]);
    // On a bus the disguise of one meter outlives a line without faults.
    let disguised = Vkt7::builder().clock(now()).faults(serial()).link();
    assert_eq!(
        &answer(Link::bus([disguised], Faults::new()), SERVICE)[8..16],
        b"99999999"
    );
}

#[test]
fn a_clock_jumps_once_after_so_many_requests() {
    let clock = now();
    let faults = Faults::new().clock_jump(-90, 3);
    let mut meter = Vkt7::builder().clock(clock.clone()).faults(faults).link().into_meter();
    let request = hex::bytes(SERVICE).unwrap();
    let mut shown = Vec::new();
    for second in 0..6 {
        meter.on_bytes(Duration::from_secs(second), &request);
        shown.push((clock.now_s() - now().now_s(), meter.requests()));
    }
    assert_eq!(shown, [(0, 1), (0, 2), (0, 3), (-90, 4), (-90, 5), (-90, 6)]);
}
