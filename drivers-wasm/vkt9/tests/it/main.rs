//! The driver over the constructed vectors, and over a line to a scripted meter with every fault.

mod conversation;
mod corpus;
mod describe;
mod noise;
mod script;
