//! Webhooks: other programs are told of what happens. Signed, at least once, in order, by requests that lead nowhere but
//! where the configuration lets them.

mod keep;
mod reach;
mod send;
mod tell;

pub use reach::{WebhookConfig, WebhookConfigFault};
pub use tell::{WebhookTimes, run};

pub(super) use keep::routes;
