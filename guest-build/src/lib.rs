//! Builds guests: finds a toolchain for `wasm32-unknown-unknown` and makes a component of the module that it gives.
//! The build tool of this repository and `uzel driver build` share it, so that both give the same bytes.

pub mod component;
mod toolchain;

pub use toolchain::{DEBIAN_RUSTC, NoToolchain, TARGET, Toolchain, has_target, scrub};
