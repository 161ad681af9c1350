//! Meters behind modems that call.

use jiff::civil::datetime;
use meter_sim::{Caller, Modem, Vkt7, hex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LIMIT: Duration = Duration::from_secs(20);

const SERVICE: &str = "FF FF 01 03 3F F9 00 00 99 EF";
const SERVICE_ANSWER: &str = "01 03 10 27 08 06 98 02 30 30 32 34 37 37 39 32 01 1F 04 AE 1E";

/// A modem that has called, the far end of its connection, and where it calls.
async fn called(modem: Modem) -> (Caller, TcpStream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let meter = Vkt7::builder().clock(datetime(2026, 2, 3, 10, 20, 0, 0)).link();
    let caller = meter.call(listener.local_addr().unwrap(), modem);
    let (line, _) = listener.accept().await.unwrap();
    (caller, line, listener)
}

async fn read(line: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let done = tokio::time::timeout(LIMIT, line.read_exact(&mut bytes)).await;
    done.expect("bytes in time").unwrap();
    bytes
}

#[tokio::test]
async fn a_modem_greets_beats_answers_and_calls_again() {
    let modem = Modem::irz("868441036775234")
        .split()
        .heartbeat([0xB5, 0xBC, 0xBD, 0xBE, 0xBF], Duration::from_millis(50))
        .again(Duration::ZERO);
    let (caller, mut line, listener) = called(modem).await;
    let greeting = read(&mut line, 130).await;
    assert!(greeting.starts_with(b"AT$IMEI=868441036775234,") && greeting.ends_with(b"INT=485+232,"));
    assert_eq!(read(&mut line, 5).await, [0xB5, 0xBC, 0xBD, 0xBE, 0xBF]);
    line.write_all(&hex::bytes(SERVICE).unwrap()).await.unwrap();
    let mut answer = read(&mut line, 21).await;
    while answer.starts_with(&[0xB5]) {
        // Beats that were on their way before the question.
        answer.drain(..5);
        answer.extend(read(&mut line, 5).await);
    }
    assert_eq!(hex::text(&answer), SERVICE_ANSWER);
    caller.hang_up();
    let (mut again, _) = listener.accept().await.unwrap();
    assert_eq!(read(&mut again, 130).await, greeting);
    assert_eq!((caller.calls(), caller.requests()), (2, 1));
}

#[tokio::test]
async fn an_adapter_is_asked_who_it_is_and_wraps_what_the_meter_says() {
    let (_caller, mut line, _listener) = called(Modem::assv("1000")).await;
    let hello = hex::bytes("10 01 00 00 10 1F 3E 00 10 02 00 10 03 06 AF").unwrap();
    line.write_all(&hello).await.unwrap();
    let info = read(&mut line, 33).await;
    assert!(hex::text(&info).starts_with("10 01 00 00 10 1F 3F 10 02 31 30 30 30 00"));
    // Captured: an envelope around a question to a ВКТ-7, at the address that each answers.
    let question = "10 01 00 00 10 1F 28 00 10 02 FF FF 00 03 3F FE 00 00 29 FF 10 03 11 19";
    line.write_all(&hex::bytes(question).unwrap()).await.unwrap();
    let answer = read(&mut line, 11).await;
    assert_eq!(hex::text(&answer), "10 01 00 00 10 1F 29 10 02 00 03");
}
