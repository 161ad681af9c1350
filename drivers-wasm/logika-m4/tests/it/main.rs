//! The driver over the public corpus, over recorded conversations and over a line with every fault.

mod conversations;
mod corpus;
mod describe;
mod faults;
mod meter;
mod noise;
