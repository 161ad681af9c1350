//! Values of secret keys are taken out of every text that a session leaves behind. Bytes of the line stay: a password
//! that was sent is in them.

use super::run::Report;
use crate::driver::{Describe, secret_keys};

/// What stands in the place of a secret.
const MASK: &str = "••";

/// The secret values of one device.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn of(describe: &Describe, config: &serde_json::Value) -> Self {
        let value = |key| match config.get(key)? {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Null => None,
            other => Some(other.to_string()),
        };
        let mut values: Vec<String> = secret_keys(describe).filter_map(value).collect();
        values.retain(|value| !value.is_empty());
        // The longest first: one secret may begin with another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Self(values)
    }

    /// Masks them in all texts of a report.
    pub(super) fn hide(&self, report: &mut Report) {
        if self.0.is_empty() {
            return;
        }
        let texts = report.detail.iter_mut().chain(&mut report.faults);
        let failures = report.phases.iter_mut().filter_map(|phase| phase.failed.as_mut());
        for text in texts.chain(failures.map(|(_, text)| text)) {
            self.mask(text);
        }
        let mut trace = String::with_capacity(report.trace.len());
        for line in report.trace.split_inclusive('\n') {
            let mut parts = line.splitn(3, ' ');
            let (at, mark, rest) = (parts.next(), parts.next(), parts.next());
            match (at, mark, rest) {
                (Some(at), Some(mark @ ("*" | "!" | "x")), Some(rest)) => {
                    let mut rest = rest.to_owned();
                    self.mask(&mut rest);
                    trace.extend([at, " ", mark, " ", &rest]);
                }
                _ => trace.push_str(line),
            }
        }
        report.trace = trace;
    }

    fn mask(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret) {
                *text = text.replace(secret, MASK);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::session::Phase;

    #[test]
    fn a_secret_stands_in_no_text_and_bytes_stay() {
        let secrets = Secrets(vec!["1234".to_owned()]);
        let mut report = Report {
            detail: Some("password 1234 is refused".to_owned()),
            trace: "0 > 1234\n5 * sent 1234\n1234 ! info: 1234 ok\n1300 ~ timeout\n".to_owned(),
            ..Report::default()
        };
        report.phases.push(Phase {
            name: "identify".to_owned(),
            started_ms: 0,
            ended_ms: 5,
            failed: Some((Outcome::Refused, "not 1234".to_owned())),
            rows: 0,
        });
        secrets.hide(&mut report);
        assert_eq!(report.detail.as_deref(), Some("password •• is refused"));
        assert_eq!(
            report.trace,
            "0 > 1234\n5 * sent ••\n1234 ! info: •• ok\n1300 ~ timeout\n"
        );
        assert_eq!(report.phases[0].failed, Some((Outcome::Refused, "not ••".to_owned())));
    }
}
