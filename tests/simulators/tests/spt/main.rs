//! Legacy СПТ as a host meets them: corpus frames byte by byte, and every archive against the truth.

mod archives;
mod frames;
mod host;
mod memory;
