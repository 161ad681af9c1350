//! Secrets of a device's configuration, kept out of all that is written down of a session.

use serde_json::Value;

use super::describe::Describe;
use crate::model::trace::MASKED;

/// Shorter secrets are not looked for: what is masked in their place would be anything.
const SHORTEST: usize = 3;

/// The values of a device's secret keys.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    texts: Vec<String>,
    /// The same as a driver may send them: their characters, or a byte a digit; in hex.
    sent: Vec<String>,
}

impl Secrets {
    /// The secrets of `config`, as the driver's description names them.
    pub fn of(describe: &Describe, config: &Value) -> Self {
        let mut secrets = Self::default();
        for key in describe.config.iter().filter(|key| key.secret) {
            let text = match config.get(&key.key) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            if text.chars().count() < SHORTEST {
                continue;
            }
            secrets
                .sent
                .push(text.bytes().map(|byte| format!("{byte:02x}")).collect());
            if text.bytes().all(|byte| byte.is_ascii_digit()) {
                secrets
                    .sent
                    .push(text.bytes().map(|byte| format!("{:02x}", byte - b'0')).collect());
            }
            secrets.texts.push(text);
        }
        secrets
    }

    /// `text` with dots in the place of secrets.
    pub fn mask(&self, text: &str) -> String {
        self.texts
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "••"))
    }

    /// A wire trace without secrets: in its texts, and in the bytes that were sent, where [`MASKED`] stands for each
    /// byte of one. What the meter sent stays as it came: it is what records were made of.
    pub fn mask_trace(&self, trace: String) -> String {
        if self.texts.is_empty() {
            return trace;
        }
        let mut masked = String::with_capacity(trace.len());
        for line in trace.lines() {
            let mut parts = line.splitn(3, ' ');
            match (parts.next(), parts.next(), parts.next()) {
                (Some(at), Some(">"), Some(hex)) => {
                    masked.push_str(&format!("{at} > {}", self.mask_hex(hex)));
                }
                (_, Some("<"), _) => masked.push_str(line),
                _ => masked.push_str(&self.mask(line)),
            }
            masked.push('\n');
        }
        masked
    }

    /// A sentence without secrets, also where it shows bytes as hex.
    pub fn mask_words(&self, text: &str) -> String {
        let masked = self.mask(text);
        let words: Vec<String> = masked.split(' ').map(|word| self.mask_hex(word)).collect();
        words.join(" ")
    }

    fn mask_hex(&self, hex: &str) -> String {
        let mut hex = hex.to_owned();
        for secret in &self.sent {
            let mut from = 0;
            while let Some(at) = hex.get(from..).and_then(|rest| rest.find(secret.as_str())) {
                let at = from + at;
                if at % 2 == 0 {
                    hex.replace_range(at..at + secret.len(), &MASKED.repeat(secret.len() / 2));
                }
                from = at + 1;
            }
        }
        hex
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_in_texts_and_in_what_was_sent_and_nowhere_else() {
        let title = json!({"ru": "t", "en": "t"});
        let describe: Describe = serde_json::from_value(json!({
            "id": "hm1", "version": "1.0.0", "vendor": "v", "title": title,
            "line": {"media": ["tcp"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1},
            "config": [
                {"key": "password", "type": "string", "secret": true, "title": title},
                {"key": "pin", "type": "integer", "secret": true, "title": title},
                {"key": "address", "type": "integer", "title": title},
            ],
            "models": [],
        }))
        .unwrap();
        let secrets = Secrets::of(&describe, &json!({"password": "s3cr", "pin": 1234, "address": 7777}));
        assert_eq!(
            secrets.mask("password s3cr, pin 1234, address 7777"),
            "password ••, pin ••, address 7777"
        );
        // s3cr is 73 33 63 72; at an odd digit it is something else; 7777 is no secret.
        let trace =
            "0 > ff7333637201\n1 > 0733363720\n2 > 0102030431323334\n3 < 73336372\n4 * open with s3cr\n5 > 37373737\n";
        let masked =
            "0 > ff********01\n1 > 0733363720\n2 > ****************\n3 < 73336372\n4 * open with ••\n5 > 37373737\n";
        assert_eq!(secrets.mask_trace(trace.to_owned()), masked);
        let none = Secrets::of(&describe, &json!({"password": "ab", "pin": 1}));
        assert_eq!(none.mask("ab 1"), "ab 1");
    }
}
