//! The driver over the public corpus, and over a line to a scripted meter with every fault.

mod conversation;
mod corpus;
mod describe;
mod electricity;
mod faults;
mod opening;
mod script;
mod service;
