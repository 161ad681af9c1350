//! Programs that are told of what happens, and how far they were told.
//!
//! What is told is taken from records, by their keys, and from `host_event`: both have the order of commits. Taking some
//! makes a delivery and moves the cursor in one transaction, so that nothing is lost or left out whenever the host ends.

mod delivery;
mod event;
mod hook;

pub use delivery::{DeliveryKind, DeliveryRow, DeliveryState, Sent, Taken, ToSend};
pub use event::HostEvent;
pub use hook::{NewWebhook, Webhook, WebhookChange, WebhookFault};
