//! The command line beside `serve`: reading one meter, looking at drivers, keeping devices and the database.

pub mod args;
pub mod device;
pub mod driver;
pub mod keeping;
mod print;
pub mod read;
