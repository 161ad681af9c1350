//! The command line beside `serve`: reading one meter, bringing what was read, holding sessions again, looking at drivers,
//! keeping devices and the database.

pub mod account;
pub mod api;
pub mod args;
mod belongs;
pub mod caller;
pub mod control;
pub mod device;
pub mod driver;
pub mod import;
pub mod keeping;
pub mod key;
pub mod park;
mod print;
pub mod probe;
pub mod read;
pub mod replay;
mod save;
mod stats;
pub mod tunnel;
pub mod vendor;
