//! Accounts: what they are granted, how they sign in, what they changed.

mod change;
mod code;
mod fault;
mod grant;
mod info;
mod key;
mod known;
mod object;
mod provider;
mod refused;
mod sign_in;

pub use change::{AccountChange, NewAccount};
pub use code::Code;
pub use fault::AccountFault;
pub use info::{AccountInfo, GrantInfo};
pub use key::{KeyInfo, NewKey};
pub use known::{Known, KnownKey, KnownSignIn, Password};
pub use object::{Object, Over};
pub use provider::{Provided, ProviderFault};
pub use refused::{Refused, RefusedSignIns, RefusedWhy};
pub use sign_in::{NewSignIn, SignInInfo, Stays};
