//! What the tests of conversations share.

#[allow(dead_code)]
pub mod device;
