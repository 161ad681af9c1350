//! A modem that knows the Hayes commands, on a pseudo-terminal or behind a socket; behind the numbers of its telephone
//! book stand meters.
//!
//! What it knows: V.250 commands and result codes as dispatching drivers use them, the escape with guard times, and of GSM
//! what is asked before a call. A pseudo-terminal has no modem lines, so that there is neither DTR nor DCD.

mod answer;
mod phone_book;
mod serve;
mod state;

pub use phone_book::{Far, PhoneBook};
pub use serve::ModemHandle;
pub use state::{Hayes, ModemEvent};
