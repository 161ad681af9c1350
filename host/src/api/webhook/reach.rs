//! Where webhooks may lead: not into this machine, nor into the networks around it, unless the configuration says so.
//!
//! A name is judged by the addresses that it has at the moment of connecting, and only those that are allowed are
//! connected to: a name that leads elsewhere the second time it is asked for gains nothing.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde::{Deserialize, Serialize};

use crate::limits;

/// Section `webhooks` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookConfig {
    /// Whether a webhook may be plain HTTP: whoever is on the way reads what is told.
    pub insecure: bool,
    /// Networks, such as `10.20.0.0/16`, that webhooks may lead into although they are not public.
    pub networks: Vec<String>,
}

/// What is wrong with the section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("webhooks.networks has {0:?}, expected networks such as \"10.20.0.0/16\" or \"10.20.0.7\"")]
pub struct WebhookConfigFault(String);

/// Why a webhook leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoWay {
    /// It is no address of the web.
    #[error("it is no address such as https://erp.example/uzel")]
    NoUrl,
    /// Whoever is on the way could read it.
    #[error("it is not https, and webhooks.insecure does not allow others")]
    InClear,
    /// Passwords in addresses get into logs.
    #[error("it has a name or a password in it: what is sent is signed instead")]
    Password,
    /// It leads into this machine or a network around it.
    #[error("it leads to {0}, which is not public, and webhooks.networks does not name it")]
    NotPublic(IpAddr),
    /// The name has no address.
    #[error("{0} has no address")]
    NoAddress(String),
}

/// Networks that webhooks may lead into beside public ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Networks(Vec<IpNet>);

impl WebhookConfig {
    /// Whether it can be used.
    pub fn check(&self) -> Result<(), WebhookConfigFault> {
        self.networks().map(drop)
    }

    pub(super) fn networks(&self) -> Result<Networks, WebhookConfigFault> {
        let network = |text: &String| {
            let parsed = text
                .parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            parsed.map_err(|_| WebhookConfigFault(text.clone()))
        };
        self.networks
            .iter()
            .map(network)
            .collect::<Result<_, _>>()
            .map(Networks)
    }

    /// The address of a webhook that may be one, as far as it can be told without asking for its name.
    pub(super) fn judge(&self, url: &str) -> Result<Url, NoWay> {
        if url.len() > limits::WEBHOOK_URL_BYTES {
            return Err(NoWay::NoUrl);
        }
        let url: Url = url.parse().map_err(|_| NoWay::NoUrl)?;
        let host = url.host_str().ok_or(NoWay::NoUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if self.insecure => {}
            "http" => return Err(NoWay::InClear),
            _ => return Err(NoWay::NoUrl),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NoWay::Password);
        }
        // The address has been brought into its one form by now, however it was written.
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            self.networks().unwrap_or_default().judge(ip)?;
        }
        Ok(url)
    }
}

impl Networks {
    fn judge(&self, ip: IpAddr) -> Result<(), NoWay> {
        let ip = ip.to_canonical();
        let is_allowed = is_public(ip) || self.0.iter().any(|network| network.contains(&ip));
        if is_allowed { Ok(()) } else { Err(NoWay::NotPublic(ip)) }
    }
}

/// Whether anybody on the internet can be reached by this address (IANA special-purpose registries, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let is_special = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && (18..20).contains(&b));
            !is_special
        }
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Global unicast, without what carries an IPv4 address inside (Teredo, 6to4) and what is for documents.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_special = (first == 0x2001 && (second < 0x200 || second == 0xdb8)) || first == 0x2002 || first == 0x3fff;
    is_global && !is_special
}

/// Asks for names, and forgets the addresses that may not be connected to.
pub(super) struct Guarded(pub(super) Networks);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let judged: Result<Vec<()>, NoWay> = found.iter().map(|address| networks.judge(address.ip())).collect();
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| networks.judge(address.ip()).is_ok())
                .collect();
            match judged {
                Err(no_way) if allowed.is_empty() => Err(no_way.into()),
                _ if allowed.is_empty() => Err(NoWay::NoAddress(name.as_str().to_owned()).into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for (address, want) in [
            ("93.184.216.34", true),
            ("127.0.0.1", false),
            ("127.8.9.10", false),
            ("10.1.2.3", false),
            ("172.31.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("198.18.0.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:93.184.216.34", true),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("2001::1", false),
            ("2a00:1450:4010::1", true),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(Networks::default().judge(ip).is_ok(), want, "{address}");
        }
    }

    #[test]
    fn an_address_is_judged_however_it_is_written() {
        let strict = WebhookConfig::default();
        for (url, want) in [
            ("https://erp.example/uzel?a=1", None),
            ("http://erp.example/", Some(NoWay::InClear)),
            ("ftp://erp.example/", Some(NoWay::NoUrl)),
            ("file:///etc/passwd", Some(NoWay::NoUrl)),
            ("erp.example", Some(NoWay::NoUrl)),
            ("https://user:password@erp.example/", Some(NoWay::Password)),
            ("https://2130706433/", Some(NoWay::NotPublic([127, 0, 0, 1].into()))),
            ("https://0x7f.1/", Some(NoWay::NotPublic([127, 0, 0, 1].into()))),
            (
                "https://[::ffff:10.0.0.1]/",
                Some(NoWay::NotPublic([10, 0, 0, 1].into())),
            ),
        ] {
            assert_eq!(strict.judge(url).err(), want, "{url}");
        }
        let loose = WebhookConfig {
            insecure: true,
            networks: vec!["10.0.0.0/8".to_owned(), "127.0.0.1".to_owned()],
        };
        for (url, is_fine) in [
            ("http://10.2.3.4:8080/", true),
            ("http://127.0.0.1/", true),
            ("http://127.0.0.2/", false),
            ("http://192.168.0.1/", false),
        ] {
            assert_eq!(loose.judge(url).is_ok(), is_fine, "{url}");
        }
        let wrong = WebhookConfig {
            networks: vec!["10.0.0.0/99".to_owned()],
            ..WebhookConfig::default()
        };
        assert!(wrong.check().is_err());
    }
}
