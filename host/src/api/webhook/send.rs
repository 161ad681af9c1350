//! One request to a webhook.

use hmac::{Hmac, Mac as _};
use reqwest::Client;
use reqwest::redirect::Policy;
use sha2::Sha256;

use super::reach::{Guarded, WebhookConfig};
use crate::foreign::shown;
use crate::limits;
use crate::store::{Sent, Webhook};

/// The way to receivers.
pub(super) struct Way {
    http: Client,
    config: WebhookConfig,
}

impl Way {
    /// No redirections, no proxy, no names that lead where the configuration does not.
    pub(super) fn new(config: WebhookConfig, time: std::time::Duration) -> Result<Self, reqwest::Error> {
        let networks = config.networks().unwrap_or_default();
        let http = Client::builder()
            .user_agent(concat!("uzel/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(std::sync::Arc::new(Guarded(networks)))
            .connect_timeout(limits::WEBHOOK_CONNECT)
            .timeout(time)
            .build()?;
        Ok(Self { http, config })
    }

    /// Sends a delivery at the instant `at`, Unix seconds. Of the answer the status is looked at and nothing else.
    pub(super) async fn send(&self, hook: &Webhook, delivery: i64, at: i64, body: String) -> Sent {
        let url = match self.config.judge(&hook.url) {
            Ok(url) => url,
            Err(no_way) => return failed(None, &no_way.to_string()),
        };
        let request = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("x-uzel-delivery", delivery.to_string())
            .header("x-uzel-timestamp", at.to_string())
            .header(
                "x-uzel-signature",
                format!("sha256={}", signature(&hook.secret, at, &body)),
            )
            .body(body);
        match request.send().await {
            Ok(answer) => {
                let status = answer.status();
                let number = i64::from(status.as_u16());
                if status.is_success() {
                    return Sent {
                        status: Some(number),
                        fault: None,
                    };
                }
                failed(Some(number), &format!("it answers {status}, expected 2xx"))
            }
            Err(error) => failed(None, &causes(&error.without_url())),
        }
    }
}

fn failed(status: Option<i64>, fault: &str) -> Sent {
    let fault = shown(fault).chars().take(limits::WEBHOOK_FAULT).collect();
    Sent {
        status,
        fault: Some(fault),
    }
}

/// An error with what it came from.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// HMAC-SHA256 of timestamp, full stop and body, in hex.
pub(super) fn signature(secret: &str, at: i64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{at}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_others() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac uzh_secret
        assert_eq!(signature("uzh_secret", 1_700_000_000, "{\"a\":1}"), SIGNED);
    }

    const SIGNED: &str = "5cc5d93dc5d8ebf1253ebeaea4fbb824886c23ef9ceaaab3e21324e38f562921";
}
