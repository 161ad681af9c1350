//! What tests of dial-up share: pools of simulated modems, and how their calls went.

use std::sync::Arc;
use std::time::Duration;

use meter_sim::{Far, Handle, ModemEvent, ModemHandle, PhoneBook};
use uzel::model::LineAddress;
use uzel::session::{ModemConfig, Modems, Transport};

/// A number that a phone book has.
pub const NUMBER: &str = "89217776655";

/// A pool for the configuration of a host, with waits as short as a machine under load allows. A call ends with its
/// session, unless `more` says that it is held.
pub fn pool(name: &str, modems: &[&ModemHandle], more: &str) -> String {
    let ports: Vec<String> = modems.iter().map(|modem| format!("'{}'", port(modem))).collect();
    let ports = ports.join(", ");
    let hold = if more.contains("hold_s") { "" } else { "hold_s = 0\n" };
    format!("[[modems]]\npool = '{name}'\nports = [{ports}]\npause_s = 0\nsettle_ms = 100\n{hold}{more}\n")
}

/// Its port as the configuration names it.
pub fn port(modem: &ModemHandle) -> String {
    match modem.endpoint() {
        meter_sim::Endpoint::Pty(path) => format!("serial:{}", path.display()),
        meter_sim::Endpoint::Tcp(addr) | meter_sim::Endpoint::Udp(addr) | meter_sim::Endpoint::Calls(addr) => {
            format!("tcp:{addr}")
        }
        meter_sim::Endpoint::Wire => panic!("a modem has a port"),
    }
}

/// What opens lines of the pool `p` of these modems.
pub fn transport(modems: &[&ModemHandle]) -> Arc<Transport> {
    let config = ModemConfig {
        pool: "p".to_owned(),
        ports: modems.iter().map(|modem| port(modem)).collect(),
        pause_s: 0,
        hold_s: 0,
        ..ModemConfig::default()
    };
    Arc::new(Transport::default().with_modems(Modems::new(&[config]).unwrap()))
}

/// A number that the pool `p` calls.
pub fn number(number: &str) -> LineAddress {
    LineAddress::Modem(format!("p/{number}"))
}

/// How the calls of a modem ended, oldest first.
pub fn ends(modem: &ModemHandle) -> Vec<ModemEvent> {
    let is_end = |event: &ModemEvent| matches!(event, ModemEvent::HungUp(_) | ModemEvent::CarrierLost(_));
    modem.events().into_iter().filter(is_end).collect()
}

/// The host ended its call to this number.
pub fn hung_up(number: &str) -> ModemEvent {
    ModemEvent::HungUp(number.to_owned())
}

/// Waits for something that has no message of its own.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The phone book with one meter.
pub fn book(meter: &Handle) -> PhoneBook {
    let book = PhoneBook::new();
    book.put(NUMBER, Far::Meter(meter.addr()));
    book
}
