//! Incoming lines: modems connect to us, say who they are, and wait until a session wants them.
//!
//! A [`ListenerConfig`] says how its callers greet; [`listen`] opens the listeners; the [`Hub`] knows who is connected and
//! gives a session the connection of `incoming:LISTENER/IDENTITY`. What the modems put between the meter's bytes (the
//! greeting, heartbeats, registration packets, envelopes) never reaches the session.

mod assv;
mod caller;
mod config;
mod filter;
mod greeting;
mod hub;
mod irz;
mod listener;
mod octets;
mod pipe;
#[cfg(test)]
mod tests;
mod wrx;

pub use config::{GreetingKind, ListenerConfig, check};
pub use hub::{Counts, Hub};
pub use listener::{ListenError, listen};
pub use octets::{BadOctets, Octets};
