//! The driver over real bytes, and over lines that Rust code answers.

mod corpus;
mod describe;
mod faults;
mod line;
mod meter;
mod modes;
mod telegrams;
