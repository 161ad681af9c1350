//! The driver against a device written from the standard, and against the corpus.

mod archives;
mod bytes;
mod control;
mod conversations;
mod corpus;
mod example;
mod far;
mod identification;
mod noise;
mod sunspec;
