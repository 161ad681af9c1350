//! The ВКТ-7 as a host meets it: published frames byte by byte, and every archive against the truth.

mod archives;
mod frames;
mod host;
mod quirks;
