//! The `dlms` driver against a simulated meter that shares no code with it, and against recorded bytes.

mod corpus;
mod meter;
mod noise;
mod recorded;
mod security;
