//! The command line beside `serve`: reading one meter, looking at drivers, keeping devices.

pub mod args;
pub mod caller;
pub mod device;
pub mod driver;
mod print;
pub mod read;
