//! The driver against its corpus and against a meter written from the Vzlet note.

mod conversations;
mod corpus;
mod describe;
mod far;
mod meters;
mod noise;
mod values;
