//! Meters on real sockets and pseudo-terminals.

use jiff::civil::datetime;
use meter_sim::{Faults, Handle, Link, Recording, Vkt7, Vkt7Builder, hex, serve_many};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_serial::{SerialPortBuilderExt, SerialStream};

/// A read that takes longer has failed; a fault must not hang the tests.
const LIMIT: Duration = Duration::from_secs(20);

const SERVICE: &str = "FF FF 01 03 3F F9 00 00 99 EF";
const SERVICE_ANSWER: &str = "01 03 10 27 08 06 98 02 30 30 32 34 37 37 39 32 01 1F 04 AE 1E";

fn meter() -> Vkt7Builder {
    Vkt7::builder().clock(datetime(2026, 2, 3, 10, 20, 0, 0))
}

async fn ask(line: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str, length: usize) -> String {
    line.write_all(&hex::bytes(request).unwrap()).await.unwrap();
    let mut answer = vec![0; length];
    tokio::time::timeout(LIMIT, line.read_exact(&mut answer))
        .await
        .expect("an answer in time")
        .unwrap();
    hex::text(&answer)
}

async fn dial(handle: &Handle) -> TcpStream {
    TcpStream::connect(handle.addr()).await.unwrap()
}

fn open(handle: &Handle) -> SerialStream {
    tokio_serial::new(handle.path().to_str().unwrap(), 9600)
        .open_native_async()
        .unwrap()
}

#[tokio::test]
async fn a_meter_answers_over_tcp_on_every_connection() {
    let handle = meter().start_tcp().await.unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&mut dial(&handle).await, SERVICE, 21).await, SERVICE_ANSWER);
    }
    assert_eq!(handle.requests(), 2);
    let addr = handle.addr();
    let mut open = dial(&handle).await;
    handle.shutdown().await;
    assert_eq!(
        open.read(&mut [0; 8]).await.unwrap_or(0),
        0,
        "an open connection is closed"
    );
    assert!(TcpStream::connect(addr).await.is_err(), "the port is free again");
}

#[tokio::test]
async fn a_meter_answers_over_a_pseudo_terminal_with_all_byte_values() {
    let handle = meter().start_pty().unwrap();
    assert_eq!(ask(&mut open(&handle), SERVICE, 21).await, SERVICE_ANSWER);
    // Bytes that a cooked terminal would eat: 0A, 0D, 11, 13, 03, 04 and FF.
    let recording = Recording::parse("> 0A 0D 11 13 03 04 FF 00\n< 0D 0A 13 11 04 03 FF 7F\n").unwrap();
    let raw = recording.link(Faults::new()).start_pty().unwrap();
    assert_eq!(
        ask(&mut open(&raw), "0A 0D 11 13 03 04 FF 00", 8).await,
        "0D 0A 13 11 04 03 FF 7F"
    );
    assert_eq!(
        ask(&mut open(&raw), "0A 0D 11 13 03 04 FF 00", 8).await,
        "0D 0A 13 11 04 03 FF 7F"
    );
    handle.shutdown().await;
    raw.shutdown().await;
}

#[tokio::test]
async fn a_dropped_line_ends_the_connection_at_the_byte_and_the_next_one_works() {
    let handle = meter()
        .faults(Faults::new().drop_after_bytes(30))
        .start_tcp()
        .await
        .unwrap();
    let mut line = dial(&handle).await;
    assert_eq!(ask(&mut line, SERVICE, 21).await, SERVICE_ANSWER);
    line.write_all(&hex::bytes(SERVICE).unwrap()).await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(LIMIT, line.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(rest.len(), 9);
    assert_eq!(ask(&mut dial(&handle).await, SERVICE, 21).await, SERVICE_ANSWER);
}

#[tokio::test]
async fn a_silent_meter_recovers_when_its_faults_are_lifted() {
    let handle = meter().faults(Faults::new().silence(1.0)).start_tcp().await.unwrap();
    let mut line = dial(&handle).await;
    line.write_all(&hex::bytes(SERVICE).unwrap()).await.unwrap();
    // The request has been taken, so its answer is lost by now.
    while handle.requests() == 0 {
        tokio::task::yield_now().await;
    }
    handle.set_faults(Faults::new());
    assert_eq!(ask(&mut line, SERVICE, 21).await, SERVICE_ANSWER);
    assert_eq!(handle.requests(), 2);
}

#[tokio::test]
async fn meters_on_a_bus_answer_to_their_own_address_and_collide_at_address_0() {
    let bus = [meter().link(), meter().address(7).serial("00000007").link()];
    let handle = Link::bus(bus, Faults::new()).start_tcp().await.unwrap();
    let mut line = dial(&handle).await;
    assert_eq!(ask(&mut line, SERVICE, 21).await, SERVICE_ANSWER);
    let start = "FF FF 07 10 3F FF 00 00 CC 80 00 00 00 7E 20";
    assert_eq!(ask(&mut line, start, 8).await, "07 10 3F FF 00 00 FC 4B");
    let both = ask(&mut line, "FF FF 00 03 3F F9 00 00 98 3E", 21).await;
    assert_ne!(both[..14], SERVICE_ANSWER[..14]);
    assert!(!handle.truth_of(1, meter_sim::TruthKind::Daily).is_empty());
}

#[tokio::test]
async fn a_captured_session_is_replayed_in_order_and_byte_by_byte() {
    let json = include_str!("../data/teplocom/vkt7_sessions_captured.json");
    for session in 0..3 {
        let recording = Recording::parse_json(json, session).unwrap();
        let exchanges = recording.exchanges().to_vec();
        let handle = recording.link(Faults::new()).start_tcp().await.unwrap();
        let mut line = dial(&handle).await;
        for exchange in &exchanges {
            let request = format!("FF FF {}", hex::text(&exchange.request));
            assert_eq!(
                ask(&mut line, &request, exchange.answer.len()).await,
                hex::text(&exchange.answer)
            );
        }
        assert_eq!(handle.requests(), exchanges.len() as u64);
        assert_eq!(handle.unmatched(), Vec::<Vec<u8>>::new());
    }
    let missing = Recording::parse_json(json, 3).unwrap_err();
    assert_eq!(missing.to_string(), "recorded session 3 is not in the file, it has 3");
}

#[tokio::test]
async fn many_meters_share_one_port_and_one_history() {
    let shared = meter().generate();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let many = serve_many(listen, move |number| {
        meter().history(shared.clone()).serial(format!("{number:08}")).link()
    })
    .await
    .unwrap();
    let mut lines = Vec::new();
    for _ in 0..200 {
        lines.push(TcpStream::connect(many.addr()).await.unwrap());
    }
    let mut serials = Vec::new();
    for line in &mut lines {
        serials.push(ask(line, SERVICE, 21).await[24..47].to_owned());
    }
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), 200);
    assert_eq!((many.connections(), many.requests()), (200, 200));
    many.shutdown().await;
}
