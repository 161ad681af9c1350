//! A simulated modem on a pseudo-terminal.

use meter_sim::{Far, Faults, Hayes, ModemEvent, ModemHandle, PhoneBook, Recording};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_serial::{SerialPortBuilderExt, SerialStream};

/// A read that takes longer has failed; a fault must not hang the tests.
const LIMIT: Duration = Duration::from_secs(20);

const GUARD: Duration = Duration::from_millis(600);

fn open(modem: &ModemHandle) -> SerialStream {
    tokio_serial::new(modem.path().to_str().unwrap(), 9600)
        .open_native_async()
        .unwrap()
}

async fn expect(line: &mut SerialStream, want: &str) {
    let mut got = vec![0; want.len()];
    tokio::time::timeout(LIMIT, line.read_exact(&mut got))
        .await
        .unwrap_or_else(|_| panic!("{want:?} did not come"))
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&got), want);
}

async fn say(line: &mut SerialStream, text: &str, want: &str) {
    line.write_all(text.as_bytes()).await.unwrap();
    expect(line, want).await;
}

#[tokio::test]
async fn a_call_goes_up_carries_bytes_and_ends_by_escape_only() {
    // Pluses without silence around them, alone and among others, are data.
    let recording = Recording::parse("> 01 2B 2B 2B 02\n< 2B 2B 2B\n> 2B 2B 2B 2B\n< 03\n").unwrap();
    let meter = recording.link(Faults::new()).start_tcp().await.unwrap();
    let book = PhoneBook::new();
    book.put("123", Far::Meter(meter.addr()));
    let modem = Hayes::new(&book).guard(GUARD).start_pty().unwrap();
    let mut line = open(&modem);
    say(&mut line, "ATE0\r", "ATE0\r\r\nOK\r\n").await;
    say(&mut line, "ATDT123\r", "\r\nCONNECT 9600\r\n").await;
    say(&mut line, "\u{1}+++\u{2}", "+++").await;
    say(&mut line, "++++", "\u{3}").await;
    assert!(modem.is_in_call());

    tokio::time::sleep(GUARD + GUARD / 2).await;
    say(&mut line, "+++", "\r\nOK\r\n").await;
    say(&mut line, "ATO\r", "\r\nCONNECT 9600\r\n").await;
    tokio::time::sleep(GUARD + GUARD / 2).await;
    say(&mut line, "+++", "\r\nOK\r\n").await;
    say(&mut line, "ATH\r", "\r\nOK\r\n").await;
    assert!(!modem.is_in_call());
    let ends: Vec<_> = modem
        .events()
        .into_iter()
        .filter(|event| matches!(event, ModemEvent::HungUp(_)))
        .collect();
    assert_eq!(ends, [ModemEvent::HungUp("123".to_owned())]);
}

#[tokio::test]
async fn numbers_end_as_the_phone_book_says_and_an_engaged_one_is_busy() {
    let meter = Recording::parse("> 01\n< 02\n")
        .unwrap()
        .link(Faults::new())
        .start_tcp()
        .await
        .unwrap();
    let book = PhoneBook::new();
    book.put("1", Far::Meter(meter.addr()));
    book.put("2", Far::Says("NO ANSWER".to_owned()));
    book.put("3", Far::Silent);
    let modems = [
        Hayes::new(&book).start_pty().unwrap(),
        Hayes::new(&book).start_pty().unwrap(),
    ];
    let mut lines = modems.each_ref().map(open);
    for line in &mut lines {
        say(line, "ATE0V0\r", "ATE0V0\r0\r").await;
    }
    say(&mut lines[0], "ATD1\r", "1\r").await;
    say(&mut lines[1], "ATD1\r", "7\r").await;
    say(&mut lines[1], "ATD2\r", "8\r").await;
    say(&mut lines[1], "ATD4\r", "3\r").await;
    // Any byte ends the dialling.
    say(&mut lines[1], "ATD3\r", "").await;
    say(&mut lines[1], "\r", "3\r").await;
    // The far end hangs up.
    meter.shutdown().await;
    expect(&mut lines[0], "3\r").await;
    assert_eq!(
        modems[0].events().last(),
        Some(&ModemEvent::CarrierLost("1".to_owned()))
    );
}
