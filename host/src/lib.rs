//! Uzel: an open dispatch system for energy meters. The map of the modules is `docs/architecture.md`.

pub mod api;
pub mod app;
pub mod cli;
pub mod collect;
pub mod config;
pub mod conformance;
pub mod credential;
pub mod driver;
pub mod export;
pub mod foreign;
pub mod limits;
pub mod model;
pub mod oci;
pub mod ops;
pub mod package;
pub mod park;
pub mod portable;
pub mod project;
pub mod roster;
pub mod schedule;
pub mod session;
pub mod signing;
pub mod store;
pub mod transport;
