//! Somebody who does not know who is on a line finds out.

use meter_sim::{Faults, Link, Mbus, ModbusSlave, Vkt7};
use system_tests::{TestHost, parts};

use crate::devices::{ON_DEMAND, standing_clock};

fn host() -> TestHost {
    let drivers = ["vkt7", "mbus", "modbus"].map(parts::driver_file);
    TestHost::start_with_drivers(&drivers, "name,driver,line\n", ON_DEMAND)
}

/// Exit code and what was printed.
fn probe(host: &TestHost, words: &[&str]) -> (Option<i32>, String) {
    let begin = ["probe", "--config", "uzel.toml", "--answer-ms", "200"];
    let output = host.try_uzel(&[&begin[..], words].concat());
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn meters_of_three_makers_on_one_bus_are_found_at_their_addresses_and_speeds() {
    let clock = standing_clock();
    let links = [
        Vkt7::builder()
            .seed(81)
            .clock(clock)
            .address(1)
            .serial("00247792")
            .rs485()
            .link()
            .baud(9_600),
        Mbus::heat().seed(82).clock(clock).primary(3).link().baud(2_400),
        ModbusSlave::regulator().clock(clock).address(5).link().baud(9_600),
    ];
    let bus = Link::bus(links, Faults::new()).start_pty().unwrap();
    let line = format!("serial:{}", bus.path().display());
    let words = ["--line", &line, "--addresses", "1,3,5"];
    let (code, text) = probe(&host(), &words);
    assert_eq!(code, Some(0), "{text}");
    let found: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.contains('\t'))
        .map(|line| line.split('\t').collect())
        .collect();
    let mut shown: Vec<(&str, &str)> = found.iter().map(|words| (words[0], words[1])).collect();
    shown.sort_unstable();
    let want = [
        ("ECL Comfort 210/310", "modbus address=5 map=ecl-comfort"),
        ("M-Bus", "mbus address=3"),
        ("ВКТ-7", "vkt7 address=1"),
    ];
    assert_eq!(shown, want, "{text}");
    assert!(text.contains("No. 00247792\t9600-8N"), "{text}");
    assert!(text.contains("3 found in "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_ends_in_time_and_says_what_it_left_out() {
    let dead = Mbus::heat()
        .faults(Faults::new().silence(1.0))
        .start_tcp()
        .await
        .unwrap();
    let line = format!("tcp:{}", dead.addr());
    let host = host();
    let words = [
        "--line",
        &line,
        "--addresses",
        "1-250",
        "--driver",
        "mbus",
        "--limit-s",
        "2",
    ];
    let (code, text) = probe(&host, &words);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("0 found in ") && text.contains("were not tried: the time was over"),
        "{text}"
    );

    let (code, text) = probe(&host, &["--line", "tcp:127.0.0.1:9", "--driver", "mbus"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("line-refused"), "{text}");
    let (code, text) = probe(&host, &["--line", &line, "--driver", "nobody"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no driver can be tried"), "{text}");
}
