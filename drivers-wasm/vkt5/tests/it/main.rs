//! The driver against recorded and simulated far ends, natively.

mod captured;
mod control;
mod conversation;
mod corpus;
mod far;
mod hostile;
mod noise;
