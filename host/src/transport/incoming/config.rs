//! Sections `[[listeners]]` of the configuration: where modems call, and how they say who they are.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::octets::Octets;
use crate::limits;

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListenerConfig {
    /// Its name: the first part of `incoming:LISTENER/IDENTITY`.
    pub name: String,
    /// Address and port.
    pub listen: SocketAddr,
    /// How callers say who they are.
    pub greeting: GreetingKind,
    /// Bytes of the identity: `fixed`, and `dtu` where the registration packet has always as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What ends the identity: `text`. Without it a pause does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Octets>,
    /// What stands in front of the identity and is no part of it: `text`, `pattern`, `dtu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Octets>,
    /// Regular expression over bytes with a group named `id`: `pattern`, `dtu`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Silence that ends a greeting which has no other end, milliseconds.
    pub pause_ms: u64,
    /// What we say first, where the profile itself says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hello: Option<Octets>,
    /// Whether the caller puts its registration packet in front of every packet of data.
    pub strip_each_packet: bool,
    /// What the caller puts in front of every packet of data, where that is not its registration packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packet_prefix: Option<Octets>,
    /// What callers send to keep the connection alive.
    pub heartbeats: Vec<Octets>,
    /// Most bytes of a greeting.
    pub greeting_bytes: usize,
    /// Longest time to greet, seconds.
    pub greeting_s: u64,
    /// Silence after which the system asks whether the far end is still there, seconds.
    pub keepalive_s: u64,
    /// Silence after which a caller is sent away, seconds; 0: never. Two and a half heartbeats are a good value.
    pub idle_s: u64,
    /// Time after the start of the host in which sessions wait for callers that have not come back, seconds.
    pub return_s: u64,
    /// Connections open at once.
    pub connections: usize,
    /// Connections of one source address open at once.
    pub connections_per_address: usize,
}

/// How callers say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GreetingKind {
    /// They say nothing: the source address is the identity.
    #[serde(rename = "none")]
    None,
    /// So many characters.
    #[serde(rename = "fixed")]
    Fixed,
    /// Text up to a delimiter or a pause.
    #[serde(rename = "text")]
    Text,
    /// A prefix and a regular expression.
    #[serde(rename = "pattern")]
    Pattern,
    /// iRZ ATM: `AT$IMEI=…`.
    #[serde(rename = "irz-atm")]
    IrzAtm,
    /// Teleofis WRX: we ask, it answers, we acknowledge.
    #[serde(rename = "teleofis-wrx")]
    TeleofisWrx,
    /// АССВ-030 of Vzlet: we ask; every packet of data is wrapped.
    #[serde(rename = "assv-030")]
    Assv030,
    /// A registration packet, text or binary.
    #[serde(rename = "dtu")]
    Dtu,
}

impl GreetingKind {
    /// The word that configuration and API use.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Fixed => "fixed",
            Self::Text => "text",
            Self::Pattern => "pattern",
            Self::IrzAtm => "irz-atm",
            Self::TeleofisWrx => "teleofis-wrx",
            Self::Assv030 => "assv-030",
            Self::Dtu => "dtu",
        }
    }
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            greeting: GreetingKind::None,
            length: None,
            delimiter: None,
            prefix: None,
            pattern: None,
            pause_ms: 500,
            hello: None,
            strip_each_packet: false,
            packet_prefix: None,
            heartbeats: Vec::new(),
            greeting_bytes: limits::GREETING_BYTES,
            greeting_s: 10,
            keepalive_s: 60,
            idle_s: 0,
            return_s: 60,
            connections: limits::CALLERS,
            connections_per_address: 256,
        }
    }
}

/// Everything that is wrong with these listeners, one sentence each.
pub fn check(listeners: &[ListenerConfig]) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
    for (index, listener) in listeners.iter().enumerate() {
        let place = match listener.name.as_str() {
            "" => format!("listeners[{index}]"),
            name => format!("listeners.{name}"),
        };
        let mut fault = |text: String| faults.push(format!("{place}.{text}"));
        if !names.insert(&listener.name) {
            fault(format!("name is {:?}, which another listener has", listener.name));
        }
        if listener.listen.port() != 0 && !addresses.insert(listener.listen) {
            fault(format!("listen is {}, which another listener has", listener.listen));
        }
        listener.check(&mut fault);
    }
    faults
}

impl ListenerConfig {
    fn check(&self, fault: &mut dyn FnMut(String)) {
        use GreetingKind as Kind;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if self.name.is_empty() || self.name.len() > 32 || !self.name.chars().all(plain) {
            fault(format!(
                "name is {:?}, expected 1 to 32 letters, digits, '-', '_' or '.'",
                self.name
            ));
        }
        let word = self.greeting;
        for (key, given, kinds) in [
            ("length", self.length.is_some(), &[Kind::Fixed, Kind::Dtu][..]),
            ("delimiter", self.delimiter.is_some(), &[Kind::Text]),
            ("prefix", self.prefix.is_some(), &[Kind::Text, Kind::Pattern, Kind::Dtu]),
            ("pattern", self.pattern.is_some(), &[Kind::Pattern, Kind::Dtu]),
        ] {
            if given && !kinds.contains(&word) {
                fault(format!("{key} means nothing with greeting {}", word.word()));
            }
        }
        if word == Kind::Fixed && self.length.is_none() {
            fault("length is missing, expected the count of the identity's characters".to_owned());
        }
        if word == Kind::Pattern && self.pattern.is_none() {
            fault("pattern is missing, expected a regular expression with a group (?<id>…)".to_owned());
        }
        if let Err(error) = self.regex() {
            fault(error);
        }
        let empty = |octets: &Octets| octets.0.is_empty() || octets.0.len() > limits::HEARTBEAT_BYTES;
        let packets = self.heartbeats.iter().chain(&self.packet_prefix).chain(&self.delimiter);
        for octets in packets.filter(|octets| empty(octets)) {
            let most = limits::HEARTBEAT_BYTES;
            fault(format!(
                "heartbeats, packet_prefix, delimiter: {octets} has not 1 to {most} bytes"
            ));
        }
        for (key, value, least, most) in [
            ("length", self.length.unwrap_or(1), 1, limits::IDENTITY_BYTES),
            ("greeting_bytes", self.greeting_bytes, 1, 16 * limits::GREETING_BYTES),
            ("connections", self.connections, 1, 10 * limits::CALLERS),
            (
                "connections_per_address",
                self.connections_per_address,
                1,
                10 * limits::CALLERS,
            ),
        ] {
            if !(least..=most).contains(&value) {
                fault(format!("{key} is {value}, expected {least} to {most}"));
            }
        }
        for (key, value, least, most) in [
            ("pause_ms", self.pause_ms, 20, 10_000),
            ("greeting_s", self.greeting_s, 1, 120),
            ("keepalive_s", self.keepalive_s, 5, 7_200),
            ("idle_s", self.idle_s, 0, 86_400),
            ("return_s", self.return_s, 0, 600),
        ] {
            if !(least..=most).contains(&value) {
                fault(format!("{key} is {value}, expected {least} to {most}"));
            }
        }
    }

    /// The pattern, to be matched from the first byte behind the prefix on; none where there is none.
    pub(super) fn regex(&self) -> Result<Option<Regex>, String> {
        let Some(pattern) = &self.pattern else { return Ok(None) };
        let regex = RegexBuilder::new(&format!(r"\A(?:{pattern})"))
            .unicode(false)
            .size_limit(limits::PATTERN_BYTES)
            .build()
            .map_err(|error| format!("pattern is {pattern:?}: {}", one_line(&error.to_string())))?;
        if regex.capture_names().flatten().any(|name| name == "id") {
            Ok(Some(regex))
        } else {
            Err(format!("pattern is {pattern:?}, expected a group named id: (?<id>…)"))
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<ListenerConfig> {
        #[derive(Deserialize)]
        struct File {
            listeners: Vec<ListenerConfig>,
        }
        toml::from_str::<File>(text).unwrap().listeners
    }

    #[test]
    fn every_fault_of_every_listener_is_told() {
        let listeners = read(
            r#"
            [[listeners]]
            name = "a b"
            greeting = "fixed"
            [[listeners]]
            name = "gprs"
            listen = "0.0.0.0:5000"
            greeting = "pattern"
            pattern = "ID=\\d+"
            delimiter = "\n"
            [[listeners]]
            name = "gprs"
            listen = "0.0.0.0:5000"
            greeting = "dtu"
            pattern = "("
            heartbeats = [""]
            greeting_s = 0
            "#,
        );
        let all = check(&listeners).join("\n");
        for part in [
            "listeners.a b.name is \"a b\"",
            "listeners.a b.length is missing",
            "listeners.gprs.pattern is \"ID=\\\\d+\", expected a group named id",
            "listeners.gprs.delimiter means nothing",
            "listeners.gprs.name is \"gprs\", which another listener has",
            "listeners.gprs.listen is 0.0.0.0:5000, which another listener has",
            "listeners.gprs.pattern is \"(\": regex parse error",
            "has not 1 to",
            "greeting_s is 0, expected 1 to 120",
        ] {
            assert!(all.contains(part), "{part} is not in\n{all}");
        }
    }

    #[test]
    fn a_good_listener_has_no_fault() {
        let listeners = read(
            r#"
            [[listeners]]
            name = "usr"
            listen = "0.0.0.0:5001"
            greeting = "dtu"
            prefix = "LOGIN:"
            strip_each_packet = true
            heartbeats = ["hex:00 FF", "ping"]
            "#,
        );
        assert_eq!(check(&listeners), Vec::<String>::new());
        let text = toml::to_string(&listeners[0]).unwrap();
        assert_eq!(toml::from_str::<ListenerConfig>(&text).unwrap(), listeners[0]);
    }
}
