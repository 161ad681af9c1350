//! Totals, live values, counters and settings in flash and RAM.

use crate::host::{Host, NOW, framed, value_at};
use meter_sim::{Spt, TruthKind};

/// Flash and RAM parts of all totals of an input of СПТ943, read the way a host does.
fn totals(host: &mut Host, input: u16) -> Vec<f64> {
    let (flash, ram) = if input == 2 {
        (0x677B, 0x568)
    } else {
        (0x424A, 0x520u16)
    };
    let first = flash / 64;
    let mut pages = Vec::new();
    for page in first..first + 3 {
        let [low, high] = u16::try_from(page).unwrap().to_le_bytes();
        pages.extend(host.call(0x45, [low, high, 1, 0]).unwrap());
    }
    let [low, high] = ram.to_le_bytes();
    let grown = host.call(0x52, [low, high, 36, 0]).unwrap();
    let start = flash - first * 64;
    (0..9)
        .map(|n| {
            let at = start + 8 * n;
            let whole = i32::from_le_bytes(pages[at..at + 4].try_into().unwrap());
            f64::from(whole) + value_at(&pages, at + 4) + value_at(&grown, 4 * n)
        })
        .collect()
}

#[tokio::test]
async fn totals_in_memory_are_those_of_the_truth_and_grow_across_the_hour() {
    let builder = || Spt::spt943().clock(NOW);
    let (clock, truth) = (meter_sim::SimClock::fixed(NOW), builder());
    let truth = truth.clock(clock.clone()).start_tcp().await.unwrap();
    let mut host = Host::at(builder().clock(clock.clone()));
    host.open(0);
    let mut last = vec![0.0; 9];
    for _ in 0..4 {
        for input in [1u8, 2] {
            let got = totals(&mut host, input.into());
            let want: Vec<f64> = truth.truth(TruthKind::TotalsNow)[0]
                .values
                .iter()
                .filter(|value| value.input == input)
                .map(|value| value.value.unwrap())
                .collect();
            assert_eq!(got, want, "input {input} at {}", clock.now());
            if input == 1 {
                assert!(got[7] - last[7] > 0.2, "Tи grows");
                last = got;
            }
        }
        clock.advance(25 * 60);
    }
}

#[test]
fn the_last_closed_day_and_month_stand_behind_the_totals() {
    let mut host = Host::at(Spt::spt943().clock(NOW).settlement(25, 10));
    host.open(0);
    let page = host.call(0x45, [0x0A, 1, 1, 0]).unwrap();
    // It is 3 February, 10:20: the day has closed twenty minutes ago, the month on 25 January.
    assert_eq!(page[0x16..0x1A], [26, 2, 3, 10]);
    assert_eq!(page[0x20..0x24], [26, 1, 25, 10]);
    let number = |at: usize| i32::from(u16::from_le_bytes([page[at], page[at + 1]]));
    assert_eq!((number(0x1E) - number(0x1C)).rem_euclid(1080), 24, "hours of the day");
    assert_eq!((number(0x28) - number(0x26)).rem_euclid(365), 31, "days of the month");
}

#[test]
fn live_values_are_those_of_the_truth() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let truth = runtime.block_on(async { Spt::spt943().clock(NOW).start_tcp().await.unwrap() });
    let mut host = Host::at(Spt::spt943().clock(NOW));
    host.open(0);
    let live = host.call(0x52, [0x30, 2, 48, 0]).unwrap();
    let record = truth.truth(TruthKind::Current).remove(0);
    let values: Vec<_> = record.values.iter().filter(|value| value.input == 2).collect();
    let names: Vec<_> = values.iter().map(|value| value.name).collect();
    assert_eq!(
        names,
        ["G1", "G2", "G3", "P1", "P2", "t1", "t2", "dt", "t3", "tх", "tв"]
    );
    for (place, value) in values.iter().enumerate() {
        assert_eq!(Some(value_at(&live, 4 + 4 * place)), value.value, "{}", value.name);
    }
}

#[test]
fn a_written_time_sets_the_clock_only_when_writing_is_allowed() {
    let text = |value: &str| {
        let mut body = vec![1, 0x44];
        body.extend(format!("{value:<63}*").bytes());
        framed(&body)
    };
    let mut host = Host::at(Spt::spt943().clock(NOW));
    host.open(0);
    assert_eq!(host.call(0x44, [1, 0, 0, 0]), Err(1));
    let mut host = Host::at(Spt::spt943().clock(NOW).writable());
    host.open(0);
    assert_eq!(host.call(0x44, [1, 0, 0, 0]), Ok(vec![]));
    assert_eq!(host.raw(&text("12-30-05")), [framed(&[1, 0x44])]);
    assert_eq!(host.call(0x52, [0xF3, 0, 6, 0]), Ok(vec![26, 2, 3, 12, 30, 5]));
    assert_eq!(host.call(0x44, [1, 0, 0, 0]), Ok(vec![]));
    assert_eq!(host.raw(&text("25-30-05")), [framed(&[1, 0x21, 2])]);
}
