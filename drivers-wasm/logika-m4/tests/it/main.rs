//! The driver over the public corpus, over recorded conversations and over a line with every fault.

mod chance;
mod conversations;
mod corpus;
mod corpus_extended;
mod describe;
mod extended;
mod extended_noise;
mod extended_writes;
mod faults;
mod meter;
mod noise;
mod odd;
mod small;
mod tagged;
