//! From the first command to a connection, and back.

use super::*;
use crate::transport::modem::fault::{Fault, NoCall};

const AT: Step = ("AT\r", 0, "AT\r\r\nOK\r\n");
const ATZ: Step = ("ATZ\r", 0, "ATZ\r\r\nOK\r\n");
const DIAL: &str = "ATDT123\r";

/// The words of a failure after its kind.
fn told(result: Result<String, NoCall>) -> (&'static str, String) {
    match result {
        Ok(said) => ("connected", said),
        Err(NoCall::Own(fault)) => ("own", fault.to_string()),
        Err(NoCall::Busy(text)) => ("busy", text),
        Err(NoCall::NoCarrier(text)) => ("no carrier", text),
        Err(NoCall::Silent(text)) => ("silent", text),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_modem_says_to_a_number_is_told_apart() {
    let cases = [
        ("CONNECT", "connected", "CONNECT"),
        ("CONNECT 9600/RLP", "connected", "CONNECT 9600/RLP"),
        ("BUSY", "busy", "modem m1 said \"BUSY\" 7 s after ATDT123"),
        (
            "NO CARRIER",
            "no carrier",
            "modem m1 said \"NO CARRIER\" 7 s after ATDT123",
        ),
        ("NO ANSWER", "silent", "modem m1 said \"NO ANSWER\" 7 s after ATDT123"),
        ("NO DIALTONE", "own", "it said \"NO DIALTONE\""),
        ("NO DIAL TONE", "own", "it said \"NO DIALTONE\""),
        ("ERROR", "own", "it said \"ERROR\""),
        ("+CME ERROR: 30", "own", "it said \"+CME ERROR: 30\""),
    ];
    for (says, kind, words) in cases {
        let (mut modem, far, _) = modem(short(), None);
        let says: &'static str = format!("\r\nRING\r\n\r\n{says}\r\n").leak();
        let script = scripted(far, &[AT, ATZ, (DIAL, 7_000, says)]);
        modem.prepare().await.unwrap();
        let (got, text) = told(modem.dial("123", None).await);
        assert_eq!(got, kind, "{says}: {text}");
        assert!(text.contains(words), "{says}: {text}");
        drop(modem);
        script.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn dialling_ends_at_its_limit_and_is_taken_back() {
    let (mut modem, far, _) = modem(short(), None);
    let script = scripted(
        far,
        &[
            (DIAL, 0, ""),
            ("\r", 0, "\r\nNO CARRIER\r\n"),
            ("ATH\r", 0, "\r\nOK\r\n"),
        ],
    );
    let begun = Instant::now();
    let (kind, text) = told(modem.dial("123", None).await);
    assert_eq!((kind, begun.elapsed()), ("silent", Duration::from_secs(90)), "{text}");
    modem.hang_up().await.unwrap();
    drop(modem);
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_modem_without_network_is_helped_once_and_then_at_fault() {
    let searching: Step = ("AT+CREG?\r", 0, "\r\n+CREG: 0,2\r\n\r\nOK\r\n");
    let mut profile = Profile::of(ProfileName::Gsm);
    profile.init.clear();
    profile.registration = Duration::from_secs(6);
    // At 0, 2 and 4 s, then, past half of the time, help; at 6 s the end.
    let help: [Step; 2] = [("AT+CFUN=1\r", 0, "\r\nOK\r\n"), ("AT+COPS=0\r", 0, "\r\nERROR\r\n")];
    let script = [&[AT, searching, searching, searching][..], &help, &[searching]].concat();
    let (mut modem_, far, _) = modem(profile.clone(), None);
    let script = scripted(far, &script);
    let fault = modem_.prepare().await.unwrap_err();
    assert!(matches!(fault, Fault::NoNetwork { .. }), "{fault}");
    assert!(fault.to_string().contains("+CREG: 0,2"), "{fault}");
    drop(modem_);
    script.await.unwrap();

    let found: Step = ("AT+CREG?\r", 0, "\r\n+CREG: 0,5\r\n\r\nOK\r\n");
    let signal: Step = ("AT+CSQ\r", 0, "\r\n+CSQ: 21,0\r\n\r\nOK\r\n");
    let (mut modem, far, _) = modem(profile, None);
    let script = scripted(far, &[AT, searching, found, signal]);
    assert_eq!(modem.prepare().await.unwrap(), Some(21));
    drop(modem);
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn numeric_results_and_an_echo_that_stays_are_understood() {
    let (mut modem, far, _) = modem(short(), None);
    let script = scripted(
        far,
        &[
            ("AT\r", 0, "AT\r0\r"),
            ("ATZ\r", 0, "ATZ\r0\r"),
            (DIAL, 0, "ATDT123\r7\r"),
        ],
    );
    modem.prepare().await.unwrap();
    assert_eq!(told(modem.dial("123", None).await).0, "busy");
    drop(modem);
    script.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_modem_that_refuses_or_says_nothing_is_at_fault_by_name() {
    let (mut refusing, far, _) = modem(short(), None);
    let script = scripted(far, &[AT, ("ATZ\r", 0, "\r\nERROR\r\n")]);
    let fault = refusing.prepare().await.unwrap_err().to_string();
    assert_eq!(fault, "modem m1 answers ATZ with \"ERROR\", expected OK");
    drop(refusing);
    script.await.unwrap();

    let (mut mute, _far, _) = modem(short(), None);
    let fault = mute.prepare().await.unwrap_err().to_string();
    assert_eq!(
        fault,
        "modem m1 does not reply to ATH: got \"\" within 5000 ms, expected OK"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_killed_host_left_is_ended_first() {
    let (mut modem, far, _) = modem(short(), None);
    // The first command goes to a meter.
    let script = scripted(
        far,
        &[
            ("AT\r", 0, ""),
            ("+++", 1_000, "\r\nOK\r\n"),
            ("ATH\r", 0, "\r\nOK\r\n"),
            ATZ,
        ],
    );
    modem.prepare().await.unwrap();
    drop(modem);
    let at = script.await.unwrap();
    assert!(at[1] - at[0] >= Duration::from_secs(1), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn noise_after_connect_is_dropped_and_a_carrier_lost_at_once_is_no_call() {
    let (mut noisy, far, _) = modem(short(), None);
    let script = scripted(far, &[(DIAL, 0, "\r\nCONNECT 9600\r\n\x00\x7f~}#")]);
    let begun = Instant::now();
    assert_eq!(told(noisy.dial("123", None).await).0, "connected");
    assert_eq!(begun.elapsed(), Duration::from_secs(1), "the line settles");
    drop(noisy);
    script.await.unwrap();

    let (mut lost, far, _) = modem(short(), None);
    let script = scripted(far, &[(DIAL, 0, "\r\nCONNECT 9600\r\n\r\nNO CARRIER\r\n")]);
    let (kind, text) = told(lost.dial("123", None).await);
    assert_eq!(kind, "no carrier", "{text}");
    drop(lost);
    script.await.unwrap();
}
