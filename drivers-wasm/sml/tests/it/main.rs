//! The driver over telegrams made here, and over dumps of real meters beside this repository.

mod build;
mod corpus;
mod telegrams;
